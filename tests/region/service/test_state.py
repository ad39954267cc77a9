"""What is in memory and what is on disk are the same, whatever agents say."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded, open_store

AGENTS = ("a", "b")
names = st.sampled_from(["eth0", "eth1", "br0"])
vids = st.sampled_from([None, 10])
kinds = st.sampled_from([kind for kind in EvidenceKind if kind is not EvidenceKind.LLDP])
times = st.integers(1, 50).map(lambda number: Wall(float(number)))
ports = st.builds(Port, st.sampled_from(AGENTS), names, vids)


def observations(agent: str):
    own = st.builds(Port, st.just(agent), names, vids)
    interface = st.builds(
        lambda name, up, mtu: Interface(name=name, index=1, mac="02:00:00:00:00:01", up=up, mtu=mtu),
        names, st.booleans(), st.sampled_from([1500, 9000]),
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
    accounts = {identity: vars(account) for identity, account in state.accounts.items()}
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

    asyncio.run(compare())


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


def test_replay_tells_everything_again():
    state = State(Loaded())
    refusal = RefusalCount(Port("a", "eth0"), "m", "skew", 1)
    told = [
        InterfaceSeen("a", Interface(name="eth0", index=1, mac="m")),
        seen(Port("a", "eth0"), Port("b", "eth0"), 1.0),
        refusal,
    ]
    state.apply(accepted(1, HostSeen(Host("peer-x", "x"), Wall(1.0)), *told))
    assert list(state.replay()) == [
        HostSeen(Host("peer-x", "x"), Wall(0.0)),
        HostSeen(Host("a", "a"), Wall(5.0)),
        *(told[0], refusal, told[1]),
    ]
