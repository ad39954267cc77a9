"""TCP, UDP, ICMP and ICMPv6 headers, many packets at once: RFC 9293 §3.1, RFC 768, RFC 792, RFC 4443 §2.1."""

from typing import Any, Final, NamedTuple

import numpy as np

from bellrock.capture.reading.gather import fetch, layout
from bellrock.capture.reading.networked import Networked
from bellrock.capture.reading.values import LATER_PIECE, Array, Bits, Numbers, Octets, Small

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
_HEADER: Final = layout(
    16, {"source": (">u2", 0), "destination": (">u2", 2), "sequence": (">u4", 4), "acknowledged": (">u4", 8), "offset": ("u1", 12),
         "flags": ("u1", 13), "window": (">u2", 14), "type": ("u1", 0), "code": ("u1", 1)},
)  # fmt: skip
_PORTS: Final = 4
_TYPE: Final = 2
"""Octets of ICMP's type and code."""
_FIXED: Final = 8
"""Octets of a UDP header, and of ICMP before what differs from type to type."""
_TCP_LEAST: Final = 20


class Transported(NamedTuple):
    """Fields of the transport header, one element for each packet, as `Columns` has them."""

    transport: Numbers
    source_port: Small
    destination_port: Small
    flags: Small
    sequence: Numbers
    acknowledged: Numbers
    window: Small
    icmp_type: Small
    icmp_code: Small
    payload: Numbers
    payload_length: Small
    payload_kept: Small


def transported(octets: Octets, network: Networked, ends: Numbers) -> Transported:
    """The transport headers of packets; `ends`: where their kept octets end."""
    at, protocol = network.header_end, network.protocol
    there = (network.version > 0) & (network.piece != LATER_PIECE)
    kept = np.where(there, np.minimum(ends, network.wire_end) - at, np.int64(-1))
    table = fetch(octets, at, _HEADER)
    tcp, udp = protocol == TCP, protocol == UDP
    ported = (tcp | udp) & (kept >= _PORTS)
    tcp &= kept >= _HEADER.itemsize
    icmp = ((protocol == ICMP) | (protocol == ICMPV6)) & (kept >= _TYPE)
    size = np.where(tcp, (table["offset"] >> 4).astype(np.int64) * 4, _FIXED)
    sized = (tcp & (size >= _TCP_LEAST)) | (udp & ported) | icmp
    payload = np.where(sized, at + size, np.int64(-1))
    return Transported(
        np.where(there, at, np.int64(-1)), _small(ported, table["source"]), _small(ported, table["destination"]),
        _small(tcp, table["flags"]), _number(tcp, table["sequence"]), _number(tcp, table["acknowledged"]), _small(tcp, table["window"]),
        _small(icmp, table["type"]), _small(icmp, table["code"]), payload,
        _octets(sized, network.wire_end - payload), _octets(sized, np.minimum(ends, network.wire_end) - payload),
    )  # fmt: skip


def _small(mask: Bits, column: Array) -> Small:
    return _masked(mask, column, np.dtype(np.int32))


def _number(mask: Bits, column: Array) -> Numbers:
    return _masked(mask, column, np.dtype(np.int64))


def _masked(mask: Bits, column: Array, kind: np.dtype[Any]) -> Array:
    """-1 where the mask is not; most chunks have it everywhere, or nowhere."""
    if not mask.any():
        return np.full(len(mask), -1, kind)
    found = column.astype(kind)
    np.copyto(found, -1, where=~mask)
    return found


def _octets(mask: Bits, count: Numbers) -> Small:
    return np.where(mask, np.maximum(count, 0), 0).astype(np.int32)
