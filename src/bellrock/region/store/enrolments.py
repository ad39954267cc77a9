"""Agents that joined, or asked to, as a table."""

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.model import Wall
from bellrock.region.store import schema
from bellrock.region.store.dialect import is_shared, not_stored, upsert

_encode = msgspec.json.Encoder().encode


class EnrolmentState(StrEnum):
    """What was decided about an agent."""

    WAITING = "waiting"
    """It has proved the secret, and a person is to decide."""
    APPROVED = "approved"
    REVOKED = "revoked"


class Certificate(Struct, frozen=True):
    """One that an agent was given."""

    serial: str
    """In hex."""
    key: str
    """SHA-256 of its SubjectPublicKeyInfo, in hex."""
    expires: Wall


class EnrolmentRow(Struct, frozen=True, kw_only=True):
    """An agent that joined, or asked to. `key` is the one by which it is known."""

    agent: str
    name: str
    role: str
    state: EnrolmentState
    key: str
    """SHA-256 of its SubjectPublicKeyInfo, in hex."""
    code: str
    address: str
    requested: Wall
    decided: Wall | None = None
    secret: str = ""
    """Public id of the secret that it was last known to use."""
    how: str = ""
    certificates: tuple[Certificate, ...] = ()
    """Those that it may show, the newest first: the one before it is good until the newest has been used."""


_decoder: Final = msgspec.json.Decoder(EnrolmentRow)


class EnrolmentStore:
    """The table. Every method that writes raises what `Store`'s do."""

    def __init__(
        self, engine: AsyncEngine, transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> None:
        self._engine = engine
        self._transaction = transaction

    async def load(self) -> tuple[EnrolmentRow, ...]:
        """All of them, by agent."""
        async with self._engine.connect() as connection:
            return await self.read(connection)

    async def read(self, connection: AsyncConnection) -> tuple[EnrolmentRow, ...]:
        """The same, by this connection."""
        table = schema.enrolments
        rows = await connection.execute(select(table.c.body).order_by(table.c.agent))
        return tuple(_decoder.decode(row.body) for row in rows)

    async def find(self, agents: Collection[str]) -> dict[str, EnrolmentRow]:
        """What is known of these agents.

        Raises:
            StoreAway: the database is not there.
        """
        table = schema.enrolments
        try:
            async with self._engine.connect() as connection:
                if is_shared(connection):  # one statement, however many they are
                    query = "SELECT body FROM enrolments WHERE agent = ANY($1::text[])"
                    rows = (await connection.exec_driver_sql(query, (list(agents),))).all()
                else:
                    rows = (await connection.execute(select(table.c.body).where(table.c.agent.in_(agents)))).all()
        except (DBAPIError, OSError) as error:
            raise not_stored(error) from None
        return {row.agent: row for row in (_decoder.decode(body) for (body,) in rows)}

    async def save(self, rows: Iterable[EnrolmentRow], gone: Iterable[str] = ()) -> None:
        """Keep these, in place of earlier ones of the same agents, and forget the agents in `gone`."""
        table = schema.enrolments
        values = [{"agent": row.agent, "body": _encode(row)} for row in rows]
        async with self._transaction() as connection:
            if values:
                await connection.execute(upsert(table), values)
            for agent in gone:
                await connection.execute(delete(table).where(table.c.agent == agent))
