"""What a comparison of a site with a host starts from, and what comes out of it."""

from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import Final

from msgspec import Struct

from bellrock.flows.addresses import EVERYTHING
from bellrock.flows.passages import AddressRange, Passage
from bellrock.flows.site import Site, Subnet
from bellrock.flows.values import Family, Flow, PortRange, Protocol, Role
from bellrock.model.listening import Conversation, Listener

FAMILIES: Final[tuple[Family, ...]] = (4, 6)
NOBODY_SEEN: Final = "a process that this user may not look into"


class Weight(StrEnum):
    """How much a remark matters."""

    COMPLAINT = "complaint"
    """Site and host contradict each other, or something is as the catalogue says it must not be."""
    HINT = "hint"
    """Worth a look; it may well be right."""


class Kind(StrEnum):
    """What a remark is about."""

    STRANGER = "stranger"
    """This host has none of the addresses of the role that it is said to play."""
    UNKNOWN_ADDRESS = "unknown-address"
    PREFIX = "prefix"
    """An address has another prefix length here than its subnet has in the site."""
    SILENT = "silent"
    """Nothing listens where the site has a service on this host."""
    UNREACHABLE = "unreachable"
    """Something listens, but at no address that the site gives the role."""
    PARTLY = "partly"
    FORBIDDEN = "forbidden"
    """What the catalogue wants off is on."""
    ROGUE_DHCP = "rogue-dhcp"
    TWO_DHCP = "two-dhcp"
    EXPOSED = "exposed"
    OVERLAP = "overlap"
    """A role that is to keep others out contains them."""
    OPENED = "opened"
    """A role that is everybody opens what a flow is to keep for some."""
    UNEXPLAINED = "unexplained"
    """Traffic that no flow explains."""


class Remark(Struct, frozen=True, kw_only=True):
    """One thing found: what is wrong, how that is known, and what can be done."""

    kind: Kind
    weight: Weight
    flow: str = ""
    """The flow's id; "" where it is about no flow."""
    sentence: str
    proof: str
    advice: str


class Unchecked(Struct, frozen=True):
    """A condition of a flow that cannot be seen from here."""

    flow: str
    sentence: str
    why: str


class Verdict(Struct, frozen=True, kw_only=True):
    """Everything that a comparison says."""

    roles: tuple[Role, ...]
    remarks: tuple[Remark, ...]
    served: tuple[tuple[str, str], ...] = ()
    """Flow id and who serves it here: `("tftp", "in.tftpd (pid 812, 0.0.0.0:69/udp)")`."""
    seen: tuple[tuple[str, int], ...] = ()
    """Flow id and packets of it that were seen; empty where nothing was watched."""
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def complaints(self) -> tuple[Remark, ...]:
        """The remarks that are more than hints."""
        return tuple(remark for remark in self.remarks if remark.weight is Weight.COMPLAINT)


class HostAddress(Struct, frozen=True):
    """An address of this host: `eth0`, `10.0.0.2/24`."""

    interface: str
    text: str

    @property
    def inside(self) -> IPv4Interface | IPv6Interface:
        """The address with its network."""
        return ip_interface(self.text)

    @property
    def ours_alone(self) -> bool:
        """Loopback or link-local: no site has it in its plan."""
        return self.inside.ip.is_loopback or self.inside.ip.is_link_local

    def said(self) -> str:
        """`10.0.0.2 on eth0`."""
        return f"{self.inside.ip} on {self.interface}"


class Scene(Struct, frozen=True, kw_only=True, dict=True):
    """A site beside a host."""

    site: Site
    file: str = "the site file"
    flows: tuple[Flow, ...]
    """Those of the site, with its ports (`flows_of`)."""
    passages: tuple[Passage, ...] = ()
    roles: tuple[Role, ...]
    """What this host plays."""
    addresses: tuple[HostAddress, ...] = ()
    listeners: tuple[Listener, ...] = ()
    elsewhere: tuple[Listener, ...] = ()
    """What listens in other network namespaces of the machine."""
    conversations: tuple[Conversation, ...] | None = None
    """None: nobody looked."""

    @cached_property
    def outward(self) -> tuple[HostAddress, ...]:
        """The addresses by which others reach this host."""
        return tuple(address for address in self.addresses if not address.ours_alone)

    def subnet_of(self, address: HostAddress) -> Subnet | None:
        """The site's smallest subnet that an address is in."""
        inside = [subnet for subnet in self.site.subnets if address.inside.ip in subnet.network]
        return max(inside, key=lambda subnet: subnet.network.prefixlen, default=None)

    def known(self, address: HostAddress) -> bool:
        """Whether a subnet or a role of the site has this address."""
        return self.subnet_of(address) is not None or any(
            within(int(address.inside.ip), ranges)
            for members in self.site.roles.values()
            if (ranges := members.addresses.of(family_of(address))) != (EVERYTHING[family_of(address)],)
        )


def within(value: int, ranges: tuple[AddressRange, ...]) -> bool:
    """Whether an address, as an integer, is in one of some sorted, disjoint ranges of its family."""
    at = bisect_right(ranges, value, key=_first)
    return at > 0 and value <= ranges[at - 1][1]


def _first(span: AddressRange) -> int:
    return span[0]


def family_of(address: HostAddress) -> Family:
    """4 or 6."""
    return 4 if address.inside.version == 4 else 6


def single(ranges: tuple[PortRange, ...]) -> Iterator[int]:
    """The ports that are named one by one, not chosen from a range."""
    return (first for first, last in ranges if first == last)


def port_text(protocol: Protocol | str, port: int) -> str:
    """`tcp/3128`."""
    return f"{protocol}/{port}"


def owner_text(listener: Listener) -> str:
    """`squid (pid 812)`, or that its owner may not be seen."""
    if not listener.owners:
        return NOBODY_SEEN
    return " and ".join(
        f"{name} (pid {pid})" for name, pid in {it.name: it.pid for it in reversed(listener.owners)}.items()
    )


def socket_text(listener: Listener) -> str:
    """`0.0.0.0:67`, `[::]:80`, `0.0.0.0%virbr0:67`."""
    device = f"%{listener.interface}" if listener.interface else ""
    host = f"{listener.address}{device}"
    return f"{host}:{listener.port}" if listener.family == 4 else f"[{host}]:{listener.port}"


def listener_text(listener: Listener) -> str:
    """`dnsmasq (pid 812, 0.0.0.0%virbr0:67)`."""
    if not listener.owners:
        return f"{NOBODY_SEEN} ({socket_text(listener)})"
    return f"{owner_text(listener)[:-1]}, {socket_text(listener)})"


def heard_at(listener: Listener, addresses: tuple[HostAddress, ...]) -> tuple[HostAddress, ...]:
    """The host's addresses at which a listener takes packets."""
    return tuple(address for address in addresses if _heard(listener, address))


def _heard(listener: Listener, address: HostAddress) -> bool:
    if listener.interface and listener.interface != address.interface:
        return False
    if listener.wildcard:
        return listener.family == address.inside.version or listener.dual
    return ip_address(listener.address.partition("%")[0]) == address.inside.ip
