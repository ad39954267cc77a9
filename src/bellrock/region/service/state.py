"""All that agents said and did not take back, in memory: the same as in the store, which is its durable copy."""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    Host,
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
from bellrock.region.service.account import AWAKE, Account, Awake, RefusalKey
from bellrock.region.store import Accepted, AgentRow, Loaded, mirrors_of
from bellrock.region.store.packed import NOTHING
from bellrock.topology.links import fallen_with, falls, takes_back
from bellrock.topology.spelt import Spelt, spelt_keys

__all__ = ["Account", "State", "refusal_key"]

FELL: Final = "port down"


class State:
    """The accounts of all agents."""

    def __init__(self, loaded: Loaded, awake: int = AWAKE) -> None:
        """`awake`: pieces of evidence and measured directions that are held unpacked; see `Awake`."""
        self._most_awake = awake
        self.accounts: dict[str, Account] = {}
        self.peers: dict[str, Host] = {}
        self.load(loaded)

    def load(self, loaded: Loaded) -> None:
        """Hold this, in place of all that was held."""
        self._awake = Awake(self._most_awake)
        self.accounts = {
            row.host.id: Account(row, loaded.told.get(row.host.id, NOTHING), self._awake) for row in loaded.agents
        }
        self.named = 0
        """Grows whenever a host comes, goes or gets another name."""
        self.peers = {host.id: host for host in loaded.peers}
        for row in loaded.interfaces:
            self.accounts[row.host].interfaces[row.interface.name] = (row.interface, row.account)
        self._spelt: dict[str, Spelt] = {}
        """The names of hosts' ports, where the report that is being taken in asks for them."""
        self._heard_by: dict[str, set[str]] = {}
        """By host, the agents that told of its ports; some of which may have taken that back since."""
        for agent, told in loaded.told.items():
            for host in told.peers:
                self._hears(agent, host)
        for refusal, number in loaded.refusals:
            self.accounts[refusal.port.host].refusals[refusal_key(refusal)] = (refusal, number)

    def heard(self, agents: Iterable[AgentRow]) -> None:
        """When agents were last heard, as another process has noted."""
        for row in agents:
            if (account := self.accounts.get(row.host.id)) is not None:
                account.seen, account.offset = max(account.seen, row.seen), row.offset

    def account(self, host: Host) -> Account:
        """An agent's account, empty for one that was never heard of."""
        if host.id not in self.accounts:
            self.accounts[host.id] = Account(AgentRow(host=host), awake=self._awake)
            self.named += 1
        return self.accounts[host.id]

    @property
    def pieces(self) -> tuple[int, int]:
        """Pieces of evidence, and measured directions, of all agents together."""
        return self._awake.pieces()

    def running(self, agents: set[str]) -> dict[str, int]:
        """The accounts that are running: {agent id: number}."""
        return {agent: self.accounts[agent].number for agent in agents if agent in self.accounts}

    def apply(self, accepted: Accepted) -> list[Observation]:
        """Take in a report that is committed; what an inference must be told, in order."""
        report = accepted.report
        account = self.account(accepted.agent)
        if account.host != accepted.agent:
            self.named += 1
        account.host, account.boot, account.last = accepted.agent, report.boot, report.seq
        account.offset, account.software = accepted.offset, accepted.software
        account.seen = at = accepted.at
        if report.begin:
            account.number = report.seq
        told: list[Observation] = []
        for observation in report.observations:
            told.append(observation)
            told += self._observation(account, observation, at)
        if report.complete:
            told += self._forget_evidence(account, {*account.older()}, at)
            told += self._withdraw_older(account)
        self._spelt.clear()
        return told

    def _observation(  # noqa: C901 -- a case for each kind
        self, account: Account, observation: Observation, at: Wall
    ) -> Iterable[Observation]:
        """Take in one observation; what goes with it that whoever is told of it cannot know of."""
        match observation:
            case HostSeen(host):
                if host.id != account.host.id and self.peers.get(host.id) != host:
                    self.peers[host.id] = host
                    self.named += 1
            case HostGone(host):
                self._host_gone(account, host)
            case InterfaceSeen(_, interface):
                known, _ = account.interfaces.get(interface.name, (None, 0))
                gone = self._forget_evidence(account, {interface.name}, at) if falls(known, interface) else ()
                account.interfaces[interface.name] = (interface, account.number)
                self._spelt.pop(account.host.id, None)
                return gone
            case InterfaceGone(_, interface):
                gone = self._forget_evidence(account, {interface}, at)
                account.forget_interface(interface)
                self._spelt.pop(account.host.id, None)
                return gone
            case EvidenceSeen(evidence):
                self._hear(evidence)
                account.change().evidence[key_of(evidence)] = (evidence, account.number)
            case EvidenceGone(key, _, since):
                ports, peers = self._names(key.port), self._names(key.peer)
                told = account.change().evidence
                for one in spelt_keys(key, ports, peers):
                    told.pop(one, None)
                self._forget_mirrors(key, since, ports, peers)
            case RefusalCount():
                account.refusals[refusal_key(observation)] = (observation, account.number)
            case MtuSeen(port, peer):
                self._hears(port.host, peer.host)
                account.change().mtu[port, peer] = (observation, account.number)
            case MtuGone(port, peer):
                account.change().mtu.pop((port, peer), None)
        return ()

    def _withdraw_older(self, account: Account) -> Iterator[Observation]:
        gone = account.withdraw_older()
        self._spelt.pop(account.host.id, None)
        yield from gone
        # To whoever follows, what the new account tells by another name went with it.
        for one in gone:
            if isinstance(one, EvidenceGone):
                for key in spelt_keys(one.key, self._names(one.key.port), self._names(one.key.peer)):
                    if (held := account.evidence.get(key)) is not None:
                        yield EvidenceSeen(held[0])

    def _names(self, port: Port | None) -> Sequence[Port]:
        """All names of a port."""
        if port is None:
            return ()
        host = port.host
        spelt = self._spelt.get(host)
        if spelt is None:
            account = self.accounts.get(host)
            spelt = self._spelt[host] = Spelt(host, [one for one, _ in account.interfaces.values()] if account else ())
        return spelt.names(port)

    def _forget_evidence(self, fallen: Account, interfaces: Set[str], at: Wall) -> list[MtuGone]:
        """Ports that pass no frames: what they saw, and what others saw of them before, no longer holds. Interfaces are as they were before.

        Returns the directions that were measured and went with them.
        """
        lost: list[MtuGone] = []
        if not interfaces:
            return lost
        host = fallen.host.id
        beside = fallen_with(host, interfaces, {name: one for name, (one, _) in fallen.interfaces.items()})

        def fell(port: Port | None) -> bool:
            return port is not None and port.host == host and (port.interface in interfaces or port in beside)

        for teller in (host, *self._heard_by.get(host, ())):
            if (account := self.accounts.get(teller)) is None:
                continue
            gone = [
                key
                for key, (one, _) in account.evidence.items()
                if (fell(key.port) or fell(key.peer)) and takes_back(host, at, teller, one.seen)
            ]
            ways = [
                way
                for way, (one, _) in account.mtu.items()
                if (fell(way[0]) or fell(way[1])) and takes_back(host, at, teller, one.seen)
            ]
            if gone or ways:
                account.change().forget(gone, ways)
                lost += [MtuGone(*way, FELL) for way in ways]
        return lost

    def _hear(self, evidence: Evidence) -> None:
        if (peer := evidence.peer) is not None and peer.host != evidence.port.host:
            self._hears(evidence.port.host, peer.host)

    def _hears(self, teller: str, host: str) -> None:
        tellers = self._heard_by.get(host)
        if tellers is None:
            self._heard_by[host] = {teller}
        else:
            tellers.add(teller)

    def _forget_mirrors(self, key: EvidenceKey, since: Wall, ports: Sequence[Port], peers: Sequence[Port]) -> None:
        if key.peer is None or (account := self.accounts.get(key.peer.host)) is None:
            return
        for kept in mirrors_of(key, since):
            for mirror in spelt_keys(kept, peers, ports):
                held = account.evidence.get(mirror)
                if held and held[0].seen < since:
                    del account.change().evidence[mirror]

    def _host_gone(self, account: Account, host: str) -> None:
        if self.peers.pop(host, None):
            self.named += 1
        if host == account.host.id:
            account.clear()
            self._spelt.pop(host, None)


def refusal_key(refusal: RefusalCount) -> RefusalKey:
    """What makes a refusal counter one and the same."""
    return refusal.port, refusal.source_mac, refusal.reason
