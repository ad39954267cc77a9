"""The evidence that is held, and by which ports it can be found."""

from collections.abc import Iterable
from typing import Final

from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Port, key_of
from bellrock.topology.bulk import by_port
from bellrock.topology.state import Held, State

BULK: Final = 50_000
"""Pieces of evidence from which on sorting them all beats looking up the ports of each."""

_CONFIRMED, _HEARD, _LOOP = EvidenceKind.CONFIRMED, EvidenceKind.HEARD, EvidenceKind.LOOP


class Index(State):
    """The state, and how evidence enters and leaves it."""

    def _hold(self, evidence: Evidence) -> Evidence | None:
        """Keep a piece of evidence; returns the one that it replaces."""
        key = key_of(evidence)
        held = self.evidence.get(key)
        if held is not None:
            old, held.evidence = held.evidence, evidence
            return old
        self._find_by_ports(self._new(key, evidence))
        return None

    def _new(self, key: EvidenceKey, evidence: Evidence) -> Held:
        """Keep evidence that was not known, which must then be indexed."""
        kind, port, peer = evidence.kind, evidence.port, evidence.peer
        plain = (kind is _CONFIRMED or kind is _HEARD) and peer is not None and peer.host != port.host
        held = self.evidence[key] = Held(key, evidence, plain)
        if kind is _LOOP:
            self.loops[key] = held
        if evidence.neighbour is not None:
            self.neighbours.setdefault(evidence.neighbour.chassis_id.lower(), {})[key] = held
        return held

    def _index_all(self, fresh: list[Held]) -> None:
        if self.about or len(fresh) < BULK:
            for held in fresh:
                self._find_by_ports(held)
            return
        self.about = by_port(fresh)
        self.numbers = len(self.about)
        self._spelt = None
        self._links.clear()
        self._mask_all(self.about)

    def _mask_all(self, ports: Iterable[Port]) -> None:
        """Find the masked ones among ports that come host by host and interface by interface."""
        host = interface = ""
        for port in ports:
            # What one port of an interface lets pass, its others do, unless it is a name of another port.
            if port.host is host and port.interface is interface and not self._canonical:
                continue
            self._mask(port)
            if port not in self.masked:
                host, interface = port.host, port.interface

    def _mask(self, port: Port) -> None:
        if self.passes(self.canonical(port)):
            self.masked.discard(port)
        else:
            self.masked.add(port)

    def _find_by_ports(self, held: Held) -> None:
        port, peer = held.key.port, held.key.peer
        held.near = self._index(port, held)
        if peer is not None and peer != port:
            held.far = self._index(peer, held)

    def _index(self, port: Port, held: Held) -> int:
        """Let a piece of evidence be found by a port; returns the number of the port's spelling."""
        about = self.about.get(port)
        if about is not None:
            self.about[port] = (*about, held)
            return number_in(about, port)
        self.about[port] = (held,)
        self.numbers += 1
        self._mask(port)
        if self._spelt is not None:
            self._spelt.setdefault(port.host, {})[port] = None
        if port.vid is not None and self._links.get(port.host):
            del self._links[port.host]
        return self.numbers - 1

    def _drop(self, key: EvidenceKey) -> None:
        held = self.evidence.pop(key, None)
        if held is None:
            return
        self._unindex(key.port, held)
        if key.peer is not None and key.peer != key.port:
            self._unindex(key.peer, held)
        self.loops.pop(key, None)
        if (neighbour := held.evidence.neighbour) is not None:
            of_chassis = self.neighbours[neighbour.chassis_id.lower()]
            del of_chassis[key]
            if not of_chassis:
                del self.neighbours[neighbour.chassis_id.lower()]

    def _unindex(self, port: Port, held: Held) -> None:
        rest = tuple([one for one in self.about[port] if one is not held])
        if rest:
            self.about[port] = rest
            return
        spelt = self.spelt[port.host]
        del self.about[port]
        del spelt[port]
        if not spelt:
            del self.spelt[port.host]
        self.masked.discard(port)
        if port.vid is not None:
            self._links.pop(port.host, None)


def number_in(about: tuple[Held, ...], port: Port) -> int:
    """The number of a spelling, as any of the evidence that names it has it."""
    first = about[0]
    return first.near if first.key.port == port else first.far
