"""Readings of a wire that rules of networks and services share: when, whose address, which point stands where, what was answered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final, NamedTuple, TypeVar

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Arp, Conversation, Packet, Point, Wire
from bellrock.wire import dhcp
from bellrock.wire.dhcp import Kind

T = TypeVar("T")
MAX_EVIDENCE: Final = 8
"""Packets that a finding names; more help nobody."""
EVERYBODY: Final = "ff:ff:ff:ff:ff:ff"
SILENCE: Final = frozenset(
    (
        "connection-unanswered", "dns-unanswered", "metadata-unanswered", "never-arrived", "ntp-unanswered", "proxydhcp-unanswered",
        "tftp-data-blocked", "tftp-stalled", "tftp-unanswered",
    )
)  # fmt: skip
"""Rules whose proof is that packets lack, which follows where packets are lost. What an answer says does not: who was refused was reached."""
UNREACHED: Final = SILENCE | frozenset(
    (
        "address-not-routable", "asymmetric-route", "connection-cut-by-middle-box", "http-boot-failed", "mtu-black-hole", "service-refused",
        "tftp-answered-from-elsewhere", "tftp-block-too-large",
    )
)  # fmt: skip
"""Rules that find what follows where packets of a machine do not arrive, or reach another one, which answers in its own way."""
NOBODY: Final = ("", "0.0.0.0", "::")  # noqa: S104 -- addresses that are none, never bound
_VIRTUAL: Final = (
    "00:00:5e:00:01:",
    "00:00:5e:00:02:",
    "00:00:0c:07:ac:",
    "00:00:0c:9f:f",
    "00:05:73:a0:0",
    "00:07:b4:",
)
"""RFC 5798 §7.3 (VRRP for IPv4, IPv6), Cisco's HSRP 1, 2 and for IPv6, GLBP: routers that stand in for each other."""


class Claim(NamedTuple):
    """Somebody said by ARP (or neighbour advertisement) that an address is his."""

    packet: Packet
    address: str
    mac: str


def of(wire: Wire, kind: type[T]) -> Iterator[tuple[Packet, T]]:
    """Packets that say something of this kind, by time."""
    for packet in wire.packets:
        if isinstance(packet.said, kind):
            yield packet, packet.said


def clock(wire: Wire, at: int) -> str:
    """`12.345 s`: from the beginning of the capture."""
    return f"{(at - wire.first) / NS:.3f} s"


def links(packets: Iterable[Packet]) -> tuple[str, ...]:
    """What a finding's evidence says of packets: the first ones, each once."""
    numbers = dict.fromkeys(packet.number for packet in packets)
    return tuple(f"packet {number}" for number in [*numbers][:MAX_EVIDENCE])


def packet_links(*numbers: int) -> tuple[str, ...]:
    """The same of packets of which only the number is known; 0 is none."""
    return tuple(f"packet {number}" for number in dict.fromkeys(numbers) if number)[:MAX_EVIDENCE]


def clients(case: Case) -> dict[str, str]:
    """IP address → MAC address of the machine that leased it, as DHCP shows it (from behind a relay as well), or its boot."""
    found = {boot.address: boot.mac for boot in case.boots if boot.address}
    if case.wire is not None:
        for _packet, said in of(case.wire, dhcp.Message):
            if said.kind == Kind.ACK and said.yiaddr not in NOBODY and len(said.chaddr) == 6:
                found[said.yiaddr] = said.chaddr.hex(":")
    return found


def claims(wire: Wire) -> Iterator[Claim]:
    """Who says by ARP that an address is his; RFC 5227 §2.1.1: a probe, from 0.0.0.0, does not."""
    for packet, said in of(wire, Arp):
        if said.sender not in NOBODY:
            yield Claim(packet, said.sender, said.sender_mac)


def segment_of(packet: Packet) -> tuple[str, tuple[int, ...]]:
    """The broadcast domain, as far as a capture tells it: where it was captured, and the tags."""
    return packet.point, packet.vids


def virtual(mac: str) -> bool:
    """Whether routers share this address, so that its owner may change."""
    return mac.startswith(_VIRTUAL)


def unicast(address: str) -> bool:
    """Whether an IP address means one machine beyond doubt: not unspecified, multicast or the limited broadcast."""
    if address in NOBODY:
        return False
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return not (parsed.is_multicast or address == "255.255.255.255")


def host_of(point: str) -> str:
    """The machine where a point is, as its name tells it: `rack-1` of `rack-1/eth1`; empty: it does not."""
    host, slash, _interface = point.partition("/")
    return host if slash else ""


_MAX_NAME: Final = 15
"""Octets of a Linux interface's name (IFNAMSIZ)."""
_FILES: Final = (".pcap", ".pcapng", ".cap", ".gz", ".zst", ".dump")


def interface_of(point: str) -> str:
    """`eth1` of `rack-1/eth1`; empty where the point is called after a file, because that does not tell."""
    name = point.rpartition("/")[2]
    return "" if len(name) > _MAX_NAME or name.endswith(_FILES) else name


def reliable(point: Point) -> bool:
    """Whether what is missing there was really not there: the capturing machine says that it lost nothing, or does not say."""
    return not point.dropped


def ends(conversation: Conversation) -> tuple[str, str, int, str, int]:
    """Protocol and both ends: the same at every point where it is seen."""
    one = conversation
    return one.protocol, one.source, one.source_port, one.destination, one.destination_port


def by_ends(wire: Wire) -> dict[tuple[str, str, int, str, int], list[Conversation]]:
    """Conversations, those of several points together."""
    found: dict[tuple[str, str, int, str, int], list[Conversation]] = defaultdict(list)
    for one in wire.conversations:
        found[ends(one)].append(one)
    return found


def answered(conversation: Conversation) -> bool:
    """Whether the other end answered in kind: of TCP a reset is no answer."""
    if conversation.protocol == "tcp" and conversation.begun:
        return conversation.answered is not None
    return conversation.replies > 0


def own_macs(wire: Wire, point: str) -> frozenset[str]:
    """MAC addresses that take part in every unicast frame at a point: its own, where it is an interface of a machine.

    One where the capture tells it. Else two where it talked to one other machine only; none at a mirror port or where nothing was unicast.
    """
    if mac := next((one.mac for one in wire.points if one.name == point), ""):
        return frozenset((mac,))
    common: frozenset[str] | None = None
    for packet in wire.packets:
        if packet.point == point and packet.source_mac and not group(packet.destination_mac):
            pair = frozenset((packet.source_mac, packet.destination_mac))
            common = pair if common is None else common & pair
    return common or frozenset()


def group(mac: str) -> bool:
    """Whether a MAC address is a group's, the broadcast address included (IEEE 802 §8.2: the lowest bit of the first octet)."""
    return bool(mac) and bool(int(mac[1], 16) & 1)


def client_of(leased: dict[str, str], address: str) -> str:
    """How a finding names the machine that suffers: by its MAC address, as rules of DHCP do; else by its address."""
    return leased.get(address, address)


def again(point: str, seconds: int = 60) -> str:
    """The command that looks at the wire again where it was looked at."""
    return f"bellrock diagnose --live {interface_of(point) or 'IF'} --for {seconds}"


def vid_of(packet: Packet | Conversation) -> int | None:
    """The VLAN, where a tag tells it."""
    return packet.vids[-1] if packet.vids else None
