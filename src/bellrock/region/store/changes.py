"""Reports → rows to write, as few statements as may be."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    HostGone,
    HostSeen,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuSeen,
    Observation,
    Port,
    RefusalCount,
    Wall,
    key_of,
)
from bellrock.region.store.rows import Accepted
from bellrock.topology.links import is_down
from bellrock.topology.state import BEACON_KINDS

Row = tuple[Any, ...]
_encode = msgspec.json.Encoder().encode

_UPSERTS: Final = {
    "interfaces": "INSERT OR REPLACE INTO interfaces (host, name, account, body) VALUES (?, ?, ?, ?)",
    "evidence": "INSERT OR REPLACE INTO evidence (key, host, interface, peer_host, peer_interface, seen, account, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "refusals": "INSERT OR REPLACE INTO refusals (key, host, interface, account, body) VALUES (?, ?, ?, ?, ?)",
    "mtu": "INSERT OR REPLACE INTO mtu (key, host, interface, peer_host, peer_interface, account, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)",
    "peers": "INSERT OR REPLACE INTO peers (id, name, role) VALUES (?, ?, ?)",
}
_DELETES: Final = {
    "interfaces": "DELETE FROM interfaces WHERE host = ? AND name = ?",
    "evidence": "DELETE FROM evidence WHERE key = ?",
    "mtu": "DELETE FROM mtu WHERE key = ?",
}
_AGENT: Final = (
    "INSERT OR REPLACE INTO agents (id, name, role, boot, account, last, seen, offset, software) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_JOURNAL: Final = "INSERT INTO journal (at, agent, seq, kind, body) VALUES (?, ?, ?, ?, ?)"
_JOURNAL_WITHDRAWN: Final = (
    "INSERT INTO journal (at, agent, seq, kind, body) "
    "SELECT ?, ?, ?, 'withdrawn', body FROM {table} WHERE host = ? AND account < ?"
)


def key_text(key: EvidenceKey) -> str:
    """An evidence key as a primary key."""
    return _encode(key).decode()


def refusal_text(refusal: RefusalCount) -> str:
    """What makes a refusal counter one and the same."""
    return _encode((refusal.port, refusal.source_mac, refusal.reason)).decode()


def way_text(port: Port, peer: Port) -> str:
    """A direction between two ports as a primary key."""
    return _encode((port, peer)).decode()


class Writer:
    """Collects the rows of many reports, the later over the earlier, and writes them in few statements.

    Statements that touch many rows are barriers: what was collected before is written before.
    """

    def __init__(self, connection: Connection, accounts: dict[str, int]) -> None:
        """`accounts`: the running account of each agent in the batch, changed in place."""
        self._connection = connection
        self._accounts = accounts
        self._rows: dict[str, dict[Row, Row | None]] = {table: {} for table in _UPSERTS}
        self._journal: list[Row] = []
        self._agents: dict[str, Row] = {}

    def take(self, accepted: Accepted) -> None:
        """Collect one report."""
        report, agent = accepted.report, accepted.agent
        if report.begin:
            self._accounts[agent.id] = report.seq
        account = self._accounts.setdefault(agent.id, 0)
        for observation in report.observations:
            self._observation(observation, agent.id, account)
            if not isinstance(observation, RefusalCount):
                kind = observation.__struct_config__.tag
                self._journal.append((accepted.received, agent.id, report.seq, kind, _encode(observation)))
        if report.complete:
            self._withdraw_older(accepted, account)
        self._agents[agent.id] = (
            agent.id, agent.name, agent.role, report.boot, account, report.seq,
            min(report.sent, accepted.received), accepted.offset, accepted.software,
        )  # fmt: skip

    def flush(self) -> None:
        """Write all that was collected."""
        self._flush_rows()
        self._many(_JOURNAL, self._journal)
        self._many(_AGENT, self._agents.values())
        self._journal, self._agents = [], {}

    def _observation(self, observation: Observation, agent: str, account: int) -> None:  # noqa: C901 -- a case for each kind
        match observation:
            case HostSeen(host):
                if host.id != agent:
                    self._rows["peers"][host.id,] = (host.id, host.name, host.role)
            case HostGone(host):
                self._forget_host(host)
            case InterfaceSeen(host, interface):
                self._rows["interfaces"][host, interface.name] = (host, interface.name, account, _encode(interface))
                if is_down(interface):
                    self._forget_evidence(host, interface.name)
            case InterfaceGone(host, interface):
                self._rows["interfaces"][host, interface] = None
                self._forget_evidence(host, interface)
                self._connection.exec_driver_sql(
                    "DELETE FROM refusals WHERE host = ? AND interface = ?", (host, interface)
                )
            case EvidenceSeen(evidence):
                self._evidence(evidence, account)
            case EvidenceGone(key, _, since):
                self._rows["evidence"][key_text(key),] = None
                self._forget_mirrors(key, since)
            case RefusalCount():
                self._refusal(observation, account)
            case MtuSeen():
                self._mtu(observation, account)
            case MtuGone(port, peer):
                self._rows["mtu"][way_text(port, peer),] = None

    def _evidence(self, evidence: Evidence, account: int) -> None:
        key = key_text(key_of(evidence))
        port, peer = evidence.port, evidence.peer
        about = (peer.host, peer.interface) if peer else ("", "")
        body = _encode(evidence)
        self._rows["evidence"][key,] = (key, port.host, port.interface, *about, evidence.seen, account, body)

    def _refusal(self, refusal: RefusalCount, account: int) -> None:
        key = refusal_text(refusal)
        port = refusal.port
        self._rows["refusals"][key,] = (key, port.host, port.interface, account, _encode(refusal))

    def _mtu(self, seen: MtuSeen, account: int) -> None:
        key, port, peer = way_text(seen.port, seen.peer), seen.port, seen.peer
        row = (key, port.host, port.interface, peer.host, peer.interface, account, _encode(seen))
        self._rows["mtu"][key,] = row

    def _forget_host(self, host: str) -> None:
        self._flush_rows()
        for table in ("interfaces", "evidence", "refusals", "mtu"):
            self._connection.exec_driver_sql(f"DELETE FROM {table} WHERE host = ?", (host,))  # noqa: S608 -- names of ours
        self._connection.exec_driver_sql("DELETE FROM peers WHERE id = ?", (host,))

    def _forget_evidence(self, host: str, interface: str) -> None:
        """A port that passes no frames: what it saw and what others saw of it no longer holds."""
        self._flush_rows()
        for side in ("host = ? AND interface = ?", "peer_host = ? AND peer_interface = ?"):
            self._connection.exec_driver_sql(f"DELETE FROM evidence WHERE {side}", (host, interface))  # noqa: S608 -- ours
            self._connection.exec_driver_sql(f"DELETE FROM mtu WHERE {side}", (host, interface))  # noqa: S608 -- ours

    def _forget_mirrors(self, key: EvidenceKey, since: Wall) -> None:
        if mirrors := [key_text(mirror) for mirror in mirrors_of(key, since)]:
            self._flush_rows()
            self._many("DELETE FROM evidence WHERE key = ? AND seen < ?", [(mirror, since) for mirror in mirrors])

    def _withdraw_older(self, accepted: Accepted, account: int) -> None:
        self._flush_rows()
        host = accepted.agent.id
        for table in ("interfaces", "evidence"):
            self._connection.exec_driver_sql(
                _JOURNAL_WITHDRAWN.format(table=table),
                (accepted.received, host, accepted.report.seq, host, account),
            )
        for table in ("interfaces", "evidence", "refusals", "mtu"):
            statement = f"DELETE FROM {table} WHERE host = ? AND account < ?"  # noqa: S608 -- names of ours
            self._connection.exec_driver_sql(statement, (host, account))

    def _flush_rows(self) -> None:
        for table, rows in self._rows.items():
            self._many(_DELETES.get(table, ""), [key for key, row in rows.items() if row is None])
            self._many(_UPSERTS[table], [row for row in rows.values() if row is not None])
            rows.clear()

    def _many(self, statement: str, rows: Iterable[Row]) -> None:
        if rows := list(rows):
            self._connection.exec_driver_sql(statement, rows)


def mirrors_of(key: EvidenceKey, since: Wall) -> list[EvidenceKey]:
    """What the peer may have observed of a port, which no longer holds where it is older than `since`."""
    if not since or key.peer is None:
        return []
    return [EvidenceKey(kind, key.peer, key.port) for kind in BEACON_KINDS]
