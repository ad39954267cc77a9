"""What a DHCP server's answer tells a client: address, way out, and where to boot from (RFC 2131, RFC 2132, PXE 2.1)."""

from ipaddress import IPv4Interface, IPv4Network
from typing import Final
from urllib.parse import urlsplit

from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import NOBODY, Message, suboptions
from bellrock.wire.ip import address_text
from bellrock.wire.text import printable

DNSMASQ_BEGINS: Final = (
    option.SERVER_ID,
    option.LEASE_TIME,
    option.RENEWAL_TIME,
    option.REBINDING_TIME,
    option.NETMASK,
    option.BROADCAST_ADDRESS,
)
"""The options with which every offer of dnsmasq begins, in its order, but for those of booting; neither kea nor ISC dhcpd has it."""


def server(message: Message) -> str:
    """RFC 2132 §9.7: by which a client tells servers apart; empty: it is missing."""
    return option.address(message.options.get(option.SERVER_ID, b""))


def address(message: Message) -> str:
    """What is offered; empty: none."""
    return "" if message.yiaddr == NOBODY else message.yiaddr


def vendor_class(message: Message) -> str:
    """Option 60."""
    return option.text(message.options.get(option.VENDOR_CLASS, b""))


def proxy(message: Message) -> bool:
    """A proxyDHCP server's: boot information, and no address (PXE 2.1 §2.2.2)."""
    return not address(message) and vendor_class(message).startswith(("PXEClient", "HTTPClient"))


def files(message: Message) -> tuple[str, str]:
    """Boot file by the field `file`, and by option 67."""
    return printable(message.file), option.text(message.options.get(option.BOOT_FILE, b""))


def file(message: Message) -> str:
    """The boot file, or its URL; option 67 counts before the field."""
    by_field, by_option = files(message)
    return by_option or by_field


def next_servers(message: Message) -> tuple[str, str]:
    """By siaddr, and by option 66, which may be a name."""
    siaddr = "" if message.siaddr == NOBODY else message.siaddr
    return siaddr, option.text(message.options.get(option.TFTP_SERVER, b""))


def url(message: Message) -> str:
    """The boot file where it is a URL."""
    return file(message) if "://" in file(message) else ""


def boot_server(message: Message) -> str:
    """Where the boot file is fetched from: an address or a name; empty: nobody says."""
    if url(message):
        return url_host(url(message))
    siaddr, by_option = next_servers(message)
    return siaddr or by_option


def boots(message: Message) -> bool:
    """Whether it says anything of booting: a file, PXE's own menu (option 43), or where to ask for one (PXE 2.1 §2.2.2)."""
    has_menu = vendor_class(message) == "PXEClient" and bool(message.options.get(option.VENDOR))
    return bool(file(message)) or has_menu or proxy(message)


def menu(message: Message) -> tuple[str, bytes]:
    """Of PXE's menu the first server (empty: whoever answers) and kind of boot service (PXE 2.1 §2.4, table 2-1); both empty: no menu."""
    inner = suboptions(message.options.get(option.VENDOR, b""))
    kind, servers = inner.get(9, b"")[:2], inner.get(8, b"")
    if len(kind) != 2:
        return "", b""
    return (address_text(servers[3:7]) if servers[:2] == kind and len(servers) >= 7 else ""), kind


def network(message: Message) -> IPv4Interface | None:
    """The offered address with its mask; None where there is no valid one."""
    mask = option.address(message.options.get(option.NETMASK, b""))
    try:
        return IPv4Interface(f"{address(message)}/{mask}") if mask else None
    except ValueError:
        return None


def gateway(message: Message) -> str:
    """The first router offered; empty: none."""
    return next(iter(option.addresses(message.options.get(option.ROUTERS, b""))), "")


def gateways(message: Message) -> frozenset[str]:
    """All routers offered; servers that stand in for each other may list them in another order, to spread load."""
    return frozenset(option.addresses(message.options.get(option.ROUTERS, b"")))


def routed(message: Message) -> bool:
    """Whether it names a way out of the subnet."""
    return bool(gateway(message) or message.options.get(option.CLASSLESS_ROUTES))


def on_link(message: Message) -> tuple[IPv4Network, ...]:
    """Subnets that option 121 puts on the client's own link: routes by way of 0.0.0.0 (RFC 3442). A damaged rest is passed over."""
    rest, found = message.options.get(option.CLASSLESS_ROUTES, b""), list[IPv4Network]()
    while rest and rest[0] <= 32:
        significant = (rest[0] + 7) // 8
        prefix, router = rest[1 : 1 + significant], rest[1 + significant : 5 + significant]
        if len(router) < 4:
            break
        if not any(router):
            found.append(IPv4Network((prefix.ljust(4, b"\0"), rest[0]), strict=False))
        rest = rest[5 + significant :]
    return tuple(found)


def name_servers(message: Message) -> list[str]:
    """Option 6."""
    return option.addresses(message.options.get(option.DNS_SERVERS, b""))


def lease_time(message: Message) -> int | None:
    """Seconds (option 51); None: it does not say."""
    value = message.options.get(option.LEASE_TIME)
    return None if value is None else option.number(value)


def way_out(message: Message) -> tuple[str, ...]:
    """Subnet, router and name servers that a machine would use: servers that stand in for each other tell the same."""
    mask = network(message)
    return (str(mask.network) if mask else "", gateway(message), *sorted(name_servers(message)))


def like_dnsmasq(message: Message) -> bool:
    """Whether it is made as dnsmasq makes answers."""
    order = tuple(code for code in message.options if code not in (option.TFTP_SERVER, option.BOOT_FILE))
    return order[: len(DNSMASQ_BEGINS)] == DNSMASQ_BEGINS


def like_libvirt(message: Message, source: str) -> bool:
    """Whether router, DNS and DHCP server (`source`) are one, on the first address of its subnet, as libvirt makes it for NAT."""
    mask = network(message)
    return (
        like_dnsmasq(message) and mask is not None and source == gateway(message) and name_servers(message) == [source]
        and source == str(mask.network.network_address + 1)
    )  # fmt: skip


def url_host(text: str) -> str:
    """The host of a URL; empty: it has none."""
    try:
        return urlsplit(text).hostname or ""
    except ValueError:
        return ""
