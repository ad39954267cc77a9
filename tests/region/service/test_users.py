"""People who log in with a password."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.model import Wall
from bellrock.region.roles import UserRole
from bellrock.region.service import users as module
from bellrock.region.service.passwords import Passwords
from bellrock.region.service.sessions import Sessions
from bellrock.region.service.users import Conflict, NotThere, Unwanted, Users
from bellrock.region.store import Store, StoreFull
from tests.region.service.hasher import cheap
from tests.region.service.people import with_store

NOW = Wall(1000.0)
WORD, OTHER = "correct horse battery", "staple staple staple"
VIEWER, OPERATOR, ADMIN = UserRole


def users_of(store: Store, passwords: Passwords | None = None) -> Users:
    return Users(store.people, passwords or cheap(), Sessions(store.people))


@with_store
async def test_from_add_to_remove(store: Store):
    users = users_of(store)
    made = await users.add("Anna", WORD, OPERATOR, NOW)
    assert (made.name, made.role, made.created, made.seen) == ("Anna", OPERATOR, NOW, None)
    assert WORD not in made.hash
    assert len(users) == 1
    assert users.get("aNNA") == made
    assert users.get("bert") is None
    await users.add("bert", WORD, VIEWER, NOW)
    assert [row.name for row in users.all()] == ["Anna", "bert"]
    assert (await users.change("anna", VIEWER)).role is OPERATOR, "what was"
    assert users.get("anna").role is VIEWER
    assert (await users.remove("ANNA")).name == "Anna"
    assert [row.name for row in (await store.people.load(NOW)).users] == ["bert"]
    for asking in (users.change("anna", ADMIN), users.change("anna", password=WORD), users.remove("anna")):
        with pytest.raises(NotThere):
            await asking


@with_store
async def test_a_restart_knows_them_and_warms_the_check(store: Store):
    await users_of(store).add("anna", WORD, ADMIN, NOW)
    passwords = cheap()
    again = users_of(store, passwords)
    await again.start((await store.people.load(NOW)).users)
    assert passwords._nobody
    assert await again.check("anna", WORD, NOW)


@with_store
async def test_checks(store: Store):
    users = users_of(store)
    await users.add("anna", WORD, ADMIN, NOW)
    later = Wall(NOW + 5)
    assert (await users.check("ANNA", WORD, later)).seen == later
    assert users.get("anna").seen == later
    assert (await store.people.load(NOW)).users[0].seen == later
    assert await users.check("anna", WORD.upper(), later) is None
    assert await users.check("bert", WORD, later) is None
    await users.change("anna", password=OTHER)
    assert await users.check("anna", WORD, later) is None
    assert await users.check("anna", OTHER, later)


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", ".a", "a/b", "x" * 65, "ä", "a\n", "a\x00", "one-time login"])
def test_names_that_will_not_do(tmp_path, name):
    @with_store
    async def inside(store: Store):
        with pytest.raises(Unwanted, match="1 to 64 letters, digits"):
            await users_of(store).add(name, WORD, VIEWER, NOW)

    inside(tmp_path)


@with_store
async def test_what_does_not_go_together(store: Store):
    users = users_of(store)
    for name in ("a", "x" * 64, "anna.b_c@d-e"):
        await users.add(name, WORD, VIEWER, NOW)
    with pytest.raises(Conflict, match="there is a user a already"):
        await users.add("A", WORD, VIEWER, NOW)
    with pytest.raises(Unwanted, match="at least 8"):
        await users.add("b", "short", VIEWER, NOW)
    with pytest.raises(Unwanted, match="at least 8"):
        await users.change("a", password="short")


@with_store
async def test_there_is_always_an_admin_once_there_was_one(store: Store):
    users = users_of(store)
    await users.add("anna", WORD, ADMIN, NOW)
    await users.add("bert", WORD, VIEWER, NOW)
    for asking in (users.remove("anna"), users.change("anna", OPERATOR)):
        with pytest.raises(Conflict, match="the only admin is anna; make another one first"):
            await asking
    await users.change("anna", ADMIN)
    await users.change("bert", ADMIN)
    await users.remove("anna")
    assert [row.name for row in users.all()] == ["bert"]


@with_store
async def test_two_adds_of_one_name_make_one_user(store: Store):
    users = users_of(store)
    done = await asyncio.gather(
        users.add("anna", WORD, ADMIN, NOW), users.add("Anna", OTHER, VIEWER, NOW), return_exceptions=True
    )
    assert sorted(isinstance(one, Conflict) for one in done) == [False, True]
    (kept,) = (await store.people.load(NOW)).users
    assert kept == users.get("anna")


@with_store
async def test_two_changes_at_once_are_both_made(store: Store):
    users = users_of(store)
    await users.add("boss", WORD, ADMIN, NOW)
    await users.add("anna", WORD, OPERATOR, NOW)
    await asyncio.gather(
        users.change("anna", VIEWER), users.change("anna", password=OTHER), users.check("anna", WORD, Wall(NOW + 1))
    )
    assert users.get("anna").role is VIEWER
    assert await users.check("anna", OTHER, NOW)
    again = users_of(store)
    await again.start((await store.people.load(NOW)).users)
    assert again.get("anna") == users.get("anna")


@with_store
async def test_a_password_that_changes_while_it_is_checked_is_not_taken(store: Store):
    passwords = cheap()
    users = users_of(store, passwords)
    await users.add("anna", WORD, ADMIN, NOW)
    right = passwords.is_right

    async def meanwhile(kept, word):
        found = await right(kept, word)
        await users.change("anna", password=OTHER)
        return found

    passwords.is_right = meanwhile
    assert await users.check("anna", WORD, NOW) is None


@with_store
async def test_a_hash_of_old_parameters_is_made_anew_at_login(store: Store):
    await users_of(store).add("anna", WORD, ADMIN, NOW)
    users = users_of(store, Passwords())
    await users.start((await store.people.load(NOW)).users)
    assert "m=8," in users.get("anna").hash
    assert await users.check("anna", WORD, NOW)
    assert "m=65536," in users.get("anna").hash
    assert await users.check("anna", WORD, NOW)


@with_store
async def test_users_are_bounded(store: Store):
    users = users_of(store)
    bound, module.MAX_USERS = module.MAX_USERS, 1
    try:
        await users.add("anna", WORD, ADMIN, NOW)
        with pytest.raises(Conflict, match="as many as a region keeps"):
            await users.add("bert", WORD, ADMIN, NOW)
    finally:
        module.MAX_USERS = bound


@with_store
async def test_what_the_disk_does_not_take_did_not_happen(store: Store):
    users = users_of(store)
    await users.add("anna", WORD, ADMIN, NOW)
    before = users.get("anna")

    async def full(*_, **__):
        raise StoreFull("disk is full")

    store.people.put_user = full
    for asking in (users.add("bert", WORD, VIEWER, NOW), users.change("anna", password=OTHER)):
        with pytest.raises(StoreFull):
            await asking
    assert users.get("anna") == before
    assert users.get("bert") is None
