"""DNS messages as they pass by (RFC 1035 §4): what was asked, and what came of it. Probes, which act on answers, use a whole library."""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ip import address_text
from bellrock.wire.text import printable

PORT: Final = 53
HEADER: Final = struct.Struct("!HHHHHH")
MAX_NAME: Final = 255
"""RFC 1035 §2.3.4: octets of a name."""
MAX_RECORDS: Final = 256
"""Records of the answer section that are looked at."""
MAX_ADDRESSES: Final = 32
_RESPONSE, _OPCODE, _TRUNCATED, _RCODE = 0x8000, 0x7800, 0x0200, 0x000F
_IN: Final = 1
_POINTER: Final = 0xC0
_RECORD: Final = struct.Struct("!HHIH")
TYPES: Final = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 64: "SVCB", 65: "HTTPS", 255: "ANY",
}  # fmt: skip
RCODES: Final = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH",
}  # fmt: skip
"""RFC 6895 §2.3."""


class Asked(Struct, frozen=True, gc=False):
    """A DNS question."""

    id: int
    name: str
    type: str


class Answered(Struct, frozen=True):
    """A DNS answer."""

    id: int
    name: str
    type: str
    rcode: str
    """`NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED` …"""
    addresses: tuple[str, ...] = ()
    truncated: bool = False
    """It did not fit; whoever asked is to ask again over TCP."""


def parse(message: bytes | memoryview) -> Asked | Answered:
    """A message, as in a UDP datagram. Addresses that a capture has cut off are not there.

    Raises:
        WireError: TRUNCATED, MALFORMED (a name that runs in circles or is too long), UNSUPPORTED (no query, or not one question).
    """
    data = bytes(message)
    if len(data) < HEADER.size:
        raise WireError(Reason.TRUNCATED, ("DNS: %d octets, a header has 12", len(data)))
    id_, flags, questions, answers, *_ = HEADER.unpack_from(data)
    response = bool(flags & _RESPONSE)
    # A server that cannot read a question may answer without repeating it (RFC 1035 §4.1.1).
    if flags & _OPCODE or questions > 1 or (questions == 0 and not response):
        what = ("DNS: operation %d with %d questions; queries with one are read", (flags & _OPCODE) >> 11, questions)
        raise WireError(Reason.UNSUPPORTED, what)
    name, kind, at = _question(data) if questions else ("", "", HEADER.size)
    if not response:
        return Asked(id_, name, kind)
    rcode = flags & _RCODE
    found = tuple(_addresses(data, at, min(answers, MAX_RECORDS)))[:MAX_ADDRESSES]
    return Answered(id_, name, kind, RCODES.get(rcode, f"RCODE{rcode}"), found, bool(flags & _TRUNCATED))


def parse_stream(octets: bytes | memoryview) -> Asked | Answered:
    """The first message of a TCP stream, behind its length (RFC 1035 §4.2.2).

    Raises:
        WireError: as `parse`.
    """
    data = bytes(octets)
    if len(data) < 2:
        raise WireError(Reason.TRUNCATED, "DNS: ends inside the length of a message")
    return parse(data[2 : 2 + int.from_bytes(data[:2], "big")])


def _question(data: bytes) -> tuple[str, str, int]:
    name, at = _name(data, HEADER.size)
    if at + 4 > len(data):
        raise WireError(Reason.TRUNCATED, "DNS: ends inside the question")
    kind = int.from_bytes(data[at : at + 2], "big")
    return name, TYPES.get(kind, f"TYPE{kind}"), at + 4


def _addresses(data: bytes, at: int, count: int) -> Iterator[str]:
    for _ in range(count):
        try:
            _, at = _name(data, at)
        except WireError:
            return
        if at + _RECORD.size > len(data):
            return
        kind, klass, _, size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        value = data[at : at + size]
        at += size
        if klass == _IN and (kind, len(value)) in ((1, 4), (28, 16)):
            yield address_text(value)


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name as text without the last dot, and where it ends; RFC 1035 §4.1.4: pointers lead back, and so come to an end."""
    labels, total, behind, limit = list[str](), 0, 0, at
    while True:
        size = _octet(data, at)
        if size >= _POINTER:
            target = (size & 0x3F) << 8 | _octet(data, at + 1)
            behind = behind or at + 2
            if target >= limit:
                raise WireError(Reason.MALFORMED, ("DNS: a name points from %d to %d, and not back", at, target))
            at = limit = target
            continue
        if size > 63:
            raise WireError(Reason.MALFORMED, ("DNS: a label of kind 0x%02x", size))
        total += size + 1
        if total > MAX_NAME:
            raise WireError(Reason.MALFORMED, ("DNS: a name of more than %d octets", MAX_NAME))
        if size == 0:
            return ".".join(labels), behind or at + 1
        if at + 1 + size > len(data):
            raise WireError(Reason.TRUNCATED, "DNS: ends inside a name")
        labels.append(_label(data[at + 1 : at + 1 + size]))
        at += 1 + size


def _label(octets: bytes) -> str:
    return printable(octets).replace(".", "\\.").lower()


def _octet(data: bytes, at: int) -> int:
    if at >= len(data):
        raise WireError(Reason.TRUNCATED, "DNS: ends inside a name")
    return data[at]
