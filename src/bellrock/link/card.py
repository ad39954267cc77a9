"""One look at the interfaces of this host: which there is by a name, and where a packet would leave."""

import asyncio
import contextlib
import socket
from contextlib import closing
from ipaddress import ip_interface
from typing import Final

from bellrock.link.netlink import LinkMonitor
from bellrock.link.obstacle import Obstacle, Obstructed, from_error
from bellrock.link.source import Source, bind, socket_address
from bellrock.model import Interface

_CARRIER_TRIES: Final = 21
_CARRIER_PAUSE: Final = 0.05


def card(name: str) -> Interface:
    """The Ethernet interface of this name.

    Raises:
        Obstructed: LOCAL, there is none, or it is down.
    """
    with closing(LinkMonitor()) as monitor:
        interfaces = {interface.name: interface for interface in monitor.snapshot().values()}
    found = interfaces.get(name)
    if found is None:
        there = ", ".join(sorted(interfaces)) or "none"
        raise Obstructed(Obstacle.LOCAL, why=f"there is no Ethernet interface {name} here; there are: {there}")
    if not found.up:
        raise Obstructed(Obstacle.LOCAL, why=f"{name} is down; `ip link set {name} up` changes that")
    return found


async def carried(name: str) -> Interface:
    """The same, once it has a carrier; the kernel tells of one up to a second late.

    Raises:
        Obstructed: LOCAL, as `card`, or there is no carrier.
    """
    for _ in range(_CARRIER_TRIES):
        found = card(name)
        if found.carrier is not False:
            return found
        await asyncio.sleep(_CARRIER_PAUSE)
    raise Obstructed(Obstacle.LOCAL, why=f"{name} has no carrier: no cable, or nothing at its other end")


def owner_of(address: str) -> str:
    """The interface that has an address; empty: none."""
    interface = interface_with(address)
    return interface.name if interface else ""


def interface_with(address: str) -> Interface | None:
    """The interface that has an address, with all that is known of it; None: none has."""
    with closing(LinkMonitor()) as monitor:
        for interface in monitor.snapshot().values():
            if address in (str(ip_interface(one).ip) for one in interface.addresses):
                return interface
    return None


def local_address(towards: str, source: Source | None = None) -> str:
    """The address that the kernel would send from; nothing is sent to find out.

    Raises:
        Obstructed: NO_ROUTE or LOCAL, it cannot send there.
    """
    family = socket.AF_INET6 if ":" in towards else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as sock:
        bind(sock, source)
        try:
            sock.connect(socket_address(towards, 9))  # RFC 863's port, as good as any: a UDP connect sends nothing
        except OSError as error:
            raise from_error(error) from None
        address: str = sock.getsockname()[0]
        return address.partition("%")[0]
