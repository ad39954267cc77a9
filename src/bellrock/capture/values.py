"""What is wanted of a capture, and the shapes of packets that follow from it."""

from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct
from msgspec.structs import replace

from bellrock.flows.values import ANY_PORT, Family, Flow, PortRange, Protocol, Role

Network = IPv4Network | IPv6Network
Addresses = dict[Role, tuple[Network, ...]]
"""What is known of the roles. A role that is not in it may be anywhere."""


class NothingWantedError(ValueError):
    """No packet can be one of those wanted."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A selection of packets."""

    flows: tuple[Flow, ...]
    addresses: Addresses = {}
    about: tuple[Network, ...] = ()
    """Only packets that one of these sends or gets; also those that name nobody on that end (0.0.0.0, broadcast, multicast)."""
    stations: tuple[str, ...] = ()
    """Only frames that one of these MAC addresses sends or gets."""
    tags: int = 2
    """Frames with at most so many VLAN tags, 0 to 2."""
    errors: bool = False
    """Also the ICMP and ICMPv6 errors that quote a packet of these flows."""


class Shape(Struct, frozen=True, kw_only=True):
    """Packets of one direction of one exchange, of one address family or of both."""

    protocol: Protocol
    family: Family | None = None
    """None: both, which only shapes without addresses can be."""
    source: tuple[Network, ...] | None = None
    """None: anywhere. Never empty."""
    destination: tuple[Network, ...] | None = None
    source_ports: tuple[PortRange, ...] = ANY_PORT
    destination_ports: tuple[PortRange, ...] = ANY_PORT
    types: tuple[tuple[int, int | None], ...] = ()
    """ICMP type and code; () for all."""
    tftp: bool = False
    """Data packets of TFTP: both ports are chosen by the ends, so that the contents have to tell."""
    free: bool = False
    """One end names nobody: what a capture is about cannot be seen there."""
    certain: bool = False
    """Both ends are known addresses of roles."""

    @property
    def turned(self) -> "Shape":
        """The same packets in the other direction."""
        return replace(
            self, source=self.destination, destination=self.source,
            source_ports=self.destination_ports, destination_ports=self.source_ports,
        )  # fmt: skip
