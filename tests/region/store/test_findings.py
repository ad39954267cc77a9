"""The tables of findings and diagnoses, in a real database, over a restart."""

import asyncio

import pytest

from bellrock.diagnosis.ledger import Entry, State
from bellrock.model import Finding, Severity, Wall
from bellrock.region.store import DiagnosisRow, StoreError, open_store
from bellrock.region.store.findings import LoadedFindings
from tests.region.stores import execute


def entry(rule, seen=2.0, **facts):
    finding = Finding(id=rule, severity=Severity.ERROR, what=f"{rule} ☃", proof=("seen",), host="h", vid=10)
    return Entry(finding=finding, opened=Wall(1.0), seen=Wall(seen), **facts)


def row(source, at=1.0):
    return DiagnosisRow(source=source, at=Wall(at), by="anna", findings=(entry("a").finding,))


def played(where, scene):
    """What a store has after a scene and a restart."""

    async def play():
        store = await open_store(where)
        await scene(store.findings)
        await store.close()
        again = await open_store(where)
        loaded = await again.load()
        await again.close()
        return loaded.findings

    return asyncio.run(play())


def test_entries_are_kept_replaced_and_forgotten(where):
    gone = entry("b", state=State.GONE, gone=Wall(9.0), returns=(Wall(3.0),), alerted=True, origin="x", by="y")

    async def scene(findings):
        await findings.keep([entry("a"), entry("b"), entry("c")], ())
        await findings.keep([gone], [entry("c").key])
        await findings.keep([], [])

    found = played(where, scene)
    assert sorted(found.entries, key=lambda one: one.finding.id) == [entry("a"), gone]


def test_one_diagnosis_of_each_source(where):
    async def scene(findings):
        for source in ("a", "b", "c", "d/e"):
            await findings.save_diagnosis(row(source))
        await findings.save_diagnosis(row("a", 2.0), ("b",))
        await findings.forget_diagnoses(["c"])
        await findings.forget_diagnoses([])

    assert played(where, scene) == LoadedFindings(diagnoses=(row("a", 2.0), row("d/e")))


@pytest.mark.parametrize("table", ["findings", "diagnoses"])
def test_what_something_else_wrote_is_no_row(where, table):
    async def scene():
        store = await open_store(where)
        await execute(store, f"INSERT INTO {table} (id, body) VALUES ('a', '{{}}')")
        try:
            with pytest.raises(StoreError, match="corrupt"):
                await store.load()
        finally:
            await store.close()

    asyncio.run(scene())
