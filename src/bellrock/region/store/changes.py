"""Reports → rows to write, as few statements as may be."""

from collections.abc import Iterable, Iterator, Set
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    HostGone,
    HostSeen,
    Interface,
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
from bellrock.region.store import schema
from bellrock.region.store.dialect import Conditions, Row, bulk
from bellrock.region.store.rows import Accepted
from bellrock.topology.links import fallen_with, falls, is_down
from bellrock.topology.state import BEACON_KINDS

_encode = msgspec.json.Encoder().encode
_interface = msgspec.json.Decoder(Interface).decode
_key = msgspec.json.Decoder(EvidenceKey).decode
_way = msgspec.json.Decoder(tuple[Port, Port]).decode

_UPSERTS: Final = {
    "interfaces": schema.interfaces,
    "evidence": schema.evidence,
    "refusals": schema.refusals,
    "mtu": schema.mtu,
    "peers": schema.peers,
}
_KEYS: Final[dict[str, Conditions]] = {
    "interfaces": (("host", "=", "text"), ("name", "=", "text")),
    "evidence": (("key", "=", "text"),),
    "mtu": (("key", "=", "text"),),
}
_SIDES: Final[tuple[Conditions, ...]] = (
    (("host", "=", "text"), ("interface", "=", "text")),
    (("peer_host", "=", "text"), ("peer_interface", "=", "text")),
)
_TELLING: Final = ("evidence", "mtu")
_OF_HOST: Final[Conditions] = (("host", "=", "text"),)
_OLDER: Final[Conditions] = (("host", "=", "text"), ("account", "<", "bigint"))
_EVIDENCE: Final = b'{"type":"evidence","evidence":'
"""What stands before a piece of evidence where an agent tells of it; after it, a brace."""
_SEEN: Final = [*schema.evidence.columns.keys()].index("seen")
JOURNAL: Final = ("at", "agent", "seq", "kind", "body")
"""The columns of the journal's rows as they are noted here."""


def key_text(key: EvidenceKey) -> str:
    """An evidence key as a primary key."""
    return _encode(key).decode()


def refusal_text(refusal: RefusalCount) -> str:
    """What makes a refusal counter one and the same."""
    return _encode((refusal.port, refusal.source_mac, refusal.reason)).decode()


def way_text(port: Port, peer: Port) -> str:
    """A direction between two ports as a primary key."""
    return _encode((port, peer)).decode()


def ports_of(table: str, key: str) -> tuple[Port, Port | None]:
    """The ports that a row of evidence or of what passes is about, by its primary key: whose it is, and the other."""
    if table == "mtu":
        return _way(key)
    told = _key(key)
    return told.port, told.peer


class Withdrawal(NamedTuple):
    """An account was complete: what only earlier ones told is to go, and noted in the journal where it was found out."""

    place: int
    host: str
    account: int
    received: Wall
    seq: int


class Writer:
    """Collects the rows of many reports, the later over the earlier, and writes them in few statements.

    What a report forgets is taken out of what was collected before it, and later out of the database, before anything is written
    there: so the order of the reports counts, and the number of statements does not grow with theirs. The journal is not written
    here: it is history, which may have to give way.
    """

    def __init__(self, connection: Connection, accounts: dict[str, int]) -> None:
        """`accounts`: the running account of each agent in the batch, changed in place."""
        self._bulk = bulk(connection)
        self._accounts = accounts
        self._rows: dict[str, dict[Row, Row | None]] = {table: {} for table in _UPSERTS}
        self._at: dict[Row, list[tuple[str, Row]]] | None = None
        """By interface, those of the rows that tell of its ports; None: nobody has asked for them."""
        self._refused: dict[Row, list[Row]] = {}
        """By interface, the refusals among them."""
        self._forgotten: dict[Row, None] = {}
        self._beside: dict[Port, None] = {}
        """Ports that fell with interfaces of other names."""
        self._vanished: dict[Row, None] = {}
        """Interfaces of whose ports nothing holds, and those of them that are gone."""
        self._silent: dict[str, Wall] = {}
        """Evidence that goes if it is older."""
        self._withdrawals: dict[str, Withdrawal] = {}
        self._interfaces: dict[str, dict[str, tuple[Interface, int]]] = {}
        """Of the hosts that were looked up, as they are known now, each with the account that told it."""
        self.journal: list[Row] = []
        """What changed, in order; see JOURNAL."""
        self._agents: dict[str, Row] = {}

    def look_up(self, reports: Iterable[Accepted]) -> None:
        """Find out what is known of the interfaces of the hosts of which these may say that one is down or gone.

        What falls with it hangs on that, and whether it falls: to say again that it is down forgets nothing.
        """
        asked = [*dict.fromkeys(host for accepted in reports for host in _losers(accepted))]
        for number, account, body in self._bulk.find(
            schema.interfaces, "account, body", _OF_HOST, [(host,) for host in asked]
        ):
            known = _interface(body)
            self._interfaces.setdefault(asked[number], {})[known.name] = known, account

    def take(self, accepted: Accepted) -> None:
        """Collect one report, which was among those that were looked up."""
        report, agent = accepted.report, accepted.agent
        if report.begin:
            self._accounts[agent.id] = report.seq
        account = self._accounts.setdefault(agent.id, 0)
        for observation in report.observations:
            body = _encode(observation)
            self._observation(observation, body, agent.id, account)
            if not isinstance(observation, RefusalCount):
                kind = observation.__struct_config__.tag
                self.journal.append((accepted.received, agent.id, report.seq, kind, body))
        if report.complete:
            self._withdraw_older(accepted, account)
        self._agents[agent.id] = (
            agent.id, agent.name, agent.role, report.boot, account, report.seq,
            min(report.sent, accepted.received), accepted.offset, accepted.software,
        )  # fmt: skip

    def flush(self) -> None:
        """Write all that was collected."""
        self._flush_rows()
        self._bulk.upsert(schema.agents, self._agents.values())
        self._agents = {}

    def _observation(self, observation: Observation, body: bytes, agent: str, account: int) -> None:  # noqa: C901 -- a case for each kind
        match observation:
            case EvidenceSeen(evidence):
                self._evidence(evidence, body[len(_EVIDENCE) : -1], account)
            case MtuSeen():
                self._mtu(observation, body, account)
            case HostSeen(host):
                if host.id != agent:
                    self._rows["peers"][host.id,] = (host.id, host.name, host.role)
            case HostGone(host):
                self._forget_host(host)
            case InterfaceSeen(host, interface):
                self._rows["interfaces"][host, interface.name] = (host, interface.name, account, _encode(interface))
                self._carries(host, interface, account)
            case InterfaceGone(host, interface):
                self._rows["interfaces"][host, interface] = None
                self._forget_evidence(host, {interface})
                self._known(host).pop(interface, None)
                self._forget_refusals(host, interface)
            case EvidenceGone(key, _, since):
                self._rows["evidence"][key_text(key),] = None
                self._forget_mirrors(key, since)
            case RefusalCount():
                self._refusal(observation, body, account)
            case MtuGone(port, peer):
                self._rows["mtu"][way_text(port, peer),] = None

    def _evidence(self, evidence: Evidence, body: bytes, account: int) -> None:
        key = key_text(key_of(evidence))
        port, peer = evidence.port, evidence.peer
        about = (peer.host, peer.interface) if peer else ("", "")
        row = self._rows["evidence"][key,] = (
            key, port.host, port.interface, *about, evidence.seen, account, body
        )  # fmt: skip
        if self._at is not None:
            _tells(self._at, "evidence", row)

    def _refusal(self, refusal: RefusalCount, body: bytes, account: int) -> None:
        key = refusal_text(refusal)
        port = refusal.port
        self._rows["refusals"][key,] = (key, port.host, port.interface, account, body)
        self._refused.setdefault((port.host, port.interface), []).append((key,))

    def _mtu(self, seen: MtuSeen, body: bytes, account: int) -> None:
        key, port, peer = way_text(seen.port, seen.peer), seen.port, seen.peer
        row = self._rows["mtu"][key,] = (
            key, port.host, port.interface, peer.host, peer.interface, account, body
        )  # fmt: skip
        if self._at is not None:
            _tells(self._at, "mtu", row)

    def _carries(self, host: str, told: Interface, account: int) -> None:
        table = self._known(host)
        known, _ = table.get(told.name, (None, 0))
        if falls(known, told):
            self._forget_evidence(host, {told.name})
        table[told.name] = told, account

    def _known(self, host: str) -> dict[str, tuple[Interface, int]]:
        return self._interfaces.setdefault(host, {})

    def _forget_host(self, host: str) -> None:
        self._flush_rows()
        self._known(host).clear()
        for table in ("interfaces", "evidence", "refusals", "mtu"):
            self._bulk.run(f"DELETE FROM {table} WHERE host = ?", (host,))  # noqa: S608 -- names of ours
        self._bulk.run("DELETE FROM peers WHERE id = ?", (host,))

    def _forget_evidence(self, host: str, interfaces: Set[str]) -> None:
        """Ports that pass no frames: what they saw and what others saw of them no longer holds. Interfaces are as they were before."""
        if self._at is None:
            self._at = {}
            for table in _TELLING:
                for row in self._rows[table].values():
                    if row is not None:
                        _tells(self._at, table, row)
        for interface in interfaces:
            for table, key in self._at.pop((host, interface), ()):
                self._rows[table].pop(key, None)
            self._forgotten[host, interface] = None
        for port in fallen_with(host, interfaces, {name: one for name, (one, _) in self._known(host).items()}):
            for table, key in self._at.get((host, port.interface), ()):
                if port in ports_of(table, key[0]):
                    self._rows[table].pop(key, None)
            self._beside[port] = None

    def _forget_refusals(self, host: str, interface: str) -> None:
        for key in self._refused.pop((host, interface), ()):
            self._rows["refusals"].pop(key, None)
        self._vanished[host, interface] = None

    def _forget_mirrors(self, key: EvidenceKey, since: Wall) -> None:
        rows = self._rows["evidence"]
        for mirror in map(key_text, mirrors_of(key, since)):
            if (mirror,) not in rows:
                self._silent[mirror] = max(since, self._silent.get(mirror, since))
            elif (row := rows[mirror,]) is not None and row[_SEEN] < since:
                rows[mirror,] = None

    def _withdraw_older(self, accepted: Accepted, account: int) -> None:
        host = accepted.agent.id
        if host in self._withdrawals:
            self._flush_rows()
        known = self._known(host)
        if older := {name for name, (_, told) in known.items() if told < account}:
            self._forget_evidence(host, older)
        for name in older:
            del known[name]
        self._withdrawals[host] = Withdrawal(len(self.journal), host, account, accepted.received, accepted.report.seq)

    def _flush_rows(self) -> None:
        for table in _TELLING:
            for side in _SIDES:
                self._bulk.delete(table, side, self._forgotten)
            self._bulk.delete(table, _KEYS[table], self._fallen_beside(table))
        self._bulk.delete("refusals", _SIDES[0], self._vanished)
        self._bulk.delete("evidence", (("key", "=", "text"), ("seen", "<", "float8")), self._silent.items())
        for table, rows in self._rows.items():
            self._bulk.delete(table, _KEYS.get(table, ()), [key for key, row in rows.items() if row is None])
            self._bulk.upsert(_UPSERTS[table], [row for row in rows.values() if row is not None])
            rows.clear()
        self._withdraw()
        self._at = None
        for collected in (
            self._refused,
            self._forgotten,
            self._beside,
            self._vanished,
            self._silent,
            self._withdrawals,
        ):
            collected.clear()

    def _fallen_beside(self, table: str) -> list[Row]:
        """The keys of rows that are about ports that fell with interfaces of other names: no column tells their VID."""
        where = [*{(port.host, port.interface): None for port in self._beside}]
        found = {key: None for side in _SIDES for _, key in self._bulk.find(_UPSERTS[table], "key", side, where)}
        return [(key,) for key in found if any(port in self._beside for port in ports_of(table, key))]

    def _withdraw(self) -> None:
        due = [*self._withdrawals.values()]
        older = [(one.host, one.account) for one in due]
        noted: dict[int, list[Row]] = {}
        for table in ("interfaces", "evidence"):
            for number, body in self._bulk.find(_UPSERTS[table], "body", _OLDER, older):
                one = due[number]
                noted.setdefault(number, []).append((one.received, one.host, one.seq, "withdrawn", body))
        for number in sorted(noted, key=lambda number: -due[number].place):
            place = due[number].place
            self.journal[place:place] = noted[number]
        for table in ("interfaces", "evidence", "refusals", "mtu"):
            self._bulk.delete(table, _OLDER, older)


def _losers(accepted: Accepted) -> Iterator[str]:
    """Hosts of which a report may say that an interface is down or gone."""
    if accepted.report.complete:
        yield accepted.agent.id
    for one in accepted.report.observations:
        if isinstance(one, InterfaceGone) or (isinstance(one, InterfaceSeen) and is_down(one.interface)):
            yield one.host


def _tells(at: dict[Row, list[tuple[str, Row]]], table: str, row: Row) -> None:
    """Note by interface that a row tells of its ports: the columns after the key are both of them."""
    for interface in (row[1:3], row[3:5]):
        at.setdefault(interface, []).append((table, row[:1]))


def mirrors_of(key: EvidenceKey, since: Wall) -> list[EvidenceKey]:
    """What the peer may have observed of a port, which no longer holds where it is older than `since`."""
    if not since or key.peer is None:
        return []
    return [EvidenceKey(kind, key.peer, key.port) for kind in BEACON_KINDS]
