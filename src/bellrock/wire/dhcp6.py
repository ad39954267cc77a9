"""DHCPv6: messages, relayed ones and their options ↔ values (RFC 8415; boot options of RFC 5970)."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ip import address_bytes, address_text
from bellrock.wire.text import printable

GROUP: Final = "ff02::1:2"
"""All_DHCP_Relay_Agents_and_Servers (RFC 8415 §7.1)."""
GROUP_MAC: Final = "33:33:00:01:00:02"
CLIENT_PORT: Final = 546
SERVER_PORT: Final = 547
MAX_OPTIONS: Final = 512
"""Options in one message or option."""
MAX_ADDRESSES: Final = 64
"""Addresses read of one identity association."""

CLIENT_ID, SERVER_ID, IA_NA, IA_ADDRESS, WANTED, PREFERENCE, ELAPSED, RELAY_MESSAGE = 1, 2, 3, 5, 6, 7, 8, 9
STATUS, USER_CLASS, VENDOR_CLASS, INTERFACE_ID = 13, 15, 16, 18
DNS_SERVERS, DOMAIN_SEARCH, SNTP_SERVERS, NTP_SERVER = 23, 24, 31, 56
BOOT_URL, BOOT_PARAMETERS, CLIENT_ARCH, CLIENT_NDI = 59, 60, 61, 62
INTEL: Final = 343
"""Enterprise number under which PXE and UEFI clients say their class (UEFI §24.3.1)."""

NAMES: Final = {
    CLIENT_ID: "client-identifier", SERVER_ID: "server-identifier", IA_NA: "ia-na", PREFERENCE: "preference", STATUS: "status-code",
    VENDOR_CLASS: "vendor-class", INTERFACE_ID: "interface-id", DNS_SERVERS: "dns-servers", DOMAIN_SEARCH: "domain-search",
    SNTP_SERVERS: "sntp-servers", NTP_SERVER: "ntp-server", BOOT_URL: "boot-file-url", BOOT_PARAMETERS: "boot-file-parameters",
}  # fmt: skip
"""Options that a server may send to one who boots, by IANA's names."""
STATUSES: Final = ("Success", "UnspecFail", "NoAddrsAvail", "NoBinding", "NotOnLink", "UseMulticast", "NoPrefixAvail")
"""RFC 8415 §21.13, table 3."""


class Kind(IntEnum):
    """Message type (RFC 8415 §7.3)."""

    SOLICIT = 1
    ADVERTISE = 2
    REQUEST = 3
    REPLY = 7
    RELEASE = 8
    RELAY_FORWARD = 12
    RELAY_REPLY = 13


Options = tuple[tuple[int, bytes], ...]
"""Code and value; a code may come more than once."""


class Message(Struct, frozen=True, kw_only=True):
    """Between client and server (RFC 8415 §8)."""

    kind: int
    """1–11; a `Kind`, where it is one."""
    transaction: int
    """24 bits."""
    options: Options = ()


class Relayed(Struct, frozen=True, kw_only=True):
    """Between relay and server (RFC 8415 §9)."""

    kind: int
    """RELAY_FORWARD or RELAY_REPLY."""
    hops: int = 0
    link: str = "::"
    """An address by which the server knows the client's link."""
    peer: str = "::"
    """The client's own address, or a relay's before this one."""
    options: Options = ()


class Leased(Struct, frozen=True):
    """An identity association for addresses (RFC 8415 §21.4, §21.6)."""

    iaid: int
    addresses: tuple[tuple[str, int, int], ...]
    """Address, preferred and valid lifetime in seconds."""
    status: str = ""
    """`NoAddrsAvail: …`; empty for success."""
    renewal: int = 0
    """T1, seconds."""
    rebinding: int = 0
    """T2, seconds."""


def decode(data: bytes | memoryview) -> Message | Relayed:
    """Take a UDP payload apart; a relayed message keeps the inner one in its option RELAY_MESSAGE.

    Raises:
        WireError: TRUNCATED, MALFORMED (a message type that is none), TOO_BIG (more than MAX_OPTIONS options).
    """
    octets = bytes(data)
    if len(octets) < 4:
        raise WireError(Reason.TRUNCATED, ("DHCPv6: %d octets, a header has 4", len(octets)))
    kind = octets[0]
    if kind in (Kind.RELAY_FORWARD, Kind.RELAY_REPLY):
        if len(octets) < 34:
            raise WireError(Reason.TRUNCATED, ("DHCPv6: %d octets, a relayed message has 34", len(octets)))
        link, peer = address_text(octets[2:18]), address_text(octets[18:34])
        return Relayed(kind=kind, hops=octets[1], link=link, peer=peer, options=options(octets[34:]))
    if not 1 <= kind <= 11:
        raise WireError(Reason.MALFORMED, ("DHCPv6: message type %d", kind))
    return Message(kind=kind, transaction=int.from_bytes(octets[1:4], "big"), options=options(octets[4:]))


def encode(message: Message | Relayed) -> bytes:
    """The octets of a message.

    Raises:
        ValueError: a field that does not fit.
    """
    if isinstance(message, Relayed):
        if not 0 <= message.hops <= 255:
            raise ValueError(f"DHCPv6: {message.hops} hops")
        head = bytes((message.kind, message.hops)) + _six(message.link) + _six(message.peer)
    else:
        if not 0 <= message.transaction < 1 << 24:
            raise ValueError(f"DHCPv6: transaction {message.transaction:#x} has more than 24 bits")
        head = bytes((message.kind,)) + message.transaction.to_bytes(3, "big")
    return head + packed(message.options)


def options(data: bytes) -> Options:
    """Options one after the other (RFC 8415 §21.1).

    Raises:
        WireError: TRUNCATED, TOO_BIG.
    """
    return tuple(_walk(data))


def packed(found: Iterable[tuple[int, bytes]]) -> bytes:
    """Options as octets.

    Raises:
        ValueError: a code or a length that does not fit 16 bits.
    """
    try:
        return b"".join(code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for code, value in found)
    except OverflowError as error:
        raise ValueError(f"DHCPv6: an option does not fit: {error}") from None


def first(found: Options, code: int) -> bytes | None:
    """The value of the first option with this code."""
    return next((value for one, value in found if one == code), None)


def leased(value: bytes) -> Leased:
    """What an IA_NA holds.

    Raises:
        WireError: TRUNCATED, TOO_BIG (more than MAX_ADDRESSES addresses).
    """
    if len(value) < 12:
        raise WireError(Reason.TRUNCATED, ("DHCPv6: an IA_NA of %d octets; it has at least 12", len(value)))
    iaid, renewal, rebinding = (int.from_bytes(value[at : at + 4], "big") for at in (0, 4, 8))
    inner = options(value[12:])
    offered = [_address(one) for code, one in inner if code == IA_ADDRESS]
    if len(offered) > MAX_ADDRESSES:
        raise WireError(Reason.TOO_BIG, ("DHCPv6: %d addresses in one IA_NA", len(offered)))
    return Leased(iaid, tuple(offered), status(first(inner, STATUS)), renewal, rebinding)


def wish(iaid: int) -> bytes:
    """An IA_NA that asks for whatever address there is (RFC 8415 §18.2.1)."""
    return iaid.to_bytes(4, "big") + bytes(8)


def status(value: bytes | None) -> str:
    """A status code with its text; empty for success, which may be left out (RFC 8415 §21.13)."""
    if value is None or len(value) < 2 or value[:2] == b"\0\0":
        return ""
    code = int.from_bytes(value[:2], "big")
    name = STATUSES[code] if code < len(STATUSES) else f"status {code}"
    said = printable(value[2:])
    return f"{name}: {said}" if said else name


def addresses(value: bytes) -> list[str]:
    """IPv6 addresses in their order; octets left over are left out."""
    return [address_text(value[at : at + 16]) for at in range(0, len(value) - 15, 16)]


def link_layer_duid(mac: bytes) -> bytes:
    """DUID-LL of an Ethernet address (RFC 8415 §11.4)."""
    return b"\0\3\0\1" + mac


def vendor_class(text: str) -> bytes:
    """The class under which PXE and UEFI clients name themselves (RFC 8415 §21.16): `PXEClient:Arch:00007:UNDI:003016`."""
    data = text.encode("ascii")
    return INTEL.to_bytes(4, "big") + len(data).to_bytes(2, "big") + data


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = count = 0
    while at < len(data):
        if at + 4 > len(data):
            raise WireError(Reason.TRUNCATED, "DHCPv6: ends inside an option's header")
        code, size = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 4 + size > len(data):
            raise WireError(Reason.TRUNCATED, ("DHCPv6: option %d says %d octets, %d are there", code, size, len(data) - at - 4))  # fmt: skip
        yield code, data[at + 4 : at + 4 + size]
        at, count = at + 4 + size, count + 1
        if count > MAX_OPTIONS:
            raise WireError(Reason.TOO_BIG, ("DHCPv6: more than %d options", MAX_OPTIONS))


def _address(value: bytes) -> tuple[str, int, int]:
    if len(value) < 24:
        raise WireError(Reason.TRUNCATED, ("DHCPv6: an address of %d octets; it has at least 24", len(value)))
    return address_text(value[:16]), int.from_bytes(value[16:20], "big"), int.from_bytes(value[20:24], "big")


def _six(text: str) -> bytes:
    octets = address_bytes(text)
    if len(octets) != 16:
        raise ValueError(f"DHCPv6: {text} is no IPv6 address")
    return octets
