"""Tokens for programs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bellrock.model import Wall
from bellrock.region.roles import Caller, How, UserRole
from bellrock.region.service import tokens as module
from bellrock.region.service.tokens import PREFIX, Tokens
from bellrock.region.service.users import Conflict, NotThere, Unwanted
from bellrock.region.store import Store, StoreFull
from tests.region.service.people import with_store

NOW, DAY = Wall(1000.0), 86400.0
VIEWER, OPERATOR, ADMIN = UserRole


def tokens_of(store: Store, told: list | None = None, **owners: UserRole) -> Tokens:
    def user(name):
        return SimpleNamespace(role=owners[name]) if name in owners else None

    return Tokens(store.people, user, lambda: (told if told is not None else []).append(1))


@with_store
async def test_from_making_to_revoking(store: Store):
    told: list = []
    tokens = tokens_of(store, told)
    row, token = await tokens.add("grafana", OPERATOR, 2, "", NOW)
    assert token.startswith(PREFIX)
    assert len(token) > 50
    assert token not in str(await store.people.load(NOW)), "kept as a hash"
    assert (row.expires, row.used) == (NOW + 2 * DAY, None)
    assert tokens.who(token, NOW) == Caller("token grafana", OPERATOR, How.TOKEN, token=row.id)
    assert tokens.who(token, row.expires) is tokens.who(token + "x", NOW) is tokens.who("", NOW) is None
    assert tokens.all(NOW) == [row]
    assert tokens.all(row.expires) == []
    assert not told
    assert await tokens.revoke(row.id) == row
    assert told
    assert tokens.who(token, NOW) is None
    assert (await store.people.load(NOW)).tokens == ()
    with pytest.raises(NotThere):
        await tokens.revoke(row.id)


@with_store
async def test_no_token_outlives_an_owner_who_is_removed_while_it_is_written(store: Store):
    owners = {"anna": ADMIN}
    tokens = Tokens(store.people, lambda name: SimpleNamespace(role=owners[name]) if name in owners else None, list)
    put = store.people.put_token

    async def late(row, now):
        await store.people.drop_user("anna")
        del owners["anna"]
        tokens.forget("anna")
        await put(row, now)

    store.people.put_token = late
    with pytest.raises(Conflict, match="the user anna, whose token it would be, was removed meanwhile"):
        await tokens.add("t", ADMIN, 2, "anna", NOW)
    assert tokens.all(NOW) == []
    assert (await store.people.load(NOW)).tokens == ()


@with_store
async def test_by_name_where_it_is_one(store: Store):
    tokens = tokens_of(store)
    first, _ = await tokens.add("a", VIEWER, 1, "", NOW)
    second, _ = await tokens.add("a", VIEWER, 1, "", NOW)
    with pytest.raises(Conflict, match=f"2 tokens have that name: {first.id}, {second.id}; give an id"):
        await tokens.revoke("a")
    await tokens.revoke(first.id)
    assert await tokens.revoke("a") == second


@with_store
async def test_a_token_may_do_no_more_than_its_owner(store: Store):
    owners = {"anna": ADMIN}
    tokens = Tokens(
        store.people, lambda name: SimpleNamespace(role=owners[name]) if name in owners else None, lambda: None
    )
    row, token = await tokens.add("t", OPERATOR, 1, "anna", NOW)
    for role, expected in ((ADMIN, OPERATOR), (OPERATOR, OPERATOR), (VIEWER, VIEWER)):
        owners["anna"] = role
        assert tokens.who(token, NOW).role is tokens.role(row) is expected
    del owners["anna"]
    assert tokens.who(token, NOW) is None


@with_store
async def test_they_go_with_their_owner(store: Store):
    told: list = []
    tokens = tokens_of(store, told, anna=ADMIN, bert=ADMIN)
    kept = [await tokens.add(name, VIEWER, 1, owner, NOW) for name, owner in (("a", "anna"), ("b", "bert"), ("c", ""))]
    assert tokens.forget("anna") == 1
    assert told
    assert [bool(tokens.who(token, NOW)) for _, token in kept] == [False, True, True]
    await store.people.drop_user("anna")
    assert {row.name for row in (await store.people.load(NOW)).tokens} == {"b", "c"}


@with_store
async def test_when_they_were_used(store: Store):
    tokens = tokens_of(store)
    row, token = await tokens.add("a", VIEWER, 1, "", NOW)
    await tokens.flush()
    assert tokens.used(row) is None
    tokens.who(token, Wall(NOW + 5))
    assert tokens.used(row) == NOW + 5
    await tokens.flush()
    assert (await store.people.load(NOW)).tokens[0].used == NOW + 5
    again = tokens_of(store)
    again.start((await store.people.load(NOW)).tokens)
    assert again.used(again.all(NOW)[0]) == NOW + 5

    async def never(*_):
        raise AssertionError("nothing has changed since")

    store.people.used = never
    await tokens.flush()
    await tokens.revoke(row.id)
    await tokens.flush()


@pytest.mark.parametrize(
    ("name", "days", "why"),
    [("", 1, "1 to 64"), ("x" * 65, 1, "1 to 64"), ("a\nb", 1, "printable"), ("  ", 1, "1 to 64"),
     ("a", 0, "1 to 3650 days"), ("a", 3651, "1 to 3650 days")],
)  # fmt: skip
def test_what_will_not_do(tmp_path, name, days, why):
    @with_store
    async def inside(store: Store):
        with pytest.raises(Unwanted, match=why):
            await tokens_of(store).add(name, VIEWER, days, "", NOW)

    inside(tmp_path)


@with_store
async def test_they_are_bounded_and_expired_ones_make_room(store: Store):
    tokens = tokens_of(store)
    bound, module.MAX_TOKENS = module.MAX_TOKENS, 1
    try:
        await tokens.add("a", VIEWER, 1, "", NOW)
        with pytest.raises(Conflict, match="revoke some"):
            await tokens.add("b", VIEWER, 1, "", NOW)
        await tokens.add("b", VIEWER, 1, "", Wall(NOW + DAY))
    finally:
        module.MAX_TOKENS = bound
    assert [row.name for row in (await store.people.load(NOW)).tokens] == ["b"]


@with_store
async def test_what_the_disk_does_not_take_is_no_token(store: Store):
    tokens = tokens_of(store)

    async def full(*_):
        raise StoreFull("disk is full")

    store.people.put_token = full
    with pytest.raises(StoreFull):
        await tokens.add("a", VIEWER, 1, "", NOW)
    assert tokens.all(NOW) == []


@with_store
async def test_what_a_token_makes_has_its_owner_and_ends_with_it(store: Store):
    tokens = tokens_of(store, anna=ADMIN)
    maker, _ = await tokens.add("a", ADMIN, 5, "anna", NOW)
    long, _ = await tokens.add("b", ADMIN, 3650, "", NOW, maker)
    short, _ = await tokens.add("c", VIEWER, 1, "", NOW, maker)
    assert (long.owner, long.expires) == ("anna", maker.expires)
    assert (short.owner, short.expires) == ("anna", NOW + DAY)
    assert (tokens.find(long.id), tokens.find("")) == (long, None)
