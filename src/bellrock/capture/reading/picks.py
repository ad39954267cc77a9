"""Which packets of a chunk carry meaning, and of which kind; found for all of them at once, so that bulk costs nothing further."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import numpy as np

from bellrock.capture.layers import ICMP, ICMPV6, TCP, UDP
from bellrock.capture.reading.gather import fetch, layout
from bellrock.capture.reading.values import LATER_PIECE, WHOLE, Array, Bits, Columns, Numbers
from bellrock.wire import arp, cdp, dhcp, dhcp6, discovery, dns, httphead, lacp, stp, tcp, tls
from bellrock.wire.ethernet import ETHERTYPE_LLDP, FIRST_ETHERTYPE
from bellrock.wire.frame import BEACON_PORT


class Kind(StrEnum):
    """Kinds of packets, as they are counted where there are too many."""

    ARP = "arp"
    LLDP = "lldp"
    CDP = "cdp"
    STP = "spanning tree"
    LACP = "lacp"
    DHCP = "dhcp"
    DHCP6 = "dhcpv6"
    DNS = "dns"
    NTP = "ntp"
    SYSLOG = "syslog"
    TFTP = "tftp"
    BEACON = "beacon"
    COMPLAINT = "icmp error"
    ECHO = "echo"
    DISCOVERY = "neighbour discovery"
    SEGMENT = "tcp segment"
    HTTP = "http"
    TLS = "tls"
    DNS_STREAM = "dns over tcp"
    LOG_STREAM = "syslog over tcp"


NTP_PORT, TFTP_PORT = 123, 69
SYSLOG_PORTS: Final = (514, 5247)
"""RFC 5426 §3.3, and where a stock MAAS rack takes it."""
_PORTS: Final = (
    (Kind.BEACON, (BEACON_PORT,)), (Kind.SYSLOG, SYSLOG_PORTS[1:]), (Kind.DHCP, (dhcp.PROXY_PORT,)), (Kind.SYSLOG, SYSLOG_PORTS[:1]),
    (Kind.NTP, (NTP_PORT,)), (Kind.DNS, (dns.PORT,)), (Kind.DHCP6, (dhcp6.CLIENT_PORT, dhcp6.SERVER_PORT)),
    (Kind.DHCP, (dhcp.SERVER_PORT, dhcp.CLIENT_PORT)),
)  # fmt: skip
"""Where both ports are among them the later one counts: those before are such as a client may have by chance."""
_FIRST4: Final = layout(4, {"word": (">u4", 0)})
_FIRST8: Final = layout(8, {"head": (">u8", 0)})
_STP, _STP_PER_VLAN, _CDP = (
    np.uint64(int.from_bytes(head, "big")) for head in (stp.LLC, stp.LLC_SNAP_PER_VLAN, cdp.LLC_SNAP)
)
"""What LLC and SNAP say is inside: addresses would tell it as well, but a capture of all interfaces (Linux cooked) has none."""
_HEADS: Final = tuple(int.from_bytes((method + b" ")[:4], "big") for method in (*httphead.METHODS, b"HTTP"))
_TLS_TOP: Final = tuple(kind << 16 | 3 << 8 | minor for kind in (tls.HANDSHAKE, tls.ALERT) for minor in range(5))
_ECHOES4: Final = (0, 8)
_ECHOES6: Final = (128, 129)
_ERRORS4: Final = (3, 5, 11, 12)
_ERRORS6: Final = (1, 2, 3, 4)
_CLOSING: Final = tcp.SYN | tcp.FIN | tcp.RST


def _table(*values: int, size: int = 256) -> Bits:
    """A table that tells at an index whether it is one of these."""
    found = np.zeros(size, np.bool_)
    found[list(values)] = True
    return found


def _ports() -> Array:
    """Port → 1 + index in _PORTS; 0: none of them."""
    found = np.zeros(1 << 16, np.uint8)
    for number, (_, ports) in enumerate(_PORTS, 1):
        found[list(ports)] = number
    return found


_PORT_KIND: Final = _ports()
_FIRST_OCTETS: Final = _table(*(word >> 24 for word in _HEADS), tls.HANDSHAKE, tls.ALERT)
_ERROR4, _ERROR6 = _table(*_ERRORS4), _table(*_ERRORS6)
_ECHO4, _ECHO6 = _table(*_ECHOES4), _table(*_ECHOES6)
_DISCOVERY: Final = _table(*discovery.KINDS)


def picks(columns: Columns) -> Iterator[tuple[Kind, Numbers]]:
    """Kinds, and the indices of their packets in the chunk; a packet may be of two kinds (a segment with FIN that ends a head)."""
    for kind, found in (*_links(columns), *_datagrams(columns), *_controls(columns), *_segments(columns)):
        if len(found):
            yield kind, found


def _links(columns: Columns) -> Iterator[tuple[Kind, Numbers]]:
    """Below IP."""
    rest = np.flatnonzero(columns.version == 0)
    kinds = columns.ethertype[rest]
    for kind, ethertype in ((Kind.ARP, arp.ETHERTYPE), (Kind.LLDP, ETHERTYPE_LLDP), (Kind.LACP, lacp.ETHERTYPE_SLOW)):
        yield kind, rest[kinds == ethertype]
    framed = rest[(kinds >= 0) & (kinds < FIRST_ETHERTYPE)]
    heads = fetch(columns.chunk.octets, columns.network[framed], _FIRST8)["head"]
    yield Kind.STP, framed[(heads >> np.uint64(40) == _STP) | (heads == _STP_PER_VLAN)]
    yield Kind.CDP, framed[heads == _CDP]


def _datagrams(columns: Columns) -> Iterator[tuple[Kind, Numbers]]:
    """Over UDP, whole or put together again."""
    udp = np.flatnonzero((columns.protocol == UDP) & (columns.source_port >= 0))
    udp = udp[_whole(columns, udp)]
    ours, theirs = columns.source_port[udp], columns.destination_port[udp]
    kinds = np.maximum(_PORT_KIND[ours], _PORT_KIND[theirs])
    kinds[theirs == TFTP_PORT] = 0
    for number, (kind, _) in enumerate(_PORTS, 1):
        yield kind, udp[kinds == number]
    yield Kind.TFTP, udp[theirs == TFTP_PORT]


def _whole(columns: Columns, found: Numbers) -> Bits:
    whole: Bits = columns.piece[found] == WHOLE
    if columns.assembled and not whole.all():
        whole |= np.isin(found, np.fromiter(columns.assembled, np.int64))
    return whole


def _controls(columns: Columns) -> Iterator[tuple[Kind, Numbers]]:
    """ICMP and ICMPv6."""
    for protocol, errors, echoes in ((ICMP, _ERROR4, _ECHO4), (ICMPV6, _ERROR6, _ECHO6)):
        found = np.flatnonzero(
            (columns.protocol == protocol) & (columns.icmp_type >= 0) & (columns.piece != LATER_PIECE)
        )
        types = columns.icmp_type[found]
        yield Kind.COMPLAINT, found[errors[types]]
        yield Kind.ECHO, found[echoes[types]]
        if protocol == ICMPV6:
            yield Kind.DISCOVERY, found[_DISCOVERY[types]]


def _segments(columns: Columns) -> Iterator[tuple[Kind, Numbers]]:
    """Of TCP: what opens and closes, and payload that begins as something that can be read."""
    # Whole columns are compared: that is quicker than to take what is wanted out of each of them.
    segments = (columns.protocol == TCP) & (columns.flags >= 0)
    yield Kind.SEGMENT, np.flatnonzero(segments & (columns.flags & _CLOSING > 0))
    filled = segments & (columns.payload_kept > 0)
    ours, theirs = columns.source_port, columns.destination_port
    yield Kind.DNS_STREAM, np.flatnonzero(filled & ((ours == dns.PORT) | (theirs == dns.PORT)))
    yield Kind.LOG_STREAM, np.flatnonzero(filled & ((theirs == SYSLOG_PORTS[0]) | (theirs == SYSLOG_PORTS[1])))
    loaded = np.flatnonzero(filled & (columns.payload_kept >= _FIRST4.itemsize))
    words = fetch(columns.chunk.octets, columns.payload[loaded], _FIRST4)["word"].astype(np.int64)
    likely = _FIRST_OCTETS[words >> 24]
    begins, words = loaded[likely], words[likely]
    yield Kind.HTTP, begins[np.isin(words, _HEADS)]
    yield Kind.TLS, begins[np.isin(words >> 8, _TLS_TOP)]
