"""Who changed what."""

from __future__ import annotations

import asyncio
import logging

from msgspec import structs

from bellrock.model import Wall
from bellrock.region.service import audit as module
from bellrock.region.service.audit import Audit, AuditKind
from bellrock.region.store import AuditRow, Store, StoreFull
from tests.region.service.people import with_store

ROW = AuditRow(
    at=Wall(1000.0), kind=AuditKind.CHANGE, who="anna", how="password", address="192.0.2.1", action="name VLAN",
    subject="vlan-1", before="", after="pxe", outcome="done",
)  # fmt: skip


@with_store
async def test_entries_come_back_numbered_the_newest_first(store: Store):
    audit = Audit(store.people)
    for number in range(5):
        await audit.note(structs.replace(ROW, subject=f"vlan-{number}"))
    found = await audit.page(None, 3)
    assert [(row.id, row.subject) for row in found] == [(5, "vlan-4"), (4, "vlan-3"), (3, "vlan-2")]
    assert structs.replace(found[0], id=0) == structs.replace(ROW, subject="vlan-4")
    assert [row.id for row in await audit.page(3, 3)] == [2, 1]
    await audit.flush()
    assert len(await audit.page(None, 10**9)) == 5, "nothing twice"


@with_store
async def test_text_is_bounded_and_printable(store: Store):
    audit = Audit(store.people)
    await audit.note(structs.replace(ROW, subject="a\x1b[2J\n", before="x" * 1000, after="y" * module.MAX_TEXT))
    (row,) = await audit.page(None, 1)
    assert row.subject == "a\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    assert len(row.before) == module.MAX_TEXT
    assert row.before.endswith("…")
    assert row.after == "y" * module.MAX_TEXT


@with_store
async def test_kinds_do_not_push_each_other_out(store: Store):
    audit = Audit(store.people)
    store.people.audit_rows = 3
    await audit.note(ROW)
    for number in range(10):
        await audit.note(structs.replace(ROW, kind=AuditKind.LOGIN, subject=str(number)))
    found = await audit.page(None, 100)
    assert [(row.kind, row.subject) for row in found] == [
        ("login", "9"), ("login", "8"), ("login", "7"), ("change", "vlan-1"),
    ]  # fmt: skip


@with_store
async def test_while_the_disk_is_full_entries_wait(store: Store):
    audit, adding = Audit(store.people), store.people.add_audit

    async def full(_):
        raise StoreFull("disk is full")

    store.people.add_audit = full
    for number in range(3):
        await audit.note(structs.replace(ROW, subject=str(number)))
    store.people.add_audit = adding
    assert await audit.page(None, 9) == []
    await audit.flush()
    assert [row.subject for row in await audit.page(None, 9)] == ["2", "1", "0"]


@with_store
async def test_of_too_many_that_wait_the_first_are_kept(store: Store):
    bound, module.WAITING = module.WAITING, 2
    try:
        audit, adding = Audit(store.people), store.people.add_audit

        async def full(_):
            raise StoreFull("disk is full")

        store.people.add_audit = full
        for number in range(4):
            await audit.note(structs.replace(ROW, subject=str(number)))
        store.people.add_audit = adding
        await audit.flush()
        assert len(await audit.page(None, 9)) == 2
    finally:
        module.WAITING = bound


@with_store
async def test_notes_at_once_are_each_kept_once(store: Store):
    audit = Audit(store.people)
    await asyncio.gather(*(audit.note(structs.replace(ROW, subject=str(number))) for number in range(20)))
    assert sorted(int(row.subject) for row in await audit.page(None, 100)) == list(range(20))


def test_entries_and_complaints_are_in_the_log_the_latter_once(tmp_path, caplog):
    @with_store
    async def inside(store: Store):
        async def full(_):
            raise StoreFull("disk is full")

        store.people.add_audit = full
        audit = Audit(store.people)
        await audit.note(ROW)
        await audit.note(ROW)

    with caplog.at_level(logging.INFO, "bellrock"):
        inside(tmp_path)
    lines = [record.getMessage() for record in caplog.records]
    assert lines.count(
        'audit who=anna how=password address=192.0.2.1 action="name VLAN" subject=vlan-1 outcome=done'
    ) == 2  # fmt: skip
    assert sum("store-full" in line for line in lines) == 1


def test_what_anybody_can_cause_is_noted_now_and_then():
    audit = Audit(None)
    assert [audit.may_repeat() for _ in range(3)] == [True, False, False]
