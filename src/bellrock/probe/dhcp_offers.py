"""What servers offered, and what is wrong with it: pure, from the messages that came in."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, Final

from msgspec import Struct

from bellrock.model import Monotonic
from bellrock.probe.dhcp_plan import Plan, Variant
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import CLIENT_PORT, NOBODY, Message

MAX_OFFERS: Final = 16
"""Offers kept for one machine."""
LIMITED_BROADCAST: Final = "255.255.255.255"


class Offer(Struct, frozen=True, kw_only=True):
    """A server's answer, and how it came."""

    message: Message
    mac: str = ""
    """Of the frame: the server's, or the last relay's; empty where no frame was seen."""
    source: str
    """Of the packet."""
    destination: str = ""
    """Of the packet; empty where the kernel did not tell."""
    port: int = CLIENT_PORT
    """To which it was sent."""
    at: Monotonic
    after: float
    """Seconds since the question."""
    octets: int = 0

    @property
    def server(self) -> str:
        """RFC 2132 §9.7: by which a client tells servers apart; where it is missing, who sent it."""
        return answer.server(self.message) or self.source

    @property
    def address(self) -> str:
        """What is offered; empty: none."""
        return answer.address(self.message)

    @property
    def proxy(self) -> bool:
        """A proxyDHCP server's: boot information, and no address (PXE 2.1 §2.2.2)."""
        return answer.proxy(self.message)

    @property
    def vendor_class(self) -> str:
        """Option 60."""
        return answer.vendor_class(self.message)

    @property
    def files(self) -> tuple[str, str]:
        """By the field `file`, and by option 67."""
        return answer.files(self.message)

    @property
    def file(self) -> str:
        """The boot file, or its URL; option 67 counts before the field."""
        return answer.file(self.message)

    @property
    def next_servers(self) -> tuple[str, str]:
        """By siaddr, and by option 66, which may be a name."""
        return answer.next_servers(self.message)

    @property
    def url(self) -> str:
        """The boot file where it is a URL."""
        return answer.url(self.message)

    @property
    def boot_server(self) -> str:
        """Where the boot file is fetched from: an address or a name; empty: nobody says."""
        return answer.boot_server(self.message)

    @property
    def boots(self) -> bool:
        """Whether it says anything of booting: a file, PXE's own menu (option 43), or where to ask for one (PXE 2.1 §2.2.2)."""
        return answer.boots(self.message)

    @property
    def menu(self) -> tuple[str, bytes]:
        """Of PXE's menu the first server and kind of boot service (PXE 2.1 §2.4, table 2-1); empty where there is no menu."""
        named, kind = answer.menu(self.message)
        return (named or self.server, kind) if kind else ("", b"")

    def facts(self) -> dict[str, Any]:
        """Side by side with others'."""
        siaddr, by_option = self.next_servers
        by_field, by_file_option = self.files
        return {
            "server": self.server, "mac": self.mac, "from": self.source, "to": self.destination, "address": self.address,
            "relay": "" if self.message.giaddr == NOBODY else self.message.giaddr, "proxy": self.proxy,
            "siaddr": siaddr, "tftp_server_name": by_option, "file": by_field, "bootfile_name": by_file_option, "boot_url": self.url,
            "vendor_class": self.vendor_class, "after_ms": round(self.after * 1000, 3), "options": option.shown(self.message.options),
        }  # fmt: skip


def first_of_each(offers: Iterable[Offer]) -> list[Offer]:
    """Each server's first offer; a server that was asked twice answers twice."""
    found: dict[tuple[str, bool], Offer] = {}
    for offer in offers:
        found.setdefault((offer.server, offer.proxy), offer)
    return list(found.values())


def complaints(plan: Plan, variant: Variant, offers: Sequence[Offer]) -> list[str]:
    """What is wrong with the offers to one machine, the worst first: a clause each."""
    leases = [offer for offer in offers if offer.address]
    return [
        *_whose(plan, leases),
        *_same_address(leases),
        *(fault for offer in offers for fault in misdirected(offer, plan)),
        *(fault for offer in leases for fault in unusable(offer)),
        *(boot_faults(plan, variant, offers) if variant.arch is not None else ()),
    ]


def _whose(plan: Plan, leases: Sequence[Offer]) -> list[str]:
    expected = set(plan.servers)
    if expected:
        return [
            f"{told(offer)} offers {offer.address}, and is not one of the servers that should ({', '.join(plan.servers)})"
            for offer in leases if offer.server not in expected
        ]  # fmt: skip
    if len({answer.way_out(offer.message) for offer in leases}) > 1:
        # Servers that stand in for each other send machines the same way.
        return [f"{len(leases)} servers offer addresses ({', '.join(told(offer) for offer in leases)}), with different subnets, routers or DNS servers: a machine takes whichever is first"]  # fmt: skip
    return []


def _same_address(leases: Sequence[Offer]) -> list[str]:
    by_address: dict[str, list[Offer]] = {}
    for offer in leases:
        by_address.setdefault(offer.address, []).append(offer)
    return [
        f"{address} is offered by {' and by '.join(told(offer) for offer in same)}: they lease from the same range"
        for address, same in by_address.items() if len(same) > 1
    ]  # fmt: skip


def misdirected(offer: Offer, plan: Plan) -> list[str]:
    """How an answer to a relay went astray (RFC 2131 §4.1: with giaddr it goes to port 67 of giaddr, and nowhere else)."""
    giaddr = offer.message.giaddr
    if not plan.server:
        return []
    if giaddr == NOBODY:
        return [f"{told(offer)} answers without giaddr, so that no relay can tell whom to pass it to"]
    if offer.destination and offer.destination != giaddr:
        return [f"the offer of {told(offer)} carries giaddr {giaddr}, but went to {offer.destination}"]
    if offer.port == CLIENT_PORT:
        return [f"the offer of {told(offer)} came to port 68; a relay waits on port 67"]
    return []


def unusable(offer: Offer) -> list[str]:
    """What keeps a lease from being taken or used."""
    options, found = offer.message.options, []
    if option.SERVER_ID not in options:
        found.append(
            f"the offer of {offer.source} has no server identifier (option 54), so that it cannot be requested"
        )
    if option.LEASE_TIME not in options:
        found.append(f"the offer of {told(offer)} has no lease time (option 51)")
    mask, router = network(offer), gateway(offer)
    if mask is None:
        found.append(f"the offer of {told(offer)} has no usable subnet mask (option 1)")
    elif router and IPv4Address(router) not in mask.network:
        found.append(
            f"{told(offer)} offers {offer.address}/{mask.network.prefixlen} with the router {router}, which is outside of it"
        )
    return found


def network(offer: Offer) -> IPv4Interface | None:
    """The offered address with its mask; None where there is no valid one."""
    return answer.network(offer.message)


def gateway(offer: Offer) -> str:
    """The first router offered; empty: none."""
    return answer.gateway(offer.message)


def booting(offers: Sequence[Offer]) -> Offer | None:
    """The offer that a machine boots by: the first with boot information, a proxyDHCP server's before others (PXE 2.1 §2.2.2)."""
    told_of = [offer for offer in offers if offer.boots]
    return next((offer for offer in told_of if offer.proxy), next(iter(told_of), None))


def boot_faults(plan: Plan, variant: Variant, offers: Sequence[Offer]) -> list[str]:
    """Why a machine of this architecture would not boot, or not where it should."""
    chosen = booting(offers)
    if not plan.named and (chosen is None or _of_others(variant, chosen)):
        # Nobody said that such machines are to boot here.
        return []
    if chosen is None:
        return [f"no offer names a boot file for {variant.name} (architecture {variant.arch})"]
    return [*(_http_faults if variant.http else _pxe_faults)(variant, chosen), *_where(plan, chosen, offers)]


def _of_others(variant: Variant, offer: Offer) -> bool:
    """Whether a machine that boots by HTTP was told what all are told, a file for PXE: its firmware passes that over."""
    return variant.http and not offer.url


def _http_faults(variant: Variant, offer: Offer) -> list[str]:
    """UEFI §24.7.3.1: the offer names the class HTTPClient and a URL, or the firmware passes it over."""
    if not offer.url:
        return [f"{variant.name} (architecture {variant.arch}) was answered with a TFTP file name, {offer.file!r}; UEFI HTTP boot needs a URL"]  # fmt: skip
    if not offer.vendor_class.startswith("HTTPClient"):
        return [f"{told(offer)} names the URL {offer.url} without class HTTPClient (option 60), so that UEFI HTTP boot passes the offer over"]  # fmt: skip
    if not offer.url.lower().startswith(("http://", "https://")):
        return [f"{variant.name} was answered with {offer.url}, which is neither http nor https"]
    return []


def _pxe_faults(variant: Variant, offer: Offer) -> list[str]:
    if offer.url and not offer.url.startswith("tftp://"):
        return [f"{variant.name} (architecture {variant.arch}) was answered with the URL {offer.url}; its PXE firmware fetches by TFTP only"]  # fmt: skip
    if offer.file and not offer.boot_server:
        return [f"{told(offer)} names the boot file {offer.file!r} and no server to fetch it from (siaddr is 0.0.0.0, option 66 is missing)"]  # fmt: skip
    siaddr, by_option = offer.next_servers
    if siaddr and by_option and _is_address(by_option) and siaddr != by_option:
        return [f"{told(offer)} names two boot servers, {siaddr} by siaddr and {by_option} by option 66: firmware differs in which it takes"]  # fmt: skip
    by_field, by_file_option = offer.files
    if by_field and by_file_option and by_field != by_file_option:
        return [f"{told(offer)} names two boot files, {by_field!r} in its header and {by_file_option!r} by option 67"]
    return []


def _where(plan: Plan, offer: Offer, offers: Sequence[Offer]) -> list[str]:
    server = offer.boot_server
    # Whose a name is, nobody says here.
    if plan.rack and _is_address(server) and server not in plan.rack:
        return [f"boot files are to be fetched from {server}, which is not the rack ({', '.join(plan.rack)})"]
    lease = next((one for one in offers if one.address), None)
    mask = network(lease) if lease else None
    if (
        lease
        and mask
        and _is_address(server)
        and IPv4Address(server) not in mask.network
        and not answer.routed(lease.message)
    ):
        return [f"the boot server {server} is outside {mask.network}, and no router is offered"]
    return []


def _is_address(text: str) -> bool:
    try:
        return bool(IPv4Address(text))
    except ValueError:
        return False


def told(offer: Offer) -> str:
    """`10.0.0.1 (52:54:00:12:34:56)`."""
    return f"{offer.server} ({offer.mac})" if offer.mac else offer.server


def sentence(variant: Variant, offers: Sequence[Offer], named: str = "") -> str:
    """What works, in one line; `named`: the file that a proxyDHCP server told when it was asked."""
    leases = [offer for offer in offers if offer.address]
    lease, chosen = next(iter(leases), None), booting(offers)
    given = " and ".join(f"{one.server} offers {one.address}" for one in leases[:4]) or "no address is offered"
    relay = f" by way of relay {lease.message.giaddr}" if lease and lease.message.giaddr != NOBODY else ""
    if variant.arch is None:
        return given + relay
    if chosen is None or _of_others(variant, chosen):
        return f"{given}{relay}, and no boot file for {variant.name}"
    by = f" ({chosen.server}, proxyDHCP)" if chosen.proxy else ""
    file = (
        named
        or chosen.url
        or (f"tftp://{chosen.boot_server}/{chosen.file.lstrip('/')}" if chosen.file else "port 4011 to ask")
    )
    return f"{given}{relay}, and names {file} for {variant.name}{by}"
