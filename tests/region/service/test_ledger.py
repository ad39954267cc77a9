"""The ledger: what comes in is written together, and a disk that takes nothing for a while loses nothing."""

from __future__ import annotations

import asyncio

from bellrock.model import Probed, Verdict, Wall
from bellrock.region.service import ledger as module
from bellrock.region.service.ledger import Bare, Ledger
from bellrock.region.store import Change, Standing, StoreFull

NOW = Wall(1.7e9)


class Disk:
    """A store in memory, that is full as often as it is told to be."""

    def __init__(self, failures=0):
        self.failures, self.rows, self.changes, self.writes = failures, {}, [], 0

    async def keep(self, told, changes, gone):
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise StoreFull("disk is full")
        self.writes += 1
        self.rows |= {one.key: (one, probed) for one, probed in told}
        for key in gone:
            self.rows.pop(key, None)
        self.changes += changes

    async def probed(self, keys):
        return {key: self.rows[key][1] for key in keys if key in self.rows}


def standing(target="a", verdict=Verdict.WORKS):
    return Standing(agent="x", flow="dns", target=target, verdict=verdict, detail="d", at=NOW, since=NOW)


def probed(detail="seen"):
    return Probed(flow="dns", target="a", verdict=Verdict.WORKS, detail=detail)


def change(detail="c"):
    return Change(at=NOW, agent="x", flow="dns", target="a", verdict=Verdict.WORKS, detail=detail)


def made(failures=0):
    disk = Disk(failures)
    return disk, Ledger(disk)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.002)


def test_what_comes_in_together_is_one_transaction(monkeypatch):
    monkeypatch.setattr(module, "GATHER", 0.01)

    async def scene():
        disk, ledger = made()
        task = asyncio.ensure_future(ledger.run())
        for target in "abc":
            ledger.keep([(standing(target), probed())], [change(target)])
        await until(lambda: disk.writes)
        assert (len(disk.rows), [one.detail for one in disk.changes], disk.writes) == (3, ["a", "b", "c"], 1)
        ledger.forget([standing("a").key])
        await until(lambda: len(disk.rows) == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())


def test_a_full_disk_is_tried_again_and_loses_nothing(monkeypatch, caplog):
    monkeypatch.setattr(module, "GATHER", 0.0)
    monkeypatch.setattr(module, "RETRY", 0.01)

    async def scene():
        disk, ledger = made(failures=3)
        task = asyncio.ensure_future(ledger.run())
        ledger.keep([(standing("a"), probed("old")), (standing("b"), probed())], [change("1")])
        await until(lambda: disk.failures < 3)
        ledger.keep([(standing("a"), probed("new"))], [change("2")])
        ledger.forget([standing("b").key])
        await until(lambda: disk.writes)
        await until(lambda: not ledger._pending)
        assert {key: held.detail for key, (_, held) in disk.rows.items()} == {standing("a").key: "new"}
        assert [one.detail for one in disk.changes] == ["1", "2"]
        assert "disk is full" in caplog.text
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())


def test_what_is_forgotten_while_the_disk_refuses_it_does_not_come_back():
    async def scene():
        disk, ledger = made()
        disk.failures = 1
        ledger.keep([(standing("a"), probed())], [])
        flushing = asyncio.ensure_future(ledger.flush())
        await asyncio.sleep(0)
        ledger.forget([standing("a").key])
        assert await flushing is False
        assert await ledger.flush() is True
        assert disk.rows == {}

    asyncio.run(scene())


def test_evidence_is_read_back_whether_it_is_written_or_not_and_what_is_gone_is_bare():
    async def scene():
        disk, ledger = made()
        assert await ledger.flush() is True
        assert disk.writes == 0
        ledger.keep([(standing("a"), probed("written"))], [])
        await ledger.flush()
        ledger.keep([(standing("b"), probed("waits"))], [])
        found = await ledger.with_evidence([standing("a"), standing("b"), standing("c")])
        assert [held.detail for _, held in found] == ["written", "waits", "d"]
        assert [isinstance(held, Bare) for _, held in found] == [False, False, True]

    asyncio.run(scene())


def test_evidence_is_read_back_at_any_moment_of_its_way_to_the_disk(monkeypatch):
    async def scene():
        disk, ledger = made()
        kept, begun, read = asyncio.Event(), asyncio.Event(), asyncio.Event()
        keep, stored = disk.keep, disk.probed

        async def slow(*what):
            begun.set()
            await kept.wait()
            await keep(*what)

        async def late(keys):
            found = await stored(keys)
            await read.wait()
            return found

        monkeypatch.setattr(disk, "keep", slow)
        ledger.keep([(standing("a"), probed("first"))], [])
        flushing = asyncio.ensure_future(ledger.flush())
        await begun.wait()

        async def detail():
            return [held.detail for _, held in await ledger.with_evidence([standing("a")])]

        assert await detail() == ["first"], "while it is written"
        monkeypatch.setattr(disk, "probed", late)
        reading = asyncio.ensure_future(detail())
        await asyncio.sleep(0)
        kept.set()
        assert await flushing
        read.set()
        assert await reading == ["first"], "that was asked for while it was written, and came when it was"
        assert await detail() == ["first"], "written"
        ledger.keep([(standing("a"), probed("second"))], [])
        assert await detail() == ["second"]

    asyncio.run(scene())


def test_two_who_write_at_once_write_one_after_the_other(monkeypatch):
    async def scene():
        disk, ledger = made()
        kept, keep, written = asyncio.Event(), disk.keep, []

        async def slow(told, *more):
            told = [*told]
            written.append([held.detail for _, held in told])
            await kept.wait()
            await keep(told, *more)

        monkeypatch.setattr(disk, "keep", slow)
        ledger.keep([(standing("a"), probed("older"))], [])
        first = asyncio.ensure_future(ledger.flush())
        await until(lambda: written)
        ledger.keep([(standing("a"), probed("newer"))], [])
        second = asyncio.ensure_future(ledger.flush())
        await asyncio.sleep(0)
        assert written == [["older"]]
        kept.set()
        assert await asyncio.gather(first, second) == [True, True]
        assert disk.rows[standing("a").key][1].detail == "newer"

    asyncio.run(scene())


def test_changes_that_wait_are_bounded(monkeypatch):
    async def scene():
        disk, ledger = made(failures=1)
        ledger.keep((), [change(str(number)) for number in range(module.MAX_CHANGES + 5)])
        await ledger.flush()
        ledger.keep((), [change("last")])
        await ledger.flush()
        assert len(disk.changes) == module.MAX_CHANGES
        assert disk.changes[-1].detail == "last"

    asyncio.run(scene())
