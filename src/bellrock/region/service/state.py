"""All that agents said and did not take back, in memory: the same as in the store, which is its durable copy."""

from collections.abc import Iterator
from typing import Final

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    Host,
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
from bellrock.region.store import Accepted, AgentRow, Loaded, mirrors_of
from bellrock.topology.links import is_down

RefusalKey = tuple[Port, str, str]
RESTARTED: Final = "restarted"


class Account:
    """One agent and what it has told."""

    def __init__(self, row: AgentRow) -> None:
        self.host = row.host
        self.boot = row.boot
        self.number = row.account
        self.last = row.last
        self.seen = row.seen
        self.offset = row.offset
        self.software = row.software
        self.interfaces: dict[str, tuple[Interface, int]] = {}
        self.evidence: dict[EvidenceKey, tuple[Evidence, int]] = {}
        self.refusals: dict[RefusalKey, tuple[RefusalCount, int]] = {}
        self.mtu: dict[tuple[Port, Port], tuple[MtuSeen, int]] = {}

    def observations(self) -> Iterator[Observation]:
        """All of it, as if told anew."""
        yield HostSeen(self.host, self.seen)
        for interface, _ in self.interfaces.values():
            yield InterfaceSeen(self.host.id, interface)
        for evidence, _ in self.evidence.values():
            yield EvidenceSeen(evidence)
        for refusal, _ in self.refusals.values():
            yield refusal

    def forget_interface(self, name: str) -> None:
        """An interface vanished."""
        self.interfaces.pop(name, None)
        self.refusals = {key: held for key, held in self.refusals.items() if key[0].interface != name}

    def withdraw_older(self) -> list[Observation]:
        """The account is complete: what only earlier ones said no longer holds."""
        gone: list[Observation] = []
        for name in [name for name, (_, number) in self.interfaces.items() if number < self.number]:
            del self.interfaces[name]
            gone.append(InterfaceGone(self.host.id, name))
        for key in [key for key, (_, number) in self.evidence.items() if number < self.number]:
            del self.evidence[key]
            gone.append(EvidenceGone(key, RESTARTED))
        self.refusals = {key: held for key, held in self.refusals.items() if held[1] >= self.number}
        self.mtu = {key: held for key, held in self.mtu.items() if held[1] >= self.number}
        return gone


class State:
    """The accounts of all agents."""

    def __init__(self, loaded: Loaded) -> None:
        self.accounts = {row.host.id: Account(row) for row in loaded.agents}
        self.peers = {host.id: host for host in loaded.peers}
        for row in loaded.interfaces:
            self.accounts[row.host].interfaces[row.interface.name] = (row.interface, row.account)
        for held in loaded.evidence:
            key = key_of(held.evidence)
            self.accounts[key.port.host].evidence[key] = (held.evidence, held.account)
        for refusal, number in loaded.refusals:
            self.accounts[refusal.port.host].refusals[refusal_key(refusal)] = (refusal, number)
        for seen, number in loaded.mtu:
            self.accounts[seen.port.host].mtu[seen.port, seen.peer] = (seen, number)

    def replay(self) -> Iterator[Observation]:
        """All that holds, for an inference that begins."""
        for peer in self.peers.values():
            yield HostSeen(peer, Wall(0.0))
        # Evidence comes last, when all is known of the interfaces that it names: so much can be taken in at once.
        told = [one for account in self.accounts.values() for one in account.observations()]
        yield from (one for one in told if not isinstance(one, EvidenceSeen))
        yield from (one for one in told if isinstance(one, EvidenceSeen))

    def account(self, host: Host) -> Account:
        """An agent's account, empty for one that was never heard of."""
        if host.id not in self.accounts:
            self.accounts[host.id] = Account(AgentRow(host=host))
        return self.accounts[host.id]

    def running(self, agents: set[str]) -> dict[str, int]:
        """The accounts that are running: {agent id: number}."""
        return {agent: self.accounts[agent].number for agent in agents if agent in self.accounts}

    def apply(self, accepted: Accepted) -> list[Observation]:
        """Take in a report that is committed; what an inference must be told, in order."""
        report = accepted.report
        account = self.account(accepted.agent)
        account.host, account.boot, account.last = accepted.agent, report.boot, report.seq
        account.offset, account.software = accepted.offset, accepted.software
        account.seen = min(report.sent, accepted.received)
        if report.begin:
            account.number = report.seq
        for observation in report.observations:
            self._observation(account, observation)
        told: list[Observation] = [*report.observations]
        if report.complete:
            told += account.withdraw_older()
        return told

    def _observation(self, account: Account, observation: Observation) -> None:  # noqa: C901 -- a case for each kind
        match observation:
            case HostSeen(host):
                if host.id != account.host.id:
                    self.peers[host.id] = host
            case HostGone(host):
                self._host_gone(account, host)
            case InterfaceSeen(_, interface):
                account.interfaces[interface.name] = (interface, account.number)
                if is_down(interface):
                    self._forget_evidence(account.host.id, interface.name)
            case InterfaceGone(_, interface):
                account.forget_interface(interface)
                self._forget_evidence(account.host.id, interface)
            case EvidenceSeen(evidence):
                account.evidence[key_of(evidence)] = (evidence, account.number)
            case EvidenceGone(key, _, since):
                account.evidence.pop(key, None)
                self._forget_mirrors(key, since)
            case RefusalCount():
                account.refusals[refusal_key(observation)] = (observation, account.number)
            case MtuSeen(port, peer):
                account.mtu[port, peer] = (observation, account.number)
            case MtuGone(port, peer):
                account.mtu.pop((port, peer), None)

    def _forget_evidence(self, host: str, interface: str) -> None:
        """A port that passes no frames: what it saw and what others saw of it no longer holds."""
        where = (host, interface)
        for account in self.accounts.values():
            gone = [
                key
                for key in account.evidence
                if (key.port.host, key.port.interface) == where
                or (key.peer is not None and (key.peer.host, key.peer.interface) == where)
            ]
            for key in gone:
                del account.evidence[key]
            ways = [way for way in account.mtu if where in ((port.host, port.interface) for port in way)]
            for way in ways:
                del account.mtu[way]

    def _forget_mirrors(self, key: EvidenceKey, since: Wall) -> None:
        for mirror in mirrors_of(key, since):
            account = self.accounts.get(mirror.port.host)
            held = account.evidence.get(mirror) if account else None
            if account and held and held[0].seen < since:
                del account.evidence[mirror]

    def _host_gone(self, account: Account, host: str) -> None:
        self.peers.pop(host, None)
        if host == account.host.id:
            account.interfaces.clear()
            account.evidence.clear()
            account.refusals.clear()
            account.mtu.clear()


def refusal_key(refusal: RefusalCount) -> RefusalKey:
    """What makes a refusal counter one and the same."""
    return refusal.port, refusal.source_mac, refusal.reason
