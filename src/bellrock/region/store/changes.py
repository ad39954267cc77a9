"""Reports → rows to write, as few statements as may be."""

from collections.abc import Iterable, Iterator, Sequence, Set
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
from bellrock.region.store.rowkeys import key_text, mirrors_of, ports_of, refusal_text, seen_of, way_text
from bellrock.region.store.rows import Accepted
from bellrock.topology.links import fallen_with, falls, is_down, takes_back
from bellrock.topology.spelt import Spelt, spelt_keys

_encode = msgspec.json.Encoder().encode
_interface = msgspec.json.Decoder(Interface).decode

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
_OWN_SIDE: Final[Conditions] = (("host", "=", "text"), *_SIDES[1])
_SEEN_BEFORE: Final[Conditions] = (*_SIDES[1], ("seen", "<", "float8"))
_TELLING: Final = ("evidence", "mtu")
_WHEN: Final = {"evidence": "seen", "mtu": "body"}
"""The columns that say when it was seen."""
_OF_HOST: Final[Conditions] = (("host", "=", "text"),)
_OLDER: Final[Conditions] = (("host", "=", "text"), ("account", "<", "bigint"))
_EVIDENCE: Final = b'{"type":"evidence","evidence":'
"""What stands before a piece of evidence where an agent tells of it; after it, a brace."""
_SEEN: Final = [*schema.evidence.columns.keys()].index("seen")
JOURNAL: Final = ("at", "agent", "seq", "kind", "body")
"""The columns of the journal's rows as they are noted here."""


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
        self._forgotten: dict[Row, Wall] = {}
        """Interfaces that fell, and when they did last."""
        self._beside: dict[Port, Wall] = {}
        """Ports that fell with interfaces of other names."""
        self._vanished: dict[Row, None] = {}
        """Interfaces of whose ports nothing holds, and those of them that are gone."""
        self._silent: dict[str, Wall] = {}
        """Evidence that goes if it is older."""
        self._withdrawals: dict[str, Withdrawal] = {}
        self._interfaces: dict[str, dict[str, tuple[Interface, int]]] = {}
        """Of the hosts that were looked up, as they are known now, each with the account that told it."""
        self._spelt: dict[str, Spelt] = {}
        """The names of their ports, where they were asked for."""
        self.journal: list[Row] = []
        """What changed, in order; see JOURNAL."""
        self._agents: dict[str, Row] = {}

    def look_up(self, reports: Iterable[Accepted]) -> None:
        """Find out what is known of the interfaces of the hosts of which these may take something back.

        What falls with an interface hangs on that, and whether it falls: to say again that it is down forgets nothing. So do the
        names of the ports of which evidence is gone.
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
            self._observation(observation, body, accepted, account)
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

    def _observation(self, observation: Observation, body: bytes, accepted: Accepted, account: int) -> None:  # noqa: C901 -- a case for each kind
        match observation:
            case EvidenceSeen(evidence):
                self._evidence(evidence, body[len(_EVIDENCE) : -1], account)
            case MtuSeen():
                self._mtu(observation, body, account)
            case HostSeen(host):
                if host.id != accepted.agent.id:
                    self._rows["peers"][host.id,] = (host.id, host.name, host.role)
            case HostGone(host):
                self._forget_host(host)
            case InterfaceSeen(host, interface):
                self._rows["interfaces"][host, interface.name] = (host, interface.name, account, _encode(interface))
                self._carries(host, interface, account, accepted.at)
            case InterfaceGone(host, interface):
                self._rows["interfaces"][host, interface] = None
                self._forget_evidence(host, {interface}, accepted.at)
                self._changing(host).pop(interface, None)
                self._forget_refusals(host, interface)
            case EvidenceGone(key, _, since):
                self._evidence_gone(key, since)
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

    def _carries(self, host: str, told: Interface, account: int, at: Wall) -> None:
        table = self._changing(host)
        known, _ = table.get(told.name, (None, 0))
        if falls(known, told):
            self._forget_evidence(host, {told.name}, at)
        table[told.name] = told, account

    def _known(self, host: str) -> dict[str, tuple[Interface, int]]:
        return self._interfaces.setdefault(host, {})

    def _changing(self, host: str) -> dict[str, tuple[Interface, int]]:
        self._spelt.pop(host, None)
        return self._known(host)

    def _names(self, port: Port | None) -> Sequence[Port]:
        """All names of a port."""
        if port is None:
            return ()
        host = port.host
        if (spelt := self._spelt.get(host)) is None:
            spelt = self._spelt[host] = Spelt(host, [one for one, _ in self._known(host).values()])
        return spelt.names(port)

    def _forget_host(self, host: str) -> None:
        self._flush_rows()
        self._changing(host).clear()
        for table in ("interfaces", "evidence", "refusals", "mtu"):
            self._bulk.run(f"DELETE FROM {table} WHERE host = ?", (host,))  # noqa: S608 -- names of ours
        self._bulk.run("DELETE FROM peers WHERE id = ?", (host,))

    def _forget_evidence(self, host: str, interfaces: Set[str], at: Wall) -> None:
        """Ports that pass no frames: what they saw, and what others saw of them before, no longer holds. Interfaces are as they were before."""
        if self._at is None:
            self._at = {}
            for table in _TELLING:
                for row in self._rows[table].values():
                    if row is not None:
                        _tells(self._at, table, row)
        for interface in interfaces:
            self._forget_rows(host, interface, at)
            self._forgotten[host, interface] = max(at, self._forgotten.get((host, interface), at))
        for port in fallen_with(host, interfaces, {name: one for name, (one, _) in self._known(host).items()}):
            self._forget_rows(host, port.interface, at, port)
            self._beside[port] = max(at, self._beside.get(port, at))

    def _forget_rows(self, host: str, interface: str, at: Wall, port: Port | None = None) -> None:
        """Of the rows that were collected, those that go with an interface, or with one port of it."""
        told = self._at or {}
        left = []
        for table, key in told.pop((host, interface), ()):
            if (row := self._rows[table].get(key)) is None:
                continue
            when = row[-1] if table == "mtu" else row[_SEEN]
            if (port is None or port in ports_of(table, key[0])) and takes_back(host, at, row[1], seen_of(when)):
                self._rows[table][key] = None
            else:
                left.append((table, key))
        if left:
            told[host, interface] = left

    def _forget_refusals(self, host: str, interface: str) -> None:
        for key in self._refused.pop((host, interface), ()):
            self._rows["refusals"].pop(key, None)
        self._vanished[host, interface] = None

    def _evidence_gone(self, key: EvidenceKey, since: Wall) -> None:
        rows, ports, peers = self._rows["evidence"], self._names(key.port), self._names(key.peer)
        for one in spelt_keys(key, ports, peers):
            rows[key_text(one),] = None
        for mirror in [key_text(one) for kept in mirrors_of(key, since) for one in spelt_keys(kept, peers, ports)]:
            if (mirror,) not in rows:
                self._silent[mirror] = max(since, self._silent.get(mirror, since))
            elif (row := rows[mirror,]) is not None and row[_SEEN] < since:
                rows[mirror,] = None

    def _withdraw_older(self, accepted: Accepted, account: int) -> None:
        host = accepted.agent.id
        if host in self._withdrawals:
            self._flush_rows()
        known = self._changing(host)
        if older := {name for name, (_, told) in known.items() if told < account}:
            self._forget_evidence(host, older, accepted.at)
        for name in older:
            del known[name]
            self._forget_refusals(host, name)
        self._withdrawals[host] = Withdrawal(len(self.journal), host, account, accepted.received, accepted.report.seq)

    def _flush_rows(self) -> None:
        fallen = [*self._forgotten.items()]
        self._bulk.delete("evidence", _OWN_SIDE, [(host, host, interface) for (host, interface), _ in fallen])
        self._bulk.delete("evidence", _SEEN_BEFORE, [(*which, at) for which, at in fallen])
        for table in _TELLING:
            self._bulk.delete(table, _SIDES[0], self._forgotten)
            self._bulk.delete(table, _KEYS[table], self._fallen_beside(table))
        self._bulk.delete("mtu", _KEYS["mtu"], self._measured_before())
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
        columns = f"key, {_WHEN[table]}"
        found = {
            key: when for side in _SIDES for _, key, when in self._bulk.find(_UPSERTS[table], columns, side, where)
        }
        return [(key,) for key, when in found.items() if self._fell(ports_of(table, key), seen_of(when))]

    def _fell(self, ports: tuple[Port, Port | None], seen: Wall) -> bool:
        fallen = [(port.host, self._beside[port]) for port in ports if port is not None and port in self._beside]
        return any(takes_back(host, at, ports[0].host, seen) for host, at in fallen)

    def _measured_before(self) -> list[Row]:
        """The keys of what was measured to interfaces that fell, before they did: no column tells when."""
        where = [*self._forgotten]
        found = self._bulk.find(schema.mtu, "key, host, body", _SIDES[1], where)
        return [
            (key,)
            for number, key, teller, body in found
            if takes_back(where[number][0], self._forgotten[where[number]], teller, seen_of(body))
        ]

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
    """Hosts of which a report may say that an interface is down or gone, or of whose ports evidence."""
    if accepted.report.complete:
        yield accepted.agent.id
    for one in accepted.report.observations:
        if isinstance(one, InterfaceGone) or (isinstance(one, InterfaceSeen) and is_down(one.interface)):
            yield one.host
        elif isinstance(one, EvidenceGone):
            yield one.key.port.host
            if one.key.peer is not None:
                yield one.key.peer.host


def _tells(at: dict[Row, list[tuple[str, Row]]], table: str, row: Row) -> None:
    """Note by interface that a row tells of its ports: the columns after the key are both of them."""
    for interface in (row[1:3], row[3:5]):
        at.setdefault(interface, []).append((table, row[:1]))
