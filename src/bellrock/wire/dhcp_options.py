"""What DHCP's options mean: their numbers, their names, and their values as text or numbers that a person can read.

Numbers and names are those of IANA's registry (bootp-dhcp-parameters); RFC 2132, 3004, 3046, 3442, 4578, 5071, 5859, 7710.
"""

from collections.abc import Callable
from typing import Final

from bellrock.wire.dhcp import suboptions
from bellrock.wire.ip import address_text
from bellrock.wire.text import printable

NETMASK, ROUTERS, DNS_SERVERS, HOST_NAME, DOMAIN = 1, 3, 6, 12, 15
BROADCAST_ADDRESS, NTP_SERVERS, VENDOR = 28, 42, 43
REQUESTED_ADDRESS, LEASE_TIME, SERVER_ID, WANTED, TEXT, MAX_SIZE = 50, 51, 54, 55, 56, 57
RENEWAL_TIME, REBINDING_TIME, VENDOR_CLASS, CLIENT_ID = 58, 59, 60, 61
TFTP_SERVER, BOOT_FILE, USER_CLASS = 66, 67, 77
RELAY_INFORMATION, CLIENT_ARCH, CLIENT_NDI, CLIENT_UUID = 82, 93, 94, 97
DOMAIN_SEARCH, CLASSLESS_ROUTES, TFTP_ADDRESSES = 119, 121, 150
PXELINUX_CONFIG, PXELINUX_PREFIX, PXELINUX_REBOOT = 209, 210, 211
LINK_SELECTION: Final = 5
"""Sub-option of RELAY_INFORMATION (RFC 3527): the subnet of which an address is wanted."""

MAX_HEX: Final = 64
Readable = str | int | list[str] | dict[str, str]


def address(value: bytes) -> str:
    """One IPv4 address; empty where it is none."""
    return address_text(value) if len(value) == 4 else ""


def addresses(value: bytes) -> list[str]:
    """IPv4 addresses in their order; octets left over are left out."""
    return [address_text(value[at : at + 4]) for at in range(0, len(value) - 3, 4)]


def number(value: bytes) -> int:
    """Octets, big-endian: seconds, sizes, architectures."""
    return int.from_bytes(value[:8], "big")


def text(value: bytes) -> str:
    """What a server wrote for people or machines, fit for a terminal; servers end it by NUL or not (RFC 2132 §2)."""
    return printable(value.partition(b"\0")[0])


def name_of(code: int) -> str:
    """`router` for 3; `option-230` for what has no name here."""
    return _OPTIONS[code][0] if code in _OPTIONS else f"option-{code}"


def readable(code: int, value: bytes) -> Readable:
    """An option's value as people write it; octets in hex where nothing better is known."""
    return _OPTIONS[code][1](value) if code in _OPTIONS else _hex(value)


def shown(options: dict[int, bytes]) -> dict[str, Readable]:
    """All options by name, in their order."""
    return {name_of(code): readable(code, value) for code, value in options.items()}


def _hex(value: bytes) -> str:
    return value.hex(":") if len(value) <= MAX_HEX else f"{value[:MAX_HEX].hex(':')}… ({len(value)} octets)"


def _inner(value: bytes) -> dict[str, str]:
    return {str(code): _hex(part) for code, part in suboptions(value).items()}


_OPTIONS: Final[dict[int, tuple[str, Callable[[bytes], Readable]]]] = {
    NETMASK: ("subnet-mask", address),
    ROUTERS: ("routers", addresses),
    DNS_SERVERS: ("domain-name-servers", addresses),
    HOST_NAME: ("host-name", text),
    DOMAIN: ("domain-name", text),
    26: ("interface-mtu", number),
    BROADCAST_ADDRESS: ("broadcast-address", address),
    NTP_SERVERS: ("ntp-servers", addresses),
    VENDOR: ("vendor-encapsulated-options", _inner),
    LEASE_TIME: ("lease-time", number),
    SERVER_ID: ("server-identifier", address),
    TEXT: ("message", text),
    RENEWAL_TIME: ("renewal-time", number),
    REBINDING_TIME: ("rebinding-time", number),
    VENDOR_CLASS: ("vendor-class-identifier", text),
    CLIENT_ID: ("client-identifier", _hex),
    TFTP_SERVER: ("tftp-server-name", text),
    BOOT_FILE: ("bootfile-name", text),
    USER_CLASS: ("user-class", text),
    RELAY_INFORMATION: ("relay-agent-information", _inner),
    CLIENT_ARCH: ("client-system-architecture", number),
    CLIENT_NDI: ("client-network-device-interface", _hex),
    CLIENT_UUID: ("uuid", _hex),
    114: ("captive-portal", text),
    DOMAIN_SEARCH: ("domain-search", _hex),
    CLASSLESS_ROUTES: ("classless-static-routes", _hex),
    TFTP_ADDRESSES: ("tftp-server-addresses", addresses),
    PXELINUX_CONFIG: ("pxelinux-config-file", text),
    PXELINUX_PREFIX: ("pxelinux-path-prefix", text),
    PXELINUX_REBOOT: ("pxelinux-reboot-time", number),
}
