"""Sets of packets in the words of people: prefixes, port numbers, names of interfaces, protocols and states."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from itertools import islice
from typing import Final

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.headers import PORTED

_NAMES: Final[dict[str, str]] = {
    "nfproto": "family", "iifname": "in", "oifname": "out", "l4proto": "protocol", "saddr": "from", "saddr6": "from", "daddr": "to",
    "daddr6": "to", "sport": "source port", "dport": "port", "icmp_type": "type", "icmp_code": "code", "icmpv6_type": "type",
    "icmpv6_code": "code", "tcp_flags": "TCP flags", "frag_off": "fragment offset", "hoplimit": "hop limit", "ct_mark": "ct mark",
    "ct_state": "state", "ct_direction": "direction", "ct_status_dnat": "translated", "pkttype": "packet type", "ether_type": "EtherType",
    "ether_saddr": "from MAC", "ether_daddr": "to MAC", "vlan_id": "VLAN",
}  # fmt: skip
_ORDER: Final = {
    name: at
    for at, name in enumerate(("nfproto", "l4proto", "iifname", "saddr", "saddr6", "oifname", "daddr", "daddr6"))
}
_SYMBOLS: Final[dict[str, dict[int, str]]] = {
    "nfproto": {2: "IPv4", 10: "IPv6", 3: "ARP", 7: "bridge"},
    "l4proto": {
        1: "icmp",
        2: "igmp",
        6: "tcp",
        17: "udp",
        58: "icmpv6",
        33: "dccp",
        47: "gre",
        50: "esp",
        51: "ah",
        132: "sctp",
        136: "udplite",
    },
    "ct_state": {0: "invalid", 1: "established", 2: "related", 3: "new", 4: "untracked"},
    "ct_direction": {0: "original", 1: "reply"},
    "pkttype": {0: "unicast", 1: "broadcast", 2: "multicast", 3: "other"},
}
_HEX: Final = frozenset({"mark", "ct_mark", "tcp_flags", "frag_off", "ether_type"})
_BOXES: Final = 4
"""Boxes of a set that a sentence names; the rest is counted."""
_VALUES: Final = 8
"""And values of a field."""
_WRITTEN: Final = 64
"""Ranges of a field of which more than one wording is tried."""
_PREFIXES: Final = 4
"""Fewer prefixes than these may stand for a range."""
_LONG: Final = 100
"""Characters from which on a set is told by its outline."""
_ADDRESSES: Final = frozenset({"saddr", "daddr", "saddr6", "daddr6"})
_BOTH: Final = Intervals.of(2, 10)
_BEYOND: Final = "beyond what flows need"


def table(box: Box) -> dict[str, list[str]]:
    """Every constrained field with its values, exactly: `{"protocol": ["udp"], "from": ["10.0.0.0/24"], "port": ["69"]}`."""
    return {label(name): list(texts(name, values)) for name, values in _ordered(box)}


def describe(packets: Boxes) -> str:
    """The set in a sentence, shortened where it is long: `udp from 10.0.0.0/24 port 69; … and 3 more`."""
    if not packets:
        return "no packet"
    shown = [sentence(box) for box in packets.boxes[:_BOXES]]
    more = len(packets) - _BOXES
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def outline(packets: Boxes, *, exact: bool = True) -> str:
    """The set in a line: as it is where that is short, else the smallest box around it, of which what flows need is not meant."""
    if exact and 0 < len(packets) <= _BOXES:
        text = describe(packets)
        if len(packets) == 1 or len(text) <= _LONG:
            return text
    return f"{sentence(_around(packets))} {_BEYOND}" if packets else "no packet"


def sentence(box: Box) -> str:
    """One box in words."""
    parts: list[str] = []
    for name, values in _ordered(box):
        if (name == "nfproto" and values == _BOTH) or (name == "l4proto" and _by_ports(box, values)):
            continue
        said = _short(name, values)
        parts.append(said if name in {"nfproto", "l4proto"} else f"{label(name)} {said}")
    return " ".join(parts) or "everything"


def _by_ports(box: Box, protocols: Intervals) -> bool:
    """Whether naming ports says which protocols are meant: those that have some."""
    return protocols == PORTED and ("sport" in box.fields or "dport" in box.fields)


def _around(packets: Boxes) -> Box:
    """The smallest box that holds the set."""
    names = set.intersection(*(set(box.fields) for box in packets))
    return Box({name: Intervals(pair for box in packets for pair in box.fields[name].ranges) for name in names})


def label(field: str) -> str:
    """What people call a field."""
    return _NAMES.get(field, field)


def texts(field: str, values: Intervals) -> Iterator[str]:
    """Each value, range or prefix of a set; of interfaces those that are not in it, where that is shorter."""
    if field.endswith("ifname"):
        others = values.complement(FIELDS[field])
        if others and others.size() < values.size() and len(others.ranges) <= len(values.ranges):
            yield from (f"not {text}" for first, last in others.ranges for text in _interface(first, last))
            return
    write = _WRITERS.get(FIELDS[field] if field in _BY_WIDTH else -1, _number)
    for first, last in values.ranges:
        yield from write(field, first, last)


def _short(name: str, values: Intervals) -> str:
    """The shorter of two wordings: what is in the set, or what is not."""
    if name.endswith("ifname"):
        return _list(texts(name, values))
    rest = values.complement(FIELDS[name])
    plain = _list(_wordings(name, values))
    if not rest or len(rest.ranges) > min(len(values.ranges), _WRITTEN):
        return plain
    other = ("all but " if name in _ADDRESSES else "not ") + _list(_wordings(name, rest))
    cut = plain.endswith("…"), other.endswith("…")
    return min((cut[0], len(plain), plain), (cut[1], len(other), other))[2]


def _list(words: Iterator[str]) -> str:
    found: list[str] = []
    for text in words:
        if len(found) == _VALUES:
            return ",".join(found) + ",…"
        found.append(text)
    return ",".join(found)


def _wordings(name: str, values: Intervals) -> Iterator[str]:
    """As `texts`, but a range of addresses as prefixes where those are shorter to read."""
    if name not in _ADDRESSES:
        yield from texts(name, values)
        return
    make = IPv4Address if FIELDS[name] == 32 else IPv6Address
    for first, last in values.ranges:
        (text,) = _address(make, first, last)
        if "-" in text:
            prefixes = list(map(str, islice(summarize_address_range(make(first), make(last)), _PREFIXES)))
            if len(prefixes) < _PREFIXES:
                text = min(text, ",".join(prefixes), key=len)
        yield text


def _ordered(box: Box) -> list[tuple[str, Intervals]]:
    return sorted(box.fields.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER)))


def _number(field: str, first: int, last: int) -> Iterator[str]:
    names = _SYMBOLS.get(field)
    if names and last - first < len(names) + 3:
        yield from (names.get(value, str(value)) for value in range(first, last + 1))
        return
    low, high = (f"{first:#x}", f"{last:#x}") if field in _HEX else (str(first), str(last))
    yield low if first == last else f"{low}-{high}"


def _address(make: Callable[[int], IPv4Address | IPv6Address], first: int, last: int) -> Iterator[str]:
    low, high = make(first), make(last)
    if first == last:
        yield str(low)
        return
    size = last - first + 1
    if size & (size - 1) == 0 and first % size == 0:
        yield str(next(iter(summarize_address_range(low, high))))
    else:
        yield f"{low}-{high}"


def _ipv4(_field: str, first: int, last: int) -> Iterator[str]:
    return _address(IPv4Address, first, last)


def _ipv6(field: str, first: int, last: int) -> Iterator[str]:
    return _interface(first, last) if field.endswith("ifname") else _address(IPv6Address, first, last)


def _interface(first: int, last: int) -> Iterator[str]:
    low, high = interface_name(first), interface_name(last)
    if first == last:
        yield low or "none"
    elif last - first + 1 == 1 << 8 * (16 - len(low.encode())) and first % (last - first + 1) == 0:
        yield f"{low}*"
    else:
        yield f"{low or 'none'}…{high or 'last'}"


def interface_name(value: int) -> str:
    """The name whose 16 octets are this number."""
    name = value.to_bytes(16, "big").rstrip(b"\0").decode(errors="backslashreplace")
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in name)


def interface_number(name: str) -> int:
    """The number whose 16 octets are this name; raises ValueError for a longer one."""
    octets = name.encode()
    if len(octets) > 15:
        raise ValueError(f"interface name '{name}' is longer than 15 octets")
    return int.from_bytes(octets.ljust(16, b"\0"), "big")


def _mac(_field: str, first: int, last: int) -> Iterator[str]:
    low, high = first.to_bytes(6, "big").hex(":"), last.to_bytes(6, "big").hex(":")
    yield low if first == last else f"{low}-{high}"


_BY_WIDTH: Final = frozenset({"saddr", "daddr", "saddr6", "daddr6", "iifname", "oifname", "ether_saddr", "ether_daddr"})
_WRITERS: Final[dict[int, Callable[[str, int, int], Iterator[str]]]] = {32: _ipv4, 128: _ipv6, 48: _mac}
