"""DHCP for IPv4: messages ↔ values (RFC 2131, options of RFC 2132; long options RFC 3396, relay agents RFC 3046)."""

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ip import address_bytes, address_text

HEADER: Final = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s")
"""RFC 2131 §2, figure 1: op … chaddr, sname, file; the cookie and the options follow."""
COOKIE: Final = b"\x63\x82\x53\x63"
SERVER_PORT: Final = 67
CLIENT_PORT: Final = 68
PROXY_PORT: Final = 4011
"""PXE 2.1 §2.2.3: where a proxyDHCP server is asked for the boot file, once the client has an address."""
LEAST: Final = 300
"""RFC 1542 §2.1: octets that a BOOTP message has; shorter ones are dropped by some relays."""
MAX_OPTIONS: Final = 16_384
"""Octets of options that are read, from all three fields; a UDP datagram over Ethernet has far fewer."""
NOBODY: Final = "0.0.0.0"  # noqa: S104 -- an address that is none, never bound

BROADCAST_FLAG: Final = 0x8000
ETHERNET: Final = 1
PAD, END = 0, 255
RELAY_INFORMATION: Final = 82
OVERLOAD: Final = 52
MESSAGE_TYPE: Final = 53


class Kind(IntEnum):
    """DHCP message type (RFC 2132 §9.6)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class Message(Struct, frozen=True, kw_only=True):
    """A BOOTP message with DHCP's options.

    Addresses are dotted; 0.0.0.0 says that there is none. `sname` and `file` end before their first NUL and are empty where
    they carry options instead (RFC 2132 §9.3).
    """

    op: int
    """1 from a client, 2 from a server."""
    xid: int
    kind: int | None = None
    """A `Kind`, or a number that is none; None: plain BOOTP."""
    htype: int = ETHERNET
    chaddr: bytes = b""
    """At most 16 octets."""
    hops: int = 0
    secs: int = 0
    broadcast: bool = False
    """RFC 2131 §4.1: the client cannot take unicast before it is configured."""
    ciaddr: str = NOBODY
    yiaddr: str = NOBODY
    siaddr: str = NOBODY
    giaddr: str = NOBODY
    sname: bytes = b""
    file: bytes = b""
    options: dict[int, bytes] = {}
    """By code, in the order in which they first appear; without message type and overload. Parts of one are joined (RFC 3396 §7)."""


def decode(data: bytes | memoryview) -> Message:
    """Take a UDP payload apart. A missing END is passed over, as all servers do.

    Raises:
        WireError: TRUNCATED (no whole header, an option beyond its field), MALFORMED (no cookie, op, hlen, message type, overload),
            TOO_BIG (more than MAX_OPTIONS octets of options).
    """
    if len(data) < HEADER.size + len(COOKIE):
        raise WireError(Reason.TRUNCATED, ("DHCP: %d octets, the fixed part has 240", len(data)))
    op, htype, hlen, hops, xid, secs, flags, *addresses, chaddr, sname, file = HEADER.unpack_from(data)
    if bytes(data[HEADER.size : HEADER.size + 4]) != COOKIE:
        raise WireError(Reason.MALFORMED, "DHCP: no magic cookie before the options (plain BOOTP, or another protocol)")
    if op not in (1, 2) or hlen > 16:
        raise WireError(Reason.MALFORMED, ("DHCP: op %d, hardware address of %d octets", op, hlen))
    options, overload = _all_options(bytes(data[HEADER.size + 4 :]), file, sname)
    ciaddr, yiaddr, siaddr, giaddr = (address_text(address) for address in addresses)
    return Message(
        op=op, xid=xid, kind=_kind(options.pop(MESSAGE_TYPE, None)), htype=htype, chaddr=chaddr[:hlen], hops=hops, secs=secs,
        broadcast=bool(flags & BROADCAST_FLAG), ciaddr=ciaddr, yiaddr=yiaddr, siaddr=siaddr, giaddr=giaddr,
        sname=b"" if overload & 2 else sname.partition(b"\0")[0], file=b"" if overload & 1 else file.partition(b"\0")[0],
        options=options,
    )  # fmt: skip


def encode(message: Message) -> bytes:
    """The octets of a message, padded to LEAST; options longer than 255 octets in parts (RFC 3396 §5), option 82 last (RFC 3046 §2.1).

    Raises:
        ValueError: a field that does not fit.
    """
    if len(message.chaddr) > 16 or len(message.sname) > 64 or len(message.file) > 128:
        raise ValueError("DHCP: at most 16 octets of hardware address, 64 of server name, 128 of file name")
    addresses = (address_bytes(one) for one in (message.ciaddr, message.yiaddr, message.siaddr, message.giaddr))
    flags = BROADCAST_FLAG if message.broadcast else 0
    try:
        head = HEADER.pack(
            message.op, message.htype, len(message.chaddr), message.hops, message.xid, message.secs, flags, *addresses,
            message.chaddr, message.sname, message.file,
        )  # fmt: skip
    except struct.error as error:
        raise ValueError(f"DHCP: a field does not fit: {error}") from None
    return (head + COOKIE + b"".join(_written(message)) + bytes((END,))).ljust(LEAST, b"\0")


def suboptions(value: bytes) -> dict[int, bytes]:
    """The inner options of 43 (vendor, PXE) or 82 (relay agent, RFC 3046 §2.0); what is cut off ends them, for they are only shown."""
    found: dict[int, bytes] = {}
    try:
        for code, part in _walk(value, "sub-options"):
            found[code] = found.get(code, b"") + part
    except WireError:
        pass
    return found


def packed(options: Iterable[tuple[int, bytes]]) -> bytes:
    """Options or sub-options one after the other, without END.

    Raises:
        ValueError: a code that is none.
    """
    return b"".join(_option(code, value) for code, value in options)


def _written(message: Message) -> Iterator[bytes]:
    if message.kind is not None:
        yield _option(MESSAGE_TYPE, bytes((message.kind,)))
    for code, value in sorted(message.options.items(), key=lambda one: one[0] == RELAY_INFORMATION):
        yield _option(code, value)


def _option(code: int, value: bytes) -> bytes:
    if not PAD < code < END:
        raise ValueError(f"DHCP: {code} is no option code; they go from 1 to 254")
    parts = [value[at : at + 255] for at in range(0, len(value), 255)] or [b""]
    return b"".join(bytes((code, len(part))) + part for part in parts)


def _all_options(own: bytes, file: bytes, sname: bytes) -> tuple[dict[int, bytes], int]:
    """Every option of a message, and the overload that says where: bit 0 in `file`, bit 1 in `sname`, in this order (RFC 3396 §5)."""
    if len(own) > MAX_OPTIONS:
        raise WireError(Reason.TOO_BIG, ("DHCP: %d octets of options; at most %d are read", len(own), MAX_OPTIONS))
    found = _joined(_walk(own, "options"), {})
    overload = _overload(found.pop(OVERLOAD, b"\0"))
    for bit, field, name in ((1, file, "file"), (2, sname, "sname")):
        if overload & bit:
            found = _joined(_walk(field, f"options in the field {name}"), found)
    found.pop(OVERLOAD, None)
    return found, overload


def _joined(options: Iterable[tuple[int, bytes]], found: dict[int, bytes]) -> dict[int, bytes]:
    for code, part in options:
        found[code] = found.get(code, b"") + part
    return found


def _walk(field: bytes, what: str) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(field) and field[at] != END:
        code = field[at]
        if code == PAD:
            at += 1
            continue
        size = field[at + 1] if at + 1 < len(field) else 0
        if at + 2 + size > len(field):
            raise WireError(Reason.TRUNCATED, ("DHCP: option %d goes beyond the %s", code, what))
        yield code, field[at + 2 : at + 2 + size]
        at += 2 + size


def _overload(value: bytes) -> int:
    if len(value) != 1 or value[0] > 3:
        raise WireError(Reason.MALFORMED, ("DHCP: option overload 0x%s; it is 1, 2 or 3", value.hex()))
    return value[0]


def _kind(value: bytes | None) -> int | None:
    if value is None:
        return None
    if len(value) != 1:
        raise WireError(Reason.MALFORMED, ("DHCP: a message type of %d octets", len(value)))
    return value[0]
