"""The whole document → Ruleset, or one line that says why not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.verify.read import Listing, read_nft
from bellrock.firewall.verify.read import entries as module
from bellrock.firewall.verify.ruleset import May, RulesetError, VerdictKind
from tests.firewall.verify.read.documents import ACCEPT, BASE, chain, raw, rule

TABLE = {"table": {"family": "inet", "name": "t", "handle": 1}}


def test_a_chain_and_its_rules():
    found = read_nft(raw(TABLE, chain(**BASE), rule({"counter": {"packets": 3, "bytes": 9}}, ACCEPT, comment="why")))
    one = found.chains["inet t f"]
    assert (one.hook, one.priority, one.type, one.policy, one.key) == (
        "forward",
        0,
        "filter",
        VerdictKind.DROP,
        "inet t f",
    )
    (only,) = one.rules
    assert (only.handle, only.packets, only.comment) == (7, 3, "why")
    assert only.text == 'counter packets 3 bytes 9 accept comment "why"'


def test_the_text_of_a_listing_goes_before_ours():
    listing = Listing(texts={("inet t f", 7): "accept # mine"})
    assert read_nft(raw(chain(**BASE), rule(ACCEPT)), listing).chains["inet t f"].rules[0].text == "accept # mine"


@pytest.mark.parametrize(
    ("family", "priority", "expected"),
    [
        ("inet", -150, -150),
        ("inet", "filter", 0),
        ("inet", "dstnat - 5", -105),
        ("inet", "raw+10", -290),
        ("bridge", "filter", -200),
    ],
)
def test_priorities(family, priority, expected):
    found = read_nft(raw(chain(family, **{**BASE, "prio": priority})))
    assert found.chains[f"{family} t f"].priority == expected


@pytest.mark.parametrize("dev", ["lan0", ["lan0"]])
def test_devices_of_the_json(dev):
    found = read_nft(raw(chain("netdev", type="filter", hook="ingress", prio=0, dev=dev)))
    assert found.chains["netdev t f"].devices == ("lan0",)


def test_devices_of_the_listing():
    document = raw(chain("netdev", type="filter", hook="ingress", prio=0))
    found = read_nft(document, Listing(devices={"netdev t f": ("lan0", "lan1")}))
    assert found.chains["netdev t f"].devices == ("lan0", "lan1")


def test_without_its_devices_a_netdev_chain_decides_nothing_for_sure():
    document = raw(chain("netdev", type="filter", hook="ingress", prio=0, policy="drop"), rule(ACCEPT, family="netdev"))
    one = read_nft(document).chains["netdev t f"]
    assert one.policy is VerdictKind.ACCEPT
    assert [isinstance(each.steps[0], May) for each in one.rules] == [True, True]
    assert one.rules[1].text == "policy drop"
    open_ = read_nft(raw(chain("netdev", type="filter", hook="ingress", prio=0))).chains["netdev t f"]
    assert open_.rules == ()


def test_a_dormant_table_does_nothing():
    table = {"table": {"family": "inet", "name": "t", "flags": "dormant"}}
    found = read_nft(raw(table, chain(**BASE)))
    assert found.chains["inet t f"].hook == ""
    assert found.notes == ("table inet t: it is dormant, so its chains do nothing",)


@pytest.mark.parametrize(("flags", "hook"), [("dormant", ""), (["dormant"], ""), (["owner"], "forward"), ("t", "")])
def test_the_text_says_whether_a_table_is_dormant(flags, hook):
    table = {"table": {"family": "inet", "name": "t", "flags": flags}}
    found = read_nft(raw(table, chain(**BASE)), Listing(tables={"inet t": hook == ""}))
    assert found.chains["inet t f"].hook == hook


def test_a_flag_that_is_none_leaves_open_whether_the_table_is_dormant():
    # nft 1.0.6 writes the name of the table where the name of the flag belongs.
    table = {"table": {"family": "inet", "name": "t", "flags": "t"}}
    found = read_nft(raw(table, chain(**BASE), rule(ACCEPT))).chains["inet t f"]
    unsure = May("this listing does not say whether the table is dormant")
    assert [one.steps[0] for one in found.rules] == [unsure, unsure]
    assert [one.text for one in found.rules] == ["accept", "policy drop"]
    assert found.policy is VerdictKind.ACCEPT


def test_objects_as_commands():
    assert "inet t f" in read_nft(raw({"add": chain(**BASE)})).chains


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "no ruleset"),
        (b'{"nftables": 5}', "no ruleset"),
        (b'{"nftables": [5]}', "entry 1 is 5; expected an object"),
        (raw({"chain": {"family": "inet", "table": "t"}}), "has no name"),
        (raw({"rule": {"family": "inet", "table": "t", "chain": "f", "expr": []}}), "not in the ruleset"),
        (raw({"table": {"name": "t", "flags": "dormant"}}), "has no family"),
        (raw(chain(**{**BASE, "hook": "sideways"})), "hook sideways"),
        (raw(chain(**{**BASE, "prio": "soon"})), "priority soon"),
        (raw(chain(**{**BASE, "prio": "so\non"})), r"priority so\\x0aon"),
        (raw(chain(**{**BASE, "prio": "filter + soon"})), "priority filter"),
        (raw(chain(**BASE), {"rule": {"family": "inet", "table": "t", "chain": "f", "expr": 5}}), "without statements"),
        (raw(chain(**BASE), chain(**BASE)), "chain inet t f is in the ruleset twice"),
        (raw(chain(**BASE), rule({"jump": {"target": "f"}})), "in a circle"),
    ],
)
def test_refusals_are_one_line(document, said):
    with pytest.raises(RulesetError, match=said) as caught:
        read_nft(document)
    assert "\n" not in str(caught.value)


def test_what_is_too_long_or_too_deep(monkeypatch):
    nested = '{"nftables": [' + "[" * 100_000
    with pytest.raises(RulesetError):
        read_nft(nested.encode())
    monkeypatch.setattr(module, "MOST_OCTETS", 10)
    with pytest.raises(RulesetError, match="longer than"):
        read_nft(raw(chain(**BASE)))


def test_a_nest_that_json_allows_is_refused_or_read():
    left = '{"|": [' * 300 + "1" + ", 1]}" * 300
    document = raw(chain(**BASE), rule({"match": {"op": "==", "left": "HERE", "right": 1}}))
    try:
        read_nft(document.replace(b'"HERE"', left.encode()))
    except RulesetError as error:
        assert "nested" in str(error)  # noqa: PT017 -- both are allowed, a traceback is not


WORDS = ["match", "payload", "meta", "ct", "set", "map", "vmap", "concat", "&", "|", "key", "left", "right", "op", "elem",
         "val", "prefix", "range", "jump", "target", "mangle", "value", "dnat", "addr", "protocol", "field", "state", "tcp",
         "dport", "ip", "saddr", "mark", "limit", "data", "@s", "*", "=="]  # fmt: skip
scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 2**33), st.sampled_from(WORDS))
trees = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)), max_leaves=12
)  # fmt: skip


@given(st.lists(trees, max_size=4))
def test_any_rule_is_read_or_refused(statements):
    assert read_nft(raw(chain(**BASE), rule(*statements))).chains["inet t f"].rules


@given(
    st.dictionaries(
        st.sampled_from(["set", "map", "chain", "rule", "table", "element", "ct helper"]), trees, max_size=2
    )
)
def test_any_object_is_read_or_refused(entry):
    try:
        read_nft(json.dumps({"nftables": [entry]}).encode())
    except RulesetError as error:
        assert str(error).isprintable()  # noqa: PT017 -- both are allowed, a traceback is not
