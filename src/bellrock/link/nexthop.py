"""Where this host would send a packet next, and whether that neighbour answers: asked of the kernel, nothing is sent (rtnetlink(7))."""

import errno
import socket
import struct
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
_DESTINATION, _INTERFACE, _GATEWAY, _SOURCE, _VIA = 1, 4, 5, 7, 18
_REQUEST, _DUMP = 0x001, 0x301
_SILENT: Final = 0x01 | 0x20
"""NUD_INCOMPLETE, NUD_FAILED: asked for by ARP or neighbour discovery, without an answer so far or at all."""
_NONE: Final = 0
_TIMEOUT: Final = 2.0
_REFUSALS: Final = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL, errno.ESRCH))


class NextHop(Struct, frozen=True):
    """The way out. `gateway` is empty where the target is on the link itself."""

    interface: str
    gateway: str
    source: str
    """The address that the kernel prefers to send from."""
    neighbour: Literal["", "known", "silent"]
    """Of the gateway, or the target on the link: `silent` where it was asked for and has not answered; empty: not asked yet."""


def next_hop(target: str, source: str = "", interface: str = "") -> NextHop | None:
    """The next hop towards an address, from an address and by an interface where they are given; None where there is no route.

    By an interface through which no route leads, the target is looked for on its link.

    Raises:
        OSError: the kernel does not answer.
    """
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    found = _route(family, target, source, interface)
    if found is None:
        return None
    index, gateway, preferred = found
    return NextHop(interface_text(index), gateway, preferred or source, _state(family, index, gateway or target))


def _route(family: int, target: str, source: str, interface: str) -> tuple[int, str, str] | None:
    octets = socket.inet_pton(family, target.partition("%")[0])
    attributes = _attribute(_DESTINATION, octets)
    if source:
        attributes += _attribute(2, socket.inet_pton(family, source))
    if interface:
        attributes += _attribute(_INTERFACE, struct.pack("=I", socket.if_nametoindex(interface)))
    bits = len(octets) * 8
    body = _ROUTE.pack(family, bits, bits if source else 0, 0, 0, 0, 0, 0, 0) + attributes
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.settimeout(_TIMEOUT)
        sock.sendto(_HEADER.pack(_HEADER.size + len(body), _GET_ROUTE, _REQUEST, 1, 0) + body, (0, 0))
        message = next(rtnetlink.messages(sock.recv(8192)), None)
    if message is None or message.type == rtnetlink.ERROR:
        number = rtnetlink.error_number(message) if message is not None else errno.EPROTO
        if number in _REFUSALS:
            return None
        raise OSError(number, "the kernel does not tell the route")
    return _told(family, message.body)


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
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value


def _text(family: int, octets: bytes) -> str:
    return socket.inet_ntop(family, octets) if len(octets) == (16 if family == socket.AF_INET6 else 4) else ""
