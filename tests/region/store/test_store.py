"""The open store."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bellrock.model import Wall
from bellrock.region.store import (
    ApiTokenRow,
    CredentialKind,
    Registration,
    Store,
    StoreError,
    StoreFull,
    StoreRefused,
    open_store,
)
from tests.region.stores import execute, with_store


@with_store
async def test_api_tokens_are_named_and_what_is_forbidden_is_none(store: Store):
    for name, at in (("b", 5.0), ("a", 7.0), ("b", 6.0)):
        await store.add_credential(CredentialKind.API, name * 64, Wall(1e9), Wall(at), name=f"host-{name}:/var")
    await store.add_credential(CredentialKind.LOGIN, "c" * 64, Wall(1e9), Wall(5.0))
    assert await store.api_tokens(Wall(8.0)) == [
        ApiTokenRow("b" * 64, "host-b:/var", Wall(6.0)),
        ApiTokenRow("a" * 64, "host-a:/var", Wall(7.0)),
    ]
    await store.forbid_api_token("b" * 64, Wall(50.0))
    await store.forbid_api_token("c" * 64, Wall(50.0))
    assert [row.hash[0] for row in await store.api_tokens(Wall(8.0))] == ["a"]
    assert await store.credentials(CredentialKind.REVOKED, Wall(8.0)) == {"b" * 64: 50.0}
    assert await store.api_tokens(Wall(2e9)) == []


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


def test_a_failing_disk_is_store_full(tmp_path):
    async def inside() -> None:
        store = await open_store(tmp_path / "region.sqlite")
        try:
            await execute(store, "PRAGMA max_page_count = 1")
            with pytest.raises(StoreFull, match="full"):
                await _fill(store)
            assert len(await store.credentials(CredentialKind.SESSION, Wall(0.0))) > 0
        finally:
            await store.close()

    asyncio.run(inside())


@with_store
async def test_what_the_database_never_takes_is_refused_and_not_tried_again(store: Store):
    await execute(store, _AGENT)
    with pytest.raises(StoreRefused, match="(?i)not.null constraint"):
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
        (r"INSERT INTO refusals VALUES ('k', 'a', 'eth0', 1, '\xff')", "malformed"),
        (
            'INSERT INTO interfaces VALUES (\'b\', \'eth0\', 1, \'{"name":"eth0","index":1,"mac":"m"}\')',
            "told by 'b', which is no agent",
        ),
        ("INSERT INTO registry VALUES (1, '[]')", "Expected"),
        ("INSERT INTO registrations VALUES ('i', 'a', '{}')", "missing required field"),
        ("DROP TABLE peers", "no such table|does not exist"),
    ],
)
def test_what_no_region_wrote_is_one_line_that_offers_a_way_on(where, statement, why):
    async def inside() -> None:
        store = await open_store(where)
        try:
            await execute(store, _AGENT, statement)
            with pytest.raises(StoreError) as caught:
                await store.load()
        finally:
            await store.close()
        said = str(caught.value)
        name = str(where) if isinstance(where, Path) else where.partition("?")[0]
        assert said.startswith(f"{name}: corrupt: ")
        assert re.search(why, said)
        assert "backup" in said
        assert "\n" not in said

    asyncio.run(inside())
