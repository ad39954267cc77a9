"""What a DHCPv6 probe asks, what servers advertise, and what is wrong with it: pure."""

import hashlib
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from bellrock.model import Monotonic
from bellrock.probe.dhcp_plan import ARCHITECTURES, HTTP, MAX_WINDOW, PLAIN, WINDOW, transaction
from bellrock.probe.options import Options, read
from bellrock.probe.values import Ask, Option, PlanError
from bellrock.wire import dhcp6
from bellrock.wire.dhcp6 import Kind, Leased, Message, Relayed
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import mac_text
from bellrock.wire.text import printable

OPTIONS: Final = (
    Option("arch", f"machines to ask as, with commas between: {', '.join((PLAIN, *ARCHITECTURES))}; {PLAIN}"),
    Option("vid", "VLAN (1–4094) whose tag is put on the frames; none: untagged"),
    Option("mac", "hardware address to ask as; the interface's own"),
    Option("window", f"seconds to go on listening after the first answer; {WINDOW:g} (as a relay: 0)"),
    Option(
        "servers",
        "the servers that should answer, by address or DUID in hexadecimal digits, with commas between; none: any one",
    ),
    Option("follow", "whether to try the offered boot and DNS servers, yes or no; yes"),
    Option("link", "as a relay, an address of the clients' link; the one that leads to the server"),
)
_WANTED: Final = (dhcp6.DNS_SERVERS, dhcp6.DOMAIN_SEARCH, dhcp6.NTP_SERVER, dhcp6.BOOT_URL, dhcp6.BOOT_PARAMETERS)
_UNDI: Final = {False: (b"\x01\x03\x10", "003016"), True: (b"\x01\x03\x01", "003001")}
_IAID: Final = 1


class Variant(Struct, frozen=True):
    """One kind of machine that is asked as."""

    name: str
    arch: int | None
    transaction: int
    """24 bits."""


class Plan(Struct, frozen=True, kw_only=True):
    """All that will be asked, of a link (`server` empty) or of a server as a relay asks it."""

    interface: str
    server: str
    variants: tuple[Variant, ...]
    vid: int | None
    mac: bytes
    window: float
    servers: tuple[str, ...]
    follow: bool
    link: str


class Advert(Struct, frozen=True, kw_only=True):
    """A server's answer, and how it came."""

    message: Message
    source: str
    mac: str = ""
    """Of the frame; empty where none was seen."""
    at: Monotonic
    after: float
    """Seconds since the question."""
    octets: int

    @property
    def duid(self) -> str:
        """The server's, in hexadecimal digits; empty where it does not say (RFC 8415 §16.3 forbids that)."""
        return (dhcp6.first(self.message.options, dhcp6.SERVER_ID) or b"").hex()

    @property
    def leased(self) -> Leased:
        """What it would lease; nothing where it cannot be read."""
        value = dhcp6.first(self.message.options, dhcp6.IA_NA)
        try:
            return dhcp6.leased(value) if value is not None else Leased(0, ())
        except WireError as error:
            return Leased(0, (), str(error))

    @property
    def status(self) -> str:
        """Why it has no address, at whatever level it says so."""
        return dhcp6.status(dhcp6.first(self.message.options, dhcp6.STATUS)) or self.leased.status

    @property
    def name_servers(self) -> list[str]:
        """RFC 3646 §3."""
        return dhcp6.addresses(dhcp6.first(self.message.options, dhcp6.DNS_SERVERS) or b"")

    @property
    def url(self) -> str:
        """Of the boot file (RFC 5970 §3.1)."""
        return printable(dhcp6.first(self.message.options, dhcp6.BOOT_URL) or b"")

    def facts(self) -> dict[str, Any]:
        """Side by side with others'."""
        preference = dhcp6.first(self.message.options, dhcp6.PREFERENCE) or b"\0"
        named = [dhcp6.NAMES.get(code, f"option-{code}") for code, _ in self.message.options]
        return {
            "server": self.source, "duid": self.duid, "mac": self.mac, "preference": preference[0],
            "addresses": [{"address": one, "preferred_s": preferred, "valid_s": valid} for one, preferred, valid in self.leased.addresses],
            "status": self.status, "dns_servers": self.name_servers, "boot_url": self.url, "options": named,
            "after_ms": round(self.after * 1000, 3),
        }  # fmt: skip


def plan(ask: Ask) -> Plan:
    """What a DHCPv6 ask means.

    Raises:
        PlanError: it asks for nothing that can be asked.
    """
    given = read(ask, OPTIONS)
    _check(ask, given)
    mac = given.octets("mac", 6)
    if mac and mac[0] & 1:
        raise PlanError(f"{ask.flow}: option mac takes the address of one machine, and {mac_text(mac)} is a group's")
    return Plan(
        interface=ask.source.interface, server=ask.address,
        variants=tuple(_variant(ask, name) for name in dict.fromkeys(given.several("arch", (PLAIN,)))),
        vid=given.whole("vid", 0, least=1, most=4094) or None, mac=mac, window=given.number("window", 0.0 if ask.address else WINDOW, most=MAX_WINDOW),
        servers=tuple(one.replace(":", "") if _hex(one) else one for one in given.several("servers")),
        follow=given.flag("follow", default=True), link=given.address("link"),
    )  # fmt: skip


def solicit(variant: Variant, mac: bytes) -> Message:
    """RFC 8415 §18.2.1: who asks, for an address, and what it wants to know; without Rapid Commit nothing is leased by it."""
    options = [
        (dhcp6.CLIENT_ID, dhcp6.link_layer_duid(mac)),
        (dhcp6.WANTED, b"".join(code.to_bytes(2, "big") for code in _WANTED)),
        (dhcp6.ELAPSED, b"\0\0"),
        (dhcp6.IA_NA, dhcp6.wish(_IAID)),
    ]
    if variant.arch is not None:
        http = variant.arch in HTTP
        interface, version = _UNDI[http]
        text = f"{'HTTP' if http else 'PXE'}Client:Arch:{variant.arch:05d}:UNDI:{version}"
        options += [
            (dhcp6.CLIENT_ARCH, variant.arch.to_bytes(2, "big")),
            (dhcp6.CLIENT_NDI, interface),
            (dhcp6.VENDOR_CLASS, dhcp6.vendor_class(text)),
        ]
    return Message(kind=Kind.SOLICIT, transaction=variant.transaction, options=tuple(options))


def forwarded(message: Message, link: str, peer: str) -> Relayed:
    """A message as a relay passes it on (RFC 8415 §19.1.1)."""
    return Relayed(
        kind=Kind.RELAY_FORWARD, link=link, peer=peer, options=((dhcp6.RELAY_MESSAGE, dhcp6.encode(message)),)
    )


def answer(payload: bytes) -> Message | None:
    """The ADVERTISE in a payload, taken out of a relay's envelope where there is one; None: something else.

    Raises:
        WireError: no DHCPv6.
    """
    message = dhcp6.decode(payload)
    if isinstance(message, Relayed):
        inner = dhcp6.first(message.options, dhcp6.RELAY_MESSAGE) if message.kind == Kind.RELAY_REPLY else None
        message = dhcp6.decode(inner) if inner else message
    return message if isinstance(message, Message) and message.kind == Kind.ADVERTISE else None


def first_of_each(adverts: Iterable[Advert]) -> list[Advert]:
    """Each server's first answer."""
    found: dict[tuple[str, str], Advert] = {}
    for one in adverts:
        found.setdefault((one.duid, one.source), one)
    return list(found.values())


def expected(plan: Plan, advert: Advert) -> bool:
    """Whether a server is one of those that should answer."""
    return not plan.servers or advert.source in plan.servers or advert.duid in plan.servers


def complaints(plan: Plan, variant: Variant, adverts: Sequence[Advert]) -> list[str]:
    """What is wrong with the answers to one machine, the worst first."""
    faults = [
        f"{told(one)} answers, and is not one of the servers that should" for one in adverts if not expected(plan, one)
    ]
    faults += [f"{told(one)} does not say who it is (no server identifier)" for one in adverts if not one.duid]
    faults += [
        f"{told(one)} offers no address: {one.status or 'its IA_NA is empty'}"
        for one in adverts
        if not one.leased.addresses
    ]
    if variant.arch is not None:
        faults += _boot_faults(variant, adverts)
    return faults


def _boot_faults(variant: Variant, adverts: Sequence[Advert]) -> list[str]:
    urls = list(dict.fromkeys(one.url for one in adverts if one.url))
    if not urls:
        return [f"nobody names a boot file URL (option 59) for {variant.name} (architecture {variant.arch})"]
    if len(urls) > 1:
        return [f"servers name different boot files for {variant.name}: {' and '.join(urls)}"]
    url = urls[0]
    scheme, host = _split(url)
    schemes = ("http", "https") if variant.arch in HTTP else ("tftp",)
    if scheme not in schemes:
        return [
            f"{variant.name} (architecture {variant.arch}) was answered with {url}; it fetches by {' or '.join(schemes)}"
        ]
    if _is4(host):
        return [f"the boot URL {url} has an IPv4 address, and who is configured by DHCPv6 may have none"]
    return []


def sentence(variant: Variant, adverts: Sequence[Advert]) -> str:
    """What works, in one line."""
    first = adverts[0]
    offered = ", ".join(one for one, _, _ in first.leased.addresses)
    booted = next((one.url for one in adverts if one.url), "") if variant.arch is not None else ""
    return f"{first.source} advertises {offered}" + (f", and names {booted} for {variant.name}" if booted else "")


def told(advert: Advert) -> str:
    """`fe80::1 (DUID 0003…)`."""
    return f"{advert.source} (DUID {advert.duid})" if advert.duid else advert.source


def _check(ask: Ask, given: Options) -> None:
    if ask.address and ":" not in ask.address:
        raise PlanError(f"{ask.flow} is of IPv6; {ask.address} is asked by dhcp")
    if not ask.address and not ask.source.interface:
        raise PlanError(f"{ask.flow} is asked of a link: from which interface? (--from eth0)")
    if ask.address and ("vid" in given or "mac" in given):
        raise PlanError(f"{ask.flow}: options vid and mac are for asking on a link, not a server as a relay does")
    if not ask.address and "link" in given:
        raise PlanError(f"{ask.flow}: option link is for asking a server as a relay does: which one? (--to ADDRESS)")
    if "link" in given and ":" not in given.address("link"):
        raise PlanError(f"{ask.flow}: option link takes an IPv6 address")


def _variant(ask: Ask, name: str) -> Variant:
    if name != PLAIN and name not in ARCHITECTURES:
        raise PlanError(f"{ask.flow}: option arch takes {', '.join((PLAIN, *ARCHITECTURES))}, and not {name[:64]!r}")
    number = int.from_bytes(hashlib.sha256(transaction(ask.nonce, name).to_bytes(4, "big")).digest()[:3], "big")
    return Variant(name, ARCHITECTURES.get(name), number)


def _hex(text: str) -> bool:
    """A DUID and not an address: the latter never has so many digits without a double colon."""
    digits = text.replace(":", "")
    return "::" not in text and len(digits) >= 8 and all(one in "0123456789abcdef" for one in digits)


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""


def _is4(text: str) -> bool:
    try:
        return bool(IPv4Address(text))
    except ValueError:
        return False
