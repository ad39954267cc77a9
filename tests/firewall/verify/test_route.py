from bellrock.firewall.verify.route import BRIDGED, FORWARDED, RECEIVED, SENT, Event, stops
from bellrock.firewall.verify.ruleset import Chain
from tests.firewall.verify.rules import chain, ruleset


def way(route, *chains):
    found = stops(ruleset(*chains), route)
    return [stop.what.name if isinstance(stop.what, Chain) else stop.what for stop in found]


def test_base_chains_come_by_hook_and_priority_across_families():
    found = way(
        FORWARDED,
        chain("late", hook="postrouting"),
        chain("b", hook="forward", priority=5, family="ip"),
        chain("a", hook="forward", priority=-5),
        chain("regular"),
        chain("raw", hook="prerouting", priority=-300, family="ip6"),
        chain("mangle", hook="prerouting", priority=-150),
        chain("in", hook="input"),
        chain("nic", hook="ingress", family="netdev", devices=("eth0",)),
    )
    assert [one for one in found if isinstance(one, str)] == ["nic", "raw", "mangle", "a", "b", "late"]
    assert found[1:4] == ["raw", Event.TRACK, "mangle"]


def test_of_equal_priorities_the_one_registered_last_comes_first():
    assert way(RECEIVED, chain("first", hook="input"), chain("second", hook="input", family="ip"))[-3:-1] == [
        "second",
        "first",
    ]


def test_nat_chains_run_where_the_kernel_translates_whatever_their_priority():
    found = way(SENT, chain("nat", hook="output", kind="nat", priority=50), chain("filter", hook="output", priority=0))
    assert found.index("nat") < found.index("filter")
    assert found.index(Event.RESTORE_DESTINATION) < found.index("nat")


def test_bridged_packets_meet_chains_of_the_bridge_family_alone():
    assert "b" in way(BRIDGED, chain("b", hook="forward", family="bridge"), chain("i", hook="forward"))
    assert "i" not in way(BRIDGED, chain("i", hook="forward"))
