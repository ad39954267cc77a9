"""The same by DHCPv6: SOLICIT, ADVERTISE, REQUEST, REPLY (RFC 8415 §18.2), with the boot file of RFC 5970."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Final
from urllib.parse import urlsplit

from bellrock.lab.client import asks
from bellrock.lab.client.card import Card
from bellrock.lab.client.lease import Lease
from bellrock.lab.client.settings import Stage
from bellrock.lab.client.story import BootFailed, Story
from bellrock.wire import dhcp6
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp6 import Kind, Message
from bellrock.wire.errors import WireError

_IAID: Final = 1
_PREFIX: Final = 64


def lease6(card: Card, stage: Stage, story: Story) -> Lease:
    """Ask until there is an address, and take it.

    Raises:
        BootFailed: nobody answered, or nobody had an address.
    """
    story.reach("dhcp")
    transaction = int.from_bytes(os.urandom(3), "big")
    said = _identity(stage, story.settings.arch, card)
    with closing(_socket(card)) as sock:
        for wait in story.waits():
            _send(sock, card, Message(kind=Kind.SOLICIT, transaction=transaction, options=said))
            offer = next(_heard(sock, transaction, Kind.ADVERTISE, wait), None)
            server = dhcp6.first(offer.options, dhcp6.SERVER_ID) if offer else None
            if offer is None or server is None or not _address(offer):
                continue
            chosen = (*said, (dhcp6.SERVER_ID, server))
            _send(sock, card, Message(kind=Kind.REQUEST, transaction=transaction, options=chosen))
            reply = next(_heard(sock, transaction, Kind.REPLY, wait), None)
            if reply is not None and _address(reply):
                found = _lease(reply)
                card.take(found.address, _PREFIX)
                story.tell("dhcp", "worked", f"{found.address}, file {found.file or 'none'}")
                return found
    raise BootFailed("dhcp", "no DHCPv6 server gave an address")


def _identity(stage: Stage, arch: int, card: Card) -> dhcp6.Options:
    duid = dhcp6.link_layer_duid(card.octets)
    wanted = b"".join(
        code.to_bytes(2, "big")
        for code in (dhcp6.DNS_SERVERS, dhcp6.DOMAIN_SEARCH, dhcp6.BOOT_URL, dhcp6.BOOT_PARAMETERS)
    )
    said: dhcp6.Options = (
        (dhcp6.CLIENT_ID, duid),
        (dhcp6.IA_NA, dhcp6.wish(_IAID)),
        (dhcp6.WANTED, wanted),
        (dhcp6.ELAPSED, bytes(2)),
    )
    if stage == "installer":
        return said
    four = asks.identity(stage, arch, card.octets)
    named = option.text(four[option.VENDOR_CLASS])
    booting = (
        (dhcp6.VENDOR_CLASS, dhcp6.vendor_class(named)),
        (dhcp6.CLIENT_ARCH, arch.to_bytes(2, "big")),
        (dhcp6.CLIENT_NDI, four[option.CLIENT_NDI]),
    )
    user = ((dhcp6.USER_CLASS, b"\0\4iPXE"),) if stage == "ipxe" else ()
    return (*said, *booting, *user)


def _socket(card: Card) -> socket.socket:
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, card.index)
    sock.bind(("::", dhcp6.CLIENT_PORT))
    return sock


def _send(sock: socket.socket, card: Card, message: Message) -> None:
    sock.sendto(dhcp6.encode(message), (dhcp6.GROUP, dhcp6.SERVER_PORT, 0, card.index))


def _heard(sock: socket.socket, transaction: int, kind: Kind, seconds: float) -> Iterator[Message]:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        sock.settimeout(left)
        with suppress(WireError, TimeoutError):
            message = dhcp6.decode(sock.recv(65_535))
            if isinstance(message, Message) and (message.transaction, message.kind) == (transaction, kind):
                yield message


def _address(message: Message) -> str:
    value = dhcp6.first(message.options, dhcp6.IA_NA)
    with suppress(WireError):
        return dhcp6.leased(value).addresses[0][0] if value is not None and dhcp6.leased(value).addresses else ""
    return ""


def _lease(reply: Message) -> Lease:
    url = option.text(dhcp6.first(reply.options, dhcp6.BOOT_URL) or b"")
    servers = dhcp6.addresses(dhcp6.first(reply.options, dhcp6.DNS_SERVERS) or b"")
    return Lease(
        address=_address(reply), prefix=_PREFIX, file=url, next_server=urlsplit(url).hostname or "", dns=tuple(servers)
    )
