"""Browsers that logged in."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.model import Wall
from bellrock.region.service import sessions as module
from bellrock.region.service.sessions import SESSION_LIFE, Sessions, digest
from bellrock.region.store import Store, StoreFull
from tests.region.service.people import with_store

NOW = Wall(1000.0)


@with_store
async def test_from_open_to_close(store: Store):
    sessions = Sessions(store.people)
    secret = await sessions.open("anna", NOW)
    row = sessions.find(secret, NOW)
    assert (row.user, row.created, row.expires) == ("anna", NOW, NOW + SESSION_LIFE)
    assert row.hash == digest(secret) != secret
    assert (await store.people.load(NOW)).sessions == (row,)
    assert sessions.find("", NOW) is sessions.find(secret + "x", NOW) is None
    assert sessions.find(secret, Wall(NOW + SESSION_LIFE)) is None
    await sessions.close(row.hash)
    await sessions.close(row.hash)
    assert sessions.find(secret, NOW) is None
    assert (await store.people.load(NOW)).sessions == ()


@with_store
async def test_one_user_cannot_push_out_others(store: Store):
    bound, module.MAX_EACH = module.MAX_EACH, 3
    try:
        sessions = Sessions(store.people)
        boss = await sessions.open("boss", NOW)
        anna = [await sessions.open("anna", Wall(NOW + number)) for number in range(1, 6)]
    finally:
        module.MAX_EACH = bound
    assert sessions.find(boss, NOW)
    assert [bool(sessions.find(one, NOW)) for one in anna] == [False, False, True, True, True]
    assert sessions.count("anna", NOW) == 3
    assert len((await store.people.load(NOW)).sessions) == 4


@with_store
async def test_those_that_are_over_make_room(store: Store):
    sessions = Sessions(store.people)
    await sessions.open("anna", NOW)
    later = Wall(NOW + SESSION_LIFE + 1)
    await sessions.open("anna", later)
    assert sessions.count("anna", later) == 1
    assert len((await store.people.load(NOW)).sessions) == 1, "on disk as well"


@with_store
async def test_the_end_of_a_session_is_told(store: Store):
    sessions = Sessions(store.people)
    for number, end in enumerate((lambda row: sessions.close(row.hash), lambda row: forgets(sessions, row.user))):
        row = sessions.find(await sessions.open(f"user{number}", NOW), NOW)
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(sessions.changed()) for _ in range(2)]
            await asyncio.sleep(0)
            assert not any(one.done() for one in waiting)
            await end(row)
        assert sessions.count(row.user, NOW) == 0


async def forgets(sessions: Sessions, user: str) -> None:
    sessions.forget(user)


@with_store
async def test_a_disk_that_takes_none_makes_no_session(store: Store):
    sessions = Sessions(store.people)

    async def full(*_):
        raise StoreFull("disk is full")

    store.people.put_session = full
    with pytest.raises(StoreFull):
        await sessions.open("anna", NOW)
    assert sessions.count("anna", NOW) == 0
