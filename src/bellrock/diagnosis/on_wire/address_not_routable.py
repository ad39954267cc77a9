"""address-not-routable: a machine was given an address, by a URL or an option, that cannot be reached from where it is."""

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address, ip_interface
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Arp, Packet, Wire
from bellrock.diagnosis.readings import again, client_of, clients, clock, links, of, vid_of
from bellrock.diagnosis.readings_arp import insists
from bellrock.diagnosis.readings_heard import heard
from bellrock.diagnosis.readings_http import Exchange, exchanges
from bellrock.diagnosis.readings_services import complaints, failed, service
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind
from bellrock.wire.text import endpoint

ID = "address-not-routable"
TITLE = "A machine is sent to an address that it cannot reach"
EXPLAINS = frozenset(
    ("connection-unanswered", "metadata-unanswered", "dns-unanswered", "ntp-unanswered", "http-boot-failed")
)
_KINDS: Final = ("network unreachable", "host unreachable")
_LEAST: Final = 2
"""Questions of ARP without an answer."""


class _Lease(NamedTuple):
    """The subnet of an address, the ACK that gave it, and what else is on its link by option 121."""

    address: str
    subnet: IPv4Network
    packet: Packet
    router: bool
    on_link: tuple[IPv4Network, ...]


def find(case: Case) -> Iterator[Finding]:
    """Told by routers, by redirects that lead nowhere, or by a machine that asks ARP for what is not in its subnet."""
    wire = case.wire
    if wire is None:
        return
    leased = clients(case)
    yield from _unreachable(wire, leased)
    yield from _redirected(wire, leased)
    yield from _off_link(wire)


def _unreachable(wire: Wire, leased: dict[str, str]) -> Iterator[Finding]:
    """ICMP says so, of a service of the catalogue that never answered."""
    said = complaints(wire)
    for tries in failed(wire):
        one = tries[0]
        about = [(packet, told) for packet, told in said.get(service(one), ()) if told.kind in _KINDS]
        if not about or not (one.flow or one.source in leased):
            continue
        packet, told = about[0]
        to, network = endpoint(one.destination, one.destination_port), told.kind == "network unreachable"
        yield Finding(
            id=ID, severity=Severity.ERROR, flow=one.flow, client=client_of(leased, one.source), address=to,
            what=f"{one.source} cannot reach {one.destination}: {packet.source} says {told.kind}",
            cause=f"{packet.source} has no route to {one.destination}." if network
            else f"{one.destination} does not answer ARP where {packet.source} looks for it: it is off, elsewhere, or has another address.",
            proof=(
                f"{one.protocol}/{one.destination_port} to {one.destination} was tried at {clock(wire, one.first)} (packet {one.first_packet}).",
                f"{packet.source} answered {told.kind}, {len(about)} times (the first: packet {packet.number}).",
            ),
            evidence=links([packet for packet, _told in about]),
            confidence=Confidence.CERTAIN if network else Confidence.LIKELY,
            fix=(
                f"On {packet.source}: `ip route get {one.destination}`" + (": add the route, or the default route." if network
                else f" and `ip neigh show {one.destination}`; is the machine there?"),
                "Or advertise an address of the service that the machines' subnet has a route to.",
            ),
            recheck=f"bellrock probe {one.flow} --to {to}" if one.flow else again(one.point),
        )  # fmt: skip


def _redirected(wire: Wire, leased: dict[str, str]) -> Iterator[Finding]:
    """A server sends a client to an address that means the client itself, or only one cable."""
    told: set[tuple[str, str]] = set()
    for one in exchanges(wire):
        host = _host(one)
        why = _nowhere(host, one.client)
        if why and (one.client, host) not in told and one.came is not None:
            told.add((one.client, host))
            yield Finding(
                id=ID, severity=Severity.ERROR, client=client_of(leased, one.client), address=host,
                what=f"{endpoint(one.asked.destination, one.asked.destination_port)} sends {one.client} to {host}, {why}",
                cause="The service builds its URLs from an address of its own host or container that others cannot use.",
                proof=(f"The answer {one.status} in packet {one.came.number} leads to {host} (request: packet {one.asked.number}).",),
                evidence=links((one.asked, one.came)),
                fix=("Set the service's public URL (`maas_url`, `external_url`, `base_url`) to an address that the machines' subnets reach.",),
                recheck=again(one.asked.point),
            )  # fmt: skip


def _host(one: Exchange) -> str:
    """Where a redirect leads, without its port; empty: it leads nowhere else."""
    location = one.response.location if one.response else ""
    rest = location.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return rest[1:].partition("]")[0] if rest.startswith("[") else rest.partition(":")[0]


def _nowhere(host: str, client: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return "which means the machine itself" if host == "localhost" else ""
    if address.is_loopback or address.is_unspecified:
        return "which means the machine itself"
    if address.is_link_local and not ip_address(client).is_link_local:
        return "which is of one cable only"
    return ""


def _off_link(wire: Wire) -> Iterator[Finding]:
    """A machine without a router (or with a wrong mask) looks for a distant address on its own segment."""
    leases: dict[str, _Lease] = {}
    asked: dict[tuple[str, str], list[Packet]] = defaultdict(list)
    for packet in wire.packets:
        said = packet.said
        if isinstance(said, dhcp.Message) and said.kind == Kind.ACK and len(said.options.get(option.NETMASK, b"")) == 4:
            leases[said.chaddr.hex(":")] = _lease(packet, said)
        elif isinstance(said, Arp) and said.op == 1 and _distant(said, leases.get(said.sender_mac)):
            asked[said.sender_mac, said.target].append(packet)
    answered = {(said.target_mac, said.sender) for _packet, said in of(wire, Arp) if said.op == 2}
    for (mac, target), packets in asked.items():
        # At any other port of the VLAN its questions are seen, and no answer to it.
        if insists(packets, _LEAST) and (mac, target) not in answered and heard(wire, mac):
            yield _no_way(mac, target, packets, leases[mac])


def _lease(packet: Packet, said: dhcp.Message) -> _Lease:
    mask = ".".join(map(str, said.options[option.NETMASK]))
    subnet = _subnet(said.yiaddr, mask)
    return _Lease(said.yiaddr, subnet, packet, option.ROUTERS in said.options, answer.on_link(said))


def _distant(said: Arp, lease: _Lease | None) -> bool:
    """Whether it is beyond the subnet of the address that asks; a card may have others, of other subnets."""
    if lease is None or said.sender != lease.address:
        return False
    target = ip_address(said.target)
    return not (target.is_link_local or any(target in network for network in (lease.subnet, *lease.on_link)))


def _subnet(address: str, mask: str) -> IPv4Network:
    try:
        network = ip_interface(f"{address}/{mask}").network
    except ValueError:  # a mask with holes
        return IPv4Network("0.0.0.0/0")
    return network if isinstance(network, IPv4Network) else IPv4Network("0.0.0.0/0")


def _no_way(mac: str, target: str, packets: list[Packet], lease: _Lease) -> Finding:
    subnet, router = lease.subnet, lease.router
    return Finding(
        id=ID, severity=Severity.ERROR, vid=vid_of(packets[0]), client=mac, address=target,
        what=f"{mac} looks for {target} on its own segment, and that is not in its subnet {subnet}",
        cause="It was given a router, and does not use it: a route or a mask on it is wrong." if router
        else "DHCP gave it no router (option 3), so it has no way out of its subnet.",
        proof=(
            f"DHCP gave it {subnet} with {'a' if router else 'no'} router (packet {lease.packet.number}).",
            f"It asked {len(packets)} times by ARP who has {target} (the first: packet {packets[0].number}), and nobody answered.",
        ),
        evidence=links((lease.packet, *packets)), confidence=Confidence.LIKELY if router else Confidence.CERTAIN,
        fix=(
            f"Give the subnet {subnet} its router by DHCP (option 3)." if not router else f"On {mac}: `ip route`, `ip addr`.",
            f"Or give machines of {subnet} an address of the service that is in their subnet, instead of {target}.",
        ),
        recheck=again(packets[0].point),
    )  # fmt: skip
