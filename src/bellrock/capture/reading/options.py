"""Options of pcapng blocks (§3.5), and what the blocks of interfaces (§4.2) and statistics (§4.6) tell by them."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Interface, IPv6Address
from typing import Final

from bellrock.capture import pcapng
from bellrock.capture.reading.clocks import Resolution, resolution
from bellrock.capture.reading.values import MAX_KEPT, Interface

MAX_OPTIONS: Final = 256
MAX_ADDRESSES: Final = 64
"""Of each family."""
MAX_SAID: Final = 512
"""Characters of a name, a filter or a comment that are kept."""
_NAME, _RESOLUTION, _FILTER, _OFFSET = 2, 9, 11, 14
_INTERFACE: Final = 16
_STATISTICS: Final = 20


def options(block: bytes, begin: int, order: str) -> dict[int, list[bytes]]:
    """Code → values, of the options from `begin` to the block's last word; lenient: what is cut is left out."""
    found: dict[int, list[bytes]] = {}
    at, end = begin, len(block) - 4
    for _ in range(MAX_OPTIONS):
        if at + 4 > end:
            break
        code, length = struct.unpack_from(f"{order}HH", block, at)
        if code == 0 or at + 4 + length > end:
            break
        found.setdefault(code, []).append(block[at + 4 : at + 4 + length])
        at += 4 + length + -length % 4
    return found


def interface_of(block: bytes, number: int, order: str) -> tuple[Interface, Resolution]:
    """What the block of an interface tells; `block` is whole, at least its fixed part."""
    link_type, _, snaplen = struct.unpack_from(f"{order}HHI", block, 8)
    said = options(block, _INTERFACE, order)
    clock = resolution(_first(said, _RESOLUTION), _first(said, _OFFSET), order)
    expression = _first(said, _FILTER)
    made = Interface(
        number=number, name=text(_first(said, _NAME)), link_type=link_type, snaplen=snaplen if snaplen < MAX_KEPT else 0,
        comments=tuple(text(one) for one in said.get(pcapng.COMMENT, [])[:8]),
        # §4.2: the first octet says how the filter is written, 0 as text.
        filter=text(expression[1:]) if expression[:1] == b"\0" else "",
        mac=_mac(_first(said, pcapng.MAC_ADDRESS)), addresses=tuple(_addresses(said)),
    )  # fmt: skip
    return made, clock


def _mac(value: bytes) -> str:
    return value.hex(":") if len(value) == 6 and any(value) else ""


def _addresses(said: dict[int, list[bytes]]) -> Iterator[str]:
    """With prefix lengths; what is no address, or has a mask with holes, is left out."""
    for value in said.get(pcapng.IPV4_ADDRESS, [])[:MAX_ADDRESSES]:
        with suppress(ValueError):
            yield str(IPv4Interface((value[:4], str(IPv4Address(value[4:8])))))
    for value in said.get(pcapng.IPV6_ADDRESS, [])[:MAX_ADDRESSES]:
        if len(value) == 17 and value[16] <= 128:
            yield f"{IPv6Address(value[:16])}/{value[16]}"


def statistics_of(block: bytes, order: str) -> tuple[int, int | None]:
    """Number of the interface in its section, and how many packets were lost there; None: not told."""
    (number,) = struct.unpack_from(f"{order}I", block, 8)
    said = options(block, _STATISTICS, order)
    counts = [_number(_first(said, code), order) for code in (pcapng.DROPPED, pcapng.LOST)]
    known = [count for count in counts if count is not None]
    # The interface's own loss and the capturing system's are two things, unless a writer tells one as both.
    return number, max(known) if known else None


def _number(value: bytes, order: str) -> int | None:
    return int.from_bytes(value, "little" if order == "<" else "big") if len(value) == 8 else None


def _first(said: dict[int, list[bytes]], code: int) -> bytes:
    return said.get(code, [b""])[0]


def text(value: bytes) -> str:
    """As people may read it: no octet that is no UTF-8, no control character, not longer than MAX_SAID."""
    decoded = value[: 4 * MAX_SAID].decode("utf-8", "replace").rstrip("\0")[:MAX_SAID]
    return "".join(one if one.isprintable() else "�" for one in decoded)
