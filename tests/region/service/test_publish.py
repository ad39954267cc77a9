"""Publishing: at once, then coalesced; the latest state for whoever reads."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.model import InterfaceGone, MtuGone, RefusalCount
from bellrock.region.service import publish
from bellrock.region.service.publish import Publisher, Topic, Watcher, topics_of
from tests.region.support import confirmed, port


async def drain(watcher: Watcher, within: float = 0.05) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(await asyncio.wait_for(watcher.next(), within))
        except TimeoutError:
            return found


@pytest.fixture
def run():
    def runner(test):
        async def inside() -> None:
            rendered: list[Topic] = []
            extra: set[Topic] = set()

            async def prepare() -> set[Topic]:
                return set(extra)

            def render(topic: Topic) -> bytes:
                rendered.append(topic)
                return f"{topic} {len(rendered)}".encode()

            publisher = Publisher(prepare, render)
            task = asyncio.create_task(publisher.run())
            try:
                async with asyncio.timeout(20):
                    await test(publisher, rendered, extra)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        asyncio.run(inside())

    return runner


def test_everything_on_watching_then_changes_coalesced(run, monkeypatch):
    monkeypatch.setattr(publish, "PERIOD", 0.02)

    async def test(publisher, rendered, extra) -> None:
        watcher = publisher.watch()
        assert {text.split()[0] for text in await drain(watcher)} == {topic.encode() for topic in Topic}
        publisher.changed(Topic.HOSTS)
        assert (await watcher.next()).startswith(b"hosts ")
        rendered.clear()
        for _ in range(100):
            publisher.changed(Topic.HOSTS)
        assert len(await drain(watcher, 0.2)) == 1
        extra.add(Topic.TOPOLOGY)
        publisher.changed(Topic.HOSTS)
        assert {text.split()[0] for text in await drain(watcher, 0.2)} == {b"hosts", b"topology"}

    run(test)


def test_a_watcher_that_does_not_read_holds_the_latest_of_each_topic_only(run, monkeypatch):
    monkeypatch.setattr(publish, "PERIOD", 0.001)

    async def test(publisher, rendered, extra) -> None:
        watcher = publisher.watch()
        for _ in range(20):
            publisher.changed(*Topic)
            before = len(rendered)
            while len(rendered) < before + len(Topic):
                await asyncio.sleep(0)
        found = await drain(watcher)
        assert len(found) == len(Topic)
        assert {int(text.split()[1]) for text in found} == set(range(len(rendered) - len(Topic) + 1, len(rendered) + 1))

    run(test)


def test_nobody_watches_nothing_is_rendered(run):
    async def test(publisher, rendered, extra) -> None:
        watcher = publisher.watch()
        publisher.leave(watcher)
        rendered.clear()
        publisher.changed(*Topic)
        async with asyncio.timeout(10):
            while publisher._changed:  # taken up by the round that would render
                await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert rendered == []

    run(test)


def test_ages_go_out_with_the_next_refresh(run, monkeypatch):
    monkeypatch.setattr(publish, "REFRESH", 0.1)

    async def test(publisher, rendered, extra) -> None:
        watcher = publisher.watch()
        await drain(watcher)
        publisher.aged(Topic.HOSTS)
        assert await drain(watcher, 0.01) == []
        assert (await watcher.next()).startswith(b"hosts ")

    run(test)


def test_watchers_are_bounded(run, monkeypatch):
    monkeypatch.setattr(publish, "MAX_WATCHERS", 1)

    async def test(publisher, rendered, extra) -> None:
        watcher = publisher.watch()
        assert publisher.watch() is None
        publisher.leave(watcher)
        assert publisher.watch() is not None

    run(test)


def test_a_watcher_is_never_told_what_is_not_for_it(run):
    async def test(publisher, rendered, extra) -> None:
        partial, whole = publisher.watch({Topic.ENROLMENTS}), publisher.watch()
        assert b"enrolments" not in {text.split()[0] for text in await drain(partial)}
        assert b"enrolments" in {text.split()[0] for text in await drain(whole)}
        publisher.changed(Topic.ENROLMENTS, Topic.NODES)
        assert [text.split()[0] for text in await drain(partial, 0.2)] == [b"nodes"]
        assert {text.split()[0] for text in await drain(whole, 0.2)} == {b"enrolments", b"nodes"}

    run(test)


def test_topics_that_nothing_renders_are_not_published():
    async def test() -> None:
        async def prepare() -> set[Topic]:
            return {Topic.MTU}

        publisher = Publisher(prepare, lambda topic: topic.encode(), {Topic.HOSTS: None}.keys())
        async with asyncio.timeout(20):
            task = asyncio.create_task(publisher.run())
            watcher = publisher.watch()
            assert await drain(watcher) == [b"hosts"]
            publisher.changed(*Topic)
            assert await drain(watcher, 0.2) == [b"hosts"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(test())


@pytest.mark.parametrize(
    ("told", "topics"),
    [
        (InterfaceGone("id-rack1", "eth0"), {Topic.TOPOLOGY, Topic.INTERFACES, Topic.MTU}),
        (MtuGone(port("rack1/eth0"), port("rack2/eth0"), "silent"), {Topic.MTU}),
        (confirmed("rack1/eth0", "rack2/eth0"), {Topic.TOPOLOGY, Topic.INTERFACES}),
        (RefusalCount(port("rack1/eth0"), "02:00:00:00:00:01", "replay", 1), {Topic.REFUSALS}),
    ],
    ids=["interface", "mtu", "evidence", "refusal"],
)
def test_what_an_observation_changes(told, topics):
    assert set(topics_of(told)) == topics


def test_who_follows_is_told_from_where_it_was_and_nothing_where_there_is_nothing(run, monkeypatch):
    monkeypatch.setattr(publish, "PERIOD", 0.0)
    asked: list[tuple[Topic, int | None]] = []

    def tell(topic: Topic, moment: int | None) -> tuple[bytes, int]:
        asked.append((topic, moment))
        return (b"" if moment == 2 else f"{topic} from {moment}".encode()), len(asked)

    async def test(publisher, rendered, extra) -> None:
        follower = publisher.follow(tell, [topic for topic in Topic if topic is not Topic.HOSTS])
        assert await drain(follower) == [b"hosts from None"]
        for _ in range(2):
            publisher.changed(Topic.HOSTS)
            await drain(follower)
        assert asked == [(Topic.HOSTS, None), (Topic.HOSTS, 1), (Topic.HOSTS, 2)]
        assert rendered == [], "nobody wants the whole"
        publisher.leave(follower)
        monkeypatch.setattr(publish, "MAX_WATCHERS", 0)
        assert publisher.follow(tell) is None

    run(test)


@pytest.mark.parametrize(
    ("watched", "took", "rest"), [(True, 0.1, [0.1]), (False, 0.1, [0.1, 0.8]), (True, 3.0, [3.0]), (False, 3.0, [3.0])]
)
def test_it_rests_after_a_round_and_longer_while_nobody_watches(monkeypatch, watched, took, rest):
    now, rests = [0.0], []

    async def prepare() -> set[Topic]:
        now[0] += took
        publisher.changed(Topic.HOSTS)  # something is always new
        return set()

    async def sleep(seconds: float) -> None:
        rests.append(pytest.approx(seconds))

    def timeout(seconds: float):
        if seconds != publish.REFRESH:
            rests.append(pytest.approx(seconds))
        if len(rests) > len(rest):
            raise asyncio.CancelledError
        return real(0 if seconds != publish.REFRESH else seconds)

    publisher, real = Publisher(prepare, lambda _: b""), asyncio.timeout

    async def scene() -> None:
        if watched:
            publisher.watch()
        publisher.changed(Topic.HOSTS)
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
        monkeypatch.setattr(publish.asyncio, "sleep", sleep)
        monkeypatch.setattr(publish.asyncio, "timeout", timeout)
        with pytest.raises(asyncio.CancelledError):
            await publisher.run()

    asyncio.run(scene())
    assert rests[: len(rest)] == rest


@pytest.mark.parametrize("begin", [Publisher.watch, lambda one: one.follow(lambda topic, _: (topic.encode(), 1))])
def test_who_begins_to_watch_ends_the_rest_that_was_made_while_nobody_did(monkeypatch, begin):
    monkeypatch.setattr(publish, "UNWATCHED", 1e12)
    monkeypatch.setattr(publish, "LONGEST", 3600.0)
    rounds = []

    async def prepare() -> set[Topic]:
        rounds.append(1)
        return set()

    async def scene() -> None:
        publisher = Publisher(prepare, lambda topic: topic.encode())
        task = asyncio.create_task(publisher.run())
        publisher.changed(Topic.HOSTS)
        async with asyncio.timeout(20):
            while not rounds:
                await asyncio.sleep(0)
            begin(publisher)
            publisher.changed(Topic.HOSTS)
            while len(rounds) < 2:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())
