"""The one writer of reports, with a store that fails when the test says so."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.contract import Ack, Done, KeepAlive, Report
from bellrock.model import Host, HostGone, HostSeen, Wall
from bellrock.region.service import ingest as module
from bellrock.region.service import quota
from bellrock.region.service.agents import Session
from bellrock.region.service.clock import Offset
from bellrock.region.service.ingest import Ingest, Told
from bellrock.region.service.state import State
from bellrock.region.store import Loaded, StoreFull, StoreRefused

NOW = Wall(100.0)


class Disk:
    """Counts transactions, and is full as often as it is told to be."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.batches: list[list[tuple[str, int]]] = []

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
