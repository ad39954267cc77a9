"""Where an ordinary socket sends from."""

import socket

from msgspec import Struct

from bellrock.link.obstacle import Obstacle, Obstructed


class Source(Struct, frozen=True):
    """What the kernel is not to choose by itself."""

    interface: str = ""
    """Leave by this interface and no other (SO_BINDTODEVICE); needs no privilege since Linux 5.7."""
    address: str = ""
    port: int = 0


def bind(sock: socket.socket, source: Source | None) -> None:
    """Bind a socket to what is wanted.

    Raises:
        Obstructed: LOCAL, there is no such interface or address here, or the port is taken.
    """
    if source is None or source == Source():
        return
    try:
        if source.interface:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, source.interface.encode() + b"\0")
        if source.address or source.port:
            if not source.port:
                # The port is chosen when the destination is known, so that many sockets may share one (ip(7)).
                sock.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            sock.bind((source.address or ("::" if sock.family == socket.AF_INET6 else "0.0.0.0"), source.port))  # noqa: S104 -- any address of ours
    except OSError as error:
        what = ", ".join(
            part for part in (source.interface, source.address, str(source.port) if source.port else "") if part
        )
        raise Obstructed(Obstacle.LOCAL, why=f"cannot send from {what}: {error.strerror}") from None


def socket_address(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """A socket address without any lookup of names; `fe80::1%eth0` has its zone by name."""
    if ":" not in address:
        return address, port
    host, _, zone = address.partition("%")
    return host, port, 0, socket.if_nametoindex(zone) if zone else 0
