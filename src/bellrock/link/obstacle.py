"""Why packets of an ordinary socket did not arrive: what the kernel says, and who told it (RFC 792, RFC 4443; ip(7), IP_RECVERR)."""

import contextlib
import errno
import socket
import struct
from enum import StrEnum
from typing import Final

from bellrock.link.nexthop import Ports, refusing

_SOL_IP, _SOL_IPV6, _RECVERR4, _RECVERR6 = 0, 41, 11, 25
_EXTENDED: Final = struct.Struct("=IBBBBII")
"""struct sock_extended_err: errno, origin, type, code, pad, info, data; the offender's sockaddr follows."""
_ORIGIN_LOCAL: Final = 1
_PROHIBITED: Final = {4: {(3, 9), (3, 10), (3, 13)}, 6: {(1, 1), (1, 5), (1, 6)}}
_PORT: Final = {4: (3, 3), 6: (1, 4)}
_TOO_BIG: Final = {4: (3, 4), 6: (2, 0)}
_EXCEEDED: Final = {4: 11, 6: 3}
_NO_HOST: Final = {4: (3, 1), 6: (1, 3)}
_WORDS: Final[dict[int, dict[tuple[int, int], str]]] = {
    4: {
        (3, 0): "no route to its network", (3, 1): "host unreachable", (3, 2): "protocol unreachable", (3, 3): "port unreachable",
        (3, 4): "too big for the way", (3, 9): "network prohibited", (3, 10): "host prohibited", (3, 13): "prohibited by a filter",
    },
    6: {
        (1, 0): "no route to it", (1, 1): "prohibited by a filter", (1, 2): "beyond the scope of the source address", (1, 3): "address unreachable",
        (1, 4): "port unreachable", (1, 5): "prohibited by the source address's policy", (1, 6): "route that rejects", (2, 0): "too big for the way",
    },
}  # fmt: skip
"""ICMP type and code in words (RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3.1)."""


_BY_ROUTES: Final = frozenset((errno.EINVAL, errno.EACCES, errno.EHOSTUNREACH))
"""What sending by a route of type blackhole, prohibit or unreachable ends with, and much else."""
_REFUSING: Final = "a route or routing rule of type {kind} on this host takes what is for {address} (ip route, ip rule)"


class Obstacle(StrEnum):
    """What was in the way."""

    RESET = "reset"
    """TCP RST from the target, or from somebody in its name."""
    PORT = "port unreachable"
    """ICMP port unreachable."""
    PROHIBITED = "administratively prohibited"
    NO_HOST = "no host"
    """ICMP host (IPv6: address) unreachable: the last router found nobody with this address, or a route of it refuses it."""
    UNREACHABLE = "unreachable"
    """Any other ICMP destination unreachable, by a router: that it has no route, above all."""
    EXCEEDED = "time exceeded"
    """The hop limit ran out: a routing loop, or a hop limit that was meant to."""
    TOO_BIG = "too big"
    NO_ROUTE = "no route"
    """This host has none."""
    REFUSING_ROUTE = "refusing route"
    """A route or policy rule of this host takes it, and passes on nothing (blackhole, unreachable, prohibit)."""
    NO_NEIGHBOUR = "no neighbour"
    """Nobody answered ARP or neighbour discovery for the next hop."""
    OWN_FIREWALL = "own firewall"
    """This host's rules dropped it."""
    SILENCE = "silence"
    """Nothing came back at all."""
    STALLED = "stalled"
    """Something had come back, and then packets no longer arrived."""
    CLOSED = "closed"
    """The connection stood, and the other end closed or reset it before it had said what was waited for."""
    LOCAL = "local"
    """This host cannot send: no such address, interface or privilege here."""


class Obstructed(Exception):  # noqa: N818 -- says what it is
    """Packets met an obstacle. `by`: the address of who said so; empty: this host, or nobody."""

    def __init__(self, obstacle: Obstacle, by: str = "", why: str = "", *, partial: bytes = b"") -> None:
        super().__init__(why or obstacle.value)
        self.obstacle = obstacle
        self.by = by
        self.why = why or obstacle.value
        self.partial = partial
        """What the other end had said before it closed."""


def tell_errors(sock: socket.socket) -> None:
    """Have ICMP errors about this socket's packets queued, with who sent them."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(_SOL_IPV6, _RECVERR6, 1)
    else:
        sock.setsockopt(_SOL_IP, _RECVERR4, 1)


def told(sock: socket.socket) -> Obstructed | None:
    """The first ICMP error that is queued, if any."""
    found = told_about(sock)
    return found[1] if found else None


def told_about(sock: socket.socket) -> tuple[bytes, Obstructed, str] | None:
    """The first ICMP error that is queued, if any, with the first octets of what was sent, and to which address."""
    with contextlib.suppress(OSError):
        sent, control, _, whom = sock.recvmsg(512, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        for level, kind, data in control:
            if (level, kind) in ((_SOL_IP, _RECVERR4), (_SOL_IPV6, _RECVERR6)) and len(data) >= _EXTENDED.size:
                return sent, _extended(data, 4 if level == _SOL_IP else 6), whom[0].partition("%")[0] if whom else ""
    return None


def is_own(address: str) -> bool:
    """Whether an address is this host's: one can bind to no other."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # A link-local address is one of a link, which who tells of it often leaves out.
    local = address.lower().startswith("fe80:") and "%" not in address
    zones = [f"%{name}" for _, name in socket.if_nameindex()] if local else [""]
    return any(_binds(family, f"{address or 'invalid'}{zone}") for zone in zones)


def _binds(family: int, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.bind((address, 0))
    except OSError:
        return False
    return True


def from_error(error: OSError, sock: socket.socket | None = None, peer: tuple[str, int] | None = None) -> Obstructed:
    """What an error of connect, send or receive means; a queued ICMP error says it best.

    `peer`: address and port that `sock` was sending to; the kernel is asked whether one of its routes refuses that.
    """
    if sock is not None and (found := told(sock)) is not None:
        return found
    if sock is not None and peer is not None and error.errno in _BY_ROUTES and (found := _refused(sock, *peer)):
        return found
    # asyncio raises ConnectionResetError("Connection lost") without a number.
    match error.errno or (errno.ECONNRESET if isinstance(error, ConnectionError) else None):
        case errno.ECONNREFUSED:
            return Obstructed(Obstacle.RESET)
        case errno.ECONNRESET | errno.EPIPE | errno.ECONNABORTED:
            return Obstructed(Obstacle.CLOSED, why="the connection was reset")
        case errno.ENETUNREACH:
            return Obstructed(Obstacle.NO_ROUTE, why="this host has no route to it")
        case errno.EHOSTUNREACH:
            return Obstructed(Obstacle.NO_NEIGHBOUR, why="nobody answers ARP or neighbour discovery for the next hop")
        case errno.EPERM | errno.EACCES:
            return Obstructed(Obstacle.OWN_FIREWALL, why="this host's own rules do not let it out")
        case errno.ETIMEDOUT:
            return Obstructed(Obstacle.SILENCE, why="nothing came back")
        case _:
            return Obstructed(Obstacle.LOCAL, why=(error.strerror or str(error)).lower())


def _refused(sock: socket.socket, address: str, port: int) -> Obstructed | None:
    """Whether this host's routes pass on nothing to an address; the same error numbers mean other things as well."""
    here, from_port = sock.getsockname()[:2]
    source = "" if here in ("0.0.0.0", "::") else here.partition("%")[0]  # noqa: S104 -- any address of ours
    if source and not is_own(here):
        return Obstructed(Obstacle.LOCAL, why=f"{source} is no longer an address of this host")
    with contextlib.suppress(OSError):
        device = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0").decode()
        ports = Ports("tcp" if sock.type == socket.SOCK_STREAM else "udp", from_port, port)
        found = no_way(address, source, device, ports)
        return found if found.obstacle is Obstacle.REFUSING_ROUTE else None
    return None


def no_way(address: str, source: str = "", interface: str = "", ports: Ports | None = None) -> Obstructed:
    """Why `next_hop` finds no way to an address: a route that refuses it, or none at all.

    Raises:
        OSError: the kernel does not answer.
    """
    if kind := refusing(address, source, interface, ports):
        return Obstructed(Obstacle.REFUSING_ROUTE, why=_REFUSING.format(kind=kind, address=address))
    return Obstructed(Obstacle.NO_ROUTE, why=f"this host has no route to {address}")


def _extended(data: bytes, version: int) -> Obstructed:
    number, origin, kind, code, _, _, _ = _EXTENDED.unpack_from(data)
    if origin == _ORIGIN_LOCAL or origin == 0:
        return from_error(OSError(number, ""))
    by = _offender(data[_EXTENDED.size :], version)
    words = _WORDS[version].get(
        (kind, code), "unreachable" if kind != _EXCEEDED[version] else "hop limit used up on the way"
    )
    said = f"{words} (ICMP{'v6' if version == 6 else ''} type {kind} code {code} from {by or 'an unknown address'})"
    if (kind, code) == _NO_HOST[version] and is_own(by):
        # What the kernel tells its own sockets when ARP or neighbour discovery has failed.
        return Obstructed(Obstacle.NO_NEIGHBOUR, "", "nobody answers ARP or neighbour discovery for the next hop")
    if (kind, code) == _NO_HOST[version]:
        return Obstructed(Obstacle.NO_HOST, by, said)
    if (kind, code) == _PORT[version]:
        return Obstructed(Obstacle.PORT, by, said)
    if (kind, code) in _PROHIBITED[version]:
        return Obstructed(Obstacle.PROHIBITED, by, said)
    if (kind, code) == _TOO_BIG[version]:
        return Obstructed(Obstacle.TOO_BIG, by, said)
    if kind == _EXCEEDED[version]:
        return Obstructed(Obstacle.EXCEEDED, by, said)
    return Obstructed(Obstacle.UNREACHABLE, by, said)


def _offender(address: bytes, version: int) -> str:
    """From a sockaddr_in or sockaddr_in6."""
    if version == 4 and len(address) >= 8:
        return socket.inet_ntop(socket.AF_INET, address[4:8])
    if version == 6 and len(address) >= 24:
        return socket.inet_ntop(socket.AF_INET6, address[8:24])
    return ""
