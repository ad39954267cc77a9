"""An inference that is made ready beside other work is the one that would be made at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.contract import Report
from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceKind,
    InterfaceSeen,
    Observation,
    Port,
    RefusalCount,
    Topology,
    Wall,
)
from bellrock.region.service import standby as module
from bellrock.region.service.inference import Inference
from bellrock.region.service.silence import SILENCE
from bellrock.region.service.standby import Readied, Standby, silent_of
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, AgentRow, Loaded

HOSTS = {name: Host(name, f"rack-{name}") for name in "abcd"}
names = st.sampled_from([*HOSTS])
cables = st.sampled_from(["eth0", "eth1"])
interface_names = st.sampled_from(["eth0", "eth1", "eth0.10", "eth1.10", "storage"])
VLANS = {"eth0.10": ("eth0", 10), "eth1.10": ("eth1", 10), "storage": ("eth0", 10)}
"""VLAN interfaces; two of them are one port."""
times = st.integers(1, 300).map(float).map(Wall)


vids = st.sampled_from([None, 10])


def spellings(port: Port) -> list[Port]:
    """All names of a port, where its host has all VLAN interfaces."""
    names = [name for name, lower in VLANS.items() if lower == (port.interface, port.vid)]
    return [port, *(Port(port.host, name) for name in names)]


@st.composite
def ports(draw, host: str) -> Port:
    """A port by any of its names: an agent that sees no lower device of a VLAN interface knows it by the interface's alone."""
    return draw(st.sampled_from(spellings(Port(host, draw(cables), draw(vids)))))


@st.composite
def evidence(draw, here: str | None = None) -> Evidence:
    here = here or draw(names)
    there = draw(st.sampled_from([name for name in HOSTS if name != here]))
    since = draw(times)
    return Evidence(
        kind=draw(st.sampled_from([EvidenceKind.HEARD, EvidenceKind.CONFIRMED])), port=draw(ports(here)),
        peer=draw(ports(there)), peer_name=there, since=since, seen=Wall(since + draw(st.integers(0, 9))),
    )  # fmt: skip


def lower_of(port: Port) -> Port:
    """The port that a name stands for, where its host has all VLAN interfaces."""
    return Port(port.host, *VLANS.get(port.interface, (port.interface, port.vid)))


def nic(host: str, name: str, **facts) -> InterfaceSeen:
    lower, vid = VLANS.get(name, (None, None))
    found = Interface(
        name=name, index=1, mac=f"02:00:00:00:0{ord(host) - 97}:0{(lower or name)[-1]}", speaks=True,
        kind=InterfaceKind.VLAN if lower else InterfaceKind.PHYSICAL, parents=(lower,) if lower else (), vid=vid, **facts,
    )  # fmt: skip
    return InterfaceSeen(host, found)


@st.composite
def interfaces(draw, host: str | None = None) -> Observation:
    host, name = host or draw(names), draw(interface_names)
    if draw(st.integers(0, 5)) == 0:
        return InterfaceGone(host, name)
    addresses = draw(st.sampled_from([(), ("10.0.0.1/24",), ("10.0.1.1/24",)]))
    return nic(
        host, name, addresses=addresses, settled=draw(st.booleans()),
        carrier=draw(st.sampled_from([True, False])), mtu=draw(st.sampled_from([1500, 9000])),
    )  # fmt: skip


@st.composite
def refusals(draw, host: str | None = None) -> Observation:
    where = draw(ports(host or draw(names)))
    return RefusalCount(
        where, draw(st.sampled_from("mn")), draw(st.sampled_from(["skew", "replay"])), draw(st.integers(1, 3))
    )


class Told(NamedTuple):
    """A report, all but its number."""

    host: str
    observations: tuple[Observation, ...]
    begin: bool = False
    complete: bool = False
    late: float = 0.0
    """Seconds for which it was under way."""


@st.composite
def accounts(draw) -> Told:
    """All that an agent has to tell, or where it begins, or where it ends."""
    host = draw(names)
    observations = draw(
        st.lists(st.one_of(interfaces(host), refusals(host), evidence(host).map(EvidenceSeen)), max_size=3)
    )
    return Told(host, tuple(observations), *draw(st.sampled_from([(True, True), (True, False), (False, True)])))


told = st.one_of(
    evidence().map(lambda one: Told(one.port.host, (EvidenceSeen(one),))),
    evidence().map(lambda one: Told(one.port.host, (EvidenceSeen(one),))),
    interfaces().map(lambda one: Told(one.host, (one,))),
    refusals().map(lambda one: Told(one.port.host, (one,))),
    accounts(),
)


@st.composite
def endings(draw, one: Evidence) -> Observation:
    """What takes back a piece of evidence, or not, as its ports go by other names, or it has been seen since: silence at either end, or a fall."""
    near, far = (lower_of(end) for end in draw(st.permutations([one.port, one.peer])))
    if draw(st.booleans()):
        key = EvidenceKey(one.kind, *(draw(st.sampled_from(spellings(end))) for end in (near, far)))
        return EvidenceGone(key, "silent", draw(st.sampled_from([Wall(0.0), one.seen, Wall(one.seen + 1.0)])))
    name = draw(st.sampled_from(spellings(near))).interface
    if draw(st.integers(0, 3)) == 0:
        return InterfaceGone(near.host, name)
    return nic(near.host, name, carrier=draw(st.booleans()), mtu=draw(st.sampled_from([1500, 9000])))


WIRED = [Told(host, tuple(nic(host, name) for name in ("eth0", "eth1", *VLANS)), begin=True) for host in HOSTS]
"""All hosts have all interfaces."""


@st.composite
def scripts(draw) -> tuple[list[Told], list[Told]]:
    """What is told by whom: reports that are in the state, and reports that come then. Much of it is about what was told before."""
    script = [*WIRED] if draw(st.booleans()) else []
    known: list[Evidence] = []
    for _ in range(draw(st.integers(0, 30))):
        if known and draw(st.booleans()):
            one = draw(endings(draw(st.sampled_from(known))))
            step = Told(one.key.port.host if isinstance(one, EvidenceGone) else one.host, (one,))
        else:
            step = draw(told)
        known += [one.evidence for one in step.observations if isinstance(one, EvidenceSeen)]
        script.append(step._replace(late=draw(st.sampled_from([0.0, 0.0, 90.0]))))
    cut = draw(st.integers(0, len(script)))
    return script[:cut], script[cut:]


class Site:
    """A state, a leader's inference, and a standby that hears of the same."""

    def __init__(self, readied: Readied = Readied.COLD) -> None:
        self.state = State(Loaded())
        ticks = count()
        # Each look at the clock finds a slice over: as many turns for others as there can be.
        self.standby = Standby(self.state, readied, lambda: next(ticks) * module.SLICE)
        self.leader = Inference(self.state, None)
        self.number = count(1)
        self.script = []

    def tell(self, host: str, *observations: Observation) -> None:
        self.play([Told(host, observations)])

    def play(self, script: Iterable[Told]) -> None:
        for told in script:
            number = next(self.number)
            self.script.append(told)
            at = Wall(10.0 * number)
            sent = Wall(at - told.late)
            report = Report(number, "boot", sent, told.observations, told.begin, told.complete)
            accepted = Accepted(agent=HOSTS[told.host], report=report, received=at)
            said = self.state.apply(accepted)
            self.leader.apply(said, accepted.at)
            self.leader.alive(accepted.agent, self.state.accounts[told.host].seen)
            self.standby.committed([accepted], [said])

    def registry(self) -> bytes:
        """What a leader notes, with a name that somebody gave."""
        for fabric in self.leader.topology().fabrics[:1]:
            self.leader.rename(fabric.id, "core")
        return self.leader.registry()

    def same(self, found: Inference, registry: bytes, silent) -> None:
        """It is the inference that begins from the state as it is now."""
        cold = Inference(self.state, registry, silent)
        # What a silent agent said may have been taken back by others since; it stays silent.
        assert {one for one in found.lapsed if not self.state.accounts[one].empty} == cold.lapsed
        assert held_by(found) == held_by(cold), self.script
        assert ageless(found.topology()) == ageless(cold.topology()), self.script
        assert found.registry() == cold.registry()
        assert found.advanced() == cold.advanced()
        assert (found.revision, found.touched) == (cold.revision, cold.touched)


def held_by(inference: Inference) -> dict[EvidenceKey, Evidence]:
    """What it concludes from, and what it would if interfaces came up."""
    return {key: one.evidence() for key, one in inference._incremental.facts.evidence.items()}


def ageless(topology: Topology) -> object:
    """Claims do not say when members were seen last."""
    members = [
        replace(member, seen=Wall(0.0))
        for fabric in topology.fabrics
        for vlan in fabric.vlans
        for member in vlan.members
    ]
    places = [
        (fabric.id, fabric.name, [(vlan.id, vlan.name, vlan.subnets) for vlan in fabric.vlans])
        for fabric in topology.fabrics
    ]
    return places, members, topology.conflicts, topology.unknown, topology.names


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "ROUND", 0.0)
    monkeypatch.setattr(module, "SHARE", 1e9)


def heard_of_a(vid: int | None, name: str = "") -> Told:
    port = Port("b", name) if name else Port("b", "eth0", vid)
    seen = Evidence(kind=EvidenceKind.CONFIRMED, port=port, peer=Port("a", "eth0", vid), seen=Wall(30.0))
    return Told("b", (EvidenceSeen(seen),))


def gone_from_b(name: str, vid: int | None, *, mirror: bool = False) -> EvidenceGone:
    """What `heard_of_a` tells is taken back, by another name; or the other end fell silent after it."""
    near, far = Port("b", name, vid), Port("a", "storage")
    if mirror:
        return EvidenceGone(EvidenceKey(EvidenceKind.HEARD, far, near), "silent", Wall(31.0))
    return EvidenceGone(EvidenceKey(EvidenceKind.CONFIRMED, near, far), "silent")


DOWN_AND_UP = nic("a", "eth0", carrier=False), nic("a", "eth0", carrier=True)

NAMED = Told("a", (nic("a", "eth0"), nic("a", "eth0.10")), begin=True, complete=True)
WAITING = [*WIRED[1:], *WIRED[:1], Told("a", DOWN_AND_UP[:1]), heard_of_a(None)]
"""What was seen of a port that is down, which counts once it is up."""
AGAIN = [Told("a", (nic("a", "eth0", carrier=False, mtu=9000),)), Told("a", DOWN_AND_UP[1:])]
"""It is down, as was told before; then it is up."""
REFUSED = RefusalCount(Port("c", "eth0"), "m", "skew", 1)
WITHOUT = Told("c", (nic("c", "eth1"), REFUSED), True, True)
"""A whole account that has a refusal of an interface which it does not name."""


@settings(max_examples=100, deadline=None)
@given(scripts(), st.lists(st.integers(0, 3), max_size=25), st.sets(names, max_size=2))
@example((WAITING, AGAIN), [0, 0], set())
@example((WAITING, [Told("a", ()), *AGAIN]), [0, 0, 0], {"a"})
def test_what_is_committed_while_it_is_made_counts(script, pauses, silent):
    first, then = script

    async def scene() -> None:
        site = Site()
        site.play(first)
        registry = site.registry()
        taking = asyncio.create_task(site.standby.take(registry, silent))
        await turns(1)
        heard = set()
        for step, pause in zip(then, [*pauses, *[1] * len(then)], strict=False):
            await turns(pause)
            if taking.done():
                break
            site.play([step])
            heard.add(step.host)
        found = await taking
        assert not found.lapsed & heard
        site.same(found, registry, silent - heard)

    asyncio.run(asyncio.wait_for(scene(), 60))


@settings(max_examples=100, deadline=None)
@given(scripts(), st.lists(st.integers(0, 30), max_size=25), st.sets(names, max_size=2))
@example(([NAMED, heard_of_a(10)], [Told("a", (InterfaceGone("a", "eth0.10"),))]), [30], set())
@example(
    ([NAMED, heard_of_a(None)], [Told("a", (nic("a", "eth1"),), True, True), Told("a", (nic("a", "eth0"),))]),
    [30],
    set(),
)
@example(([*WIRED, heard_of_a(10)], [Told("b", (gone_from_b("eth0.10", None),))]), [30], set())
@example(([*WIRED, heard_of_a(10)], [Told("a", (gone_from_b("eth0.10", None, mirror=True),))]), [30], set())
@example(([*WIRED, heard_of_a(None)], [Told("a", DOWN_AND_UP, late=90.0)]), [30], set())
@example(
    (
        [*WIRED, heard_of_a(10)],
        [Told("b", (*WIRED[1].observations, *heard_of_a(10, "eth0.10").observations), True, True)],
    ),
    [30],
    set(),
)
@example((WIRED, [WITHOUT, Told("c", (nic("c", "eth0", settled=True),))]), [30, 30], set())
def test_warm_is_cold(script, pauses, silent):
    first, then = script

    async def scene() -> None:
        site = Site(Readied.WARM)
        site.play(first)
        site.standby.wanted = True
        running = asyncio.create_task(site.standby.run())
        for step, pause in zip(then, [*pauses, *[3] * len(then)], strict=False):
            await turns(pause)
            site.play([step])
        registry = site.registry()
        found = await site.standby.take(registry, silent)
        site.same(found, registry, silent)
        # From here on it is fed by the mind that has it.
        site.tell("a", EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=Port("a", "eth0"), peer=Port("d", "eth0"))))
        await turns(5)
        assert not site.standby.progress
        running.cancel()

    asyncio.run(asyncio.wait_for(scene(), 60))


CONFIRMED = EvidenceSeen(Evidence(kind=EvidenceKind.CONFIRMED, port=Port("a", "eth0"), peer=Port("b", "eth0")))


def made_by(monkeypatch) -> list[bool]:
    """Whether each inference that is made from here on is loaded at once."""
    made: list[bool] = []

    class Noted(Inference):
        def __init__(self, state, registry, silent=(), *, loaded=True):
            made.append(loaded)
            super().__init__(state, registry, silent, loaded=loaded)

    monkeypatch.setattr(module, "Inference", Noted)
    return made


def run(scene) -> None:
    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_warm_one_is_made_once_and_a_cold_one_when_it_is_needed(monkeypatch):
    async def scene() -> None:
        made = made_by(monkeypatch)
        for readied, before in ((Readied.WARM, [False]), (Readied.COLD, [])):
            made.clear()
            site = Site(readied)
            site.tell("a", CONFIRMED)
            running = asyncio.create_task(site.standby.run())
            await turns(50)
            assert made == [], "nobody leads yet"
            site.standby.wanted = True
            await turns(50)
            assert made == before
            assert site.standby.ready is bool(before)
            assert len((await site.standby.take(None, ())).topology().fabrics) == 1
            assert made == [False]
            await turns(50)
            assert made == [False], "this process leads"
            assert not site.standby.ready
            running.cancel()

    run(scene)


def test_of_its_own_it_is_ready_while_the_site_is_no_large_one(monkeypatch):
    async def scene() -> None:
        made = made_by(monkeypatch)
        monkeypatch.setattr(module, "LARGE", 1)
        site = Site(Readied.AUTO)
        site.tell("a", CONFIRMED)
        site.standby.wanted = True
        running = asyncio.create_task(site.standby.run())
        await turns(50)
        assert site.standby.ready
        site.tell("b", CONFIRMED)
        await turns(50)
        assert (site.standby.ready, made) == (False, [False]), "it is dropped, and not begun again"
        assert len((await site.standby.take(None, ())).topology().fabrics) == 1
        running.cancel()

    run(scene)


def test_with_too_much_that_waits_it_is_begun_anew_once_there_is_calm(monkeypatch):
    async def scene() -> None:
        made = made_by(monkeypatch)
        monkeypatch.setattr(module, "MOST", 2)
        monkeypatch.setattr(module, "CALM", 3)
        site = Site(Readied.WARM)
        site.standby.wanted = True
        running = asyncio.create_task(site.standby.run())
        await turns(50)
        assert len(made) == 1
        site.tell("a", CONFIRMED, CONFIRMED, CONFIRMED)
        await turns(1)
        assert len(made) == 1, "it was dropped, and so much came that it is not begun"
        await turns(50)
        assert len(made) == 2
        found = await site.standby.take(None, ())
        assert len(found.topology().fabrics) == 1
        assert len(made) == 2
        running.cancel()

    run(scene)


def test_where_the_state_is_begun_anew_so_is_it(monkeypatch):
    async def scene() -> None:
        made = made_by(monkeypatch)
        site = Site()
        site.tell("a", CONFIRMED)
        taking = asyncio.create_task(site.standby.take(None, ()))
        await turns(2)
        site.standby.drop()
        assert len((await taking).topology().fabrics) == 1
        assert made == [False, True]

    run(scene)


def test_it_says_how_far_it_is():
    async def scene() -> None:
        site = Site()
        site.tell("a", CONFIRMED)
        site.tell("b", HostSeen(HOSTS["b"], Wall(1.0)))
        assert site.standby.progress == ""
        taking = asyncio.create_task(site.standby.take(None, ()))
        said = []
        while not taking.done():
            await turns(1)
            said.append(site.standby.progress)
        assert said[0] == "This process takes the lead: 0 of 2 agents are loaded."
        assert "This process takes the lead: 2 of 2 agents are loaded." in said
        assert said[-1] == ""

    run(scene)


def test_who_was_not_heard_when_others_were_is_silent():
    rows = [AgentRow(host=HOSTS[name], seen=Wall(at)) for name, at in (("a", 1000.0), ("b", 1000.0 - SILENCE))]
    assert silent_of(rows) == set()
    assert silent_of([*rows, AgentRow(host=HOSTS["c"], seen=Wall(1000.0 - SILENCE - 1))]) == {"c"}
    assert silent_of([]) == set()


def test_nobody_who_was_silent_counts_after_it():
    async def scene() -> None:
        site = Site(Readied.WARM)
        site.tell("a", CONFIRMED)
        found = await site.standby.take(None, {"a", "nobody"})
        assert found.lapsed == {"a"}
        assert not found.topology().fabrics
        assert found.alive(HOSTS["a"], Wall(2.0))
        assert len(found.topology().fabrics) == 1

    run(scene)
