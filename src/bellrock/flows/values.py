"""The words of the flow catalogue, as frozen values: flows, the exchanges of packets that they are made of, roles.

A flow is what an operator names ("TFTP"); an exchange is one shape of packets in it ("the read request", "the data"),
precise enough that rules, filters and probes follow from it without another word.
"""

from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

PortRange = tuple[int, int]
"""First and last port, both included."""

ANY_PORT: Final[tuple[PortRange, ...]] = ((0, 65535),)
EPHEMERAL: Final[tuple[PortRange, ...]] = ((1024, 65535),)
"""RFC 6335 §6 names 49152-65535; what firmware and kernels choose from is wider, but never a system port."""

Family = Literal[4, 6]
"""The version field of the IP header."""


class Role(StrEnum):
    """Who takes part in provisioning. A site gives each role its addresses; one machine may play several."""

    NODE = "node"
    RACK = "rack"
    REGION = "region"
    BMC = "bmc"
    LXD_HOST = "lxd-host"
    LIBVIRT_HOST = "libvirt-host"
    MIRROR = "mirror"
    PROXY = "proxy"
    DNS = "dns"
    NTP = "ntp"
    LOG = "log"
    DIRECTORY = "directory"
    REGISTRY = "registry"
    ADMIN = "admin"
    RELAY = "relay"
    SNAP_STORE = "snap-store"
    DATABASE = "database"
    ANYONE = "anyone"
    """Everybody on the network: the other end of what routers, switches and kernels say to each other (ICMP, IGMP, MLD)."""


class Protocol(StrEnum):
    """What the IP header carries."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    ICMPV6 = "icmpv6"
    IGMP = "igmp"


class Group(StrEnum):
    """The tables of the catalogue."""

    CORE = "core"
    DAY_2 = "day-2"
    BMC = "bmc"
    VIRTUALIZATION = "virtualization"
    ENTERPRISE = "enterprise"
    BELLROCK = "bellrock"
    """What Bellrock itself sends."""
    ESSENTIAL = "essential"
    """What every network needs and no firewall may block: ICMP errors, neighbour discovery, multicast membership."""


class Reach(StrEnum):
    """How far the packets of an exchange go."""

    ROUTED = "routed"
    """Unicast; crosses routers."""
    LINK = "link"
    """Broadcast, link-scope multicast or unicast to a neighbour: never crosses a router (RFC 2131 §4.1, RFC 4291 §2.7)."""


class Stance(StrEnum):
    """What a site should do about a flow."""

    NEEDED = "needed"
    FORBIDDEN = "forbidden"
    """It must not be there at all: a firewall blocks it, and a check complains where it passes."""


class Exchange(Struct, frozen=True, kw_only=True):
    """One shape of packets. Answers that connection tracking ties to it belong to it and are not written down again."""

    name: str
    """Unique within its flow: `discover`, `renew`, `data`."""
    source: tuple[Role, ...]
    destination: tuple[Role, ...]
    protocol: Protocol
    source_ports: tuple[PortRange, ...] = ANY_PORT
    destination_ports: tuple[PortRange, ...] = ANY_PORT
    types: tuple[tuple[int, int | None], ...] = ()
    """ICMP type and code (None: any); () where the protocol has ports, or for all types."""
    families: tuple[Family, ...] = (4, 6)
    reach: Reach = Reach.ROUTED
    source_addresses: tuple[str, ...] = ()
    """Besides the role's own addresses: `0.0.0.0`; instead of them in IPv6 where `fe80::/10` is listed (RFC 6724 §5 rule 2),
    and for ANYONE."""
    destination_addresses: tuple[str, ...] = ()
    """Broadcast or multicast addresses; where there are any, the role's own addresses do not count unless `or_own`.
    `fe80::/10` stands for the role's own addresses in IPv6, as for sources."""
    or_own: bool = False
    """The destination role's own addresses count beside `destination_addresses`."""
    helper: str = ""
    """The conntrack helper that ties the data packets of this exchange to it (`tftp`); empty: none is needed."""
    expected: bool = False
    """Connection tracking calls these packets *related*: what a helper expects, and ICMP errors about a connection that it knows.
    A rule for them is not needed where it works."""
    answered: bool = True
    """Connection tracking sees the answers as replies; False for one-way packets, or where answers come as an exchange of their own."""
    why: str = ""
    """One sentence with its source: `RFC 2131 §4.3.6: a client that renews asks its server by unicast`."""


class ConditionKind(StrEnum):
    """What the note of a flow says that can be checked."""

    ONE_SERVER_PER_VLAN = "one-server-per-vlan"
    RELAY_TARGETS = "relay-targets"
    ONLY_FROM = "only-from"
    NOT_EXPOSED = "not-exposed"
    OFF_ON_PRODUCTION = "off-on-production"
    CLOCK_SKEW = "clock-skew"
    CERTIFICATE = "certificate"
    BOTH_WAYS = "both-ways"
    PREFERRED_TO = "preferred-to"
    OFTEN_VIA = "often-via"
    NEEDS_HELPER = "needs-helper"


class Condition(Struct, frozen=True, kw_only=True):
    """Something checkable about a flow."""

    kind: ConditionKind
    subject: str = ""
    """A role, a flow id or a number with its unit (`120 s`), as the kind has it."""
    sentence: str
    """What must hold, in words for an operator."""


class PortsOf(Struct, frozen=True):
    """The conventional port numbers of a flow under one protocol."""

    protocol: Protocol
    ports: tuple[int, ...]


class Flow(Struct, frozen=True, kw_only=True):
    """A row of the catalogue: who talks to whom, over what, and why."""

    id: str
    title: str
    group: Group
    source: tuple[Role, ...]
    destination: tuple[Role, ...]
    protocols: tuple[PortsOf, ...]
    """As operators name them: what a site may override, and what tables show."""
    exchanges: tuple[Exchange, ...]
    note: str
    stance: Stance = Stance.NEEDED
    optional: bool = False
    """Wanted only where a site has a role for it."""
    conditions: tuple[Condition, ...] = ()
    profile: str = "standard"
    """The profile whose ports these are."""
