"""What a site wants of a firewall, said packet by packet from its crossings alone; and the packets to ask about.

Shares nothing with what writes rules or judges them but the crossings, which define what is wanted.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network
from itertools import product
from operator import itemgetter

from bellrock.flows import Crossing, Hook, Party, Place, Protocol, Site, Stance, crossings, flows_of, parse
from bellrock.flows.addresses import range_of
from tests.lab.firewall_lab import Zone
from tests.lab.firewall_packets import ACK, ICMP, ICMPV6, IGMP, SCTP, SYN, TCP, UDP, Probe, number_of, text_of

NUMBERS = {Protocol.TCP: TCP, Protocol.UDP: UDP, Protocol.ICMP: ICMP, Protocol.ICMPV6: ICMPV6, Protocol.IGMP: IGMP}
CLIENT_PORT = 40000
OUTSIDE = ("198.51.100.7", "2001:db8:ffff::7")
"""Nobody of the site."""
ANOTHER = ("198.51.100.9", "2001:db8:ffff::9")
"""Nobody either."""
ICMP_TYPES = ((0, 0), (3, 0), (3, 4), (5, 1), (8, 0), (8, 1), (11, 0), (12, 0), (13, 0), (17, 0))
ICMPV6_TYPES = (
    *((kind, 0) for kind in (128, 129, 1, 2, 3, 4, 100, 127, *range(130, 144), *range(148, 154))),
    (128, 1),
)
IGMP_TYPES = ((0x11, 0), (0x12, 0), (0x16, 0), (0x17, 0), (0x22, 0), (0x13, 0))
MAX_RANGES = 3
"""Of a party, those whose edges are tried."""

SITE_TEXT = """
title = "The proving ground"
{profile}
{subnets}
[role.node]
subnets = ["nodes-*"]
[role.rack]
addresses = ["10.9.0.2-10.9.0.5", "10.9.0.9", "fd00:9::2", "fd00:9::8/126"]
{rack_interfaces}
[role.region]
addresses = ["10.10.0.2", "10.10.0.3", "fd00:10::2"]
[role.bmc]
subnets = ["bmc", "bmc-v6"]
[role.admin]
subnets = ["admin", "admin-v6"]
[role.relay]
addresses = ["10.1.0.1", "10.2.0.1", "fd00:1::1"]
[role.mirror]
addresses = ["10.40.0.10", "fd00:40::10"]
[role.proxy]
addresses = ["10.40.0.20", "fd00:40::20"]
[role.dns]
addresses = ["10.40.0.53", "fd00:40::53"]
[role.ntp]
addresses = ["10.40.0.123", "fd00:40::123"]
[role.log]
addresses = ["10.40.0.60", "fd00:40::60"]
[role.directory]
addresses = ["10.40.0.70"]
[role.registry]
addresses = ["10.40.0.75", "fd00:40::75"]
[role.lxd-host]
addresses = ["10.40.0.80-10.40.0.83", "fd00:40::80"]
[role.libvirt-host]
addresses = ["10.40.0.90-10.40.0.91", "fd00:40::90"]
[role.database]
addresses = ["10.40.0.32", "fd00:40::32"]
[role.snap-store]
addresses = ["203.0.113.16/28", "2001:db8:5::/64"]
{more}
"""

NETWORKS = {
    "nodes-a": ("10.1.0.0/24", "fd00:1::/64"),
    "nodes-b": ("10.2.0.0/23", "fd00:2::/64"),
    "rack": ("10.9.0.0/24", "fd00:9::/64"),
    "region": ("10.10.0.0/24", "fd00:10::/64"),
    "bmc": ("10.20.0.0/24", "fd00:20::/64"),
    "admin": ("10.30.0.0/26", "fd00:30::/64"),
    "infra": ("10.40.0.0/24", "fd00:40::/64"),
}
UPLINK = "uplink"
ROUTER_ZONES = [*(Zone(name, subnets) for name, subnets in NETWORKS.items()), Zone(UPLINK, ("0.0.0.0/0", "::/0"))]


def site(*, interfaces: bool = True, profile: str = "", more: str = "", rack_interfaces: str = "") -> Site:
    """The proving ground; with `interfaces`, its subnets name those of the router."""
    subnets = "\n".join(
        f'[[subnet]]\nname = "{name}{suffix}"\ncidr = "{cidr}"' + (f'\ninterface = "{name}"' if interfaces else "")
        for name, cidrs in NETWORKS.items()
        for suffix, cidr in zip(("", "-v6"), cidrs, strict=True)
    )
    text = SITE_TEXT.format(subnets=subnets, profile=profile, more=more, rack_interfaces=rack_interfaces)
    return parse(text.encode(), "proving-ground.toml")


class Wish:
    """Whether a packet that begins a connection is wanted at a place.

    `guarded`: sources that live behind one interface of a router are not wanted from another.
    """

    def __init__(self, site: Site, place: Place, *, guarded: bool = False) -> None:
        self.crossings = crossings(site, place)
        self._behind = site.roles[place.gateway_of].addresses if place.gateway_of else None
        self._by_kind: dict[tuple[Hook, int, int], list[Crossing]] = {}
        for crossing in self.crossings:
            exchange = crossing.passage.exchange
            key = (crossing.hook, crossing.passage.family, NUMBERS[exchange.protocol])
            self._by_kind.setdefault(key, []).append(crossing)
        self._homes = [
            (subnet.network.version, *range_of(subnet.network), subnet.interface)
            for subnet in site.subnets
            if guarded and subnet.interface
        ]

    def passes(self, probe: Probe, hook: Hook, out: str = "") -> bool:
        """Whether `probe`, met by rules at `hook` on its way to interface `out`, is to be let through."""
        source, destination = number_of(probe.source), number_of(probe.destination)
        if self._spoofed(probe, source):
            return False
        if self._is_stranger(probe.family, source, destination):
            return True
        stances = set()
        for crossing in self._by_kind.get((hook, probe.family, probe.protocol), ()):
            passage = crossing.passage
            if (
                _in(destination, passage.destination.ranges)
                and _in(source, passage.source.ranges)
                and _takes(crossing, hook, probe, out)
            ):
                stances.add(passage.flow.stance)
        return Stance.NEEDED in stances and Stance.FORBIDDEN not in stances

    def _is_stranger(self, family: int, *ends: int) -> bool:
        """At a gateway, what neither goes to its role nor comes from it is somebody else's business."""
        if self._behind is None:
            return False
        return not any(_in(end, self._behind.of(family)) for end in ends)

    def _spoofed(self, probe: Probe, source: int) -> bool:
        return any(
            family == probe.family and first <= source <= last and interface != probe.zone
            for family, first, last, interface in self._homes
        )


def _takes(crossing: Crossing, hook: Hook, probe: Probe, out: str) -> bool:
    """Interfaces and content; the addresses are known to fit."""
    exchange = crossing.passage.exchange
    came, leaves = (probe.zone, out) if hook is Hook.FORWARD else (probe.zone, probe.zone)
    if exchange.expected and crossing.passage.flow.stance is Stance.NEEDED:
        return False  # only a connection that is there already makes these wanted
    if exchange.protocol in (Protocol.TCP, Protocol.UDP):
        fits = _in(probe.dport, exchange.destination_ports) and _in(probe.sport, exchange.source_ports)
    else:
        fits = not exchange.types or any(
            probe.sport == kind and code in (None, probe.dport) for kind, code in exchange.types
        )
    return (
        fits
        and (not crossing.in_interfaces or came in crossing.in_interfaces)
        and (not crossing.out_interfaces or leaves in crossing.out_interfaces)
    )


def _in(value: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= value <= last for first, last in ranges)


def edges(party: Party) -> list[str]:
    """First and last address of a party's ranges and their neighbours outside; of everybody, some stranger."""
    top = 2**32 if party.family == 4 else 2**128
    if party.ranges == ((0, top - 1),):
        return [OUTSIDE[party.family == 6]]
    spans = party.ranges[:MAX_RANGES]
    points = [point for first, last in spans for point in (first, last, first - 1, last + 1)]
    return [text_of(point, party.family) for point in dict.fromkeys(points) if 0 <= point < top]


def zone_of(address: str, zones: Sequence[Zone]) -> str:
    """Where an address is, by the longest prefix; the first where several have it."""
    value = ip_address(address)
    fitting = [
        (ip_network(subnet).prefixlen, zone.name)
        for zone in zones
        for subnet in zone.subnets
        if value in ip_network(subnet)
    ]
    return max(fitting, key=itemgetter(0))[1]


class Questions:
    """The packets to ask a firewall about. `zones` are its interfaces.

    `dense`: everybody asks everybody else on the neighbours of every port, too.
    """

    def __init__(self, site: Site, place: Place, zones: Sequence[Zone], *, dense: bool = True) -> None:
        self.crossings = crossings(site, place)
        self.zones = zones
        ports = {
            port
            for flow in flows_of(site)
            for each in flow.exchanges
            for span in each.destination_ports
            for port in span
        }
        self.ports = sorted(
            {near for port in ports for near in range(port - dense, port + dense + 1) if 0 < near < 65536}
        )
        self._zones: dict[str, str] = {}

    def of(self, hook: Hook) -> list[Probe]:
        """All packets to ask about at a hook, each once."""
        asked: dict[Probe, None] = {}
        for crossing in self.crossings:
            if crossing.hook is hook:
                asked.update(dict.fromkeys(self._around(crossing)))
        asked.update(dict.fromkeys(self._everybody(hook)))
        return [probe for probe in asked if probe.source != probe.destination]

    def right(self, crossing: Crossing) -> Probe:
        """A packet that a crossing is about."""
        passage = crossing.passage
        exchange = passage.exchange
        source, destination = edges(passage.source)[0], edges(passage.destination)[0]
        if source == destination:
            destination = ANOTHER[passage.family == 6]
        zone = crossing.in_interfaces[0] if crossing.in_interfaces else self._zone(source)
        protocol = NUMBERS[exchange.protocol]
        if exchange.protocol in (Protocol.TCP, Protocol.UDP):
            sport = exchange.source_ports[0][0] if _narrow(exchange.source_ports) else CLIENT_PORT
            return Probe(zone, source, destination, protocol, sport, max(1, exchange.destination_ports[0][0]))
        kind, code = exchange.types[0] if exchange.types else (0x16, 0)
        return Probe(zone, source, destination, protocol, kind, code or 0)

    def _around(self, crossing: Crossing) -> Iterator[Probe]:
        """One thing about a right packet after the other changed to what is just inside or just outside."""
        right = self.right(crossing)
        passage = crossing.passage
        yield right
        for source in edges(passage.source):
            here = right._replace(source=source, zone=self._zone(source))
            yield here
            yield here._replace(zone=right.zone)
        for destination in edges(passage.destination):
            yield right._replace(destination=destination)
        for zone in self.zones:
            yield right._replace(zone=zone.name)
        if right.source in OUTSIDE:
            yield from self._pretenders(right)
        yield from self._other_contents(crossing, right)
        yield from self._backwards(right)

    def _pretenders(self, right: Probe) -> Iterator[Probe]:
        """Where everybody may speak: a source of each zone, from each zone."""
        for home in self.zones:
            for subnet in home.subnets:
                address = str(ip_network(subnet)[9])
                if (":" in address) == (right.family == 6):
                    yield from (right._replace(source=address, zone=zone.name) for zone in self.zones)

    def _other_contents(self, crossing: Crossing, right: Probe) -> Iterator[Probe]:
        exchange = crossing.passage.exchange
        if right.protocol in (TCP, UDP):
            for protocol, dport in product((TCP, UDP), _points(exchange.destination_ports)):
                yield right._replace(protocol=protocol, dport=dport)
            for sport in _points(exchange.source_ports):
                yield right._replace(sport=sport)
            yield right._replace(protocol=SCTP)
        else:
            types = {ICMP: ICMP_TYPES, ICMPV6: ICMPV6_TYPES, IGMP: IGMP_TYPES}[right.protocol]
            for kind, code in types:
                yield right._replace(sport=kind, dport=code)

    def _backwards(self, right: Probe) -> Iterator[Probe]:
        back = right._replace(source=right.destination, destination=right.source, zone=self._zone(right.destination))
        yield back
        if right.protocol in (TCP, UDP):
            answer = back._replace(sport=right.dport, dport=right.sport)
            yield answer
            yield answer._replace(flags=SYN | ACK)
            yield answer._replace(flags=ACK)

    def _everybody(self, hook: Hook) -> Iterator[Probe]:
        """Every party to every other, and strangers, on every port of the catalogue."""
        for family in (4, 6):
            ends = [self._members(hook, family, source=source) for source in (True, False)]
            for source, destination in product(*ends):
                zone = self._zone(source)
                for protocol, port in product((TCP, UDP), self.ports):
                    yield Probe(zone, source, destination, protocol, CLIENT_PORT, port)
                for kind, code in ICMP_TYPES if family == 4 else ICMPV6_TYPES[:8]:
                    yield Probe(zone, source, destination, ICMP if family == 4 else ICMPV6, kind, code)

    def _members(self, hook: Hook, family: int, *, source: bool) -> list[str]:
        found = {OUTSIDE[family == 6]: None}
        for crossing in self.crossings:
            passage = crossing.passage
            if passage.family == family and crossing.hook is hook:
                mine, other = passage.source, passage.destination
                for party in (mine, other) if hook is Hook.FORWARD else (mine if source else other,):
                    found[edges(party)[0]] = None
        return list(found)

    def _zone(self, address: str) -> str:
        if address not in self._zones:
            self._zones[address] = zone_of(address, self.zones)
        return self._zones[address]


def _narrow(ranges: Sequence[tuple[int, int]]) -> bool:
    return all(last - first < 100 for first, last in ranges)


def _points(ranges: Sequence[tuple[int, int]]) -> list[int]:
    points = {point for first, last in ranges for point in (first, last, first - 1, last + 1)}
    return sorted(point for point in points if 0 < point < 65536)
