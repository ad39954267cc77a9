"""Agents that joined, on disk."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from bellrock.model import Wall
from bellrock.region.store import Certificate, EnrolmentRow, EnrolmentState, StoreError, open_store


def row(agent: str, **changes) -> EnrolmentRow:
    fields = {
        "agent": agent, "name": "rack1", "role": "rack", "state": EnrolmentState.APPROVED, "key": "ab" * 32,
        "code": "K7QF-2M7X", "address": "10.0.0.1", "requested": Wall(1.0), "decided": Wall(2.0), "secret": "3f1c09aa",
        "how": "joined", "certificates": (Certificate("7f", "ab" * 32, Wall(3.0)), Certificate("7e", "cd" * 32, Wall(2.5))),
    }  # fmt: skip
    return EnrolmentRow(**(fields | changes))


def test_what_is_saved_is_there_after_a_restart(tmp_path):
    async def run() -> None:
        store = await open_store(tmp_path / "region.sqlite")
        await store.enrolments.save([row("b"), row("a")])
        await store.enrolments.save(
            [row("a", state=EnrolmentState.REVOKED, certificates=()), row("c")], ["b", "nobody"]
        )
        await store.enrolments.save([])
        await store.close()
        store = await open_store(tmp_path / "region.sqlite")
        expected = (row("a", state=EnrolmentState.REVOKED, certificates=()), row("c"))
        assert await store.enrolments.load() == (await store.load()).enrolments == expected
        await store.close()

    asyncio.run(run())


def test_what_no_region_wrote_is_told(tmp_path):
    async def run() -> None:
        path = tmp_path / "region.sqlite"
        await (await open_store(path)).close()
        with sqlite3.connect(path) as raw:
            raw.execute("INSERT INTO enrolments VALUES ('a', X'7B7D')")
        raw.close()
        store = await open_store(path)
        try:
            with pytest.raises(StoreError, match="corrupt: .*missing required field"):
                await store.load()
        finally:
            await store.close()

    asyncio.run(run())
