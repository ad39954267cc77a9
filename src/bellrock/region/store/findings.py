"""Findings as they stand, with their history, and diagnoses of captures that were handed in, as tables."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Delete, Table, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.diagnosis.ledger import Entry
from bellrock.model import Finding, Wall
from bellrock.region.store import schema
from bellrock.region.store.dialect import upsert

_Row = TypeVar("_Row", bound=Struct)
_encode = msgspec.json.Encoder().encode


class DiagnosisRow(Struct, frozen=True, kw_only=True):
    """What somebody found in a capture and handed in. A later one of the same source takes its place."""

    source: str
    """What was looked at, by the name that whoever looked gave it: `rack-1/eth1`, `monday.pcapng`."""
    at: Wall
    """When it was handed in, on the region's clock."""
    by: str
    """Who handed it in."""
    findings: tuple[Finding, ...]


class LoadedFindings(Struct, frozen=True, kw_only=True):
    """All of it."""

    entries: tuple[Entry, ...] = ()
    diagnoses: tuple[DiagnosisRow, ...] = ()


class FindingStore:
    """The tables. Every method that writes raises what `Store`'s do."""

    def __init__(
        self, engine: AsyncEngine, transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> None:
        self._engine = engine
        self._transaction = transaction

    async def load(self) -> LoadedFindings:
        """All that is remembered."""
        async with self._engine.connect() as connection:
            return await self.read(connection)

    async def read(self, connection: AsyncConnection) -> LoadedFindings:
        """The same, by this connection."""
        return LoadedFindings(
            entries=await _all(connection, schema.findings, Entry),
            diagnoses=await _all(connection, schema.diagnoses, DiagnosisRow),
        )

    async def keep(self, changed: Iterable[Entry], forgotten: Iterable[str]) -> None:
        """Keep entries in place of those of the same keys, and forget others, by key."""
        rows = [{"id": one.key, "body": _encode(one)} for one in changed]
        gone = [{"gone": identity} for identity in forgotten]
        if not rows and not gone:
            return
        async with self._transaction() as connection:
            if rows:
                await connection.execute(upsert(schema.findings), rows)
            if gone:
                await connection.execute(_deleting(schema.findings), gone)

    async def save_diagnosis(self, row: DiagnosisRow, gone: Iterable[str] = ()) -> None:
        """Keep a diagnosis in place of the one of the same source, and forget those of other sources."""
        table = schema.diagnoses
        async with self._transaction() as connection:
            await connection.execute(upsert(table), {"id": row.source, "body": _encode(row)})
            for source in gone:
                await connection.execute(delete(table).where(table.c.id == source))

    async def forget_diagnoses(self, sources: Iterable[str]) -> None:
        """Forget what was handed in of these sources."""
        gone = [{"gone": source} for source in sources]
        if gone:
            async with self._transaction() as connection:
                await connection.execute(_deleting(schema.diagnoses), gone)


def _deleting(table: Table) -> Delete:
    return delete(table).where(table.c.id == bindparam("gone"))


async def _all(connection: AsyncConnection, table: Table, kind: type[_Row]) -> tuple[_Row, ...]:
    decoder = msgspec.json.Decoder(kind)
    rows = await connection.execute(select(table.c.body).order_by(table.c.id))
    return tuple(decoder.decode(row.body) for row in rows)
