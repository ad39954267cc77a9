"""What several rules look up in a case: who has an address, whose ports share a VLAN. Made when it is first asked for, once for each case.

A rule that walks the site for each host takes a hundred million steps where there are ten thousand; with these it takes as many as there are hosts.
"""

from collections.abc import Mapping
from functools import cached_property

from bellrock.diagnosis.addresses import Address, address
from bellrock.model import Member, Port, Strength, Topology
from bellrock.model.here import Here

SHOWN = frozenset((Strength.CONFIRMED, Strength.HEARD))
"""What beacons show of a port. What a host's own configuration joins (bridge, bond) is meant so."""


class Index:
    """Look-ups in a case. Names of hosts are unique in it."""

    def __init__(self, here: tuple[Here, ...], topology: Topology | None) -> None:
        self._here = here
        self._fabrics = topology.fabrics if topology is not None else ()
        self._names = topology.names if topology is not None else {}

    @cached_property
    def hosts(self) -> Mapping[str, Here]:
        """Name → host."""
        return {one.host: one for one in reversed(self._here)}

    def owner(self, wanted: Address) -> Here | None:
        """The host that has an address; of several the first."""
        return self._owners.get(wanted)

    @cached_property
    def _owners(self) -> dict[Address, Here]:
        found: dict[Address, Here] = {}
        for one in self._here:
            for _, text in one.addresses:
                if (known := address(text)) is not None:
                    found.setdefault(known, one)
        return found

    @cached_property
    def sole_owners(self) -> Mapping[str, str]:
        """Address, as it is told → name of the host, of addresses that one host alone has."""
        found: dict[str, str] = {}
        shared: set[str] = set()
        for one in self._here:
            for _, text in one.addresses:
                bare = text.partition("/")[0]
                if found.setdefault(bare, one.host) != one.host:
                    shared.add(bare)
        return {text: host for text, host in found.items() if text not in shared} if shared else found

    @cached_property
    def address_of(self) -> Mapping[str, str]:
        """MAC address → the address that it has in the first neighbour table that knows it."""
        found: dict[str, str] = {}
        for one in self._here:
            for line in one.neighbours or ():
                found.setdefault(line.mac, line.address)
        return found

    @cached_property
    def askers(self) -> Mapping[str, list[str]]:
        """Resolver, as hosts tell it → the hosts that ask it, by name."""
        found: dict[str, list[str]] = {}
        for one in self._here:
            for resolver in dict.fromkeys(one.resolvers or ()):
                found.setdefault(resolver, []).append(one.host)
        return {resolver: sorted(hosts) for resolver, hosts in found.items()}

    @cached_property
    def together(self) -> Mapping[str, list[list[Port]]]:
        """Name of a host → of each VLAN in which beacons show several of its ports, these ports."""
        found: dict[str, list[list[Port]]] = {}
        for fabric in self._fabrics:
            for vlan in fabric.vlans:
                # Nearly every VLAN has each host once, and is not looked at any further.
                if len({one.port.host for one in vlan.members}) < len(vlan.members):
                    for host, ports in self._by_host(vlan.members).items():
                        if len(ports) > 1:
                            found.setdefault(host, []).append(ports)
        return found

    def _by_host(self, members: tuple[Member, ...]) -> dict[str, list[Port]]:
        found: dict[str, list[Port]] = {}
        for one in members:
            if one.strength in SHOWN:
                found.setdefault(self._names.get(one.port.host) or one.port.host, []).append(one.port)
        return found

    @cached_property
    def conversing(self) -> frozenset[Port]:
        """Ports that somebody has confirmed: frames pass to and fro there."""
        return frozenset(
            one.port for fabric in self._fabrics for vlan in fabric.vlans for one in vlan.members if one.strength is Strength.CONFIRMED
        )  # fmt: skip
