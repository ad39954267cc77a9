"""Addresses, ports and comments as nftables writes them."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address
from typing import Final

from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange

COMMENT_LENGTH: Final = 127
"""Octets of a rule's comment (libnftnl: NFTNL_UDATA_COMMENT_MAXLEN is 128 with its end)."""
_LINE: Final = 108
"""Columns of elements, so that a person can read a file of 5,000 subnets."""


def address(family: Family, number: int) -> str:
    """`10.0.0.1`, `fd00::1`."""
    if family == 4:
        return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return str(IPv6Address(number))


def address_range(family: Family, span: AddressRange) -> str:
    """An address, a prefix where the range is one, else `first-last`."""
    first, last = span
    if first == last:
        return address(family, first)
    size = last - first + 1
    if size & (size - 1) == 0 and first & (size - 1) == 0:
        bits = 32 if family == 4 else 128
        return f"{address(family, first)}/{bits - size.bit_length() + 1}"
    return f"{address(family, first)}-{address(family, last)}"


def port_range(span: PortRange) -> str:
    """`69`, `5250-5270`."""
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def braces(texts: Sequence[str]) -> str:
    """One value as it is, several as an anonymous set."""
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def ports(spans: Sequence[PortRange]) -> str:
    """`69`, `{ 80, 443 }`."""
    return braces([port_range(span) for span in spans])


def quoted(name: str) -> str:
    """An interface's name or a comment; what it holds was checked when the policy was made."""
    return f'"{name}"'


def comment(ids: Iterable[str]) -> str:
    """The ids that share a rule, as many as a comment holds, and how many more there are."""
    names = list(dict.fromkeys(ids))
    for kept in range(len(names), 0, -1):
        text = ", ".join(names[:kept]) + (f" +{len(names) - kept}" if kept < len(names) else "")
        if len(text.encode()) <= COMMENT_LENGTH:
            return quoted(text)
    return quoted(names[0].encode()[:COMMENT_LENGTH].decode(errors="ignore"))


def one_line(text: str) -> str:
    """A sentence that can stand behind `#`: no line ends, nothing that is not printable."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))


def wrapped(elements: Sequence[str], indent: str) -> str:
    """Elements on lines that a person can read."""
    lines: list[str] = []
    line: list[str] = []
    width = 0
    for element in elements:
        if line and width + len(element) > _LINE:
            lines.append(", ".join(line))
            line, width = [], 0
        line.append(element)
        width += len(element) + 2
    return f",\n{indent}".join([*lines, ", ".join(line)])
