"""From the columns of a packet to what is told around that which it says."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from bellrock.capture.reading.addresses import mac, text
from bellrock.capture.reading.picks import Kind
from bellrock.capture.reading.values import GRE, NO_TUNNEL, VXLAN, WHOLE, Columns, Numbers
from bellrock.diagnosis.packets import Packet, Said
from bellrock.wire.ethernet import FIRST_ETHERTYPE

_LINK: Final = frozenset((Kind.ARP, Kind.LLDP, Kind.CDP, Kind.STP, Kind.LACP))
"""Kinds whose octets begin behind the EtherType; those of others begin behind UDP's or TCP's header, unless they are below."""
_TRANSPORT: Final = frozenset((Kind.COMPLAINT, Kind.ECHO, Kind.DISCOVERY, Kind.SEGMENT))
"""Kinds whose octets begin with the header of ICMP or TCP."""
_CHADDR: Final = 28
"""RFC 2131 §2: where the client's hardware address stands."""
_UDP_HEADER: Final = 8
_TCP_HEADER: Final = 60
"""With all its options (RFC 9293 §3.1)."""
MAX_OCTETS: Final = 1 << 16
"""Octets of one packet that are looked at."""


class Envelope(NamedTuple):
    """A packet without what it says."""

    at: int
    """Its index in its chunk."""
    fields: dict[str, Any]
    """Of `Packet`."""

    def packet(self, said: Said) -> Packet:
        """With what it says."""
        return Packet(said=said, **self.fields)


def envelopes(columns: Columns, found: Numbers, points: list[str]) -> list[Envelope]:
    """Of the packets at these indices. `points`: names of the interfaces, by their number."""
    chunk = columns.chunk
    rows = zip(
        found.tolist(), chunk.times[found].tolist(), chunk.interfaces[found].tolist(), chunk.lengths[found].tolist(),
        columns.source_mac[found].tolist(), columns.destination_mac[found].tolist(), columns.vid[found].tolist(),
        columns.inner_vid[found].tolist(), columns.version[found].tolist(), _addresses(columns, found),
        columns.source_port[found].tolist(), columns.destination_port[found].tolist(), columns.hop_limit[found].tolist(),
        (columns.piece[found] != WHOLE).tolist(), columns.tunnel[found].tolist(), columns.tunnel_id[found].tolist(), strict=True,
    )  # fmt: skip
    return [Envelope(row[0], _fields(chunk.first, points, row)) for row in rows]


def octets(columns: Columns, kind: Kind, index: int) -> bytes:
    """What a packet's kind is read from."""
    if index in columns.assembled and kind not in _LINK and kind not in _TRANSPORT:
        return columns.assembled[index][_UDP_HEADER:]
    end = int(columns.end[index])
    if kind in _LINK:
        begin, ethertype = int(columns.network[index]), int(columns.ethertype[index])
        # Of Ethernet it is a length; a cooked capture says there that LLC follows (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html).
        if ethertype < FIRST_ETHERTYPE and columns.destination_mac[index] >= 0:
            end = min(end, begin + ethertype)
    else:
        begin = int((columns.transport if kind in _TRANSPORT else columns.payload)[index])
    most = _TCP_HEADER if kind is Kind.SEGMENT else MAX_OCTETS
    return columns.chunk.octets[begin : min(end, begin + most)].tobytes()


def clients(columns: Columns, kind: Kind, found: Numbers) -> Numbers:
    """For each packet a number that is the same for all that are about one client: it sent them, or they are sent to it."""
    macs = columns.source_mac[found]
    if kind is Kind.DHCP:
        return _hardware(columns, found)
    low = columns.source_low[found].view(np.int64)
    if kind in _LINK or kind in (Kind.DISCOVERY, Kind.DHCP6):
        return np.where(macs >= 0, macs, low)
    # The client's port is the larger one: those of services are small, and agreed on.
    answered = columns.source_port[found] < columns.destination_port[found]
    return np.where(answered, columns.destination_low[found].view(np.int64), low)


def _hardware(columns: Columns, found: Numbers) -> Numbers:
    """Of DHCP messages, which a relay sends for many, and a server to many. Those that are too short have octets of others."""
    places = columns.payload[found] + _CHADDR
    last = len(columns.chunk.octets) - 6
    windows = columns.chunk.octets[np.clip(places, 0, last)[:, None] + np.arange(6)]
    weights = 256 ** np.arange(5, -1, -1, dtype=np.int64)
    found_macs: Numbers = (windows * weights).sum(axis=1)
    return found_macs


def _addresses(columns: Columns, found: Numbers) -> list[tuple[int, int, int, int]]:
    fields = (columns.source_high, columns.source_low, columns.destination_high, columns.destination_low)
    return list(zip(*(field[found].tolist() for field in fields), strict=True))


def _fields(first: int, points: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    (index, at, interface, length, source_mac, destination_mac, vid, inner, version, addresses, source_port, destination_port, hops,
     fragmented, tunnel, tunnel_id) = row  # fmt: skip
    return {
        "number": first + index, "at": at, "point": points[interface], "octets": length, "source_mac": mac(source_mac),
        "destination_mac": mac(destination_mac), "vids": vids(vid, inner),
        "source": text(version, addresses[0], addresses[1]), "destination": text(version, addresses[2], addresses[3]),
        "source_port": max(source_port, 0), "destination_port": max(destination_port, 0), "hop_limit": hops if hops >= 0 else None,
        "fragmented": fragmented, "tunnel": tunnel_text(tunnel, tunnel_id),
    }  # fmt: skip


@lru_cache(maxsize=4096)
def vids(outer: int, inner: int) -> tuple[int, ...]:
    """VIDs of the tags, the outer first; 0 is a tag that gives a priority only, and names no VLAN."""
    return tuple(vid for vid in (outer, inner) if vid > 0)


def tunnel_text(kind: int, number: int) -> str:
    """`vxlan 42`, `gre`; empty outside of any."""
    if kind == NO_TUNNEL:
        return ""
    name = {GRE: "gre", VXLAN: "vxlan"}[kind]
    return f"{name} {number}" if number >= 0 else name
