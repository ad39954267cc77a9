"""Hosts, interfaces and ports."""

from enum import StrEnum

from msgspec import Struct


class InterfaceKind(StrEnum):
    """What an interface is, as far as it decides which segment its frames are on."""

    PHYSICAL = "physical"
    VLAN = "vlan"
    BRIDGE = "bridge"
    BOND = "bond"
    MACVLAN = "macvlan"
    VETH = "veth"
    OTHER = "other"


class Host(Struct, frozen=True, omit_defaults=True, gc=False):
    """A machine that Bellrock knows of.

    `id` is the agent's id, or `peer-` + MAC for a peer that says nothing of its host (a plain MAAS rack).
    """

    id: str
    name: str
    role: str = ""


class Interface(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A network interface of one host, as its kernel describes it.

    Its identity is `permanent_mac` (or `mac`) within the host; the name comes second and may change.
    """

    name: str
    index: int
    """The kernel's ifindex."""
    mac: str
    """Lower case, with colons."""
    permanent_mac: str | None = None
    kind: InterfaceKind = InterfaceKind.PHYSICAL
    parents: tuple[str, ...] = ()
    """Lower devices by name: members of a bridge or bond, a VLAN's or macvlan's lower device, a veth's peer if it is in this namespace."""
    vid: int | None = None
    """The 802.1Q VID of a VLAN interface."""
    master: str | None = None
    """The bridge or bond that this interface is a member of."""
    forwarding: bool = True
    """False for a member through which its bridge (spanning tree) or bond (backup) passes no frames now."""
    vlan_filtering: bool = False
    """Of a bridge: whether it keeps VLANs apart, so that its members need not share a segment."""
    up: bool = True
    """Administratively up."""
    carrier: bool | None = None
    """None where the driver does not tell."""
    mtu: int = 1500
    speed: int | None = None
    """Mb/s as the driver tells it; None where it does not, or there is no carrier."""
    duplex: str = ""
    """`full` or `half`; "" where the driver does not tell."""
    addresses: tuple[str, ...] = ()
    """Addresses with prefix length, `10.0.0.1/24`, `fe80::1/64`."""
    vids: tuple[int, ...] = ()
    """VIDs on which the agent was told to beacon here, without a VLAN interface."""
    settled: bool = False
    """True once beaconing has had its say: its first burst of solicitations is over. Registration waits for it."""
    speaks: bool = True
    """False where the agent sends no beacons (a member of a bond or bridge, no carrier, no privilege)."""


class Port(Struct, frozen=True, gc=False, cache_hash=True):
    """Where a frame enters or leaves a host: an interface and a VID, or None for untagged (and priority-tagged) frames.

    A VLAN interface is the port of its lower device with its VID: `eth0.10` is (host, eth0, 10).
    Ports are in order by host, interface and VID, untagged ones first.
    """

    host: str
    interface: str
    vid: int | None = None

    def __lt__(self, other: "Port") -> bool:
        """By hand, for None does not compare with a VID."""
        return self._place() < other._place()

    def _place(self) -> tuple[str, str, int]:
        return self.host, self.interface, -1 if self.vid is None else self.vid
