"""Entries that nft could not have printed are named, each by its place."""

import json

import pytest

from bellrock.firewall.verify.read import read_nft
from bellrock.firewall.verify.read.entries import entries
from bellrock.firewall.verify.ruleset import RulesetError
from tests.firewall.verify.read.documents import ACCEPT, BASE, chain, named_set, rule

NAMED = {"family": "inet", "table": "t", "name": "s"}
FLUSH = {"flush": {"ruleset": None}}


def raw(*objects):
    return json.dumps({"nftables": objects}).encode()


def test_all_that_nft_lists_and_what_it_takes_as_input():
    listed = [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "inet", "name": "t"}},
        chain(**BASE),
        chain("netdev", **{**BASE, "hook": "ingress"}, dev=["lan0", "lan1"]),
        named_set("s", "ipv4_addr", []),
        {"set": {**NAMED, "type": {"typeof": {"meta": {"key": "mark"}}}}},
        {"element": {**NAMED, "elem": [1]}},
        {"counter": NAMED},
        rule(ACCEPT),
    ]
    assert entries(raw(*listed)) == listed
    assert entries(raw(FLUSH, *({"add": one} for one in listed))) == listed
    assert entries(raw({"create": chain()})) == [chain()]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (5, r"entry 2 is 5; expected an object with one key"),
        ({}, r"entry 2 is {}; expected"),
        ({**chain(), **rule()}, r"entry 2 is {.*…; expected an object with one key"),
        ({"add": 5}, r"entry 2 is 5; expected"),
        ({"chian": {}}, r"entry 2: chian is nothing that nft -j lists"),
        ({"insert": rule(ACCEPT)}, r"entry 2: insert is nothing that nft -j lists"),
        ({"flush": {"table": {}}}, r"entry 2: flush is nothing"),
        ({"chain": 5}, r"entry 2 \(chain\): expected an object, not 5"),
        ({"rule": 1}, r"entry 2 \(rule\): expected an object, not 1"),
        ({"metainfo": None}, r"entry 2 \(metainfo\): expected an object, not null"),
        ({"table": {"family": "inet"}}, r"entry 2 \(table\): it has no name"),
        ({"rule": {"family": "inet", "table": "t", "expr": []}}, r"entry 2 \(rule\): it has no chain"),
        ({"rule": {"family": "inet", "table": "t", "chain": "f"}}, r"entry 2 \(rule\): a rule without statements"),
        (chain("net"), r'entry 2 \(chain\): family "net" is not known'),
        (chain(**{**BASE, "policy": "maybe"}), r'entry 2 \(chain\): policy "maybe" is not known: it is accept or drop'),
        (chain(**{**BASE, "hook": ""}), r'entry 2 \(chain\): hook "" is not known'),
        (chain(**{**BASE, "type": "x"}), r'entry 2 \(chain\): type "x" is not known'),
        (chain(**{**BASE, "prio": None}), r"entry 2 \(chain\): it has a hook and no prio"),
        (chain(policy="drop"), r"entry 2 \(chain\): it has a policy and no hook"),
        (chain(**BASE, dev=5), r"entry 2 \(chain\): dev is 5; expected names"),
        (chain(**BASE, devices=[5]), r"entry 2 \(chain\): devices is \[5\]; expected names"),
        ({"set": {**NAMED, "type": "mark", "elem": "x"}}, r'entry 2 \(set\): elem is "x"; expected a list'),
        ({"map": NAMED}, r"entry 2 \(map\): it has no type"),
        ({"element": {**NAMED, "elem": 5}}, r"entry 2 \(element\): elem is 5"),
    ],
)
def test_what_nft_could_not_have_printed_is_named(entry, said):
    with pytest.raises(RulesetError, match=rf"^this JSON is no ruleset: {said}") as caught:
        entries(raw({"metainfo": {}}, entry))
    assert str(caught.value).isprintable()


def test_rules_may_not_be_flushed_after_some_were_told():
    with pytest.raises(RulesetError, match="entry 3: flush"):
        entries(raw({"metainfo": {}}, chain(), FLUSH))


def test_an_order_to_add_within_an_order_to_add_ends():
    nested = '{"add": ' * 400 + "5" + "}" * 400
    with pytest.raises(RulesetError):
        read_nft(f'{{"nftables": [{nested}]}}'.encode())
