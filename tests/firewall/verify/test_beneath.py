import pytest

from bellrock.firewall.verify import beneath as under
from bellrock.firewall.verify.beneath import below, beneath
from bellrock.firewall.verify.check import check
from bellrock.firewall.verify.describe import interface_number
from bellrock.firewall.verify.route import BRIDGED, FORWARDED, RECEIVED, SENT
from bellrock.firewall.verify.ruleset import Assign, May, Translate
from bellrock.firewall.verify.unroll import Around, unroll
from bellrock.firewall.verify.walk import judge_by
from bellrock.flows.passages import Place
from tests.firewall.verify.rules import ACCEPT, DROP, chain, of, ruleset
from tests.flows.sites import site

NEW = {"ct_state": 3, "nfproto": 2, "l4proto": 6, "dport": 80, "daddr": 1, "saddr": 9}
ETH0, ETH1, VLAN = (interface_number(name) for name in ("eth0", "eth1", "eth0.10"))
WAYS = {"forward": FORWARDED, "input": RECEIVED, "output": SENT}


def bridge(hook, *rules, policy="accept"):
    return chain("b", *rules, hook=hook, family="bridge", policy=policy)


def nic(hook, *rules, policy="accept", devices=("eth0",), name="n"):
    return chain(name, *rules, hook=hook, family="netdev", policy=policy, devices=devices)


def fate(route, *chains, **packet):
    rules = ruleset(*chains)
    around = Around(others=((), ()), coming=beneath(rules, route), leaving=below(rules, route))
    return judge_by(unroll(rules, route, around=around), {**NEW, **packet}).verdict


@pytest.mark.parametrize(
    ("hook", "concerned"),
    [
        ("prerouting", {"forward", "input"}),
        ("input", {"forward", "input"}),
        ("forward", set()),
        ("output", {"forward", "output"}),
        ("postrouting", {"forward", "output"}),
    ],
)
def test_a_bridge_stops_what_comes_in_or_leaves_through_it(hook, concerned):
    for name, route in WAYS.items():
        wanted = "unknown" if name in concerned else "accept"
        assert fate(route, bridge(hook, policy="drop"), iifname=ETH0, oifname=ETH1) == wanted, name


def test_below_ip_only_what_may_be_stopped_is_unknown():
    rules = bridge("input", (of(l4proto=6, dport=81), DROP), (of(iifname=ETH0, dport=82), DROP))
    assert [fate(RECEIVED, rules, iifname=ETH1, dport=port) for port in (80, 81, 82)] == [
        "accept",
        "unknown",
        "unknown",
    ]
    assert fate(RECEIVED, bridge("input", (of(nfproto=[2, 3]), ACCEPT), policy="drop"), iifname=ETH0) == "accept"
    assert fate(RECEIVED, bridge("input", (ACCEPT,)), iifname=ETH0) == "accept"
    assert fate(RECEIVED, bridge("input", (May("limit"), DROP)), iifname=ETH0) == "unknown"
    assert fate(RECEIVED, bridge("input", policy="drop"), iifname=interface_number("lo")) == "accept"


def test_what_ip_stops_is_stopped_whatever_stands_below():
    closed = chain("i", hook="input", policy="drop")
    assert fate(RECEIVED, closed, bridge("input", policy="drop"), iifname=ETH0) == "drop"


def test_a_device_may_carry_other_interfaces():
    rules = nic("ingress", (of(dport=80), DROP))
    assert fate(FORWARDED, rules, iifname=ETH0) == "drop"
    assert fate(FORWARDED, rules, iifname=VLAN) == "unknown"
    assert fate(FORWARDED, rules, iifname=VLAN, dport=81) == "accept"
    assert fate(SENT, rules, oifname=VLAN) == "accept"
    both = nic("ingress", (of(dport=80), ACCEPT), policy="drop", devices=("eth0.10",), name="m")
    assert [fate(FORWARDED, rules, both, iifname=VLAN, dport=port) for port in (80, 81)] == ["unknown", "drop"]


def test_what_leaves_is_asked_for_as_it_is_then():
    hides = chain("s", (Translate(kind="snat", family=2, address=7),), hook="postrouting", kind="nat", priority=100)
    rules = nic("egress", (of(saddr=7), DROP))
    assert fate(FORWARDED, hides, rules, oifname=VLAN) == "unknown"
    assert fate(FORWARDED, rules, oifname=VLAN) == "accept"
    marks = nic("egress", (Assign("mark", 1),), (of(mark=1, dport=80), DROP))
    assert fate(FORWARDED, marks, oifname=VLAN) == "unknown"


def test_a_bridge_itself_stands_on_nothing():
    rules = ruleset(bridge("input", policy="drop"), nic("egress", policy="drop"))
    assert (beneath(rules, BRIDGED), below(rules, BRIDGED)) == ((), ())


def test_many_rules_below_are_taken_together(monkeypatch):
    monkeypatch.setattr(under, "_MOST", 1)
    rules = bridge("input", (of(dport=80), ACCEPT), (of(dport=(80, 81)), DROP))
    assert [fate(RECEIVED, rules, iifname=ETH0, dport=port) for port in (80, 82)] == ["unknown", "accept"]


def test_the_check_names_what_stands_below_once():
    opened = chain("f", hook="forward")
    report = check(ruleset(opened, bridge("input", policy="drop")), site(), Place())
    assert {one.verdict for one in report.flows} == {"unknown"}
    note = "inet t b: which interfaces are bridges is not known; what it may stop is unknown".replace("inet", "bridge")
    assert report.notes.count(note) == 1
    assert report.flows[0].why == "bridge t b: which interfaces are bridges is not known"
    device = check(ruleset(opened, nic("ingress", policy="drop")), site(), Place())
    assert any(one.startswith("netdev t n on eth0: which interfaces are stacked") for one in device.notes)
    harmless = check(ruleset(opened, bridge("forward", policy="drop")), site(), Place())
    assert "unknown" not in {one.verdict for one in harmless.flows}
    assert not any("bridge" in one for one in harmless.notes)
