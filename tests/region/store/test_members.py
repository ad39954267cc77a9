"""What the processes of a region tell each other, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import asyncpg
import pytest

from bellrock.region.errors import RegionError
from bellrock.region.store import StoreAway, open_store
from bellrock.region.store import members as module
from bellrock.region.store.members import Letter, Member, NotLeading, Post, belong, fence


@pytest.fixture
def url(postgres):
    """A fresh database of a region."""
    made = postgres.fresh()
    yield made
    postgres.drop(made)


def member(name: str) -> Member:
    return Member(id=f"id{name}", name=name, urls=(f"https://{name}:5240", f"https://{name}:1"), version="1")


class Posts:
    """Members that are gone when the test ends."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.made: list[Post] = []

    async def open(self, name: str) -> Post:
        post = Post(self._url, member(name))
        self.made.append(post)
        await post.open()
        return post


def in_time(url: str, test) -> None:
    async def bounded() -> None:
        posts = Posts(url)
        try:
            async with asyncio.timeout(60):
                await test(posts)
        finally:
            for post in posts.made:
                await post.close()

    asyncio.run(bounded())


def test_members_know_each_other_and_who_leads(url):
    async def run(posts: Posts) -> None:
        a, b = await posts.open("a"), await posts.open("b")
        roll = await a.beat()
        assert [(one.name, one.urls) for one in roll.members] == [(one.name, one.urls) for one in map(member, "ab")]
        assert roll.leadership is None
        assert await a.lead() == 1
        assert await b.lead() is None
        async with asyncio.timeout(20):
            b.roll.clear()
            await a.leave()
            await b.roll.wait()
        assert await b.lead() == 2
        found = (await b.beat()).leadership
        assert found is not None
        assert (found.epoch, found.member) == (2, "idb")

    in_time(url, run)


def test_since_when_a_process_runs_outlasts_its_being_away(url, monkeypatch):
    async def run(posts: Posts) -> None:
        a, b = await posts.open("a"), await posts.open("b")
        monkeypatch.setattr(module, "GONE", -1.0)
        before = (await b.beat()).members  # who has not just said that it is there is forgotten
        assert [one.name for one in before] == ["b"]
        a._began -= 1000
        started = {one.name: one.started for one in (await a.beat()).members}
        monkeypatch.undo()
        assert 1000 <= before[0].started - started["a"] < 1060

    in_time(url, run)


def test_whoever_is_gone_leads_no_longer_and_is_forgotten(url, monkeypatch):
    async def run(posts: Posts) -> None:
        a, b = await posts.open("a"), await posts.open("b")
        assert await a.lead() == 1
        await a.close()
        while await b.lead() is None:  # the server notices that the connection has ended
            await asyncio.sleep(0.01)
        assert {one.name for one in (await b.beat()).members} == {"a", "b"}, "nobody has missed it yet"
        await b.write([("ida", b"for nobody")])
        monkeypatch.setattr(module, "GONE", 0.0)
        assert {one.name for one in (await b.beat()).members} == {"b"}
        monkeypatch.setattr(module, "GONE", 10.0)
        again = await posts.open("a")
        assert await again.read() == [], "letters to an earlier life concern nobody"

    in_time(url, run)


def test_whoever_leaves_in_order_is_gone_at_once(url):
    async def run(posts: Posts) -> None:
        a, b = await posts.open("a"), await posts.open("b")
        assert await a.lead() == 1
        b.roll.clear()
        await a.leave()
        await b.roll.wait()
        assert await b.lead() == 2
        assert [one.name for one in (await b.beat()).members] == ["b"]
        assert not a.is_open
        await a.leave()

    in_time(url, run)


def test_a_leader_that_hangs_is_given_up_by_the_others(url, monkeypatch):
    async def run(posts: Posts) -> None:
        a, b = await posts.open("a"), await posts.open("b")
        assert await a.lead() == 1
        assert (await b.beat()).fresh is False
        # Its connections stand, and nothing is heard of it.
        monkeypatch.setattr(module, "GONE", 0.0)
        roll = await b.beat()
        assert roll.leadership is not None
        assert roll.leadership.member == "ida"
        monkeypatch.setattr(module, "GONE", 10.0)
        while await b.lead() is None:
            await asyncio.sleep(0.01)
        with pytest.raises(StoreAway):
            await a.beat()
        await a.open()
        found = (await a.beat()).leadership
        assert found is not None
        assert (found.epoch, found.member) == (2, "idb")

    in_time(url, run)


def test_whoever_was_given_up_learns_it(url, monkeypatch):
    async def run(posts: Posts) -> None:
        a, b = await posts.open("a"), await posts.open("b")
        assert (await a.beat()).fresh is False
        monkeypatch.setattr(module, "GONE", 0.0)
        await b.beat()
        monkeypatch.setattr(module, "GONE", 10.0)
        assert (await a.beat()).fresh is True
        assert (await a.beat()).fresh is False

    in_time(url, run)


@pytest.mark.parametrize("off", [0.0, 3600.0, -5.0])
def test_each_beat_says_how_far_this_clock_is_from_the_databases(url, off):
    async def run(posts: Posts) -> None:
        made = Post(url, member("a"), lambda: time.time() + off)
        posts.made.append(made)
        await made.open()
        roll = await made.beat()
        assert 0 <= roll.unsure < 60
        assert abs(roll.ahead - off) <= roll.unsure + 0.01, "the database runs on this machine"

    in_time(url, run)


def test_letters_arrive_once_and_in_order(url):
    async def run(posts: Posts) -> None:
        a, b, c = [await posts.open(name) for name in "abc"]
        b.letters.clear()
        c.letters.clear()
        await a.write([("idb", b"1"), ("idc", b"other"), ("idb", b"2" * 1_000_000)])
        await a.write([("idb", b"3")])
        await b.letters.wait()
        assert await b.read(2) == [Letter("ida", b"1"), Letter("ida", b"2" * 1_000_000)]
        assert await b.read() == [Letter("ida", b"3")]
        assert await b.read() == []
        assert await c.read() == [Letter("ida", b"other")]
        assert not a.letters.is_set() or await a.read() == []
        await a.write([])

    in_time(url, run)


def test_only_who_leads_may_write_what_is_the_minds(url):
    async def run(posts: Posts) -> None:
        store = await open_store(url)
        try:
            a = await posts.open("a")
            epoch = await a.lead()
            assert epoch is not None
            mine = store.behind(fence(epoch))
            async with mine.transaction():
                pass
            await a.close()
            b = await posts.open("b")
            while await b.lead() is None:
                await asyncio.sleep(0.01)
            with pytest.raises(NotLeading, match="epoch 1 of leading the region is over; it is 2 by now"):
                async with mine.transaction():
                    raise AssertionError("nothing is done in it")
            async with store.transaction():
                pass  # what is no mind's affair is written by whoever has it
        finally:
            await store.close()

    in_time(url, run)


def test_a_server_that_is_gone_is_said_once_and_for_all_methods(url, postgres):
    async def run(posts: Posts) -> None:
        a = await posts.open("a")
        postgres.server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            f"'{url.partition('?')[0].rpartition('/')[2]}'"
        )
        for method in (a.beat, a.lead, a.read, lambda: a.write([("x", b"")])):
            with pytest.raises(StoreAway):
                await method()
        assert not a.is_open
        await a.open()
        assert len((await a.beat()).members) == 1

    in_time(url, run)


def test_a_connection_that_the_driver_can_make_nothing_of_is_given_up(url):
    async def test(posts: Posts) -> None:
        one = await posts.open("a")

        async def confused(*_: object) -> None:
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

        real = one._connections[2]
        one._connections[2] = SimpleNamespace(fetch=confused, is_closed=real.is_closed, terminate=real.terminate)
        with pytest.raises(StoreAway, match="another operation"):
            await one.read()
        assert not one.is_open
        await one.open()
        assert await one.read() == []

    in_time(url, test)


def test_a_server_that_is_not_there():
    async def run() -> None:
        with pytest.raises(StoreAway):
            await Post("postgresql://u@/d?host=/nonexistent", member("a")).open()
        with pytest.raises(StoreAway):
            await belong("postgresql://u@/d?host=/nonexistent", "f" * 64)

    asyncio.run(run())


def test_all_have_the_authority_of_the_first(url):
    async def run() -> None:
        await belong(url, "a" * 64)
        await belong(url, "a" * 64)
        with pytest.raises(
            RegionError, match=r"authority is bbbbbbbbbbbbbbbb…, and the other processes .* aaaaaaaaaaaaaaaa…"
        ):
            await belong(url, "b" * 64)

    asyncio.run(run())


def test_a_connection_that_ends_between_two_steps_of_the_driver_is_a_database_that_is_away(url):
    async def run(posts: Posts) -> None:
        a = await posts.open("a")

        async def ended_meanwhile(connection) -> None:
            connection.terminate()
            await connection.execute("SELECT 1")

        async def stumbling(connection) -> None:
            connection.terminate()
            raise AttributeError("'NoneType' object has no attribute '_get_timeout'")

        async def wrong(_) -> None:
            raise AttributeError("ours")

        for question in (ended_meanwhile, stumbling):
            with pytest.raises(StoreAway):
                await a._ask(1, question)
            assert not a.is_open
            await a.open()
        with pytest.raises(AttributeError, match="ours"):
            await a._ask(1, wrong)
        assert a.is_open

    in_time(url, run)
