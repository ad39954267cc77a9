"""What is in memory and what is on disk are the same, whatever agents say."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
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
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceKind,
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
    key_of,
)
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded, open_store

AGENTS = ("a", "b")
names = st.sampled_from(["eth0", "eth1", "eth0.10"])
VLANS = [{}, {"kind": InterfaceKind.VLAN, "parents": ("eth0",), "vid": 10}]
"""What an interface may be: of its own, or a VLAN of the first."""
vids = st.sampled_from([None, 10])
kinds = st.sampled_from([kind for kind in EvidenceKind if kind is not EvidenceKind.LLDP])
times = st.integers(1, 50).map(lambda number: Wall(float(number)))
ports = st.builds(Port, st.sampled_from(AGENTS), names, vids)


def observations(agent: str):
    own = st.builds(Port, st.just(agent), names, vids)
    interface = st.builds(
        lambda name, up, mtu, what: Interface(name=name, index=1, mac="02:00:00:00:00:01", up=up, mtu=mtu, **what),
        names, st.booleans(), st.sampled_from([1500, 9000]), st.sampled_from(VLANS),
    )  # fmt: skip
    neighbour = st.builds(lambda port: Neighbour(protocol="lldp", chassis_id="c", port_id=port), names)
    return st.one_of(
        st.builds(InterfaceSeen, st.just(agent), interface),
        st.builds(InterfaceGone, st.just(agent), names),
        st.builds(EvidenceSeen, st.builds(Evidence, kind=kinds, port=own, peer=ports, seen=times)),
        st.builds(
            EvidenceSeen,
            st.builds(Evidence, kind=st.just(EvidenceKind.LLDP), port=own, neighbour=neighbour, seen=times),
        ),
        st.builds(
            EvidenceGone, st.builds(EvidenceKey, kinds, own, ports), st.just("silent"), st.just(Wall(0.0)) | times
        ),
        st.builds(MtuSeen, own, ports, st.sampled_from([0, 1500]), st.just(MtuLimit.LINK), st.just(9000), seen=times),
        st.builds(MtuGone, own, ports, st.just("silent")),
        st.builds(RefusalCount, own, st.sampled_from(["m", "n"]), st.just("skew"), st.integers(1, 9), seen=times),
        st.builds(HostSeen, st.just(Host("peer-x", "x")), times),
        st.builds(HostSeen, st.just(Host(agent, agent)), times),
        st.builds(HostGone, st.sampled_from([agent, "peer-x"])),
    )


@st.composite
def batches(draw):
    """Reports of two agents, numbered without gaps, cut into transactions anywhere."""
    last = dict.fromkeys(AGENTS, 0)
    made: list[list[Accepted]] = [[]]
    for _ in range(draw(st.integers(1, 8))):
        agent = draw(st.sampled_from(AGENTS))
        last[agent] += 1
        told = draw(st.lists(observations(agent), max_size=5))
        begin, complete = draw(st.booleans()), draw(st.booleans())
        report = Report(last[agent], f"boot-{last[agent]}", draw(times), tuple(told), begin, complete)
        made[-1].append(
            Accepted(agent=Host(agent, agent), report=report, received=Wall(60.0), offset=1.5, software="1")
        )
        if draw(st.booleans()):
            made.append([])
    return [batch for batch in made if batch]


def content(state: State) -> dict:
    """All that a state holds, comparable."""
    plain = (
        "host",
        "boot",
        "number",
        "last",
        "seen",
        "offset",
        "software",
        "interfaces",
        "refusals",
        "evidence",
        "mtu",
    )
    accounts = {
        identity: {name: getattr(account, name) for name in plain} for identity, account in state.accounts.items()
    }
    return {"accounts": accounts, "peers": state.peers}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches())
def test_a_state_loaded_from_the_store_is_the_state_in_memory(made):
    async def compare() -> None:
        with tempfile.TemporaryDirectory() as directory:
            store = await open_store(Path(directory) / "region.sqlite")
            try:
                state = State(Loaded())
                for batch in made:
                    await store.commit(batch, state.running({one.agent.id for one in batch}))
                    for accepted in batch:
                        state.apply(accepted)
                loaded = State(await store.load())
            finally:
                await store.close()
        assert content(loaded) == content(state)
        assert loaded.pieces == counted(loaded) == state.pieces

    asyncio.run(compare())


def counted(state: State) -> tuple[int, int]:
    """Pieces of evidence, and measured directions, one by one."""
    return tuple(sum(one.count[number] for one in state.accounts.values()) for number in range(2))


def as_it_is(state: State) -> list:
    """All that can be asked of accounts without waking them, with the order in which it is told."""
    return [
        (
            account.count,
            [*account.all_evidence()],
            [*account.all_mtu()],
            account.devices(),
            [*account.outline(account.interfaces)],
        )
        for account in state.accounts.values()
    ]


@settings(max_examples=60, deadline=None)
@given(batches())
def test_whether_accounts_sleep_makes_no_difference_but_to_memory(made):
    sleepy, awake = State(Loaded(), awake=1), State(Loaded(), awake=1_000_000)
    for accepted in (one for batch in made for one in batch):
        assert sleepy.apply(accepted) == awake.apply(accepted)
        assert as_it_is(sleepy) == as_it_is(awake)
        assert sleepy.pieces == counted(sleepy) == awake.pieces
    assert content(sleepy) == content(awake)


def accepted(seq: int, *told, begin: bool = False, complete: bool = False) -> Accepted:
    report = Report(seq, "boot", Wall(5.0), told, begin, complete)
    return Accepted(agent=Host("a", "a"), report=report, received=Wall(6.0))


def seen(port: Port, peer: Port, at: float) -> EvidenceSeen:
    return EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=port, peer=peer, seen=Wall(at)))


def test_silence_of_a_port_takes_back_what_its_peer_saw_before():
    state = State(Loaded())
    mine, theirs = Port("a", "eth0"), Port("b", "eth0")
    state.apply(accepted(1, seen(mine, theirs, 1.0)))
    for at, left in ((2.0, 0), (3.0, 1)):
        other = accepted(1, seen(theirs, mine, at))
        state.apply(Accepted(agent=Host("b", "b"), report=other.report, received=Wall(6.0)))
        state.apply(accepted(2, EvidenceGone(EvidenceKey(EvidenceKind.HEARD, mine, theirs), "silent", Wall(3.0))))
        assert len(state.accounts["b"].evidence) == left


def test_what_a_complete_account_did_not_repeat_is_told_as_gone():
    state = State(Loaded())
    eth0, eth1 = (InterfaceSeen("a", Interface(name=name, index=1, mac="m")) for name in ("eth0", "eth1"))
    old = seen(Port("a", "eth0"), Port("b", "eth0"), 1.0)
    state.apply(accepted(1, eth0, eth1, old, begin=True))
    told = state.apply(accepted(2, eth0, begin=True, complete=True))
    key = EvidenceKey(EvidenceKind.HEARD, Port("a", "eth0"), Port("b", "eth0"))
    assert told == [eth0, InterfaceGone("a", "eth1"), EvidenceGone(key, "restarted")]


def test_what_is_told_of_a_port_that_is_down_waits_until_it_is_up():
    """The other end tells it once: that something else of the port changes meanwhile, or its agent starts anew, takes nothing back."""

    async def tell() -> None:
        with tempfile.TemporaryDirectory() as directory:
            store = await open_store(Path(directory) / "region.sqlite")
            state = State(Loaded())
            nic = {
                mtu: InterfaceSeen("a", Interface(name="eth0", index=1, mac="m", up=False, mtu=mtu))
                for mtu in (1500, 9000)
            }
            early, late = (seen(Port("a", "eth0"), Port("b", name), 1.0) for name in ("eth0", "eth1"))
            for one, left in (
                (accepted(1, early, nic[1500]), 0),
                (accepted(2, late, nic[9000]), 1),
                (accepted(3, late, begin=True), 1),
                (accepted(4, nic[9000], complete=True), 1),
                (accepted(5, InterfaceGone("a", "eth0")), 0),
                (accepted(6, late, nic[1500]), 0),
                (accepted(7, late, begin=True), 1),
                (accepted(8, complete=True), 0),
                (accepted(9, late, nic[1500]), 0),
            ):
                await store.commit([one], state.running({"a"}))
                state.apply(one)
                assert content(State(await store.load())) == content(state)
                assert len(state.accounts["a"].evidence) == left, one.report.seq
            await store.close()

    asyncio.run(tell())


VLAN = Interface(name="eth0.10", index=2, mac="m", kind=InterfaceKind.VLAN, parents=("eth0",), vid=10)


def of_b(*told) -> Accepted:
    return Accepted(agent=Host("b", "b"), report=Report(1, "boot", Wall(5.0), told), received=Wall(6.0))


def test_a_vlan_interface_falls_as_the_port_that_it_is_and_with_it_its_other_names():
    async def tell() -> None:
        vlan, other = VLAN, replace(VLAN, name="storage")
        told = [
            seen(Port("b", "eth0", vid), Port("a", name, vid), 1.0)
            for name, vid in (("eth0", None), ("eth0", 10), ("eth0", 20), ("eth0.10", None), ("storage", None))
        ]
        down = {"up": False}
        for word, left in (
            (InterfaceGone("a", "eth0.10"), [0, 2]),
            (InterfaceSeen("a", replace(vlan, **down)), [0, 2]),
            (InterfaceSeen("a", Interface(name="eth0.10", index=2, mac="m", **down)), [0, 2]),
            (InterfaceSeen("a", Interface(name="eth0", index=1, mac="m", **down)), []),
            (InterfaceSeen("a", Interface(name="eth1", index=1, mac="m", **down)), [0, 1, 2, 3, 4]),
        ):
            for batches_of in (lambda *all_: [[*all_]], lambda *all_: [[one] for one in all_]):
                with tempfile.TemporaryDirectory() as directory:
                    store = await open_store(Path(directory) / "region.sqlite")
                    state = State(Loaded())
                    first = accepted(1, InterfaceSeen("a", vlan), InterfaceSeen("a", other))
                    for batch in batches_of(first, of_b(*told), accepted(2, word)):
                        await store.commit(batch, state.running({"a", "b"}))
                        for one in batch:
                            state.apply(one)
                    assert content(State(await store.load())) == content(state)
                    kept = [one for one, _ in state.accounts["b"].evidence.values()]
                    assert kept == [told[number].evidence for number in left], word
                    await store.close()

    asyncio.run(tell())


def test_an_interface_that_a_complete_account_does_not_name_takes_what_others_told_of_it():
    async def tell() -> None:
        with tempfile.TemporaryDirectory() as directory:
            store = await open_store(Path(directory) / "region.sqlite")
            state = State(Loaded())
            eth0 = InterfaceSeen("a", Interface(name="eth0", index=1, mac="m"))
            theirs = [seen(Port("b", "eth0", vid), Port("a", "eth0", vid), 1.0) for vid in (None, 10)]
            for one, left in (
                (accepted(1, eth0, InterfaceSeen("a", VLAN), begin=True, complete=True), 0),
                (of_b(*theirs), 2),
                (accepted(2, eth0, begin=True), 2),
                (accepted(3, complete=True), 1),
            ):
                await store.commit([one], state.running({"a", "b"}))
                state.apply(one)
                assert content(State(await store.load())) == content(state)
                assert left == (len(state.accounts["b"].evidence) if "b" in state.accounts else 0), one.report.seq
            await store.close()

    asyncio.run(tell())


def test_evidence_is_taken_back_by_any_name_of_its_ports_and_what_the_other_end_saw_before_as_well():
    near = [Port("a", "eth0", 10), Port("a", "eth0.10"), Port("a", "storage")]
    mine, theirs = Port("b", "eth1"), (Port("a", "eth0", 10), Port("b", "eth1"))
    told = [seen(port, mine, 1.0) for port in (*near, Port("a", "eth0"))]
    of_the_other = [seen(mine, port, at) for port, at in ((near[1], 2.0), (near[2], 3.0))]
    gone = EvidenceGone(EvidenceKey(EvidenceKind.HEARD, *theirs), "silent", Wall(3.0))

    async def tell() -> None:
        for together in (True, False):
            with tempfile.TemporaryDirectory() as directory:
                store = await open_store(Path(directory) / "region.sqlite")
                state = State(Loaded())
                names = InterfaceSeen("a", VLAN), InterfaceSeen("a", replace(VLAN, name="storage"))
                made = [accepted(1, *names, *told), of_b(*of_the_other), accepted(2, gone)]
                for batch in [made] if together else [[one] for one in made]:
                    await store.commit(batch, state.running({"a", "b"}))
                    for one in batch:
                        state.apply(one)
                assert content(State(await store.load())) == content(state)
                assert [one for one, _ in state.accounts["a"].evidence.values()] == [told[-1].evidence]
                assert [one for one, _ in state.accounts["b"].evidence.values()] == [of_the_other[1].evidence]
                await store.close()

    asyncio.run(tell())


def test_a_fall_that_is_told_late_takes_back_nothing_that_others_saw_since():
    """Its report was under way while the cable was in again, and the other end had told so: once."""
    down, gone = Interface(name="eth0", index=1, mac="m", carrier=False), InterfaceGone("a", "eth0")
    mine, theirs = Port("a", "eth0"), Port("b", "eth0")

    def way(port: Port, peer: Port, at: float) -> MtuSeen:
        return MtuSeen(port, peer, 1500, MtuLimit.LINK, 1500, seen=Wall(at))

    async def tell() -> None:
        for word, together in itertools.product((InterfaceSeen("a", down), gone), (True, False)):
            with tempfile.TemporaryDirectory() as directory:
                store = await open_store(Path(directory) / "region.sqlite")
                state = State(Loaded())
                # The word is of 5.0. What its own agent told before it goes, whatever its clock says.
                own = [seen(mine, theirs, 5.0), seen(Port("a", "eth1"), mine, 5.0), way(mine, theirs, 5.0)]
                before, since = Port("b", "eth1"), (seen(theirs, mine, 5.0), way(theirs, mine, 5.0))
                made = [
                    accepted(1, InterfaceSeen("a", replace(down, carrier=True)), *own),
                    of_b(*since, seen(before, mine, 4.0), way(before, mine, 4.0)),
                    accepted(2, word),
                ]
                for batch in [made] if together else [[one] for one in made]:
                    await store.commit(batch, state.running({"a", "b"}))
                    told = [state.apply(one) for one in batch]
                assert content(State(await store.load())) == content(state)
                assert [one.count for one in state.accounts.values()] == [(0, 0), (1, 1)]
                assert [*state.accounts["b"].evidence] == [key_of(since[0].evidence)]
                assert [*state.accounts["b"].mtu] == [(theirs, mine)]
                lost = [(mine, theirs), (before, mine)]
                assert told[-1] == [word, *(MtuGone(*each, "port down") for each in lost)]
                await store.close()

    asyncio.run(tell())


def test_what_a_new_account_tells_by_another_name_is_told_again_once_the_old_is_withdrawn():
    """Whoever follows takes evidence back by all names of its ports."""
    state = State(Loaded())
    names = InterfaceSeen("a", VLAN)
    old, new = (seen(port, Port("b", "eth0"), 1.0) for port in (Port("a", "eth0", 10), Port("a", "eth0.10")))
    state.apply(accepted(1, names, old, begin=True, complete=True))
    told = state.apply(accepted(2, names, new, begin=True, complete=True))
    assert told == [names, new, EvidenceGone(key_of(old.evidence), "restarted"), new]
    assert [*state.accounts["a"].evidence] == [key_of(new.evidence)]
