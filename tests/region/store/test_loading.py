"""What agents told comes out of the database in parts that hold some agents each, and all of it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bellrock.contract import Report
from bellrock.model import (
    Evidence,
    EvidenceKind,
    EvidenceSeen,
    Host,
    Interface,
    InterfaceSeen,
    MtuLimit,
    MtuSeen,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.store import Accepted, loading, open_store
from bellrock.region.store.loading import load_told, parts

AGENTS = [f"agent-{number}" for number in range(7)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_parts_hold_so_many_agents_each_and_whatever_else_there_is(count, size):
    ranges = list(parts(AGENTS[:count], size))
    held = [[one for one in AGENTS[:count] if (not a or one >= a) and (not b or one < b)] for a, b in ranges]
    assert [one for some in held for one in some] == AGENTS[:count]
    assert all(len(some) <= size for some in held)
    assert (ranges[0][0], ranges[-1][1]) == (None, None)
    assert all(one[1] == other[0] for one, other in pairwise(ranges))


def report(agent: str) -> Accepted:
    mine, theirs = Port(agent, "eth0"), Port("other", "eth0")
    told = (
        InterfaceSeen(agent, Interface(name="eth0", index=1, mac="m")),
        *(EvidenceSeen(Evidence(kind=kind, port=mine, peer=theirs)) for kind in (EvidenceKind.HEARD, EvidenceKind.CONFIRMED)),
        RefusalCount(mine, "m", "skew", 1),
        MtuSeen(mine, theirs, 1500, MtuLimit.LINK, 9000),
    )  # fmt: skip
    return Accepted(agent=Host(agent, agent), report=Report(1, "boot", Wall(1.0), told), received=Wall(1.0))


@pytest.mark.parametrize("size", [1, 3, 50])
def test_all_that_was_told_is_loaded_in_the_order_of_its_keys(where, size, monkeypatch):
    monkeypatch.setattr(loading, "parts", lambda agents: parts(agents, size))

    async def inside() -> None:
        store = await open_store(where)
        try:
            await store.commit([report(agent) for agent in reversed(AGENTS)], {})
            async with store.snapshot() as connection:
                loaded = await load_told(connection)
        finally:
            await store.close()
        assert [row.host.id for row in loaded.agents] == AGENTS == [row.host for row in loaded.interfaces]
        assert [one.port.host for one, _ in loaded.refusals] == AGENTS == [*loaded.told]
        for packed in loaded.told.values():
            assert [one.kind.value for one in packed.all_evidence()] == ["confirmed", "heard"]
            assert (packed.mtu, packed.peers) == (1, ("other",))

    asyncio.run(inside())


@pytest.mark.parametrize(
    ("host", "teller", "why"),
    [
        ("agent-3", "agent-4", "told by 'agent-4', and kept as told by 'agent-3'"),
        ("agent-35", "agent-35", "which is no agent"),
    ],
)
@pytest.mark.parametrize("size", [1, 50])
def test_what_nobody_told_is_noticed_wherever_it_is(where, host, teller, why, size, monkeypatch):
    monkeypatch.setattr(loading, "parts", lambda agents: parts(agents, size))
    body = f'{{"kind":"loop","port":{{"host":"{teller}","interface":"eth0"}}}}'

    async def inside() -> None:
        store = await open_store(where)
        try:
            await store.commit([report(agent) for agent in AGENTS], {})
            async with store.transaction() as connection:
                await connection.exec_driver_sql(
                    f"INSERT INTO evidence VALUES ('k', '{host}', 'eth0', '', '', 0.0, 1, '{body}')"
                )
            async with store.snapshot() as connection:
                with pytest.raises(LookupError, match=why):
                    await load_told(connection)
        finally:
            await store.close()

    asyncio.run(inside())
