"""The names of ports: a VLAN interface's name is another for the port of its lower device."""

from collections.abc import Iterable, Sequence

from bellrock.model import EvidenceKey, Interface, Port
from bellrock.topology.links import vlan_port


class Spelt:
    """The names of one host's ports, as of when this was made."""

    def __init__(self, host: str, interfaces: Iterable[Interface]) -> None:
        self._canonical: dict[Port, Port] = {}
        self._names: dict[Port, list[Port]] = {}
        for interface in interfaces:
            if (port := vlan_port(host, interface)) is not None:
                name = Port(host, interface.name)
                self._canonical[name] = port
                self._names.setdefault(port, [port]).append(name)

    def names(self, port: Port) -> Sequence[Port]:
        """All names of a port that has this one."""
        if not self._names:
            return (port,)
        return self._names.get(self._canonical.get(port, port), (port,))


def spelt_keys(key: EvidenceKey, ports: Sequence[Port], peers: Sequence[Port]) -> Sequence[EvidenceKey]:
    """All keys of evidence that mean the same as this one; `ports` and `peers`: all names of its ports, those of none being none."""
    if len(ports) == 1 and len(peers) <= 1:
        return (key,)  # as nearly always
    if key.peer is None:
        return [EvidenceKey(key.kind, port, None, key.neighbour) for port in ports]
    return [EvidenceKey(key.kind, port, peer, key.neighbour) for port in ports for peer in peers]
