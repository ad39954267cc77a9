"""What a wire has shown, as values that rules read: packets that carry meaning, conversations, file transfers.

Bulk is counted, not kept: of ten million packets of an image only its conversation is told. Times are integers: nanoseconds since the
epoch by the clock of the point where they were captured (or of the first point, once several were aligned).
"""

from typing import Literal

from msgspec import Struct

from bellrock.model import Neighbour
from bellrock.wire import dhcp, dhcp6, ntp, tftp
from bellrock.wire.arp import Arp
from bellrock.wire.certificate import Certificate
from bellrock.wire.discovery import Advertisement, RouterAdvertisement, Solicitation
from bellrock.wire.dns import Answered, Asked
from bellrock.wire.httphead import Request, Response
from bellrock.wire.icmp import Complaint, Echo
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu
from bellrock.wire.tcp import Segment
from bellrock.wire.tls import Alert, ClientHello

__all__ = [
    "NS", "Advertisement", "Alert", "Answered", "Arp", "Asked", "Beacon", "Certificate", "ClientHello", "Complaint", "Conversation",
    "Echo", "Log", "Packet", "Point", "Request", "Response", "RouterAdvertisement", "Said", "Segment", "Solicitation", "Transfer",
    "Wire",
]  # fmt: skip

NS = 1_000_000_000
"""Nanoseconds in a second."""


class Log(Struct, frozen=True, gc=False):
    """A syslog message; what it says is not kept, for anything may stand there."""

    priority: int | None
    tag: str = ""


class Beacon(Struct, frozen=True, gc=False):
    """A MAAS or Bellrock beacon, still sealed."""

    version: int


Said = (
    dhcp.Message | dhcp6.Message | dhcp6.Relayed | Arp | Solicitation | Advertisement | RouterAdvertisement | tftp.Read | tftp.Refusal
    | tftp.Agreed | Asked | Answered | ntp.Packet | Segment | Request | Response | ClientHello | Certificate | Alert | Complaint | Echo
    | Log | Lacpdu | Bpdu | Neighbour | Beacon
)  # fmt: skip
"""What a packet says. TFTP's data and acknowledgements, and payload of TCP behind a head, are told by transfers and conversations."""


class Packet(Struct, frozen=True, kw_only=True):
    """A packet that carries meaning."""

    number: int
    """In its file from 1, as Wireshark counts; of a merged capture, in the merged file."""
    at: int
    point: str = ""
    """Where it was captured: `rack-1/eth1` where the capture tells, else the interface's name or number."""
    octets: int
    """Of the frame on the wire."""
    source_mac: str = ""
    """Empty where the link type has none."""
    destination_mac: str = ""
    vids: tuple[int, ...] = ()
    """Tags, the outer one first."""
    source: str = ""
    """IP address; empty below IP."""
    destination: str = ""
    source_port: int = 0
    destination_port: int = 0
    hop_limit: int | None = None
    fragmented: bool = False
    tunnel: str = ""
    """`vxlan 42`, `gre`: it was inside one."""
    said: Said


class Conversation(Struct, frozen=True, kw_only=True, gc=False):
    """Packets between two ends over UDP, TCP or another protocol; the source is who began, as far as that can be told."""

    flow: str = ""
    """Of the catalogue; empty: no flow explains it."""
    protocol: str
    """`tcp`, `udp`, `icmp`, `icmpv6`, or the number."""
    source: str
    source_port: int
    destination: str
    destination_port: int
    point: str = ""
    vids: tuple[int, ...] = ()
    packets: int
    """From the source."""
    octets: int
    replies: int = 0
    reply_octets: int = 0
    first: int
    last: int
    last_reply: int | None = None
    first_packet: int = 0
    """Number of the packet that began it."""
    last_packet: int = 0
    begun: bool = False
    """A SYN of the source was seen, so the beginning is in the capture."""
    answered: int | None = None
    """Of TCP: when SYN/ACK came."""
    largest: int = 0
    """Octets of the largest IP packet of the source."""
    largest_reply: int = 0
    dont_fragment: bool = False
    """Some large packet had DF set (IPv6: always)."""
    repeated: int = 0
    """TCP segments with data of the source that were sent again; of replies in `replies_repeated`."""
    replies_repeated: int = 0
    stuck_octets: int = 0
    """Octets of IP packet of a segment that was sent again and again until the end without being acknowledged; 0: none."""
    passed_octets: int = 0
    """Octets of the largest IP packet with data that was acknowledged in the direction of the stuck one; 0: none, or nothing is stuck."""
    ended: Literal["open", "closed", "reset", "reset by source", "never answered"] = "open"
    silence: float = 0.0
    """Seconds of the longest pause before it went on or ended."""


class Transfer(Struct, frozen=True, kw_only=True):
    """A file by TFTP."""

    client: str
    client_mac: str
    server: str
    path: str
    point: str = ""
    vids: tuple[int, ...] = ()
    packet: int
    """Number of the request."""
    at: int
    until: int
    asked: int = 1
    """How often the request was sent."""
    blksize: int | None = None
    """Agreed, or 512 once data came without agreement; None: nothing came."""
    tsize: int | None = None
    octets: int = 0
    """Of the file, as far as it was acknowledged."""
    repeated: int = 0
    largest: int = 0
    """Octets of the largest data packet's IP packet (of all its fragments)."""
    ended: Literal["whole", "refused", "aborted", "silent", "open"] = "open"
    """Silent: the server did not answer; open: no end was seen (stalled, or the capture ended)."""
    error: str = ""
    """What a Refusal said."""
    answered_from: str = ""
    """Address that the data came from, where it is not the server that was asked."""
    complained: str = ""
    """Kind of an ICMP error about it."""
    acks: int | None = None
    """Acknowledgements of the client that were seen, that of the agreed options included; 0: it never answered to what the server
    sent, so it did not get it. None: not counted."""
    head: bytes = b""
    """How the file begins, at most some hundred octets; empty: its first block was not seen."""


class Point(Struct, frozen=True, kw_only=True):
    """Where packets were captured."""

    name: str
    link_type: str
    packets: int
    first: int
    last: int
    dropped: int | None = None
    """Packets that the capturing machine lost; None: the file does not tell."""
    snaplen: int = 0
    """Octets kept of each packet, where that is less than all; 0: all."""
    mac: str = ""
    """The MAC address of the interface itself, where the capture tells it."""
    addresses: tuple[str, ...] = ()
    """Its own IP addresses with their prefix lengths, as far as the capture tells them."""
    shift: int = 0
    """Nanoseconds that were added to its times to align it with the first point."""


class Wire(Struct, frozen=True, kw_only=True, weakref=True):
    """All of it."""

    points: tuple[Point, ...] = ()
    packets: tuple[Packet, ...] = ()
    """By time."""
    conversations: tuple[Conversation, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    seen: int = 0
    """Packets in the capture, of any kind."""
    left_out: dict[str, int] = {}
    """Kind of packet → how many more there were than are kept: floods are counted."""
    troubles: tuple[str, ...] = ()
    """What could not be seen, and why: `cut at packet 812`, `clock went back 3.2 s at packet 91`, `34 packets were cut to 96 octets`."""

    damaged: bool = False
    """A file is damaged somewhere, so that what follows there is not in here."""

    @property
    def unread(self) -> bool:
        """Something could not be read: what follows damage, or all of it."""
        return self.damaged or bool(self.seen and self.troubles and not (self.packets or self.conversations))

    @property
    def first(self) -> int:
        """When it began; 0: it is empty."""
        return min((point.first for point in self.points if point.packets), default=0)

    @property
    def last(self) -> int:
        """When it ended."""
        return max((point.last for point in self.points if point.packets), default=0)
