"""ICMP and ICMPv6 as far as they tell of other packets: errors with the packet that they are about, and echoes (RFC 792, RFC 4443)."""

import struct
from typing import Final

from msgspec import Struct

from bellrock.wire import lenient
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ip import PROTOCOL_UDP, address_text

TCP: Final = 6
HEADER: Final = struct.Struct("!BBHHH")
"""Type, code, checksum, and two halves of the word whose meaning the type gives: identifier and sequence, or unused and MTU."""
_ECHO4: Final = {8: False, 0: True}
_ECHO6: Final = {128: False, 129: True}
_REDIRECT: Final = 5
_NEEDED: Final = (3, 4)
_TOO_BIG: Final = 2
_PROHIBITED: Final = "administratively prohibited"
_KINDS4: Final[dict[int, dict[int, str]]] = {
    # RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1.
    3: {
        0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable",
        4: "fragmentation needed", 9: _PROHIBITED, 10: _PROHIBITED, 13: _PROHIBITED,
    },
    5: dict.fromkeys(range(4), "redirect"),
    11: {0: "time exceeded", 1: "reassembly time exceeded"},
    12: {},
}  # fmt: skip
_KINDS6: Final[dict[int, dict[int, str]]] = {
    # RFC 4443 §3.
    1: {
        0: "network unreachable", 1: _PROHIBITED, 3: "host unreachable", 4: "port unreachable", 5: _PROHIBITED, 6: "network unreachable",
    },
    2: {0: "packet too big"},
    3: {0: "time exceeded", 1: "reassembly time exceeded"},
    4: {},
}  # fmt: skip


class Complaint(Struct, frozen=True, gc=False):
    """An ICMP error (RFC 792, RFC 4443), and which packet it is about."""

    kind: str
    """`port unreachable`, `host unreachable`, `network unreachable`, `administratively prohibited`, `fragmentation needed`, `packet too
    big`, `time exceeded`, `reassembly time exceeded`, `redirect`; else `type T code C`."""
    protocol: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    mtu: int | None = None
    gateway: str = ""
    """Of a redirect."""


class Echo(Struct, frozen=True, gc=False):
    """ICMP or ICMPv6 echo."""

    reply: bool
    id: int
    sequence: int


def parse(version: int, message: bytes | memoryview) -> Complaint | Echo | None:
    """A message, from its type on; None for one of another kind. `version`: of the IP header in front, 4 or 6.

    Raises:
        WireError: TRUNCATED, MALFORMED: it, or the packet that it quotes, ends inside its header or has none.
    """
    data = bytes(message)
    if len(data) < HEADER.size:
        raise WireError(Reason.TRUNCATED, ("ICMP: %d octets, a header has 8", len(data)))
    kind, code, _, high, low = HEADER.unpack_from(data)
    echo = (_ECHO4 if version == 4 else _ECHO6).get(kind)
    if echo is not None:
        return Echo(echo, high, low)
    known = (_KINDS4 if version == 4 else _KINDS6).get(kind)
    if known is None:
        return None
    return _complaint(version, data, known.get(code, f"type {kind} code {code}"))


def _complaint(version: int, data: bytes, said: str) -> Complaint | None:
    quoted = lenient.parse(data[HEADER.size :])
    if quoted is None:
        return None
    if quoted.version != version:
        raise WireError(Reason.MALFORMED, ("ICMP: quotes IP version %d in version %d", quoted.version, version))
    ports = quoted.payload[:4] if quoted.protocol in (TCP, PROTOCOL_UDP) and len(quoted.payload) >= 4 else bytes(4)
    return Complaint(
        said, quoted.protocol, quoted.source, int.from_bytes(ports[:2], "big"), quoted.destination,
        int.from_bytes(ports[2:], "big"), _mtu(version, data), _gateway(version, data),
    )  # fmt: skip


def _mtu(version: int, data: bytes) -> int | None:
    """RFC 1191 §4: routers before it say 0; RFC 4443 §3.2: four octets."""
    kind, code, _, high, low = HEADER.unpack_from(data)
    if version == 4:
        return low or None if (kind, code) == _NEEDED else None
    return high << 16 | low if kind == _TOO_BIG else None


def _gateway(version: int, data: bytes) -> str:
    return address_text(data[4:8]) if version == 4 and data[0] == _REDIRECT else ""
