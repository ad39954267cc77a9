"""What each stage of a boot says of itself by DHCP, and which offers it takes."""

import hashlib
from typing import Final

from bellrock.lab.client.settings import Stage
from bellrock.probe.dhcp_plan import HTTP
from bellrock.wire import dhcp
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Message

_IPXE: Final = 175
_IPXE_FEATURES: Final = bytes.fromhex("b105010010ec81391903010101150101130101110101")
"""iPXE's encapsulated options: its card, and that it speaks HTTP, HTTPS, bzImage and menus."""
_WANTED: Final = {
    "firmware": bytes((1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135)),
    "ipxe": bytes((1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203)),
    "installer": bytes((1, 3, 6, 12, 15, 26, 28, 42, 119, 121)),
}  # fmt: skip
"""PXE 2.1 §2.2.1; iPXE's own list; a Linux client's."""
_LINUX: Final = b"dhcpcd-10.0.6:Linux-6.8.0-45-generic:x86_64:GenuineIntel"


def identity(stage: Stage, arch: int, mac: bytes) -> dict[int, bytes]:
    """The options by which a machine says what it is and wants."""
    said = {option.MAX_SIZE: (1472).to_bytes(2, "big"), option.WANTED: _WANTED[stage]}
    if stage == "installer":
        return said | {option.VENDOR_CLASS: _LINUX, option.CLIENT_ID: b"\x01" + mac}
    http = arch in HTTP and stage == "firmware"
    kind, version = ("HTTPClient", "003001") if http else ("PXEClient", "003016")
    said |= {
        option.CLIENT_ARCH: arch.to_bytes(2, "big"),
        option.CLIENT_NDI: b"\x01\x03\x01" if http else b"\x01\x03\x10",
        option.CLIENT_UUID: b"\0" + hashlib.sha256(mac).digest()[:16],
        option.VENDOR_CLASS: f"{kind}:Arch:{arch:05d}:UNDI:{version}".encode(),
    }
    if stage == "ipxe":
        said |= {option.USER_CLASS: b"iPXE", _IPXE: _IPXE_FEATURES}
    return said


def boot_file(message: Message) -> str:
    """The boot file that a server names: option 67, else the header's field (RFC 2132 §9.5)."""
    return option.text(message.options.get(option.BOOT_FILE, b"") or message.file)


def next_server(message: Message) -> str:
    """Where that file is: siaddr (RFC 2131 §2); option 66 only where it holds an address, as firmware has it."""
    named = option.text(message.options.get(option.TFTP_SERVER, b""))
    if message.siaddr != dhcp.NOBODY:
        return message.siaddr
    return named or option.address(message.options.get(option.SERVER_ID, b"\0\0\0\0"))


def is_proxy(message: Message) -> bool:
    """An offer without an address, by a server that only knows boot files (PXE 2.1 §2.2.3)."""
    return message.yiaddr == dhcp.NOBODY and option.text(message.options.get(option.VENDOR_CLASS, b"")) == "PXEClient"


def refusal(message: Message, stage: Stage, arch: int) -> str:
    """Why this stage cannot use an offer; empty: it can."""
    if message.yiaddr == dhcp.NOBODY:
        return "it has no address"
    if stage == "installer":
        return ""
    file = boot_file(message)
    if stage == "firmware" and arch in HTTP:
        # UEFI 2.10 §24.7.3.1: an HTTP boot offer has class HTTPClient and a URI.
        if option.text(message.options.get(option.VENDOR_CLASS, b"")) != "HTTPClient":
            return "it has no class HTTPClient"
        return "" if file.startswith(("http://", "https://")) else "it names no URL"
    return "" if file else "it names no boot file"
