"""The table of nodes, in a real database, over a restart."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.contract import NodeReport, Placed
from bellrock.model import Host, Wall
from bellrock.region.store import NodeRow, StoreError, open_store
from tests.region.stores import execute


def row(agent: str, seen: float) -> NodeRow:
    report = NodeReport(host=Host(agent, "node7", "node"), boot="b", sent=Wall(1.0), observations=())
    return NodeRow(
        agent=agent, seen=Wall(seen), via="rack", report=report, placed=(Placed("eth0", "f", ("v",), (None,)),)
    )


def test_rows_are_kept_replaced_and_forgotten(where):
    async def scene():
        store = await open_store(where)
        await store.nodes.save(row("b", 1), ())
        await store.nodes.save(row("a", 2), ())
        await store.nodes.save(row("b", 3), ("a",))
        await store.close()
        again = await open_store(where)
        loaded = await again.load()
        await again.close()
        return loaded.nodes

    assert asyncio.run(scene()) == (row("b", 3),)


def test_what_something_else_wrote_is_no_row(where):
    async def scene():
        store = await open_store(where)
        await execute(store, "INSERT INTO nodes (agent, body) VALUES ('a', '{}')")
        try:
            await store.load()
        finally:
            await store.close()

    with pytest.raises(StoreError, match="corrupt"):
        asyncio.run(scene())
