"""What reading gives: interfaces, chunks of packets, columns of their fields.

A chunk's arrays have one element for each packet (N); `offsets`, `network`, `transport` and `payload` are places in `Chunk.octets`.
What a packet does not have, or what is not in its kept octets, is -1 (0 where the type has no sign, False where it is a bit).
"""

from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Octets = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Small = NDArray[np.int32]
Words = NDArray[np.uint64]
Bits = NDArray[np.bool_]
Array = NDArray[Any]

PADDING: Final = 128
"""Zero octets behind the last packet of a chunk, so that a header may be fetched wherever a packet begins."""
MAX_CHUNK: Final = 1 << 24
"""Octets of a chunk: large enough for numpy to be worth its calls, small enough for caches and memory."""
MAX_PACKETS: Final = 1 << 15
"""Packets of a chunk."""
MAX_KEPT: Final = 1 << 18
"""Octets kept of one packet (the largest snaplen that libpcap writes: 262144). A record that says more is damage."""

NO_TUNNEL, GRE, VXLAN = 0, 1, 2
"""Values of `Columns.tunnel`."""
WHOLE, FIRST_PIECE, LATER_PIECE = 0, 1, 2
"""Values of `Columns.piece`."""


class CaptureError(Exception):
    """A capture that cannot be read, or not further: one line, with the file's name, the place and the reason."""


class Interface(Struct, kw_only=True):
    """Where packets of a file were captured. A classic pcap file has one, without a name."""

    number: int
    """Index, as `Chunk.interfaces` has it: over all sections of a file and all files."""
    name: str = ""
    """`eth1`, as the file has it; a host may stand before it (`rack-1/eth1`)."""
    link_type: int
    """LINKTYPE_ value: 1 is Ethernet."""
    snaplen: int = 0
    """Octets kept of each packet at most; 0: all."""
    comments: tuple[str, ...] = ()
    filter: str = ""
    mac: str = ""
    """Its own MAC address, where the file tells it."""
    addresses: tuple[str, ...] = ()
    """Its own IP addresses with their prefix lengths, as far as the file tells them."""
    dropped: int | None = None
    """Packets that were lost while capturing, as the file's statistics tell; None: it tells nothing."""
    host: str = ""
    """Whose it is, where that is known apart from the name."""
    file: str = ""
    """Path of its file; empty: standard input."""

    @property
    def point(self) -> str:
        """Where packets of it were captured: its name, or its file's where it has none."""
        return self.name or self.file.rpartition("/")[2]


class Chunk(Struct, frozen=True, kw_only=True):
    """Some packets of a file, in its order."""

    octets: Octets
    """All of their octets and what stands between them in the file; PADDING zeros at the end."""
    offsets: Numbers
    """Where each packet begins."""
    kept: Numbers
    """Octets that are there of it."""
    lengths: Numbers
    """Octets that it had on the wire."""
    times: Numbers
    """Nanoseconds since the epoch by the clock of whoever captured it."""
    interfaces: Small
    """Number of its interface: an index into `Opened.interfaces`."""
    first: int
    """Number of the first of these packets, from 1, as Wireshark counts."""

    def __len__(self) -> int:
        """How many packets."""
        return len(self.offsets)

    @property
    def captured_by(self) -> list[int]:
        """Numbers of the interfaces that these packets are of, ascending."""
        if len(self) and (self.interfaces == self.interfaces[0]).all():
            return [int(self.interfaces[0])]
        return np.unique(self.interfaces).tolist()  # type: ignore[no-any-return]

    def data(self, at: int) -> bytes:
        """The kept octets of packet `at` of this chunk."""
        begin = int(self.offsets[at])
        return self.octets[begin : begin + int(self.kept[at])].tobytes()


class Columns(Struct, frozen=True, kw_only=True):
    """Fields of the packets of a chunk. Inside a tunnel (`tunnel`) they are those of the inner packet; VIDs are always the outer ones.

    IPv4 addresses are one number (low word, high word 0), IPv6 addresses two; `version` tells them apart. `addresses.text` writes them.
    """

    chunk: Chunk
    source_mac: Numbers
    """48 bits; -1: the link type has none."""
    destination_mac: Numbers
    vid: Small
    """VID of the outer tag, 0 for a priority tag; -1: untagged."""
    inner_vid: Small
    """VID of the second tag; -1: none."""
    ethertype: Small
    """Behind the tags; below 0x600 the length of an IEEE 802.3 frame (LLC begins at `network`); -1: unknown link type, or cut."""
    network: Numbers
    """Where what the EtherType names begins."""
    end: Numbers
    """Where the packet's kept octets end, padding of short frames left out where IP tells its length."""

    version: Small
    """4 or 6; 0: no IP, or its header is cut or wrong."""
    source_high: Words
    source_low: Words
    destination_high: Words
    destination_low: Words
    protocol: Small
    """What IP carries behind its extension headers; -1: no IP."""
    hop_limit: Small
    """TTL or hop limit; -1: no IP."""
    ip_length: Small
    """Octets of the IP packet on the wire, header included; 0: no IP."""
    dont_fragment: Bits
    """DF; always of IPv6."""
    piece: Small
    """WHOLE, FIRST_PIECE or LATER_PIECE of a fragmented datagram."""
    assembled: dict[int, bytes]
    """Index of the packet that completed a fragmented datagram → all that its IP header carried (UDP header and payload)."""

    transport: Numbers
    """Where TCP, UDP, ICMP, … begins; -1: no IP, or a later fragment."""
    source_port: Small
    """Of TCP, UDP; -1: none. A later fragment has those of its first one, where that was seen."""
    destination_port: Small
    flags: Small
    """Of TCP (FIN 1, SYN 2, RST 4, PSH 8, ACK 16); -1: no TCP."""
    sequence: Numbers
    acknowledged: Numbers
    window: Small
    icmp_type: Small
    """Of ICMP and ICMPv6; -1: neither."""
    icmp_code: Small
    payload: Numbers
    """Where the payload of TCP, UDP or ICMP (behind its 8 octets) begins; -1: none of them."""
    payload_length: Small
    """Octets of it on the wire, as the IP header tells; 0 without."""
    payload_kept: Small
    """Octets of it that are in the chunk."""

    tunnel: Small
    """NO_TUNNEL, GRE or VXLAN."""
    tunnel_id: Small
    """VNI of VXLAN, key of GRE where it fits 31 bits; -1: none."""
