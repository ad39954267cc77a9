"""What to do about what does not pass; that it helps is proved in tests/lab/test_cli_firewall_check.py."""

import pytest
from msgspec import structs

from bellrock.cli.checkadvice import Setting, advice
from bellrock.cli.checkcauses import causes
from bellrock.firewall.verify.boxes import Intervals
from bellrock.firewall.verify.check import check
from bellrock.firewall.verify.report import RuleRef
from bellrock.firewall.verify.ruleset import May
from bellrock.flows.passages import Place
from bellrock.flows.values import Role
from tests.cli.test_checkflows import gap, report, verdict
from tests.firewall.verify.rules import ACCEPT, DROP, chain, of, ruleset
from tests.flows.sites import site

ESTABLISHED = (of(ct_state=[1, 2]), ACCEPT)
EVERYTHING = (of(nfproto=[2, 10]), ACCEPT)
ROUTER = Place()
COMMAND = "bellrock firewall build --site s.toml --for router"


def setting(place=ROUTER, more=(), live=True):
    return Setting(site=site(*more), place=place, command=COMMAND, live=live)


def advised(*rules, policy="drop", live=True, place=ROUTER, more=(), hook="forward", name="forward"):
    """The advice on each cause, in the order of causes."""
    where = setting(place, more, live)
    seen = check(ruleset(chain(name, *rules, hook=hook, policy=policy)), where.site, place)
    return [list(advice(held, where)) for held in causes(seen)]


def test_a_rule_before_the_one_that_blocks():
    block = (of(nfproto=2, l4proto=6, dport=3128), DROP)
    rule = 'iifname "eth1" oifname "eth0" ip saddr 10.1.0.0/24 ip daddr 10.0.0.2 tcp dport 3128 accept comment "proxy/request"'
    assert advised(ESTABLISHED, block, EVERYTHING) == [
        ["Let it pass:", f"  nft 'insert rule inet t forward handle 2 {rule}'"]
    ]
    assert advised(ESTABLISHED, block, EVERYTHING, live=False) == [
        ["Let it pass:", f"  before handle 2 of inet t forward: {rule}"]
    ]


def test_a_rule_at_the_end_where_the_policy_blocks():
    most = (of(l4proto=Intervals.full(8) - Intervals.of(6)), ACCEPT)
    others = (of(l4proto=6, dport=Intervals.full(16) - Intervals.of(3128)), ACCEPT)
    ((_, first, second),) = advised(ESTABLISHED, most, others)
    assert first.startswith("  nft 'add rule inet t forward iifname")
    assert "ip6 saddr fd00:1::/64" in second
    ((_, first, _),) = advised(ESTABLISHED, most, others, live=False)
    assert first.startswith("  at the end of inet t forward: iifname")


def test_of_many_rules_the_command_is_told():
    (lines,) = advised(ESTABLISHED)
    assert lines[-2:] == ["Let it pass, with the rules that this writes:", f"  {COMMAND}"]


def test_data_needs_a_helper():
    (lines,) = advised(ESTABLISHED)
    assert 'needs `ct helper set "tftp"` too' in lines[0]
    proxy = (of(nfproto=2, l4proto=6, dport=3128), DROP)
    assert "helper" not in " ".join(advised(proxy, EVERYTHING)[0])


def test_answers_belong_to_what_was_let_through():
    (lines,) = advised((of(ct_state=3), ACCEPT), (of(ct_state=2), ACCEPT))
    assert lines == [
        "Let pass what belongs to a connection that was let through:",
        "  nft 'add rule inet t forward ct state established,related accept'",
    ]


def test_what_cannot_be_told_is_settled_before():
    rate = (of(nfproto=2, l4proto=6, dport=3128), May("limit rate 5/second"), DROP)
    (lines,) = advised(ESTABLISHED, rate, EVERYTHING)
    assert lines[0] == "Decide it before this rule:"
    assert "insert rule inet t forward handle 2 " in lines[1]


HOST = {"place": Place(roles=(Role.LIBVIRT_HOST,)), "more": ("[role.libvirt-host]\naddresses = ['10.0.0.9']",)}


def test_what_must_not_pass_is_dropped_before():
    found = advised(EVERYTHING, **HOST, hook="output", policy="drop")
    (lines,) = [lines for lines in found if lines[0].startswith("Drop it")]
    assert lines[0] == "Drop it before that:"
    assert len(lines) == 4
    for line in lines[1:]:
        assert line.startswith("  nft 'insert rule inet t forward handle 1 ip saddr 10.0.0.9 ")
        assert ' drop comment "libvirt-dnsmasq/' in line


def test_what_must_not_pass_and_meets_no_rule():
    assert ["Drop it, with the rules that this writes:", f"  {COMMAND}"] in advised(EVERYTHING, **HOST, hook="input")


@pytest.mark.parametrize("of_what", ["first packets", "answers"])
def test_rules_of_iptables_are_mended_by_its_own(of_what):
    where = setting()
    policy = RuleRef(chain="ip filter FORWARD", policy="drop")
    one = verdict(
        "proxy",
        "blocked",
        missing=[gap("drop", policy, of=of_what)],
        direction="request" if of_what != "answers" else "reply",
    )
    (held,) = causes(report(one))
    lines = list(advice(held, where))
    assert not any("nft" in line for line in lines)
    if of_what == "answers":
        assert lines[1] == "  -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"


def test_of_iptables_the_command_writes_iptables():
    policy = RuleRef(chain="ip filter FORWARD", policy="drop")
    where = setting()
    seen = check(
        ruleset(chain("FORWARD", hook="forward", policy="drop", family="ip", table="filter")), where.site, Place()
    )
    held = next(one for one in causes(seen) if one.cause.rule == policy)
    assert f"  {COMMAND} --target iptables" in list(advice(held, where))


def test_nothing_is_known_of_nothing():
    where = setting()
    (held,) = causes(report(verdict("proxy", "blocked", missing=[gap("drop")])))
    assert list(advice(held, where)) == []
    (held,) = causes(
        report(verdict("no-such-flow", "blocked", missing=[gap("drop", RuleRef(chain="inet t c", handle=3))]))
    )
    assert list(advice(held, where)) == []


def proxy_blocked():
    one = structs.replace(
        verdict("proxy", "blocked", missing=[gap("drop", RuleRef(chain="inet t c", handle=3))]), exchange="request"
    )
    (held,) = causes(report(one))
    return held


def test_where_no_rules_can_be_written_there_is_no_advice(monkeypatch):
    from bellrock.firewall.compile import policy

    def refuse(*_):
        raise policy.CompileError("interface name")

    held = proxy_blocked()
    assert list(advice(held, setting()))
    monkeypatch.setattr(policy, "policy", refuse)
    assert list(advice(held, setting())) == []
