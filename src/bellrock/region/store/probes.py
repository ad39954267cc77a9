"""What became of the flows that were tried, the site that they are tried for, schedules and webhooks, as tables."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Select, Table, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.model import Probed, Verdict, Wall
from bellrock.region.store import schema
from bellrock.region.store.dialect import Row, upsert

CHANGE: Final = ("at", "agent", "flow", "body")
"""The columns of a change's row."""

_Row = TypeVar("_Row", bound=Struct)
_encode = msgspec.json.Encoder().encode


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one check stands: what it is, and what became of it last. Times are on the region's clock."""

    agent: str
    """Its id: who tries it."""
    flow: str
    target: str
    """`ADDRESS:PORT`, `NAME:PORT`, or an interface."""
    protocol: str = ""
    variant: str = ""
    interface: str = ""
    """Whose link is asked, where that is no address."""
    origin: str = ""
    """The schedule that asks for it; empty: the site does."""
    role: str = ""
    """That the target plays."""
    expected: Literal["pass", "blocked"] = "pass"
    verdict: Verdict
    """Judged: what answers though it must not is `exposed`."""
    detail: str
    rtt_ms: float | None = None
    at: Wall
    since: Wall
    """When the verdict became what it is."""
    runs: int = 1
    """How often it was so in a row."""
    told: str = ""
    """The verdict that webhooks know of; empty: none yet."""

    @property
    def key(self) -> str:
        """Of the check."""
        return check_key(self.agent, self.flow, self.target, self.protocol, self.variant)


def check_key(agent: str, flow: str, target: str, protocol: str, variant: str) -> str:
    """One text for one check, whatever is in its parts."""
    return _encode([agent, flow, target, protocol, variant]).decode()


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A verdict that became another one."""

    at: Wall
    agent: str
    flow: str
    target: str
    protocol: str = ""
    variant: str = ""
    before: str = ""
    """Empty: it was tried for the first time."""
    verdict: Verdict
    detail: str


class VerdictHour(Struct, kw_only=True, omit_defaults=True):
    """What became of a target within an hour, once its changes are not kept one by one any more."""

    at: Wall
    """When the hour began."""
    agent: str
    """Empty, as flow and target: of those that were too many to be counted each."""
    flow: str
    target: str
    counts: dict[Verdict, int]
    """How often it became what."""
    first: Wall
    """When its verdict changed first, and last."""
    last: Wall
    before: str = ""
    """What it was before; empty: it was tried for the first time."""
    verdict: Verdict
    """What it became last."""


class SiteRow(Struct, frozen=True, kw_only=True):
    """The site file that a region was given."""

    text: str
    at: Wall
    by: str
    """Who gave it."""


class ScheduleRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is tried again and again."""

    id: str
    every: float
    """Seconds."""
    agents: tuple[str, ...] = ()
    """Names or ids; empty: all."""
    flows: tuple[str, ...] = ()
    """Empty: all."""
    to: tuple[str, ...] = ()
    """Targets, `ADDRESS[:PORT]` or a name; empty: where the site says."""
    created: Wall
    by: str


class WebhookRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is told when a verdict changes. The secret signs what is sent, so that a hash of it would not do; the file is its owner's alone."""

    id: str
    url: str
    secret: str
    flows: tuple[str, ...] = ()
    """Empty: all."""
    authority: str = ""
    """PEM of the authority that vouches for its certificate; empty: those that this system trusts."""
    created: Wall
    by: str


class LoadedProbes(Struct, frozen=True, kw_only=True):
    """All of it but evidence and history, which are read when they are wanted."""

    standings: tuple[Standing, ...] = ()
    schedules: tuple[ScheduleRow, ...] = ()
    webhooks: tuple[WebhookRow, ...] = ()
    site: SiteRow | None = None


class ProbeStore:
    """The tables. Every method that writes raises what `Store`'s do."""

    def __init__(
        self, engine: AsyncEngine, transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        note: Callable[[Connection, Table, Sequence[str], Sequence[Row]], None],
    ) -> None:  # fmt: skip
        """`note` adds rows to history, or does not where it has to give way; see `Retention.note`."""
        self._engine = engine
        self._transaction = transaction
        self._note = note

    async def load(self) -> LoadedProbes:
        """What is kept in memory."""
        async with self._engine.connect() as connection:
            return await self.read(connection)

    async def read(self, connection: AsyncConnection) -> LoadedProbes:
        """The same, by this connection."""
        return LoadedProbes(
            standings=await _all(connection, schema.probes, Standing),
            schedules=await _all(connection, schema.schedules, ScheduleRow),
            webhooks=await _all(connection, schema.webhooks, WebhookRow),
            site=next(iter(await _all(connection, schema.sites, SiteRow)), None),
        )

    async def keep(
        self, told: Sequence[tuple[Standing, Probed]], changes: Iterable[Change], gone: Iterable[str]
    ) -> None:
        """Keep how checks stand, with their evidence; note what changed; forget the checks of these keys."""
        rows = [{"key": one.key, "body": _encode(one), "probed": _encode(probed)} for one, probed in told]
        noted: list[Row] = [(one.at, one.agent, one.flow, _encode(one)) for one in changes]
        dropped = [{"gone": key} for key in gone]
        async with self._transaction() as connection:
            if rows:
                await connection.execute(upsert(schema.probes), rows)
            if dropped:
                await connection.execute(delete(schema.probes).where(schema.probes.c.key == bindparam("gone")), dropped)
            await connection.run_sync(self._note, schema.probe_changes, CHANGE, noted)

    async def probed(self, keys: Sequence[str]) -> dict[str, Probed]:
        """The last results of these checks with their evidence, by key."""
        table = schema.probes
        query = select(table.c.key, table.c.probed).where(table.c.key.in_(keys))
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return {row.key: msgspec.json.decode(row.probed, type=Probed) for row in rows}

    async def history(
        self, agent: str | None, flow: str | None, before: int | None, limit: int
    ) -> list[tuple[int, Change | VerdictHour]]:
        """Changes with their numbers, the newest first: of an agent, of a flow, numbered below `before`.

        Those of which only their hours are known have the number of the last change in it.
        """
        if "\0" in f"{agent}{flow}":
            return []  # PostgreSQL's text has none, and does not even compare with one
        found: list[tuple[int, Change | VerdictHour]] = []
        async with self._engine.connect() as connection:
            for table, kind in _CHANGED:
                rows = await connection.execute(_newest(table, agent, flow, before, limit))
                found += [(row.id, msgspec.json.decode(row.body, type=kind)) for row in rows]
        return sorted(found, key=lambda one: one[0], reverse=True)[:limit]

    async def save_site(self, row: SiteRow) -> None:
        """Keep the site in place of the one before."""
        await self._replace(schema.sites, "site", row)

    async def save_schedule(self, row: ScheduleRow) -> None:
        """Keep a schedule, in place of the one of the same id."""
        await self._replace(schema.schedules, row.id, row)

    async def remove_schedule(self, identity: str) -> None:
        """Forget a schedule."""
        await self._remove(schema.schedules, identity)

    async def save_webhook(self, row: WebhookRow) -> None:
        """Keep a webhook."""
        await self._replace(schema.webhooks, row.id, row)

    async def remove_webhook(self, identity: str) -> None:
        """Forget a webhook and its secret."""
        await self._remove(schema.webhooks, identity)

    async def _replace(self, table: Table, identity: str, row: Struct) -> None:
        values = {"id": identity, "body": _encode(row)}
        async with self._transaction() as connection:
            await connection.execute(upsert(table), values)

    async def _remove(self, table: Table, identity: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(delete(table).where(table.c.id == identity))


_CHANGED: Final[tuple[tuple[Table, type[Change | VerdictHour]], ...]] = (
    (schema.probe_changes, Change),
    (schema.verdict_hours, VerdictHour),
)


def _newest(table: Table, agent: str | None, flow: str | None, before: int | None, limit: int) -> Select[Any]:
    query = select(table.c.id, table.c.body).order_by(table.c.id.desc()).limit(limit)
    for column, wanted in ((table.c.agent, agent), (table.c.flow, flow)):
        query = query if wanted is None else query.where(column == wanted)
    return query if before is None else query.where(table.c.id < before)


async def _all(connection: AsyncConnection, table: Table, kind: type[_Row]) -> tuple[_Row, ...]:
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
    rows = await connection.execute(select(table.c.body).order_by(next(iter(table.primary_key))))
    return tuple(decoder.decode(row.body) for row in rows)
