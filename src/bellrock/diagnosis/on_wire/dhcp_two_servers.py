"""dhcp-two-servers: two servers offer addresses on one VLAN, and send machines different ways."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, exchanges, server
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences, told_by
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import links
from bellrock.flows.site import Site
from bellrock.flows.values import Role
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer

ID = "dhcp-two-servers"
TITLE = "Two DHCP servers on one VLAN"
EXPLAINS = frozenset(
    (
        "no-boot-options", "boot-file-missing", "boot-file-wrong-architecture", "next-server-overwritten", "dhcp-nak", "tftp-unanswered",
        "http-boot-answered-for-tftp", "dhcp-lease-too-short", "relay-options-unreachable", "address-not-routable", "dhcp-duplicate-offer",
        "duplicate-address", "name-unknown", "metadata-unanswered", "connection-unanswered", "stranger-router-advertisement",
    )
)  # fmt: skip
MAX_SERVERS: Final = 64
"""Of one exchange that are compared with each other."""
LIBVIRT: Final = ("52:54:00:", "fe:54:00:")
"""QEMU's and libvirt's MAC addresses, of guests and bridges, and of the host's end of a guest's cable."""


def find(case: Case) -> Iterator[Finding]:
    """One for each stranger on a VLAN. Servers that stand in for each other tell the same subnet, router and DNS servers."""
    wire = case.wire
    if wire is None:
        return
    clashes: dict[tuple[int | None, str], list[tuple[Exchange, tuple[Told, Told], Confidence]]] = {}
    for exchange in exchanges(wire):
        offers = _first_of_each(exchange)
        pair = _clash(exchange, offers)
        if pair:
            right, stranger, sure = _sides(pair, case.site)
            clashes.setdefault((exchange.vid, server(stranger)), []).append((exchange, (right, stranger), sure))
    for (vid, _address), found in clashes.items():
        yield _finding(wire, vid, found)


def _first_of_each(exchange: Exchange) -> list[Told]:
    return [
        *{
            server(one): one for one in reversed((*exchange.offers, *exchange.acks)) if answer.address(one.message)
        }.values()
    ]


def _clash(exchange: Exchange, offers: Sequence[Told]) -> tuple[Told, Told] | None:
    """Two answers that send the machine different ways, or of which only one tells it what to boot."""
    offers = sorted(offers, key=lambda one: one.packet.number)[:MAX_SERVERS]
    for at, one in enumerate(offers):
        for other in offers[at + 1 :]:
            apart = _way(one) != _way(other)
            half = exchange.boots and not exchange.proxies and answer.boots(one.message) != answer.boots(other.message)
            if apart or half:
                return one, other
    return None


def _way(one: Told) -> tuple[str, frozenset[str]]:
    return answer.way_out(one.message)[0], answer.gateways(one.message)


def _sides(pair: tuple[Told, Told], site: Site | None) -> tuple[Told, Told, Confidence]:
    """Who should be there, who should not, and how sure that is."""
    of_site = [one for one in pair if _is_rack(server(one), site)]
    if len(of_site) == 1:
        return of_site[0], _other(pair, of_site[0]), Confidence.CERTAIN
    for guess in (_is_libvirt, lambda one: not answer.boots(one.message), _is_own_router):
        strangers = [one for one in pair if guess(one)]
        if len(strangers) == 1:
            return _other(pair, strangers[0]), strangers[0], Confidence.LIKELY
    right, stranger = sorted(pair, key=server)
    return right, stranger, Confidence.POSSIBLE


def _other(pair: tuple[Told, Told], one: Told) -> Told:
    return pair[1] if one is pair[0] else pair[0]


def _is_rack(address: str, site: Site | None) -> bool:
    members = site.roles.get(Role.RACK) if site else None
    number = int(ip_address(address)) if address.count(".") == 3 else -1
    return members is not None and any(first <= number <= last for first, last in members.addresses.of(4))


def _is_libvirt(one: Told) -> bool:
    if answer.like_libvirt(one.message, server(one)):
        return True
    return one.packet.source_mac.startswith(LIBVIRT) and answer.like_dnsmasq(one.message)


def _is_own_router(one: Told) -> bool:
    """A home router, or whoever shares his connection: he is DHCP server and way out in one."""
    return answer.gateway(one.message) == server(one)


def _finding(wire: Wire, vid: int | None, found: Sequence[tuple[Exchange, tuple[Told, Told], Confidence]]) -> Finding:
    exchange, (right, stranger), sure = found[0]
    clients = list(dict.fromkeys(one.client for one, _pair, _sure in found))
    where = "on this link" if vid is None else f"on VLAN {vid}"
    libvirt = _is_libvirt(stranger)
    who = f"{told_by(stranger)}{', libvirt’s dnsmasq' if libvirt else ''}"
    say = ", and send machines different ways" if sure is Confidence.POSSIBLE else ", which should not"
    return Finding(
        # Nothing tells who is the stranger: a pair that serves two subnets of one link (shared network) looks the same.
        id=ID, severity=Severity.WARNING if sure is Confidence.POSSIBLE else Severity.ERROR, vid=vid, client=clients[0] if len(clients) == 1 else "", address=server(stranger),
        what=f"Two DHCP servers answer {where}: {told_by(right)} and {who}{say}",
        cause="A machine takes whichever offer is first, or the one that it likes best: it boots one time, and not the next.",
        proof=(
            *sentences(wire, (right, stranger)), f"{server(right)} says: {_says(right)}.", f"{server(stranger)} says: {_says(stranger)}.",
            f"Seen by {len(clients)} machine{'s' if len(clients) > 1 else ''}: {', '.join(clients[:4])}.",
        ),
        evidence=links((right.packet, stranger.packet)), confidence=sure, fix=_fix(stranger, libvirt), recheck=probe(exchange),
    )  # fmt: skip


def _says(one: Told) -> str:
    subnet, router, *names = answer.way_out(one.message)
    return f"{subnet or 'no subnet'}, router {router or 'none'}, DNS {', '.join(names) or 'none'}; {boot_options(one)}"


def _fix(stranger: Told, libvirt: bool) -> tuple[str, ...]:
    if libvirt:
        return (
            f"On the machine that has {server(stranger)}: `virsh net-list --all`, then `virsh net-destroy default` and `virsh net-autostart "
            "--disable default`; or take the network's <dhcp> out with `virsh net-edit default`.",
            "Or take that bridge off this VLAN.",
        )  # fmt: skip
    mac = f" (MAC {stranger.packet.source_mac})" if stranger.packet.source_mac else ""
    return (
        f"Find {server(stranger)}{mac} by the switch's MAC table, and end its DHCP server, or move it to a VLAN of its own.",
        "Switches can keep strangers from answering: DHCP snooping, with only the ports of racks and relays trusted.",
    )
