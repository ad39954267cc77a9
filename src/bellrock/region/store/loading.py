"""What agents told, out of the database: some agents at a time, each packed before the next ones are read."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Table, and_, func, literal, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from bellrock.model import Evidence, Host, Interface, MtuSeen, RefusalCount, Wall
from bellrock.region.store import schema
from bellrock.region.store.dialect import is_shared
from bellrock.region.store.packed import Packed, pack_values
from bellrock.region.store.rows import AgentRow, InterfaceRow, Loaded

AT_A_TIME: Final = 50
"""Agents whose rows are in memory at a time; the event loop goes on in between."""

_evidence = msgspec.json.Decoder(list[Evidence]).decode
_interface = msgspec.json.Decoder(Interface).decode
_mtu = msgspec.json.Decoder(list[MtuSeen]).decode
_refusal = msgspec.json.Decoder(RefusalCount).decode

Part = tuple[str | None, str | None]
"""Ids from the first up to the second, which is not among them; None: without end."""
Listed = tuple[list[int], bytes]
"""Of several rows: the accounts that told them, and their bodies, with commas between them."""
_NOTHING: Final[Listed] = ([], b"")


async def load_agents(connection: AsyncConnection) -> list[AgentRow]:
    """All agents, by id."""
    return [
        AgentRow(
            host=Host(row.id, row.name, row.role), boot=row.boot, account=row.account, last=row.last,
            seen=Wall(row.seen), offset=row.offset, software=row.software,
        )
        for row in await connection.execute(select(schema.agents).order_by(schema.agents.c.id))
    ]  # fmt: skip


async def load_told(connection: AsyncConnection) -> Loaded:
    """Agents, hosts that are none, and what agents told: everything in the order of its keys, which is the same in every database.

    Raises:
        LookupError: something was told by nobody.
        msgspec.MsgspecError: something is not what a region writes.
    """
    agents = await load_agents(connection)
    known = {row.host.id for row in agents}
    interfaces: list[InterfaceRow] = []
    refusals: list[tuple[RefusalCount, int]] = []
    told: dict[str, Packed] = {}
    for part in parts([row.host.id for row in agents]):
        rows = await _rows(connection, schema.interfaces, part)
        interfaces += [InterfaceRow(host, _interface(body), account) for host, account, body in rows]
        refusals += [(_refusal(body), account) for _, account, body in await _rows(connection, schema.refusals, part)]
        told |= await _told(connection, part)
    tellers = [row.host for row in interfaces] + [one.port.host for one, _ in refusals] + [*told]
    if stranger := next((host for host in tellers if host not in known), None):
        raise LookupError(f"told by {stranger!r}, which is no agent")
    peers = await connection.execute(select(schema.peers).order_by(schema.peers.c.id))
    return Loaded(
        agents=tuple(agents),
        peers=tuple(Host(*row) for row in peers),
        interfaces=tuple(interfaces),
        refusals=tuple(refusals),
        told=told,
    )


def parts(agents: Sequence[str], size: int = AT_A_TIME) -> Iterator[Part]:
    """Ranges of ids that hold so many agents each, and all ids together."""
    bounds = [None, *agents[size::size], None]
    yield from pairwise(bounds)


async def _rows(connection: AsyncConnection, table: Table, part: Part) -> Sequence[Any]:
    """(host, account, body) of a part of a table."""
    columns = table.c
    last = columns.name if table is schema.interfaces else columns.key
    query = select(columns.host, columns.account, columns.body).where(_within(table, part))
    return (await connection.execute(query.order_by(columns.host, last))).all()


def _within(table: Table, part: Part) -> ColumnElement[bool]:
    first, after = part
    host = table.c.host
    return and_(true() if first is None else host >= first, true() if after is None else host < after)


async def _told(connection: AsyncConnection, part: Part) -> dict[str, Packed]:
    evidence = await _lists(connection, schema.evidence, part)
    mtu = await _lists(connection, schema.mtu, part)
    return {host: _packed(host, evidence.get(host, _NOTHING), mtu.get(host, _NOTHING)) for host in {**evidence, **mtu}}


async def _lists(connection: AsyncConnection, table: Table, part: Part) -> dict[str, Listed]:
    """What a part of a table holds of each host. Hundreds of rows are read as one: there are hundreds of thousands of them."""
    if not is_shared(connection):
        some = groupby(await _rows(connection, table, part), key=itemgetter(0))
        return {host: _listed([*of_host]) for host, of_host in some}
    columns = table.c
    query = (
        select(
            columns.host,
            func.array_agg(aggregate_order_by(columns.account, columns.key)),
            func.string_agg(columns.body, aggregate_order_by(literal(b","), columns.key)),
        )
        .where(_within(table, part))
        .group_by(columns.host)
        .order_by(columns.host)
    )
    return {host: (accounts, bodies) for host, accounts, bodies in await connection.execute(query)}


def _listed(rows: Sequence[Any]) -> Listed:
    # A column of a file has the type of what was last written, and people write texts by hand.
    bodies = [body.encode() if isinstance(body, str) else body for _, _, body in rows]
    return [account for _, account, _ in rows], b",".join(bodies)


def _packed(host: str, evidence: Listed, mtu: Listed) -> Packed:
    seen, passes = _evidence(b"[%b]" % evidence[1]), _mtu(b"[%b]" % mtu[1])
    if (len(seen), len(passes)) != (len(evidence[0]), len(mtu[0])):
        raise LookupError(f"what {host!r} told is not one thing in each row")
    said = [one.port.host for one in seen] + [one.port.host for one in passes]
    if stranger := next((one for one in said if one != host), None):
        raise LookupError(f"told by {stranger!r}, and kept as told by {host!r}")
    return pack_values(seen, evidence[0], passes, mtu[0])
