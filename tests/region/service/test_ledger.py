"""The ledger: what comes in is written together, and a disk that takes nothing for a while loses nothing."""

from __future__ import annotations

import asyncio

from bellrock.model import Probed, Verdict, Wall
from bellrock.region.service import ledger as module
from bellrock.region.service.ledger import Ledger
from bellrock.region.store import Change, Standing, StoreFull

NOW = Wall(1.7e9)


class Disk:
    """A store in memory, that is full as often as it is told to be."""

    def __init__(self, failures=0):
        self.failures, self.rows, self.changes, self.writes = failures, {}, [], 0

    async def keep(self, told, changes, gone, now):
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
    return disk, Ledger(disk, lambda: NOW)


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
        assert found[2][1].evidence == ()

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
