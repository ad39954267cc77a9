"""What a DHCP probe will say: one DISCOVER for each kind of machine that may boot, the same but for what such machines say of themselves."""

import hashlib
from typing import Final

from msgspec import Struct, structs

from bellrock.probe.options import Options, read
from bellrock.probe.values import Ask, Option, PlanError
from bellrock.wire import dhcp
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind, Message
from bellrock.wire.ethernet import mac_text
from bellrock.wire.ip import address_bytes

ARCHITECTURES: Final = {
    "bios": 0,
    "uefi-x86": 6,
    "uefi-x64": 7,
    "uefi-x64-bc": 9,
    "uefi-arm32": 10,
    "uefi-arm64": 11,
    "uefi-x64-http": 16,
    "uefi-arm64-http": 19,
}
"""IANA's processor architecture types (RFC 5970 §3.3; RFC 4578 has 7 and 9 the other way round, so servers take both for x64)."""
HTTP: Final = frozenset((15, 16, 17, 18, 19, 20))
USUAL: Final = ("bios", "uefi-x64", "uefi-arm64", "uefi-x64-http", "uefi-arm64-http")
PLAIN: Final = "plain"
"""A client that does not boot from the network."""
SECOND: Final = "second-client"
"""Not an architecture: two plain clients at once."""

MAX_VARIANTS: Final = 12

WINDOW: Final = 1.0
LIBVIRT_WINDOW: Final = 4.0
"""dnsmasq pings an address for 3 s before it offers it."""
MAX_WINDOW: Final = 60.0

OPTIONS: Final = (
    Option(
        "arch",
        f"machines to ask as, with commas between: {', '.join((PLAIN, *ARCHITECTURES))}, or an architecture's number; {', '.join(USUAL)}",
    ),
    Option("vid", "VLAN (1–4094) whose tag is put on the frames; none: untagged"),
    Option("mac", "hardware address to ask as; the interface's own"),
    Option(
        "window",
        f"seconds to go on listening after the first offer; {WINDOW:g} (libvirt-dnsmasq: {LIBVIRT_WINDOW:g}; as a relay: 0)",
    ),
    Option("servers", "addresses of the servers that should answer, with commas between; none: any one"),
    Option("rack", "addresses to which boot server options must point, with commas between; none: anywhere"),
    Option("follow", "whether to try the offered boot and DNS servers, yes or no; yes"),
    Option("second", "whether to ask as two machines at once, to see if one address is offered to both, yes or no; no"),
    Option(
        "lease",
        "whether to take a lease, under a hardware address of its own, and give it back, yes or no; no",
        by_hand=True,
    ),
    Option("giaddr", "address of this host to ask from as a relay does; the one that leads to the server"),
    Option("subnet", "as a relay, ask for an address of this subnet (RFC 3527); giaddr's"),
)

_PARAMETERS: Final = bytes(
    (
        option.NETMASK,
        option.ROUTERS,
        option.DNS_SERVERS,
        option.HOST_NAME,
        option.DOMAIN,
        17,
        option.BROADCAST_ADDRESS,
        option.NTP_SERVERS,
        option.VENDOR,
        option.LEASE_TIME,
        option.SERVER_ID,
        option.RENEWAL_TIME,
        option.REBINDING_TIME,
        option.VENDOR_CLASS,
        option.TFTP_SERVER,
        option.BOOT_FILE,
        option.CLIENT_UUID,
        option.DOMAIN_SEARCH,
        option.CLASSLESS_ROUTES,
        128,
        129,
        130,
        131,
        132,
        133,
        134,
        135,
        option.TFTP_ADDRESSES,
        option.PXELINUX_CONFIG,
        option.PXELINUX_PREFIX,
    )
)
"""PXE 2.1 §2.2.1 wants 43, 60, 66, 67, 97 and 128–135 asked for, beside what every client does."""
_UNDI: Final = {False: (b"\x01\x03\x10", "003016"), True: (b"\x01\x03\x01", "003001")}
"""Universal network device interface 3.16 as UEFI's PXE has it; by whether it boots by HTTP."""


class Variant(Struct, frozen=True):
    """One kind of machine that is asked as."""

    name: str
    arch: int | None
    """IANA's number; None: one that does not boot from the network."""
    discover: Message
    """Without hardware address where that is the interface's own or made of it (`another`), which is known at run time."""

    @property
    def http(self) -> bool:
        """Whether it boots by HTTP."""
        return self.arch in HTTP


class Plan(Struct, frozen=True, kw_only=True):
    """All that will be asked, of a link (`server` empty) or of a server as a relay asks it."""

    flow: str
    interface: str
    server: str
    variants: tuple[Variant, ...]
    named: bool
    """Somebody said which machines are to boot here; else all the usual ones are asked as, and those for whom there is nothing are no fault."""
    second: Variant | None
    """Another machine, asked for beside the first."""
    vid: int | None
    mac: bytes
    """Empty: the interface's own."""
    window: float
    servers: tuple[str, ...]
    rack: tuple[str, ...]
    follow: bool
    lease: bool
    giaddr: str


def plan(ask: Ask) -> Plan:
    """What a DHCP ask means.

    Raises:
        PlanError: it asks for nothing that can be asked.
    """
    given = read(ask, OPTIONS)
    _check(ask, given)
    libvirt = ask.flow == "libvirt-dnsmasq"
    mac = given.octets("mac", 6)
    if mac and mac[0] & 1:
        raise PlanError(f"{ask.flow}: option mac takes the address of one machine, and {mac_text(mac)} is a group's")
    names = tuple(dict.fromkeys(given.several("arch", (PLAIN,) if libvirt else USUAL)))
    if len(names) > MAX_VARIANTS:
        raise PlanError(f"{ask.flow}: option arch takes at most {MAX_VARIANTS} machines, and not {len(names)}")
    relay = _relay_options(given)
    return Plan(
        flow=ask.flow,
        interface=ask.source.interface,
        server=ask.address,
        variants=tuple(_variant(ask, name, mac, relay) for name in names),
        named="arch" in given,
        second=_second(ask, relay) if given.flag("second") else None,
        vid=given.whole("vid", 0, least=1, most=4094) or None,
        mac=mac,
        window=given.number("window", _window(ask), most=MAX_WINDOW),
        servers=given.addresses("servers"),
        rack=given.addresses("rack"),
        follow=given.flag("follow", default=not libvirt),
        lease=given.flag("lease"),
        giaddr=given.address("giaddr", ask.source.address),
    )


def machine(variant: Variant, mac: bytes, giaddr: str = "") -> Message:
    """The DISCOVER of a machine, as a relay at `giaddr` passes it on where one is given."""
    discover = structs.replace(variant.discover, chaddr=variant.discover.chaddr or mac)
    # RFC 1542 §4.1.1: a relay fills in giaddr and counts itself; the answer comes to it, so it need not be broadcast.
    return structs.replace(discover, giaddr=giaddr, hops=1, broadcast=False) if giaddr else discover


def another(mac: bytes, purpose: str) -> bytes:
    """The hardware address of a machine that nobody has (locally administered, IEEE 802 §8.2.2), always the same beside an interface.

    Servers keep an offered address for a while, and know who released one by this: were it drawn each time, each run would hold
    one more address of the pool; were it the interface's own, the address that this host lives by would be given away.
    """
    return b"\x02" + hashlib.sha256(mac + purpose.encode()).digest()[:5]


def transaction(nonce: bytes, name: str) -> int:
    """A transaction id that belongs to an ask and one of its variants."""
    return int.from_bytes(hashlib.sha256(nonce + name.encode()).digest()[:4], "big")


def _window(ask: Ask) -> float:
    """One server that is asked by its address has no others beside it."""
    if ask.address:
        return 0.0
    return LIBVIRT_WINDOW if ask.flow == "libvirt-dnsmasq" else WINDOW


def _check(ask: Ask, given: Options) -> None:
    if ":" in ask.address:
        raise PlanError(f"{ask.flow} is of IPv4; {ask.address} is asked by dhcpv6")
    if not ask.address and not ask.source.interface:
        raise PlanError(f"{ask.flow} is asked of a link: from which interface? (--from eth0)")
    if ask.address and ("vid" in given or given.flag("lease") or "mac" in given):
        raise PlanError(
            f"{ask.flow}: options vid, mac and lease are for asking on a link, not a server as a relay does"
        )
    if "mac" in given and given.flag("lease"):
        raise PlanError(
            f"{ask.flow}: a lease is taken under a hardware address that no machine has, never under one of option mac: released, it would be gone for the machine whose address that is"
        )
    if not ask.address and ("giaddr" in given or "subnet" in given):
        raise PlanError(
            f"{ask.flow}: options giaddr and subnet are for asking a server as a relay does: which one? (--to ADDRESS)"
        )
    if any(":" in one for name in ("giaddr", "subnet", "servers") for one in given.addresses(name)):
        raise PlanError(f"{ask.flow}: options giaddr, subnet and servers take IPv4 addresses")


def _relay_options(given: Options) -> dict[int, bytes]:
    subnet = given.address("subnet")
    if not subnet:
        return {}
    return {option.RELAY_INFORMATION: dhcp.packed([(option.LINK_SELECTION, address_bytes(subnet))])}


def _variant(ask: Ask, name: str, mac: bytes, relay: dict[int, bytes]) -> Variant:
    arch = None if name == PLAIN else ARCHITECTURES.get(name, -1)
    if arch == -1:
        arch = int(name) if name.isascii() and name.isdigit() and len(name) <= 5 else -1
        name = next((known for known, number in ARCHITECTURES.items() if number == arch), f"arch-{arch}")
    if arch is not None and not 0 <= arch <= 0xFFFF:
        raise PlanError(f"{ask.flow}: option arch takes {', '.join((PLAIN, *ARCHITECTURES))} or a number up to 65535")
    said = {} if arch is None else _booting(arch, ask.nonce)
    return Variant(name, arch, _discover(transaction(ask.nonce, name), mac, said | relay))


def _second(ask: Ask, relay: dict[int, bytes]) -> Variant:
    return Variant(SECOND, None, _discover(transaction(ask.nonce, SECOND), b"", relay))


def _discover(xid: int, mac: bytes, said: dict[int, bytes]) -> Message:
    options = {option.MAX_SIZE: (1472).to_bytes(2, "big"), option.WANTED: _PARAMETERS} | said
    return Message(op=1, xid=xid, kind=Kind.DISCOVER, chaddr=mac, broadcast=True, options=options)


def _booting(arch: int, nonce: bytes) -> dict[int, bytes]:
    """How a machine that boots from the network names itself (RFC 4578 §2, UEFI §24.7.2)."""
    http = arch in HTTP
    interface, version = _UNDI[http]
    return {
        option.CLIENT_ARCH: arch.to_bytes(2, "big"),
        option.CLIENT_NDI: interface,
        option.CLIENT_UUID: b"\0" + hashlib.sha256(nonce + b"uuid").digest()[:16],
        option.VENDOR_CLASS: f"{'HTTP' if http else 'PXE'}Client:Arch:{arch:05d}:UNDI:{version}".encode(),
    }
