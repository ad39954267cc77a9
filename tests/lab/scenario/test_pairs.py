"""Which faults go together, and what is expected of both."""

import pytest
from msgspec import structs

from bellrock.diagnosis.readings import SILENCE
from bellrock.lab.scenario import parse
from bellrock.lab.scenario.judge import Judgement
from bellrock.lab.scenario.pairs import FIRST, POINTS, both_named, compatible, joined, pairs
from bellrock.lab.scenario.schema import ExpectSpec, FaultSpec, LookSpec, Scenario, ScenarioFile
from bellrock.lab.schema import PortSpec
from bellrock.lab.servers.values import FileSpec


def scenario(name="a", *faults, **fields):
    told = {
        "title": f"The {name}",
        "expect": (ExpectSpec(id=name), ExpectSpec(id=f"{name}-2")),
        "fault": faults,
        "step": "dhcp",
        "stops": False,
    }
    return Scenario(name=name, file=ScenarioFile(**(told | fields)))


LEASE = FaultSpec(configure={"dhcp": {"subnet": {"s": {"lease": 1}}}})
DNS = FaultSpec(configure={"dhcp": {"subnet": {"s": {"dns": ()}}}})
EARLY = scenario("early", LEASE)
LATE = scenario("late", DNS, step="tftp", stops=True)


@pytest.mark.parametrize(
    ("a", "b", "together"),
    [
        (EARLY, LATE, True),
        (EARLY, scenario("other", DNS), False),
        (scenario("early", LEASE, stops=True), LATE, False),
        (EARLY, scenario("late", LEASE, step="tftp"), False),
        (EARLY, scenario("late", DNS, step=""), False),
        (EARLY, scenario("late", DNS, step="tftp", world="site"), False),
        (EARLY, scenario("late", DNS, step="tftp", expect=()), False),
        (EARLY, scenario("late", DNS, step="tftp", expect=(ExpectSpec(id="early"),)), False),
        (EARLY, scenario("late", DNS, step="tftp", look=(LookSpec(clients=("node-2",)),)), True),
        (EARLY, scenario("late", DNS, step="tftp", look=(LookSpec(clients=("node-2", "node-1")),)), False),
        (LATE, scenario("other", LEASE, step="dhcp", stops=True, look=(LookSpec(clients=("node-2",)),)), False),
        (
            LATE,
            scenario("other", LEASE, step="dhcp", stops=True, alone=True, look=(LookSpec(clients=("node-2",)),)),
            True,
        ),
        (LATE, scenario("other", LEASE, step="dhcp", stops=True, alone=True), False),
        (
            LATE,
            scenario("other", LEASE, step="tftp", stops=True, alone=True, look=(LookSpec(clients=("node-2",)),)),
            False,
        ),
        (scenario("early", LEASE, disturbs=True), scenario("late", DNS, step="tftp", faint=True), False),
        (scenario("early", LEASE, faint=True), scenario("late", DNS, step="tftp", disturbs=True), False),
        (scenario("early", LEASE, disturbs=True), scenario("late", DNS, step="tftp", disturbs=True), True),
        (scenario("early", LEASE, faint=True), scenario("late", DNS, step="tftp", faint=True), True),
        (EARLY, scenario("late", DNS, step="tftp", look=(LookSpec(kind="check"),)), False),
        (EARLY, scenario("late", DNS, step="tftp", look=(LookSpec(), LookSpec())), False),
    ],
)
def test_compatible(a, b, together):
    assert compatible(a, b) is compatible(b, a) is together


@pytest.mark.parametrize(
    "fault",
    [
        FaultSpec(at="node-1", client={"arch": 0}),
        FaultSpec(stop="tftp"),
        FaultSpec(at="node-1/eth0", retag=PortSpec(access=1)),
        FaultSpec(at="node-1/eth0", carrier=False),
        FaultSpec(at="rack-1", run=("nft", "x")),
        FaultSpec(at="rack-1", run=("ip", "addr", "add")),
        FaultSpec(files={"tftp": {"x": FileSpec()}}),
    ],
)
def test_two_that_change_the_same_do_not_go_together(fault):
    assert not compatible(scenario("a", fault), scenario("b", fault, step="tftp"))
    assert compatible(scenario("a", fault), scenario("b", LEASE, step="tftp"))


def test_joined_has_both_causes_first_and_allows_the_rest():
    pair = joined(LATE, EARLY)
    assert pair.name == "early+late"
    assert pair.file.title == "The early, and the late"
    assert pair.file.fault == (LEASE, DNS)
    assert [one.id for one in pair.file.expect] == ["early", "late"]
    assert [one.id for one in pair.file.also] == ["early-2", "late-2"]


def test_a_cause_may_strike_the_machine_that_only_the_other_boots():
    cut = ExpectSpec(id="cut", client="node-2", address="region-1")
    one = scenario("cut", DNS, step="tftp", expect=(cut,), look=(LookSpec(clients=("node-2",)),))
    assert joined(EARLY, one).file.also[-1] == ExpectSpec(id="cut", address="region-1")
    alike = scenario("cut", DNS, step="tftp", expect=(structs.replace(cut, client="node-1"),))
    assert [one.id for one in joined(EARLY, alike).file.also] == ["early-2"]


def test_looks_are_joined():
    a = scenario("early", LEASE, look=(LookSpec(points=("rack-1",), repeat=2, seconds=1.0),))
    b = scenario("late", DNS, step="tftp", look=(LookSpec(points=("router-1",), command=("-x",)),))
    (look,) = joined(a, b).file.look
    assert (look.points, look.repeat, look.seconds, look.command) == (("rack-1", "router-1"), 2, 1.0, ("-x",))
    assert joined(a, LATE).file.look[0].points == ("rack-1", "router-1", "node-1")


def test_clients_of_both_boot():
    c = scenario("c", DNS, step="tftp", look=(LookSpec(clients=("node-2",), points=("node-2",)),))
    (look,) = joined(EARLY, c).file.look
    assert (look.clients, look.points) == (("node-1", "node-2"), ("rack-1", "router-1", "node-1", "node-2"))
    world = parse.world("boot")
    assert (next(iter(world.client)), world.capture) == (FIRST, POINTS)


def test_a_pair_is_right_where_both_are_named():
    named = both_named(Judgement(found=("a", "b"), first=False))
    assert named.right
    false = both_named(structs.replace(named, false=("c",)))
    assert (false.right, false.false) == (False, ("c",))
    assert not both_named(structs.replace(named, missed=("b",))).right


def test_what_an_answer_tells_is_not_faint():
    """A fault whose rule reads an answer is told whatever else loses packets: none of those is left out of pairs."""
    known = [parse.scenario(name) for name in parse.names()]
    faint = {one.file.expect[0].id for one in known if one.file.faint}
    assert faint <= SILENCE | {"arp-storm", "dhcp-unanswered", "nothing-after-dhcp", "vlan-one-way"}


def test_random_pairs_are_the_same_for_a_seed():
    known = [parse.scenario(name) for name in parse.names()]
    some = pairs(known, 4, 1)
    assert [one.name for one in some] == [one.name for one in pairs(known, 4, 1)]
    assert len({one.name for one in some}) == len(some)
    assert pairs([EARLY], 4, 1) == []
