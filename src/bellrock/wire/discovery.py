"""Neighbour discovery as it passes by (RFC 4861): who looks for whom, who answers, and which routers announce themselves.

Read leniently: checksums may not be filled in yet where a capture was made. Who acts on what he hears asks `solicit`.
"""

from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import mac_text
from bellrock.wire.ip import address_text
from bellrock.wire.solicit import ADVERTISEMENT, SOLICITATION

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
"""RFC 4861 §4.1, §4.2: types."""
KINDS: Final = (ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT)
"""Types that `parse` reads."""
MAX_OPTIONS: Final = 64
MAX_LISTED: Final = 32
"""Prefixes, and servers, of one advertisement."""
_SOURCE, _TARGET, _PREFIX, _MTU, _SERVERS = 1, 2, 3, 5, 25
"""RFC 4861 §4.6, RFC 8106 §5.1: options."""
_MANAGED, _OTHER, _ROUTER = 0x80, 0x40, 0x80
_HEADER: Final = {ROUTER_ADVERTISEMENT: 16, SOLICITATION: 24, ADVERTISEMENT: 24}


class Solicitation(Struct, frozen=True, gc=False):
    """Neighbour solicitation (RFC 4861 §4.3); from `::`: duplicate address detection."""

    target: str


class Advertisement(Struct, frozen=True, gc=False):
    """Neighbour advertisement (RFC 4861 §4.4)."""

    target: str
    mac: str = ""
    router: bool = False


class RouterAdvertisement(Struct, frozen=True):
    """RFC 4861 §4.2."""

    lifetime: int
    """Seconds for which it is a default router; 0: it is none."""
    prefixes: tuple[str, ...] = ()
    managed: bool = False
    other: bool = False
    mac: str = ""
    mtu: int | None = None
    servers: tuple[str, ...] = ()
    """Recursive DNS servers (RFC 8106)."""


Found = Solicitation | Advertisement | RouterAdvertisement


def parse(message: bytes | memoryview) -> Found:
    """An ICMPv6 message of one of KINDS. An option that is not known is passed over (RFC 4861 §4.6).

    Raises:
        WireError: TRUNCATED, MALFORMED (an option of no length), TOO_BIG (more than MAX_OPTIONS), UNSUPPORTED (another message).
    """
    data = bytes(message)
    kind = data[0] if data else -1
    if kind not in _HEADER:
        raise WireError(Reason.UNSUPPORTED, ("ICMPv6: type %d is not one of neighbour discovery that is read", kind))
    if len(data) < _HEADER[kind]:
        raise WireError(
            Reason.TRUNCATED, ("ICMPv6: type %d of %d octets; it has at least %d", kind, len(data), _HEADER[kind])
        )
    options = list(_options(data[_HEADER[kind] :]))
    if kind == ROUTER_ADVERTISEMENT:
        return _router(data, options)
    target = address_text(data[8:24])
    if kind == SOLICITATION:
        return Solicitation(target)
    return Advertisement(target, _mac(options, _TARGET), bool(data[4] & _ROUTER))


def _router(data: bytes, options: list[tuple[int, bytes]]) -> RouterAdvertisement:
    prefixes = [_prefix(value) for kind, value in options if kind == _PREFIX and len(value) == 30]
    servers = [server for kind, value in options if kind == _SERVERS for server in _servers(value)]
    mtu = next((int.from_bytes(value[2:6], "big") for kind, value in options if kind == _MTU and len(value) == 6), None)
    return RouterAdvertisement(
        lifetime=int.from_bytes(data[6:8], "big"), prefixes=tuple(prefixes[:MAX_LISTED]), managed=bool(data[5] & _MANAGED),
        other=bool(data[5] & _OTHER), mac=_mac(options, _SOURCE), mtu=mtu, servers=tuple(servers[:MAX_LISTED]),
    )  # fmt: skip


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    """RFC 4861 §4.6: type, length in units of 8 octets with both of these."""
    at = 0
    for _ in range(MAX_OPTIONS):
        if at + 2 > len(data):
            return
        size = data[at + 1] * 8
        if not size:
            raise WireError(Reason.MALFORMED, ("ICMPv6: option %d has no length", data[at]))
        if at + size > len(data):
            # The last one of a packet that a capture has cut: what came before it stands.
            return
        yield data[at], data[at + 2 : at + size]
        at += size
    raise WireError(Reason.TOO_BIG, ("ICMPv6: more than %d options", MAX_OPTIONS))


def _mac(options: list[tuple[int, bytes]], wanted: int) -> str:
    return next((mac_text(value) for kind, value in options if kind == wanted and len(value) == 6), "")


def _prefix(value: bytes) -> str:
    """RFC 4861 §4.6.2; bits behind the prefix's length are to be ignored."""
    length = min(value[0], 128)
    keep = (1 << 128) - (1 << (128 - length))
    return f"{IPv6Address(int.from_bytes(value[14:30], 'big') & keep)}/{length}"


def _servers(value: bytes) -> Iterator[str]:
    for at in range(6, len(value) - 15, 16):
        yield address_text(value[at : at + 16])
