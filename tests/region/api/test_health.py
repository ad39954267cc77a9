"""Alive, and ready: without a login."""

from __future__ import annotations

import pytest

from bellrock.region.store import Store
from bellrock.region.store.errors import StoreAway
from tests.region.support import asynchronous, region


@asynchronous
async def test_a_region_that_serves_is_alive_and_ready(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "warnings": []})


@asynchronous
async def test_what_should_not_be_so_is_told_and_keeps_nobody_from_answering(tmp_path):
    made = []
    async with region(tmp_path, made=made.append) as running, running.client() as client:
        made[0].outpost.readiness.warnings = lambda: ("This process's clock is 9.0 s behind the database's.",)
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["warnings"] == ["This process's clock is 9.0 s behind the database's."]


@asynchronous
async def test_without_its_store_it_is_alive_and_not_ready(tmp_path, monkeypatch: pytest.MonkeyPatch):
    async def away(_):
        raise StoreAway("connection to db.example refused")

    monkeypatch.setattr(Store, "answers", away)
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "The store does not answer."


@asynchronous
async def test_while_nobody_leads_it_is_not_ready(tmp_path):
    made = []
    async with region(tmp_path, made=made.append) as running, running.client() as client:
        made[0].outpost.mind = None
        answer = await client.get("/readyz")
        made[0].outpost.mind = made[0]
    assert answer.status_code == 503
    assert "leads" in answer.json()["detail"]
