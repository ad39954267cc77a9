"""The header of TCP (RFC 9293 §3.1), as far as it tells of a connection's beginning and end."""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError

HEADER: Final = struct.Struct("!HHIIBBHHH")
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_LETTERS: Final = ((SYN, "S"), (FIN, "F"), (RST, "R"), (PSH, "P"), (ACK, "A"))
_END, _NOTHING, _MSS = 0, 1, 2
"""RFC 9293 §3.2: kinds of options."""


class Segment(Struct, frozen=True, gc=False):
    """A TCP segment that opens, closes or resets, by its flags: `S`, `SA`, `F`, `R`, `RA` …"""

    flags: str
    seq: int
    ack: int
    mss: int | None = None


def parse(segment: bytes | memoryview) -> Segment:
    """A segment, from its header on. Options that are cut off by a capture are not there.

    Raises:
        WireError: TRUNCATED, MALFORMED (a data offset inside the header).
    """
    if len(segment) < HEADER.size:
        raise WireError(Reason.TRUNCATED, ("TCP: %d octets, a header has 20", len(segment)))
    _, _, seq, ack, offset, flags, *_ = HEADER.unpack_from(segment)
    start = (offset >> 4) * 4
    if start < HEADER.size:
        raise WireError(Reason.MALFORMED, ("TCP: a header of %d octets", start))
    mss = next((value for kind, value in _options(bytes(segment[HEADER.size : start])) if kind == _MSS), None)
    return Segment(flags_text(flags), seq, ack, mss)


def flags_text(flags: int) -> str:
    """`S`, `SA`, `FPA`, `R`, in this order; empty: none of them."""
    return "".join(letter for bit, letter in _LETTERS if flags & bit)


def _options(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data) and data[at] != _END:
        if data[at] == _NOTHING:
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            return
        if size == 4:
            yield data[at], int.from_bytes(data[at + 2 : at + 4], "big")
        at += size
