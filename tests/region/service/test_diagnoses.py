"""Diagnoses from elsewhere: the last of each source, for a while."""

import asyncio

import pytest

from bellrock.model import Finding, Severity
from bellrock.region.service import diagnoses as module
from bellrock.region.service.diagnoses import HANDED_IN, HOLDS, Diagnoses
from bellrock.region.store import DiagnosisRow, StoreFull


class Kept:
    """A store that keeps rows in memory."""

    def __init__(self):
        self.rows, self.full = {}, False

    async def save_diagnosis(self, row, gone=()):
        if self.full:
            raise StoreFull("no room")
        self.rows[row.source] = row
        for source in gone:
            del self.rows[source]

    async def forget_diagnoses(self, sources):
        for source in sources:
            del self.rows[source]


class Rig:
    def __init__(self, *rows):
        self.now, self.store = 1000.0, Kept()
        self.store.rows = {row.source: row for row in rows}
        self.diagnoses = Diagnoses(self.store, rows, lambda: self.now)

    def put(self, source, *findings):
        asyncio.run(self.diagnoses.put(source, findings, "anna"))


def finding(rule):
    return Finding(id=rule, severity=Severity.ERROR, what=rule, proof=("seen",))


def test_the_last_of_each_source_counts():
    rig = Rig()
    rig.put("a", finding("one"))
    rig.put("b", finding("two"), finding("three"))
    rig.put("a", finding("four"))
    assert sorted((one.id, origin) for one, origin in rig.diagnoses.found()) == [
        ("four", f"{HANDED_IN}a"), ("three", f"{HANDED_IN}b"), ("two", f"{HANDED_IN}b"),
    ]  # fmt: skip
    assert set(rig.store.rows) == {"a", "b"}
    assert rig.store.rows["a"].by == "anna"


def test_it_counts_for_a_while_and_is_forgotten():
    rig = Rig(DiagnosisRow(source="old", at=1000.0 - HOLDS - 1, by="x", findings=(finding("old"),)))
    assert rig.diagnoses.found() == []
    rig.put("a")
    rig.now += HOLDS
    assert list(rig.diagnoses.held) == [f"{HANDED_IN}a"]
    asyncio.run(rig.diagnoses.sweep())
    assert set(rig.store.rows) == {"a"}
    rig.now += 1
    assert not rig.diagnoses.held
    asyncio.run(rig.diagnoses.sweep())
    assert rig.store.rows == {}


def test_of_too_many_the_oldest_goes(monkeypatch):
    monkeypatch.setattr(module, "MAX_HELD", 2)
    rig = Rig()
    for source in ("a", "b", "c", "b"):
        rig.now += 1
        rig.put(source)
    assert set(rig.store.rows) == {"b", "c"} == {origin.removeprefix(HANDED_IN) for origin in rig.diagnoses.held}


def test_of_several_that_come_at_once_too_many_the_oldest_go(monkeypatch):
    monkeypatch.setattr(module, "MAX_HELD", 2)
    rig = Rig()
    save = rig.store.save_diagnosis

    async def slow(row, gone=()):
        await asyncio.sleep(0)
        await save(row, gone)

    rig.store.save_diagnosis = slow

    async def at_once():
        for source in "ab":
            rig.now += 1
            await rig.diagnoses.put(source, (), "anna")
        rig.now += 1
        await asyncio.gather(*(rig.diagnoses.put(source, (), "anna") for source in "cd"))

    asyncio.run(at_once())
    assert set(rig.store.rows) == {"c", "d"} == {origin.removeprefix(HANDED_IN) for origin in rig.diagnoses.held}


def test_what_comes_anew_while_the_old_one_is_forgotten_stays():
    rig = Rig(DiagnosisRow(source="a", at=1000.0 - HOLDS - 1, by="x", findings=(finding("old"),)))
    forget = rig.store.forget_diagnoses

    async def slow(sources):
        await asyncio.sleep(0)
        await forget(sources)

    rig.store.forget_diagnoses = slow

    async def at_once():
        await asyncio.gather(rig.diagnoses.sweep(), rig.diagnoses.put("a", (finding("new"),), "anna"))

    asyncio.run(at_once())
    assert [one.id for one, _ in rig.diagnoses.found()] == ["new"]
    assert set(rig.store.rows) == {"a"}


def test_what_the_disk_does_not_take_does_not_count():
    rig = Rig()
    rig.store.full = True
    with pytest.raises(StoreFull):
        rig.put("a", finding("one"))
    assert rig.diagnoses.found() == []
