"""The one writer of reports, with a store that fails when the test says so."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from bellrock.contract import Ack, Done, KeepAlive, Report
from bellrock.model import Host, HostGone, HostSeen, Wall
from bellrock.region.service import ingest as module
from bellrock.region.service import quota
from bellrock.region.service.agentsession import Session
from bellrock.region.service.clock import Offset
from bellrock.region.service.ingest import Ingest, Told
from bellrock.region.service.state import State
from bellrock.region.store import (
    Accepted,
    AgentRow,
    Batch,
    FeedLost,
    Loaded,
    Retention,
    StoreAway,
    StoreFull,
    StoreRefused,
    Turn,
)

NOW = Wall(100.0)


class Disk:
    """Counts transactions, and is full as often as it is told to be; others may write to it, too."""

    shared = True

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.batches: list[list[tuple[str, int]]] = []
        self.others: list[Batch] = []
        self.number = 0
        self.retention = Retention(None, None)

    async def feed(self, after: int) -> list[Batch]:
        return [one for one in self.others if one.number > after][:2]

    def heard(self, *accepted: Accepted) -> None:
        """Another member commits."""
        self.number += 1
        self.others.append(Batch(self.number, "other", accepted))

    @asynccontextmanager
    async def turn(self, after: int, member: str):
        async def write(batch, accounts) -> int:
            await self.commit(batch, accounts)
            self.number += 1
            return self.number

        yield Turn(tuple(one for one in self.others if one.number > after), write)

    async def commit(self, batch, accounts) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreFull("disk is full")
        self.batches.append([(one.agent.id, one.report.seq) for one in batch])


class Bench:
    """An ingest with its surroundings."""

    def __init__(self, failures: int = 0) -> None:
        self.disk = Disk(failures)
        self.state = State(Loaded())
        self.alive: list[tuple[str, float]] = []
        self.done: list[tuple[str, Done, int]] = []
        self.ingest = Ingest(
            self.disk, self.state, self._committed, lambda host, seen, _: self.alive.append((host.id, seen)), self._done
        )

    def _committed(self, batch) -> None:
        for accepted in batch:
            self.state.apply(accepted)

    def _done(self, host, message) -> None:
        self.done.append((host.id, message, self.state.accounts[host.id].last))

    async def write(self, *told: Told) -> None:
        """Hand in, and write until nothing waits."""
        for one in told:
            await self.ingest.tell(one)
        task = asyncio.create_task(self.ingest.run())
        async with asyncio.timeout(60):
            while not self.ingest._queue.empty() or self.ingest.stalled:
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def session(name: str = "a") -> Session:
    return Session(Host(name, name), "", Offset())


def report(teller: Session, seq: int, *told, received: float = NOW) -> Told:
    return Told(teller, Report(seq, "boot", Wall(received), told), Wall(received))


def test_what_waits_is_one_transaction_and_one_acknowledgement_per_agent():
    async def run() -> None:
        bench, a, b = Bench(), session("a"), session("b")
        await bench.write(report(a, 1), report(b, 1), report(a, 2), report(a, 2), report(a, 1))
        assert bench.disk.batches == [[("a", 1), ("b", 1), ("a", 2)]]
        assert [await a.next(), await b.next()] == [Ack(2), Ack(1)]

    asyncio.run(run())


def test_a_gap_is_refused_and_what_came_before_it_counts():
    async def run() -> None:
        bench, a = Bench(), session()
        await bench.write(report(a, 1), report(a, 3), report(a, 2))
        assert bench.disk.batches == [[("a", 1), ("a", 2)]]
        assert [await a.next(), await a.next()] == [Ack(2), "report 3 came where 2 was due; send from there again"]

    asyncio.run(run())


def test_a_whole_account_may_jump_ahead_of_what_a_restored_region_remembers():
    async def run() -> None:
        bench, a = Bench(), session()
        begins = Told(a, Report(7, "boot+", Wall(NOW), (), begin=True), Wall(NOW))
        await bench.write(report(a, 1), begins, report(a, 8))
        assert bench.disk.batches == [[("a", 1), ("a", 7), ("a", 8)]]

    asyncio.run(run())


def test_a_full_disk_is_tried_again_and_told_once(monkeypatch, caplog):
    monkeypatch.setattr(module, "RETRY", (0.001, 0.002))

    async def run() -> None:
        bench, a = Bench(failures=5), session()
        await bench.write(report(a, 1))
        assert bench.disk.batches == [[("a", 1)]]
        assert await a.next() == Ack(1)
        assert not bench.ingest.stalled

    asyncio.run(run())
    assert [record.getMessage().split()[0] for record in caplog.records] == ["store-full", "store-recovered"]


def test_a_keep_alive_counts_when_all_before_it_is_committed():
    async def run() -> None:
        bench, a = Bench(), session()
        keep = [Told(a, KeepAlive(seq, Wall(90.0 + seq)), NOW) for seq in (1, 2)]
        await bench.write(report(a, 1), *keep)
        assert [host for host, _ in bench.alive] == ["a"]
        await bench.write(Told(session("stranger"), KeepAlive(5, NOW), NOW))
        assert len(bench.alive) == 1

    asyncio.run(run())


@pytest.mark.parametrize(("held", "offset"), [(0.0, 9.0), (9.5, 0.0)])
def test_what_the_region_itself_lets_wait_does_not_set_a_clock_back(held, offset):
    async def run() -> None:
        bench, a = Bench(), session()
        a.offset.start(Wall(NOW), Wall(NOW))
        for number in range(4):
            at = NOW + 15 * number
            await bench.write(report(a, number + 1), Told(a, KeepAlive(0, Wall(at)), Wall(at + 9), held))
        assert a.offset.value == offset
        await bench.write(Told(a, KeepAlive(0, Wall(NOW)), Wall(NOW - 90), held))
        assert a.offset.value == -90.0, "forwards it does"

    asyncio.run(run())


def test_what_is_not_its_to_say_is_dropped_counted_and_logged_rarely(caplog):
    async def run() -> None:
        bench, a = Bench(), session()
        foreign = [HostSeen(Host("b", "b"), NOW), HostGone("b")]
        await bench.write(report(a, 1, *foreign, HostSeen(Host("peer-1", "maas"), NOW)), report(a, 2, *foreign))
        assert bench.ingest.dropped == 4
        assert list(bench.state.peers) == ["peer-1"]

    asyncio.run(run())
    (only,) = caplog.records
    assert only.getMessage() == 'observation-dropped agent=a kind=host why="of another agent\'s host" total=1'


def test_an_account_that_is_full_takes_no_more(monkeypatch, caplog):
    from tests.region.support import interface

    monkeypatch.setattr("bellrock.region.service.quota.MOST_OF_ONE", quota.MOST_OF_ONE | {"interfaces": 1})

    async def run() -> None:
        bench, a = Bench(), session("id-rack1")
        await bench.write(report(a, 1, interface("eth0")))
        await bench.write(report(a, 2, interface("eth1")))
        assert list(bench.state.accounts["id-rack1"].interfaces) == ["eth0"]

    asyncio.run(run())
    assert "more than the region keeps of one host" in caplog.text


def test_a_message_of_no_time_ends_its_session_and_is_not_kept():
    async def run() -> None:
        bench = Bench()
        for message in (Report(1, "boot", Wall(1e308), ()), KeepAlive(0, Wall(-1e308))):
            a = session()
            await bench.write(Told(a, message, NOW))
            assert (await a.next()).endswith(f"no time: {message.sent:g}")
        assert bench.disk.batches == []

    asyncio.run(run())


@pytest.mark.parametrize("fault", [StoreRefused("NOT NULL constraint failed"), OverflowError("int too large")])
def test_a_report_that_can_never_be_stored_ends_its_session_and_holds_up_nobody_else(fault, caplog):
    async def run() -> None:
        bench, a, b = Bench(), session("a"), session("b")
        commit = bench.disk.commit

        async def picky(batch, accounts) -> None:
            if any(one.agent.id == "a" and one.report.seq == 2 for one in batch):
                raise fault
            await commit(batch, accounts)

        bench.disk.commit = picky
        await bench.write(report(a, 1), report(b, 1), report(a, 2), report(a, 3), report(b, 2))
        assert bench.disk.batches == [[("a", 1)], [("b", 1)], [("b", 2)]]
        assert await b.next() == Ack(2)
        assert await a.next() == Ack(1)
        assert str(await a.next()).startswith("report 2 cannot be stored: ")
        assert not bench.ingest.stalled
        assert {name: account.last for name, account in bench.state.accounts.items()} == {"a": 1, "b": 2}
        stranger = session("c")
        await bench.write(report(b, 3), Told(stranger, KeepAlive(1, NOW), NOW))
        assert await b.next() == Ack(3)

    asyncio.run(run())
    (only,) = caplog.records
    assert only.getMessage().startswith("report-refused agent=a seq=2 error=")
    assert str(fault) in only.getMessage()


def test_a_first_report_that_is_refused_is_not_acknowledged():
    async def run() -> None:
        bench, a = Bench(), session("a")

        async def never(batch, accounts) -> None:
            raise StoreRefused("no")

        bench.disk.commit = never
        await bench.write(report(a, 1))
        assert await a.next() == "report 1 cannot be stored: StoreRefused: no"

    asyncio.run(run())


def test_that_an_order_is_over_counts_once_what_was_reported_before_is_durable():
    async def run() -> None:
        bench, a = Bench(failures=1), session("a")
        await bench.write(report(a, 1), Told(a, Done("order"), NOW), report(a, 2))
        assert bench.done == [("a", Done("order"), 2)]
        assert bench.disk.batches == [[("a", 1), ("a", 2)]]

    asyncio.run(run())


def accepted(name: str, seq: int, *told) -> Accepted:
    return Accepted(agent=Host(name, name), report=Report(seq, "boot", NOW, told), received=NOW)


def test_what_another_member_committed_is_in_the_state_before_anything_is_written_and_is_not_written_again():
    async def run() -> None:
        bench, a = Bench(), session("a")
        bench.disk.heard(accepted("a", 1), accepted("a", 2))
        bench.disk.heard(accepted("b", 1))
        await bench.write(report(a, 1), report(a, 2), report(a, 3))
        assert bench.disk.batches == [[("a", 3)]]
        assert await a.next() == Ack(3)
        assert {name: one.last for name, one in bench.state.accounts.items()} == {"a": 3, "b": 1}
        assert bench.ingest.fed == 3

    asyncio.run(run())


def test_whoever_only_follows_reads_on_until_nothing_is_left():
    async def run() -> None:
        bench = Bench()
        for seq in range(1, 6):
            bench.disk.heard(accepted("a", seq))
        assert await bench.ingest.catch_up() == 5
        assert (bench.state.accounts["a"].last, bench.ingest.fed) == (5, 5)
        assert await bench.ingest.catch_up() == 0
        bench.disk.shared = False
        assert await bench.ingest.catch_up() == 0, "a file has one writer"

    asyncio.run(run())


def test_many_who_ask_at_once_what_others_committed_share_one_look():
    async def main() -> None:
        bench = Bench()
        read, looks, away = bench.disk.feed, [], []

        async def feed(after: int) -> list[Batch]:
            looks.append(after)
            await asyncio.sleep(0)
            if away:
                raise StoreAway("cut off")
            return await read(after)

        bench.disk.feed = feed
        bench.disk.heard(accepted("b", 1))
        first = asyncio.ensure_future(bench.ingest.caught_up())
        await asyncio.sleep(0)
        bench.disk.heard(accepted("b", 2))
        await asyncio.gather(first, *(bench.ingest.caught_up() for _ in range(50)))
        assert bench.state.accounts["b"].last == 2
        assert len(looks) <= 4, (
            "one that was under way, and one for all who came while it was; each until nothing is left"
        )
        away.append(True)
        looks.clear()
        errors = await asyncio.gather(*(bench.ingest.caught_up() for _ in range(50)), return_exceptions=True)
        assert {type(error) for error in errors} == {StoreAway}
        assert len(looks) <= 2, "the first who asked, and all who came after"
        away.clear()
        given_up = asyncio.ensure_future(bench.ingest.caught_up())
        other = asyncio.ensure_future(bench.ingest.caught_up())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        looks.clear()
        await other
        assert looks, "one that was given up served nobody"

    asyncio.run(main())


def test_what_waits_is_counted_until_it_is_answered_or_given_up(monkeypatch):
    monkeypatch.setattr(module, "QUEUE", 1)

    async def run() -> None:
        bench, a = Bench(), session()
        seen = HostSeen(a.host, NOW)
        await bench.ingest.tell(report(a, 1, seen, seen))
        second = asyncio.ensure_future(bench.ingest.tell(report(a, 2, seen)))
        await asyncio.sleep(0)
        assert bench.ingest.backlog.waiting == 3
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert bench.ingest.backlog.waiting == 2
        await bench.write()
        assert bench.ingest.backlog.waiting == 0

    asyncio.run(run())


def test_a_batch_ends_where_it_is_large_enough(monkeypatch):
    monkeypatch.setattr(module, "BATCH", (3, 2))

    async def run() -> None:
        bench, a, b = Bench(), session("a"), session("b")
        seen = HostSeen(a.host, NOW)
        await bench.write(*(report(a, seq, seen) for seq in range(1, 4)), *(report(b, seq) for seq in range(1, 6)))
        assert [len(batch) for batch in bench.disk.batches] == [2, 3, 3]

    asyncio.run(run())


def test_nobody_waits_for_the_right_to_write_but_who_writes():
    """As when another member hangs in the middle of its turn."""

    async def run() -> None:
        bench, a = Bench(), session("a")
        turn, waits, hangs = bench.disk.turn, asyncio.Event(), asyncio.Event()

        @asynccontextmanager
        async def late(after: int, member: str):
            waits.set()
            await hangs.wait()
            async with turn(after, member) as given:
                yield given

        bench.disk.turn = late
        writing = asyncio.ensure_future(bench.write(report(a, 3)))
        async with asyncio.timeout(60):
            await waits.wait()
            bench.disk.heard(accepted("a", 1))
            bench.disk.heard(accepted("a", 2), accepted("b", 1))
            assert await bench.ingest.catch_up() == 2
            assert {name: one.last for name, one in bench.state.accounts.items()} == {"a": 2, "b": 1}
            hangs.set()
            assert await a.next() == Ack(3)
            await writing
        assert bench.disk.batches == [[("a", 3)]], "what was read meanwhile is not taken twice"
        assert bench.ingest.fed == 3

    asyncio.run(run())


def test_what_this_member_commits_is_not_taken_from_the_feed_as_well():
    async def run() -> None:
        bench, a = Bench(), session("a")
        applied: list[int] = []
        apply, turn = bench.state.apply, bench.disk.turn
        bench.state.apply = lambda one: (applied.append(one.report.seq), apply(one))[1]

        @asynccontextmanager
        async def slow(after: int, member: str):
            async with turn(after, member) as given:
                yield given
                # Committed, and not in the state yet: whoever reads the feed now would find it there.
                bench.disk.others.append(Batch(bench.disk.number, "", (accepted("a", 1),)))
                reading = asyncio.ensure_future(bench.ingest.catch_up())
                for _ in range(10):
                    await asyncio.sleep(0)
                assert not reading.done()
            readings.append(reading)

        readings: list[asyncio.Future[int]] = []
        bench.disk.turn = slow
        await bench.write(report(a, 1))
        await asyncio.gather(*readings)
        assert applied == [1]

    asyncio.run(run())


def test_two_who_find_the_feed_lost_load_once(caplog):
    async def run() -> None:
        bench, a = Bench(), session("a")
        loads: list[None] = []
        turn = bench.disk.turn

        async def load() -> Loaded:
            loads.append(None)
            return Loaded(agents=(AgentRow(host=Host("a", "a"), last=4),), feed=8)

        async def feed(after: int) -> list[Batch]:
            if after < 8:
                raise FeedLost("gone")
            return []

        @asynccontextmanager
        async def too_late(after: int, member: str):
            if after < 8:
                await bench.ingest.catch_up()
                raise FeedLost("batches up to 7 are gone")
            async with turn(after, member) as given:
                yield given

        bench.disk.load, bench.disk.feed, bench.disk.turn, bench.disk.number = load, feed, too_late, 8
        await bench.write(report(a, 5))
        assert await a.next() == Ack(5)
        assert len(loads) == 1

    asyncio.run(run())


def test_a_feed_that_no_longer_reaches_back_is_loaded_anew_and_leaves_no_gap(caplog):
    async def run() -> None:
        bench, a, b = Bench(), session("a"), session("b")
        bench.disk.number = 8
        lost: list[bool] = []
        bench.ingest.lost = lambda: lost.append(True)

        async def load() -> Loaded:
            return Loaded(agents=(AgentRow(host=Host("a", "a"), last=4), AgentRow(host=Host("b", "b"), last=2)), feed=8)

        turn, bench.disk.load = bench.disk.turn, load

        def too_late(after: int, member: str):
            if after < 8:
                raise FeedLost("batches up to 7 are gone")
            return turn(after, member)

        bench.disk.turn = too_late
        bench.state.account(Host("b", "b")).last = 6
        await bench.write(report(a, 5), report(b, 7))
        assert bench.disk.batches == [[("a", 5)]]
        assert (bench.ingest.fed, bench.state.accounts["a"].last) == (9, 5)
        assert await a.next() == Ack(5)
        assert await b.next() == Ack(2), "it is told where it stands, and sends the rest again"
        assert lost == [True]

    asyncio.run(run())
    assert "state-loaded-anew" in caplog.text


def test_a_database_that_is_away_is_waited_for(caplog, monkeypatch):
    monkeypatch.setattr(module, "RETRY", (0.001, 0.001))

    async def run() -> None:
        bench, a = Bench(), session("a")
        commit, away = bench.disk.commit, [StoreAway("cut off"), StoreAway("cut off")]

        async def cut(batch, accounts) -> None:
            if away:
                raise away.pop()
            await commit(batch, accounts)

        bench.disk.commit = cut
        await bench.write(report(a, 1))
        assert await a.next() == Ack(1)

    asyncio.run(run())
    assert "store-away error=" in caplog.text
    assert "is the database running" in caplog.text
