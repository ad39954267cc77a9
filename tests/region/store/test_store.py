"""The open store."""

from __future__ import annotations

import asyncio
import functools

import pytest

from bellrock.model import Wall
from bellrock.region.store import CredentialKind, Registration, Store, StoreError, StoreFull, StoreRefused, open_store


def with_store(test):
    @functools.wraps(test)
    def run(tmp_path) -> None:
        async def inside() -> None:
            store = await open_store(tmp_path / "region.sqlite")
            try:
                await test(store)
            finally:
                await store.close()

        asyncio.run(inside())

    del run.__wrapped__  # pytest asks for the arguments of `run`, not of the test inside
    return run


@with_store
async def test_credentials_are_taken_once_and_expire(store: Store):
    await store.add_credential(CredentialKind.LOGIN, "a", Wall(100.0), Wall(0.0))
    await store.add_credential(CredentialKind.LOGIN, "b", Wall(50.0), Wall(0.0))
    assert not await store.take_credential(CredentialKind.SESSION, "a", Wall(1.0))
    assert await store.take_credential(CredentialKind.LOGIN, "a", Wall(1.0))
    assert not await store.take_credential(CredentialKind.LOGIN, "a", Wall(1.0))
    assert not await store.take_credential(CredentialKind.LOGIN, "b", Wall(50.0))
    assert await store.credentials(CredentialKind.LOGIN, Wall(1.0)) == {"b": 50.0}
    await store.add_credential(CredentialKind.LOGIN, "c", Wall(200.0), Wall(60.0))
    await store.add_credential(CredentialKind.SESSION, "s", Wall(200.0), Wall(60.0))
    await store.add_credential(CredentialKind.LOGIN, "d", Wall(200.0), Wall(60.0), alone=True)
    assert await store.credentials(CredentialKind.LOGIN, Wall(0.0)) == {"d": 200.0}
    assert await store.credentials(CredentialKind.SESSION, Wall(0.0)) == {"s": 200.0}


@with_store
async def test_places_are_kept_and_journalled(store: Store):
    one = Registration(
        id="if-1", host="h", mac="m", name="eth0", vlans=(("fabric-1", "vlan-1", None),), since=Wall(5.0)
    )
    await store.save_places(b"{}", [one], [], Wall(5.0))
    loaded = await store.load()
    assert (loaded.registry, loaded.registrations) == (b"{}", (one,))
    await store.save_places(b'{"x":1}', [], ["if-1"], Wall(6.0))
    loaded = await store.load()
    assert (loaded.registry, loaded.registrations) == (b'{"x":1}', ())
    assert [(entry[1], entry[4]) for entry in await store.journal()] == [(5.0, "registered"), (6.0, "unregistered")]
    assert len(await store.journal(after=1)) == 1


@with_store
async def test_nothing_to_touch_is_no_transaction(store: Store):
    await store.touch({})
    await store.touch({"nobody": (Wall(1.0), 0.0)})
    assert (await store.load()).agents == ()


@with_store
async def test_a_failing_disk_is_store_full(store: Store):
    async with store._engine.begin() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(StoreFull, match="full"):
        await _fill(store)
    assert len(await store.credentials(CredentialKind.SESSION, Wall(0.0))) > 0


@with_store
async def test_what_the_database_never_takes_is_refused_and_not_tried_again(store: Store):
    async with store._engine.begin() as connection:
        await connection.exec_driver_sql(_AGENT)
    with pytest.raises(StoreRefused, match="NOT NULL constraint failed"):
        await store.touch({"a": (None, 0.0)})
    assert [row.seen for row in (await store.load()).agents] == [5.0]


async def _fill(store: Store) -> None:
    for number in range(1000):
        await store.add_credential(CredentialKind.SESSION, str(number) * 100, Wall(100.0), Wall(0.0))


_AGENT = "INSERT INTO agents VALUES ('a', 'a', '', '', 0, 1, 5.0, 0.0, '')"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "INSERT INTO evidence VALUES ('k', 'a', 'eth0', '', '', 0.0, 1, '{\"kind\":\"loop\",\"port\":null}')",
            "Expected",
        ),
        ("INSERT INTO interfaces VALUES ('a', 'eth0', 1, '{')", "truncated"),
        ("INSERT INTO refusals VALUES ('k', 'a', 'eth0', 1, x'ff')", "malformed"),
        (
            'INSERT INTO interfaces VALUES (\'b\', \'eth0\', 1, \'{"name":"eth0","index":1,"mac":"m"}\')',
            "told by 'b', which is no agent",
        ),
        ("INSERT INTO registry VALUES (1, '[]')", "Expected"),
        ("INSERT INTO registrations VALUES ('i', 'a', '{}')", "missing required field"),
        ("DROP TABLE peers", "no such table"),
    ],
)
def test_what_no_region_wrote_is_one_line_that_offers_a_way_on(tmp_path, statement, why):
    async def inside() -> None:
        store = await open_store(tmp_path / "region.sqlite")
        try:
            async with store._engine.begin() as connection:
                await connection.exec_driver_sql(_AGENT)
                await connection.exec_driver_sql(statement)
            with pytest.raises(StoreError) as caught:
                await store.load()
        finally:
            await store.close()
        said = str(caught.value)
        assert said.startswith(f"{tmp_path}/region.sqlite: corrupt: ")
        assert why in said
        assert "--rebuild" in said
        assert "\n" not in said

    asyncio.run(inside())
