"""Blocks of the pcapng format (draft-ietf-opsawg-pcapng), little-endian, with nanoseconds."""

import struct
from collections.abc import Iterable
from ipaddress import IPv4Interface, ip_interface
from typing import Final

from bellrock.wire.ethernet import mac_bytes

ETHERNET: Final = 1
SECTION, INTERFACE, PACKET, STATISTICS = 0x0A0D0D0A, 1, 6, 5
"""Types of blocks, §4.1, §4.2, §4.3, §4.6."""
COMMENT: Final = 1
_END: Final = bytes(4)
_APPLICATION: Final = 4
_NAME, _RESOLUTION, _FILTER = 2, 9, 11
IPV4_ADDRESS, IPV6_ADDRESS, MAC_ADDRESS = 4, 5, 6
"""if_IPv4addr (address and mask), if_IPv6addr (address and length), if_MACaddr (§4.2)."""
_FLAGS: Final = 2
_NANOSECONDS: Final = b"\x09"
_PACKET_HEADER: Final = struct.Struct("<7I")
_PACKET_TAIL: Final = struct.Struct("<HHI4xI")
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")
_PACKET_FIXED: Final = _PACKET_HEADER.size + _PACKET_TAIL.size
MAX_TEXT: Final = 0xFFFF
"""Octets of an option (§3.5): a longer filter is cut, which only a comment's reader could miss."""

OUTBOUND: Final = 2
INBOUND: Final = 1
FLAGS: Final = tuple(
    OUTBOUND if kind == 4 else INBOUND | reception << 2 for kind, reception in enumerate((1, 3, 2, 4, 0))
)
"""By packet(7)'s type (host, broadcast, multicast, other host, outgoing): direction and reception (§4.3.1)."""


def section(application: str, comments: Iterable[str] = ()) -> bytes:
    """The block that begins a file."""
    options = [(COMMENT, text.encode()) for text in comments] + [(_APPLICATION, application.encode())]
    return _block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), options)


def interface(
    name: str, snaplen: int, expression: str = "", comments: Iterable[str] = (), link_type: int = ETHERNET, *,
    mac: str = "", addresses: Iterable[str] = (),
) -> bytes:  # fmt: skip
    """The block of an interface; the first one in a file has number 0. `addresses` are with prefix length."""
    options = [(COMMENT, text.encode()) for text in comments]
    options += [(_NAME, name.encode(errors="replace")), *map(_address, addresses)]
    options += [(MAC_ADDRESS, mac_bytes(mac))] if mac else []
    options.append((_RESOLUTION, _NANOSECONDS))
    if expression:
        options.append((_FILTER, b"\0" + expression.encode()))
    return _block(INTERFACE, struct.pack("<HHI", link_type, 0, snaplen), options)


def packet(number: int, received_ns: int, data: bytes, length: int, flags: int) -> bytes:
    """The block of a packet.

    Args:
        number: of its interface.
        received_ns: nanoseconds since the epoch.
        data: what is kept of it.
        length: octets that it had on the wire.
        flags: one of FLAGS.
    """
    kept = len(data)
    padding = _PADDING[kept & 3]
    total = _PACKET_FIXED + kept + len(padding)
    return b"".join(
        (
            _PACKET_HEADER.pack(PACKET, total, number, received_ns >> 32, received_ns & 0xFFFFFFFF, kept, length),
            data,
            padding,
            _PACKET_TAIL.pack(_FLAGS, 4, flags, total),
        )
    )


def remarked(number: int, at_ns: int, data: bytes, length: int, remark: str) -> bytes:
    """The block of a packet with a comment, and without flags; the rest as for `packet`."""
    fixed = struct.pack("<5I", number, at_ns >> 32, at_ns & 0xFFFFFFFF, len(data), length)
    return _block(PACKET, fixed + data + _PADDING[len(data) & 3], [(COMMENT, remark.encode(errors="replace"))])


def statistics(
    number: int, now_ns: int, counters: dict[int, int], begun_ns: int, comments: Iterable[str] = ()
) -> bytes:
    """The block that counts for an interface.

    Args:
        number: of the interface.
        now_ns, begun_ns: nanoseconds since the epoch.
        counters: RECEIVED, DROPPED, ACCEPTED, … → count.
        comments: what the counters cannot say.
    """
    options = [(COMMENT, text.encode()) for text in comments]
    options += [(2, _time(begun_ns)), (3, _time(now_ns))]
    options += [(code, struct.pack("<Q", count)) for code, count in sorted(counters.items())]
    return _block(STATISTICS, struct.pack("<I", number) + _time(now_ns), options)


RECEIVED, DROPPED, ACCEPTED, LOST, DELIVERED = 4, 5, 6, 7, 8
"""isb_ifrecv, isb_ifdrop, isb_filteraccept, isb_osdrop, isb_usrdeliv."""


def whole_blocks(octets: bytes, most: int) -> int:
    """How many of at most `most` octets are whole blocks; `octets` begins with one."""
    at = 0
    while at + 8 <= most:
        step = int.from_bytes(octets[at + 4 : at + 8], "little")
        if at + step > most:
            break
        at += step
    return at


def _address(text: str) -> tuple[int, bytes]:
    parsed = ip_interface(text)
    if isinstance(parsed, IPv4Interface):
        return IPV4_ADDRESS, parsed.packed + parsed.netmask.packed
    return IPV6_ADDRESS, parsed.packed + bytes((parsed.network.prefixlen,))


def _time(nanoseconds: int) -> bytes:
    return struct.pack("<II", nanoseconds >> 32, nanoseconds & 0xFFFFFFFF)


def _block(kind: int, fixed: bytes, options: Iterable[tuple[int, bytes]]) -> bytes:
    body = fixed + b"".join(_option(code, value[:MAX_TEXT]) for code, value in options) + _END
    total = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + total + body + total


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + _PADDING[len(value) & 3]
