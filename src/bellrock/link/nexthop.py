"""Where this host would send a packet next, and whether that neighbour answers: asked of the kernel, nothing is sent (rtnetlink(7))."""

import errno
import socket
import struct
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from bellrock.link import rtnetlink
from bellrock.link.device import interface_text
from bellrock.link.dump import dump

_GET_ROUTE, _NEW_ROUTE, _GET_NEIGHBOUR, _NEW_NEIGHBOUR = 26, 24, 30, 28
_HEADER: Final = struct.Struct("=IHHII")
_ROUTE: Final = struct.Struct("=8BI")
"""struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags."""
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")
"""struct ndmsg: family, interface, state, flags, type."""
_ATTRIBUTE: Final = struct.Struct("=HH")
_DESTINATION, _FROM, _INTERFACE, _GATEWAY, _SOURCE, _MULTIPATH, _VIA, _PROTOCOL, _SOURCE_PORT, _PORT = (
    1,
    2,
    4,
    5,
    7,
    9,
    18,
    27,
    28,
    29,
)
_HOP: Final = struct.Struct("=HBBi")
"""struct rtnexthop: length, flags, hops, interface."""
_WHOLE: Final = 0x2000
"""RTM_F_FIB_MATCH: the route itself, with all its next hops, and not what becomes of it for this packet."""
_REQUEST, _DUMP = 0x001, 0x301
_SILENT: Final = 0x01 | 0x20
"""NUD_INCOMPLETE, NUD_FAILED: asked for by ARP or neighbour discovery, without an answer so far or at all."""
_NONE: Final = 0
_TIMEOUT: Final = 2.0
_PROTOCOLS: Final = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
_REFUSALS: Final = {errno.EINVAL: "blackhole", errno.EHOSTUNREACH: "unreachable", errno.EACCES: "prohibit"}
"""Types of routes, and of policy rules, that take packets and pass on none (ip-route(8), ip-rule(8)), by the error that they mean to a sender."""
_NO_WAY: Final = frozenset((errno.ENETUNREACH, errno.ESRCH, *_REFUSALS))


class NextHop(Struct, frozen=True):
    """The way out. `gateway` is empty where the target is on the link itself."""

    interface: str
    gateway: str
    source: str
    """The address that the kernel prefers to send from."""
    neighbour: Literal["", "known", "silent"]
    """Of the gateway, or the target on the link: `silent` where it was asked for and has not answered; empty: not asked yet."""


class Ports(Struct, frozen=True):
    """What policy routing may ask of a packet beyond its addresses (ip-rule(8): ipproto, sport, dport)."""

    protocol: Literal["tcp", "udp"]
    source: int
    """0: not known yet."""
    destination: int


def next_hop(target: str, source: str = "", interface: str = "", ports: Ports | None = None) -> NextHop | None:
    """The next hop towards an address, from an address and by an interface where they are given.

    None where there is no route, or one that passes on nothing (`refusing`). By an interface through which no route leads, the target
    is looked for on its link. Without `ports`, rules of policy routing that ask for them are not met.

    Raises:
        OSError: the kernel does not answer.
    """
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    found = _route(_question(family, target, source, interface, ports))
    if isinstance(found, int):
        return None
    index, gateway, preferred = _told(family, found)
    return NextHop(interface_text(index), gateway, preferred or source, _state(family, index, gateway or target))


def refusing(target: str, source: str = "", interface: str = "", ports: Ports | None = None) -> str:
    """The type of a route or policy rule that takes packets to an address and passes on none: blackhole, unreachable or prohibit.

    Empty: there is none, or no route at all. `source` must be an address of this host.

    Raises:
        OSError: the kernel does not answer.
    """
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    found = _route(_question(family, target, source, interface, ports))
    return _REFUSALS.get(found, "") if isinstance(found, int) else ""


def interfaces_towards(target: str, source: str = "") -> tuple[str, ...]:
    """The interfaces by which the route to an address leads, several where it has several next hops; empty where there is no way.

    Raises:
        OSError: the kernel does not answer.
    """
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    found = _route(_question(family, target, source, flags=_WHOLE))
    if isinstance(found, int):
        return ()
    fields = rtnetlink.attributes(found[_ROUTE.size :])
    found_at = (rtnetlink.number(fields.get(_INTERFACE)), *_hops(fields.get(_MULTIPATH, b"")))
    if not any(found_at):  # next hop objects, where net.ipv4.nexthop_compat_mode is 0
        raise OSError(errno.EPROTO, "the kernel does not tell the next hops of the route")
    return tuple(interface_text(index) for index in found_at if index)


def _hops(several: bytes) -> Iterator[int]:
    """Interfaces of the next hops of a route; what does not fit its stated length ends them."""
    at = 0
    while at + _HOP.size <= len(several):
        length, _, _, index = _HOP.unpack_from(several, at)
        if length < _HOP.size:
            return
        yield index
        at += length + 3 & ~3


def _question(
    family: int, target: str, source: str, interface: str = "", ports: Ports | None = None, flags: int = 0
) -> bytes:
    octets = socket.inet_pton(family, target.partition("%")[0])
    attributes = _attribute(_DESTINATION, octets)
    if source:
        attributes += _attribute(_FROM, socket.inet_pton(family, source.partition("%")[0]))
    if interface:
        attributes += _attribute(_INTERFACE, struct.pack("=I", socket.if_nametoindex(interface)))
    if ports is not None:
        attributes += _attribute(_PROTOCOL, bytes((_PROTOCOLS[ports.protocol],)))
        attributes += _attribute(_PORT, struct.pack("!H", ports.destination))
        attributes += _attribute(_SOURCE_PORT, struct.pack("!H", ports.source)) if ports.source else b""
    bits = len(octets) * 8
    return _ROUTE.pack(family, bits, bits if source else 0, 0, 0, 0, 0, 0, flags) + attributes


def _route(question: bytes) -> bytes | int:
    """The kernel's answer, or the error that says that there is no way."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.settimeout(_TIMEOUT)
        sock.sendto(_HEADER.pack(_HEADER.size + len(question), _GET_ROUTE, _REQUEST, 1, 0) + question, (0, 0))
        message = next(rtnetlink.messages(sock.recv(8192)), None)
    if message is None or message.type == rtnetlink.ERROR:
        number = rtnetlink.error_number(message) if message is not None else errno.EPROTO
        if number in _NO_WAY:
            return number
        raise OSError(number, "the kernel does not tell the route")
    return message.body


def _told(family: int, body: bytes) -> tuple[int, str, str]:
    """Interface, gateway and source of a route."""
    fields = rtnetlink.attributes(body[_ROUTE.size :])
    gateway = _text(family, fields.get(_GATEWAY, b""))
    via = fields.get(_VIA, b"")
    if not gateway and len(via) > 2:  # RFC 5549: an IPv4 route by way of an IPv6 router
        gateway = _text(int.from_bytes(via[:2], "little"), via[2:])
    return rtnetlink.number(fields.get(_INTERFACE)), gateway, _text(family, fields.get(_SOURCE, b""))


def _state(family: int, index: int, address: str) -> Literal["", "known", "silent"]:
    family = socket.AF_INET6 if ":" in address else family
    body = _NEIGHBOUR.pack(family, 0, 0, 0, 0)
    request = _HEADER.pack(_HEADER.size + len(body), _GET_NEIGHBOUR, _DUMP, 1, 0) + body
    for message in dump(socket.NETLINK_ROUTE, request):
        if message.type != _NEW_NEIGHBOUR or len(message.body) < _NEIGHBOUR.size:
            continue
        _, where, state, _, _ = _NEIGHBOUR.unpack_from(message.body)
        fields = rtnetlink.attributes(message.body[_NEIGHBOUR.size :])
        if where == index and _text(family, fields.get(_DESTINATION, b"")) == address.partition("%")[0]:
            return "silent" if state & _SILENT else "known" if state != _NONE else ""
    return ""


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _text(family: int, octets: bytes) -> str:
    return socket.inet_ntop(family, octets) if len(octets) == (16 if family == socket.AF_INET6 else 4) else ""
