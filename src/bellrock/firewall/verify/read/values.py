"""Right-hand sides in nft's JSON → sets of integers."""

import ipaddress
import re
from typing import Any, Final

from bellrock.firewall.verify.boxes import Intervals
from bellrock.firewall.verify.read.symbols import SYMBOLS, WIDTHS

_NUMBER: Final = re.compile(r"0x[0-9a-fA-F]{1,32}|[0-9]{1,39}")
_MAC: Final = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_WORDS_ONLY: Final = {"ifname", "ifindex", "ipv4", "ipv6", "ether"}
_NAME_OCTETS: Final = 16
"""IFNAMSIZ, its last octet being NUL."""


class UndecidedError(Exception):
    """A construct whose meaning this reader does not know, or that a ruleset alone does not decide."""


def values(kind: str, right: Any) -> Intervals:  # noqa: ANN401 -- JSON
    """The values that one element of a right-hand side stands for: a scalar, a prefix, a range, a list of flags.

    Raises:
        UndecidedError: a name or a form that is not known.
    """
    match right:
        case {"prefix": {"addr": address, "len": int(length)}}:
            return _prefix(kind, scalar(kind, address), length)
        case {"range": [first, last]}:
            return _span(scalar(kind, first), scalar(kind, last))
        case {"|": [*parts]} | [*parts]:
            return Intervals.of(_flags(kind, parts))
        case str(text) if kind == "ifname" or (kind == "ifindex" and not text.isdigit()):
            return _index(text) if kind == "ifindex" else interface(text)
        case _:
            return Intervals.of(scalar(kind, right))


def scalar(kind: str, value: Any) -> int:  # noqa: ANN401 -- JSON
    """One value as a number of the kind's width. Raises UndecidedError where it is none."""
    match value:
        case {"|": [*parts]} | [*parts]:
            number = _flags(kind, parts)
        case bool():
            raise UndecidedError(f"{value}")
        case int() if kind not in _WORDS_ONLY:
            number = value
        case str() if kind != "ifindex":
            number = _word(kind, value)
        case _:
            raise UndecidedError(f"{value}")
    if not 0 <= number < 1 << WIDTHS[kind]:
        raise UndecidedError(f"{value}")
    return number


def interface(text: str) -> Intervals:
    """The names that a text means, as the kernel compares them: 16 octets; `eth*` is all that begin with eth.

    Raises:
        UndecidedError: longer than an interface's name can be.
    """
    # nft(8): an asterisk that is meant is escaped.
    wild = text.endswith("*") and not text.endswith("\\*")
    octets = (text[:-1] if wild else text.replace("\\*", "*")).encode()
    if len(octets) >= _NAME_OCTETS:
        raise UndecidedError(f"interface {text}")
    first = int.from_bytes(octets.ljust(_NAME_OCTETS, b"\0"))
    return Intervals.span(first, first | (1 << 8 * (_NAME_OCTETS - len(octets))) - 1) if wild else Intervals.of(first)


def _index(text: str) -> Intervals:
    """`iif eth0`: nft prints the name that the index has now, and never a pattern."""
    return interface(text.removesuffix("*") + "\\*" if text.endswith("*") else text)


def _prefix(kind: str, address: int, length: int) -> Intervals:
    width = WIDTHS[kind]
    if not 0 <= length <= width:
        raise UndecidedError(f"/{length}")
    return Intervals.prefix(address, length, width)


def _span(first: int, last: int) -> Intervals:
    if first > last:
        raise UndecidedError(f"{first}-{last}")
    return Intervals.span(first, last)


def _flags(kind: str, parts: list[Any]) -> int:
    number = 0
    for part in parts:
        number |= scalar(kind, part)
    return number


def _word(kind: str, text: str) -> int:
    if kind in {"ipv4", "ipv6"}:
        return _address(kind, text)
    if kind == "ether" and _MAC.fullmatch(text):
        return int(text.replace(":", ""), 16)
    if kind == "ifname":
        found = interface(text)
        if found.first != found.last:
            raise UndecidedError(text)
        return found.first
    known = SYMBOLS.get(kind, {}).get(text)
    if known is not None:
        return known
    if _NUMBER.fullmatch(text):
        return int(text, 0) if text.startswith("0x") else int(text)
    raise UndecidedError(text)


def _address(kind: str, text: str) -> int:
    try:
        return int(ipaddress.IPv4Address(text) if kind == "ipv4" else ipaddress.IPv6Address(text))
    except ValueError:
        raise UndecidedError(text) from None
