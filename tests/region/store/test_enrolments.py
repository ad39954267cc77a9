"""Agents that joined, on disk."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.model import Wall
from bellrock.region.store import Certificate, EnrolmentRow, EnrolmentState, StoreError, open_store
from tests.region.stores import execute


def row(agent: str, **changes) -> EnrolmentRow:
    fields = {
        "agent": agent, "name": "rack1", "role": "rack", "state": EnrolmentState.APPROVED, "key": "ab" * 32,
        "code": "K7QF-2M7X", "address": "10.0.0.1", "requested": Wall(1.0), "decided": Wall(2.0), "secret": "3f1c09aa",
        "how": "joined", "certificates": (Certificate("7f", "ab" * 32, Wall(3.0)), Certificate("7e", "cd" * 32, Wall(2.5))),
    }  # fmt: skip
    return EnrolmentRow(**(fields | changes))


def test_what_is_saved_is_there_after_a_restart(where):
    async def run() -> None:
        store = await open_store(where)
        await store.enrolments.save([row("b"), row("a")])
        await store.enrolments.save(
            [row("a", state=EnrolmentState.REVOKED, certificates=()), row("c")], ["b", "nobody"]
        )
        await store.enrolments.save([])
        await store.close()
        store = await open_store(where)
        expected = (row("a", state=EnrolmentState.REVOKED, certificates=()), row("c"))
        assert await store.enrolments.load() == (await store.load()).enrolments == expected
        assert await store.enrolments.find(["c", "nobody", "a"]) == {one.agent: one for one in expected}
        assert await store.enrolments.find({"b"}) == {}
        await store.close()

    asyncio.run(run())


def test_what_no_region_wrote_is_told(where):
    async def run() -> None:
        store = await open_store(where)
        await execute(store, "INSERT INTO enrolments VALUES ('a', '{}')")
        try:
            with pytest.raises(StoreError, match="corrupt: .*missing required field"):
                await store.load()
        finally:
            await store.close()

    asyncio.run(run())
