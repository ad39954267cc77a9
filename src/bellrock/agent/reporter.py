"""Events and interface changes → numbered reports in the spool. Only changes are told; a full account once per boot."""

import logging
from collections.abc import Iterable
from typing import Final

import msgspec

from bellrock.agent.spool import MAX_REPORTS, Spool, SpoolError
from bellrock.beacon import Event, EvidenceFound, EvidenceLost, MtuMeasured, MtuUnanswered, Refused
from bellrock.contract import MAX_OBSERVATIONS, Report
from bellrock.model import (
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    Host,
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
from bellrock.wire.logline import sentence

MAX_PENDING: Final = 20_000
"""Observations held in memory while the disk is full; beyond, one full account takes their place."""
MAX_REFUSALS: Final = 1024
"""Counters of refusals that a new account repeats; beyond, the one that has been quiet for longest is forgotten."""

_ON_LINK: Final = frozenset((EvidenceKind.HEARD, EvidenceKind.OWN_BEACON))
"""Evidence that goes when a peer is lost on a link."""

log = logging.getLogger(__name__)


class Reporter:
    """What the region has been told, and what it is still owed."""

    def __init__(self, host: Host, boot: str, spool: Spool) -> None:
        self._host = host
        self._boot = boot
        self._spool = spool
        self._interfaces: dict[str, Interface] = {}
        self._evidence: dict[EvidenceKey, EvidenceSeen] = {}
        self._refusals: dict[tuple[Port, str, str], RefusalCount] = {}
        self._mtu: dict[tuple[Port, Port], MtuSeen] = {}
        self._pending: list[Observation] = []
        self._begun = False
        self._complete_due = False
        self._completed = False
        self._stuck = False
        self.collapsed = 0
        """How often, since the start, so many changes waited in memory that one account of what holds took their place."""

    @property
    def owes(self) -> bool:
        """Whether `flush` has something to put into the spool."""
        return bool(self._pending) or (self._complete_due and not self._completed)

    @property
    def pending(self) -> int:
        """Observations that are owed and not in the spool yet."""
        return len(self._pending)

    def interfaces(self, now_known: Iterable[Interface]) -> None:
        """The host's interfaces as they are now; what changed is told."""
        known = {interface.name: interface for interface in now_known}
        gone = self._interfaces.keys() - known.keys()
        changed = [interface for name, interface in known.items() if self._interfaces.get(name) != interface]
        # Before anything is told: telling may turn into an account of what holds, and this is what holds.
        self._interfaces = known
        if gone:
            self._evidence = {k: v for k, v in self._evidence.items() if k.port.interface not in gone}
            self._refusals = {k: v for k, v in self._refusals.items() if k[0].interface not in gone}
            self._mtu = {k: v for k, v in self._mtu.items() if k[0].interface not in gone}
        for name in sorted(gone):
            self._tell(InterfaceGone(self._host.id, name))
        for interface in changed:
            self._tell(InterfaceSeen(self._host.id, interface))

    def event(self, event: Event) -> None:
        """An event of the engine or of the neighbour table."""
        match event:
            case EvidenceFound(evidence):
                seen = EvidenceSeen(evidence)
                self._evidence[key_of(evidence)] = seen
                self._tell(seen)
            case EvidenceLost(key, why, since):
                if self._evidence.pop(key, None) is not None:
                    self._tell(EvidenceGone(key, why, since))
                if key.kind in _ON_LINK and key.peer is not None:
                    self._forget_way(key.port, key.peer, why)
            case MtuMeasured(seen):
                self._measured(seen)
            case MtuUnanswered(port, peer):
                self._forget_way(port, peer, "it answered nothing when it was measured again")
            case Refused():
                self._refused(event)
            case _:
                pass  # Settled changes an interface, and is told with it

    def complete(self) -> None:
        """All that this boot found at once has been told: what earlier boots told otherwise no longer holds."""
        self._complete_due = True

    def begin_anew(self) -> None:
        """Tell at once all that holds now, under a new boot id; what was owed is void."""
        self._boot = f"{self._boot.partition('+')[0]}+{self._spool.last}"
        self._pending = self._account()
        self._begun = self._completed = False

    def flush(self, wall: Wall) -> bool:
        """Put what is owed into the spool; False if the spool does not take it (it stays owed, within bounds).

        A crash between two reports loses nothing: the next boot gives its own full account.
        """
        while self.owes:
            if self._spool.waiting >= MAX_REPORTS:
                self._blocked(f"spool full: {MAX_REPORTS} reports wait for the region; further changes wait in memory")
                return False
            report = self._next_report(wall)
            try:
                self._spool.append(report)
            except SpoolError as error:
                self._blocked(str(error))
                return False
            del self._pending[:MAX_OBSERVATIONS]
            self._begun = True
            self._completed = self._completed or report.complete
        if self._stuck:
            log.warning(sentence("spool-recovered", "the spool takes reports again"))
            self._stuck = False
        return True

    def _next_report(self, wall: Wall) -> Report:
        chunk = tuple(self._pending[:MAX_OBSERVATIONS])
        begin = not self._begun
        if begin:
            chunk = (HostSeen(self._host, wall), *chunk)
        last = len(self._pending) <= MAX_OBSERVATIONS
        complete = last and self._complete_due and not self._completed
        return Report(self._spool.last + 1, self._boot, wall, chunk, begin, complete)

    def _tell(self, observation: Observation) -> None:
        self._pending.append(observation)
        # A disk that stays full: the sum of the changes is shorter than the changes.
        if len(self._pending) > MAX_PENDING:
            self.collapsed += 1
            given_up = len(self._pending)
            self.begin_anew()
            text = (
                "{changes} changes wait in memory: what holds now is told in their place, and their history is given up"
            )
            log.warning(sentence("changes-summed-up", text, changes=given_up, total=self.collapsed))

    def _measured(self, seen: MtuSeen) -> None:
        """Tell a measurement if it is news; when it was last made is not."""
        known = self._mtu.get((seen.port, seen.peer))
        self._mtu[seen.port, seen.peer] = seen
        if known is None or msgspec.structs.replace(known, seen=seen.seen) != seen:
            self._tell(seen)

    def _forget_way(self, port: Port, peer: Port, why: str) -> None:
        """What passed to a peer that is lost, or answers nothing, is not known any more; other evidence that goes changes nothing."""
        if self._mtu.pop((port, peer), None) is not None:
            self._tell(MtuGone(port, peer, why))

    def _refused(self, event: Refused) -> None:
        key = (event.port, event.source_mac, event.reason)
        count = RefusalCount(
            event.port, event.source_mac, event.reason, event.count, event.detail, event.skew, event.seen
        )
        self._refusals.pop(key, None)  # the order of the table is that of the last sight
        if len(self._refusals) >= MAX_REFUSALS:
            del self._refusals[next(iter(self._refusals))]
        self._refusals[key] = count
        self._tell(count)

    def _account(self) -> list[Observation]:
        interfaces = [InterfaceSeen(self._host.id, interface) for interface in self._interfaces.values()]
        return [*interfaces, *self._evidence.values(), *self._mtu.values(), *self._refusals.values()]

    def _blocked(self, why: str) -> None:
        if not self._stuck:
            log.error(sentence("spool-stuck", "{why}", why=why))
        self._stuck = True


def with_state(interface: Interface, *, settled: bool, speaks: bool, vids: tuple[int, ...]) -> Interface:
    """An interface with what the agent knows of it beyond the kernel's word."""
    return msgspec.structs.replace(interface, settled=settled, speaks=speaks, vids=vids)
