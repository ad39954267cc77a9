"""The right to write, and what the regions of one database tell each other of their commits."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import AsyncExitStack

import msgspec
import pytest

from bellrock.contract import Report
from bellrock.model import Host, Interface, InterfaceSeen, Wall
from bellrock.region.store import Accepted, Batch, FeedLost, Store, StoreAway, StoreError, Turn, open_store
from bellrock.region.store import feed as module
from bellrock.region.store.feed import pack, unpack
from bellrock.region.store.members import Member, Post
from tests.region.stores import execute, with_store

HOST = Host("a", "a", "rack")


@pytest.fixture
def url(postgres):
    made = postgres.fresh()
    yield made
    postgres.drop(made)


def accepted(seq: int) -> Accepted:
    nic = Interface(name=f"eth{seq}", index=seq, mac="m")
    return Accepted(agent=HOST, report=Report(seq, "boot", Wall(1.0), (InterfaceSeen("a", nic),)), received=Wall(2.0))


def with_stores(number: int, scene, url: str):
    """Play with several stores on one database."""

    async def inside():
        async with asyncio.timeout(120), AsyncExitStack() as stack:
            stores = []
            for _ in range(number):
                stores.append(await open_store(url))
                stack.push_async_callback(stores[-1].close)
            return await scene(*stores)

    return asyncio.run(inside())


def test_a_batch_survives_packing():
    reports = (accepted(1), accepted(2))
    assert unpack(pack(reports)) == reports
    assert unpack(pack(())) == ()


@pytest.mark.parametrize(
    "body", [b"", b"x", zlib.compress(b"\x81"), zlib.compress(b"\x93\x01\x02\x03"), pack([accepted(1)])[:-1]]
)
def test_what_is_no_batch_is_one_of_two_errors(body):
    with pytest.raises((msgspec.MsgspecError, zlib.error)):
        unpack(body)


def test_what_unpacks_to_more_than_a_batch_may_have_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(module, "MAX_BODY", 50)
    with pytest.raises(zlib.error, match="at most 50 octets"):
        unpack(pack([accepted(1)]))


async def fails(store: Store) -> None:
    async with store.turn(0, "m") as turn:
        await turn.commit([accepted(1)], {})
        raise KeyError


@with_store
async def test_a_turn_writes_all_at_its_end_or_nothing(store: Store):
    with pytest.raises(KeyError):
        await fails(store)
    assert await store.journal() == []
    assert await store.feed_end() == 0
    async with store.turn(0, "m") as turn:
        assert turn.missed == ()
        assert await turn.commit([], {}) == 0
        first = await turn.commit([accepted(1)], {})
        second = await turn.commit([accepted(2)], {"a": 0})
    assert [entry[3] for entry in await store.journal()] == [1, 2]
    assert (await store.load()).feed == await store.feed_end() == second
    assert (first < second) is store.shared
    assert [one.number for one in await store.feed(0)] == ([first, second] if store.shared else [])


@with_store
async def test_a_fence_undoes_what_it_does_not_let_pass(store: Store):
    async def fence(_) -> None:
        raise StoreAway("leads no more")

    store = store.behind(fence)
    with pytest.raises(StoreAway, match="leads no more"):
        await store.commit([accepted(1)], {})
    assert await store.journal() == []


def test_a_file_has_no_feed(tmp_path):
    async def inside() -> None:
        store = await open_store(tmp_path / "region.sqlite")
        assert not store.shared
        assert await store.commit([accepted(1)], {}) == 0
        assert (await store.feed(0), await store.feed_end(), await store.trim_feed(0.0, 9)) == ([], 0, [])
        await store.close()

    asyncio.run(inside())


def test_each_member_reads_what_the_others_committed_before_it_writes(url):
    async def scene(one: Store, other: Store) -> None:
        assert one.shared
        number = await one.commit([accepted(1), accepted(2)], {}, "one")
        async with other.turn(0, "other") as turn:
            assert turn.missed == (Batch(number, "one", (accepted(1), accepted(2))),)
            after = await turn.commit([accepted(3)], {"a": 0})
        assert await one.feed(number) == [Batch(after, "other", (accepted(3),))]
        assert await one.feed(0, limit=1) == [Batch(number, "one", (accepted(1), accepted(2)))]
        loaded = await one.load()
        assert (loaded.feed, loaded.agents[0].last, len(loaded.interfaces)) == (after, 3, 3)

    with_stores(2, scene, url)


def test_turns_never_overlap_and_numbers_rise_in_the_order_of_the_commits(url):
    async def scene(*stores: Store) -> None:
        inside: list[str] = []
        reached = dict.fromkeys("abc", 0)
        heard: dict[str, list[int]] = {name: [] for name in "abc"}

        async def member(store: Store, name: str) -> None:
            for _ in range(8):
                async with store.turn(reached[name], name) as turn:
                    assert not inside
                    inside.append(name)
                    heard[name] += [one.number for one in turn.missed]
                    reached[name] = await turn.commit([accepted(1)], {})
                    heard[name].append(reached[name])
                    inside.clear()

        await asyncio.gather(*(member(store, name) for store, name in zip(stores, "abc", strict=True)))
        end = await stores[0].feed_end()
        rows = [one.number for one in await stores[0].feed(0)]
        assert len(rows) == 24
        assert rows[-1] == end
        for name, store in zip("abc", stores, strict=True):
            late = [one.number for one in await store.feed(reached[name])]
            assert heard[name] + late == rows

    with_stores(3, scene, url)


def test_listeners_are_told_of_a_batch_when_it_is_committed(url):
    async def scene(store: Store) -> None:
        from bellrock.region.store import FEED_CHANNEL
        from bellrock.region.store.postgres import connect, parse_url

        said: asyncio.Queue[str] = asyncio.Queue()
        listening = await connect(parse_url(url))
        await listening.add_listener(FEED_CHANNEL, lambda *words: said.put_nowait(words[3]))
        async with store.turn(0, "m") as turn:
            number = await turn.commit([accepted(1)], {})
            assert said.empty()
        assert await asyncio.wait_for(said.get(), 60) == str(number)
        await listening.close()

    with_stores(1, scene, url)


def test_hours_that_all_have_read_are_dropped_and_who_comes_late_is_told(url, monkeypatch):
    hours = iter([10.0, 10.0, 11.0, 12.0, 12.5])

    async def clock(_) -> float:
        return next(hours) * module.FEED_HOUR

    monkeypatch.setattr(module, "_clock", clock)

    async def scene(store: Store) -> None:
        numbers = [await store.commit([accepted(seq)], {}) for seq in (1, 2, 3)]
        assert await store.trim_feed(0.5 * module.FEED_HOUR, numbers[0]) == [], "not all of the hour is read"
        assert await store.trim_feed(0.5 * module.FEED_HOUR, numbers[2]) == ["feed_10", "feed_11"]
        assert await store.feed_end() == numbers[2]
        assert await store.feed(numbers[2]) == []
        with pytest.raises(FeedLost, match=f"up to {numbers[2]} are gone"):
            await store.feed(numbers[1])
        with pytest.raises(FeedLost):
            async with store.turn(0, "late"):
                pytest.fail("it has not read all")

    with_stores(1, scene, url)


def test_what_the_slowest_member_has_not_read_stays_until_it_is_given_up(url, monkeypatch):
    hours = iter([10.0, 11.0, 12.0, 12.5, 12.5, 12.5, 12.5])

    async def clock(_) -> float:
        return next(hours) * module.FEED_HOUR

    monkeypatch.setattr(module, "_clock", clock)

    async def scene(store: Store) -> None:
        numbers = [await store.commit([accepted(seq)], {}) for seq in (1, 2, 3)]
        fast, slow, older = (Post(url, Member(id=name, name=name)) for name in ("fast", "slow", "older"))
        try:
            for post, fed in ((fast, numbers[2]), (slow, numbers[0]), (older, None)):
                await post.open()
                await post.beat(fed)
            keep = 0.5 * module.FEED_HOUR
            assert await store.trim_feed(keep, numbers[2]) == ["feed_10"], (
                "an older version does not say what it has read"
            )
            assert [one.number for one in await store.feed(numbers[0])] == numbers[1:], (
                "the slow one finds what it lacks"
            )
            assert await store.trim_feed(keep, numbers[2]) == []
            await slow.leave()
            assert await store.trim_feed(keep, numbers[2]) == ["feed_11"]
            with pytest.raises(FeedLost):
                await store.feed(numbers[0])
        finally:
            for post in (fast, slow, older):
                await post.close()

    with_stores(1, scene, url)


def test_an_hour_of_which_nothing_was_committed_after_all_goes_as_well(url, monkeypatch):
    async def scene(store: Store) -> None:
        await store.commit([accepted(1)], {})
        (name,) = [row[0] for row in await execute(store, "SELECT inhrelid::regclass::text FROM pg_inherits "
                                                          "WHERE inhparent = 'feed'::regclass")]  # fmt: skip
        await execute(store, "DELETE FROM feed")
        assert await store.trim_feed(-2 * module.FEED_HOUR, 0) == [name]
        assert await store.feed_end() == 0

    with_stores(1, scene, url)


def test_what_no_region_wrote_into_the_feed_is_told(url):
    async def scene(store: Store) -> None:
        number = await store.commit([accepted(1)], {})
        await execute(store, "UPDATE feed SET body = '\\x00'")
        with pytest.raises(StoreError, match="corrupt: "):
            await store.feed(number - 1)

    with_stores(1, scene, url)


def test_a_turn_of_ones_own_is_a_turn():
    async def write(reports, accounts) -> int:
        return len(reports) + len(accounts)

    turn = Turn((), write)
    assert asyncio.run(turn.commit([accepted(1)], {"a": 1})) == 2


def test_of_a_newer_version_what_is_known_is_taken():
    report = accepted(1)
    raw = msgspec.msgpack.decode(msgspec.msgpack.encode([report]))
    raw[0]["since-2027"] = True
    raw[0]["report"]["observations"].insert(0, {"type": "kind-of-2027", "host": "h"})
    assert unpack(zlib.compress(msgspec.msgpack.encode(raw))) == (report,)
    raw[0]["agent"] = 7
    with pytest.raises(msgspec.ValidationError):
        unpack(zlib.compress(msgspec.msgpack.encode(raw)))
