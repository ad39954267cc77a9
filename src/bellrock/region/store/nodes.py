"""Machines that reported once, from an ephemeral system, as a table: what they found outlives them."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.contract import NodeReport, Placed
from bellrock.model import Finding, Wall
from bellrock.region.store import schema
from bellrock.region.store.dialect import upsert

_encode = msgspec.json.Encoder().encode


class NodeRow(Struct, frozen=True, kw_only=True):
    """One machine's last report. `seen` is on the region's clock; `via`: id of the rack that passed it on, or empty."""

    agent: str
    seen: Wall
    via: str
    report: NodeReport
    placed: tuple[Placed, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Its own, and those that the region added."""


_decoder: Final = msgspec.json.Decoder(NodeRow)


class NodeStore:
    """The table. Every method that writes raises what `Store`'s do."""

    def __init__(
        self, engine: AsyncEngine, transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> None:
        self._engine = engine
        self._transaction = transaction

    async def load(self) -> tuple[NodeRow, ...]:
        """All of them, by agent."""
        async with self._engine.connect() as connection:
            return await self.read(connection)

    async def read(self, connection: AsyncConnection) -> tuple[NodeRow, ...]:
        """The same, by this connection."""
        table = schema.nodes
        rows = await connection.execute(select(table.c.body).order_by(table.c.agent))
        return tuple(_decoder.decode(row.body) for row in rows)

    async def save(self, row: NodeRow, gone: Iterable[str]) -> None:
        """Keep one in place of an earlier one of the same agent, and forget the agents in `gone`."""
        table = schema.nodes
        async with self._transaction() as connection:
            values = {"agent": row.agent, "body": _encode(row)}
            await connection.execute(upsert(table), values)
            for agent in gone:
                await connection.execute(delete(table).where(table.c.agent == agent))
