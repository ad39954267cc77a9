"""Tokens of state directories: which are good, whose they are, and how one ends for good."""

from __future__ import annotations

import pytest

from bellrock.model import Wall
from bellrock.region.service.apitokens import FORBIDDEN, ApiTokens, id_of
from bellrock.region.service.sessions import digest
from bellrock.region.store import Store
from tests.region.stores import with_store

NOW = Wall(1000.0)


@with_store
async def test_those_of_others_are_known_once_they_are_read_and_each_has_a_name(store: Store):
    here, there = ApiTokens(store, list), ApiTokens(store, list)
    await here.add(digest("one"), "a:/var", NOW, alone=False)
    await there.add(digest("two"), "b:/var", Wall(NOW + 1.0), alone=False)
    assert not here.knows("one")
    await here.refresh(NOW)
    assert here.knows("one")
    assert here.knows("two")
    assert not here.knows("three")
    assert [(row.name, row.seen) for row in here.all()] == [("a:/var", NOW), ("b:/var", NOW + 1.0)]
    (first, second) = map(id_of, here.all())
    assert first.startswith("api-")
    assert first != second
    assert here.find(second).name == "b:/var"
    assert here.find("api-") is None


@with_store
async def test_a_revoked_one_is_good_nowhere_and_never_again(store: Store):
    told = []
    here, there = ApiTokens(store, lambda: told.append(1)), ApiTokens(store, list)
    for place, name in enumerate(("one", "two")):
        await here.add(digest(name), f"{name}:/var", Wall(NOW + place), alone=False)
    await here.refresh(NOW)
    await here.revoke(here.all()[0], NOW)
    assert not here.knows("one")
    assert here.knows("two")
    assert told == [1]
    await there.refresh(NOW)
    assert not there.knows("one")
    assert there.knows("two")
    assert await there.is_revoked(digest("one"), Wall(NOW + FORBIDDEN - 1.0))
    assert not await there.is_revoked(digest("one"), Wall(NOW + FORBIDDEN))
    assert not await there.is_revoked(digest("two"), NOW)


@with_store
async def test_what_was_read_before_a_token_was_revoked_does_not_bring_it_back(store: Store):
    tokens = ApiTokens(store, list)
    await tokens.add(digest("one"), "", NOW, alone=True)
    await tokens.refresh(NOW)
    (row,) = tokens.all()
    before = await store.api_tokens(NOW)
    await tokens.revoke(row, NOW)

    async def late(_: Wall):
        return before

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "api_tokens", late)
        await tokens.refresh(NOW)
    assert not tokens.knows("one")
