"""The evidence that is held, and by which ports it can be found."""

from sys import intern

from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Port
from bellrock.topology.held import Held
from bellrock.topology.state import State

_LOOP = EvidenceKind.LOOP


class Index(State):
    """The state, and how evidence enters and leaves it."""

    def __init__(self) -> None:
        super().__init__()
        self._ports: dict[Port, Port] = {}
        """The keys of `about`: each piece of evidence brings ports of its own, of which one each is kept."""

    def _hold(self, evidence: Evidence) -> None:
        """Keep a piece of evidence, in place of one with the same key."""
        port = self._kept(evidence.port)
        peer = None if evidence.peer is None else self._kept(evidence.peer)
        fresh, gone = self.evidence.put(evidence, port, peer)
        if gone is not None:
            self._take(gone)
        if fresh is None:
            return
        if evidence.kind is _LOOP:
            self.loops[fresh.key] = fresh
        if (neighbour := fresh.neighbour) is not None:
            self.neighbours.setdefault(neighbour.chassis_id.lower(), {})[fresh.key] = fresh
        self._index(port, fresh)
        if peer is not None and peer != port:
            self._index(peer, fresh)

    def _kept(self, port: Port) -> Port:
        return self._ports.get(port) or Port(intern(port.host), intern(port.interface), port.vid)

    def _mask(self, port: Port) -> None:
        if self.passes(self.canonical(port)):
            self.masked.discard(port)
        else:
            self.masked.add(port)

    def _index(self, port: Port, held: Held) -> None:
        """Let a piece of evidence be found by a port."""
        about = self.about.get(port)
        if about is not None:
            about.append(held)
            return
        self.about[port] = [held]
        self._ports[port] = port
        self._mask(port)
        if self._spelt is not None:
            self._spelt.setdefault(port.host, {})[port] = None
        if port.vid is not None and self._links.get(port.host):
            del self._links[port.host]

    def _drop(self, key: EvidenceKey) -> None:
        if (gone := self.evidence.pop(key)) is not None:
            self._take(gone)

    def _take(self, held: Held) -> None:
        """Let a piece of evidence be found no longer."""
        port, peer = held.port, held.peer
        self._unindex(port, held)
        if peer is not None and peer != port:
            self._unindex(peer, held)
        if held.kind is _LOOP:
            self.loops.pop(held.key, None)
        if (neighbour := held.neighbour) is not None:
            key = held.key
            of_chassis = self.neighbours[neighbour.chassis_id.lower()]
            del of_chassis[key]
            if not of_chassis:
                del self.neighbours[neighbour.chassis_id.lower()]

    def _unindex(self, port: Port, held: Held) -> None:
        about = self.about[port]
        about.remove(held)
        if about:
            return
        spelt = self.spelt[port.host]
        del self.about[port], self._ports[port]
        del spelt[port]
        if not spelt:
            del self.spelt[port.host]
        self.masked.discard(port)
        if port.vid is not None:
            self._links.pop(port.host, None)
