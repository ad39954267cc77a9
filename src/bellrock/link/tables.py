"""The kernel's tables of neighbours and of routes, whole; and how interfaces answer ARP (rtnetlink(7), ip-sysctl.rst)."""

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from bellrock.link import rtnetlink
from bellrock.link.device import interface_text
from bellrock.link.dump import dump
from bellrock.link.rtnetlink import Message
from bellrock.model.here import Answers, Neighbour, Route

_NEW_ROUTE, _GET_ROUTE, _NEW_NEIGHBOUR, _GET_NEIGHBOUR, _NEW_RULE, _GET_RULE = 24, 26, 28, 30, 32, 34
_DUMP: Final = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP."""
_HEADER: Final = struct.Struct("=IHHII")
_ROUTE: Final = struct.Struct("=8BI")
"""struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags; of rules struct fib_rule_hdr alike."""
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")
_HOP: Final = struct.Struct("=HBBi")
_DESTINATION, _OUT, _GATEWAY, _PRIORITY, _MULTIPATH, _TABLE, _VIA = 1, 4, 5, 6, 9, 15, 18
_NEIGHBOUR_MAC: Final = 2
_MAIN: Final = 254
_USUAL_TABLES: Final = frozenset((253, 254, 255))
_UNICAST: Final = 1
_FAMILIES: Final[dict[int, int]] = {socket.AF_INET: 4, socket.AF_INET6: 16}
"""Octets of an address."""
_STATES: Final = {
    0x01: "incomplete", 0x02: "reachable", 0x04: "stale", 0x08: "delay", 0x10: "probe", 0x20: "failed", 0x80: "permanent",
}  # fmt: skip
"""NUD_… of linux/neighbour.h; those without a state, and NOARP ones (multicast and the like), are left out."""
_CONF: Final = Path("/proc/sys/net/ipv4/conf")
_MAX_SETTING: Final = 16


def neighbours() -> tuple[Neighbour, ...]:
    """Entries of the ARP and neighbour tables of this namespace, by interface and address.

    Raises:
        OSError: the kernel does not answer, or has more to tell than is taken.
    """
    found = [one for message in _dump(_GET_NEIGHBOUR, socket.AF_UNSPEC) if (one := neighbour(message)) is not None]
    return tuple(sorted(found, key=lambda one: (one.interface, one.address)))


def neighbour(message: Message) -> Neighbour | None:
    """What one message says; None where it tells of no machine on a link."""
    if message.type != _NEW_NEIGHBOUR or len(message.body) < _NEIGHBOUR.size:
        return None
    family, index, state, _, _ = _NEIGHBOUR.unpack_from(message.body)
    fields = rtnetlink.attributes(message.body[_NEIGHBOUR.size :])
    octets = fields.get(_DESTINATION, b"")
    if state not in _STATES or _FAMILIES.get(family) != len(octets):
        return None
    return Neighbour(
        socket.inet_ntop(family, octets), fields.get(_NEIGHBOUR_MAC, b"").hex(":"), interface_text(index), _STATES[state]
    )  # fmt: skip


def routes() -> tuple[Route, ...] | None:
    """The unicast routes of the main tables of both families; None where policy routing decides by other tables as well.

    A route with several next hops is told once for each.

    Raises:
        OSError: the kernel does not answer, or has more to tell than is taken.
    """
    families = (socket.AF_INET, socket.AF_INET6)
    if any(_is_policy(message) for family in families for message in _dump(_GET_RULE, family)):
        return None
    found = [one for family in families for message in _dump(_GET_ROUTE, family) for one in route(message)]
    return tuple(dict.fromkeys(found))


def route(message: Message) -> Iterator[Route]:
    """The next hops of a route of the main table that one message tells."""
    if message.type != _NEW_ROUTE or len(message.body) < _ROUTE.size:
        return
    family, bits, _, _, table, _, _, kind, _ = _ROUTE.unpack_from(message.body)
    fields = rtnetlink.attributes(message.body[_ROUTE.size :])
    table = rtnetlink.number(fields.get(_TABLE)) or table
    octets = fields.get(_DESTINATION) or bytes(_FAMILIES.get(family, 0))
    if table != _MAIN or kind != _UNICAST or _FAMILIES.get(family) != len(octets) or bits > 8 * len(octets):
        return
    to = str(ip_network((octets, bits), strict=False))
    metric = rtnetlink.number(fields.get(_PRIORITY))
    for index, hop in ((rtnetlink.number(fields.get(_OUT)), fields), *_hops(fields.get(_MULTIPATH, b""))):
        if index:
            yield Route(to, interface_text(index), _gateway(family, hop), metric)


def _hops(several: bytes) -> Iterator[tuple[int, dict[int, bytes]]]:
    """Interface and attributes of each next hop; what does not fit its stated length ends them."""
    at = 0
    while at + _HOP.size <= len(several):
        length, _, _, index = _HOP.unpack_from(several, at)
        if length < _HOP.size or at + length > len(several):
            return
        yield index, rtnetlink.attributes(several[at + _HOP.size : at + length])
        at += length + 3 & ~3


def _gateway(family: int, fields: dict[int, bytes]) -> str:
    octets, via = fields.get(_GATEWAY, b""), fields.get(_VIA, b"")
    if not octets and len(via) > 2:  # RFC 5549: an IPv4 route by way of an IPv6 router
        family, octets = int.from_bytes(via[:2], "little"), via[2:]
    return socket.inet_ntop(family, octets) if octets and _FAMILIES.get(family) == len(octets) else ""


def _is_policy(message: Message) -> bool:
    if message.type != _NEW_RULE or len(message.body) < _ROUTE.size:
        return False
    table = rtnetlink.number(rtnetlink.attributes(message.body[_ROUTE.size :]).get(_TABLE)) or message.body[4]
    return table not in _USUAL_TABLES


def _dump(kind: int, family: int) -> list[Message]:
    body = _NEIGHBOUR.pack(family, 0, 0, 0, 0) if kind == _GET_NEIGHBOUR else _ROUTE.pack(family, *[0] * 8)
    request = _HEADER.pack(_HEADER.size + len(body), kind, _DUMP, 1, 0) + body
    return dump(socket.NETLINK_ROUTE, request)


def answers(interfaces: tuple[str, ...], conf: Path = _CONF) -> tuple[Answers, ...] | None:
    """How each of these interfaces answers ARP; None where the settings cannot be read."""
    ignore, announce = _setting(conf / "all" / "arp_ignore"), _setting(conf / "all" / "arp_announce")
    if ignore is None or announce is None:
        return None
    return tuple(
        Answers(
            name, max(ignore, _setting(conf / name / "arp_ignore") or 0), max(announce, _setting(conf / name / "arp_announce") or 0)
        )
        for name in interfaces
    )  # fmt: skip


def _setting(path: Path) -> int | None:
    try:
        with path.open() as file:
            return int(file.read(_MAX_SETTING))
    except (OSError, ValueError):
        return None
