"""What a capture holds: which flows, between whom, on which VLANs; what no flow explains; what was expected and is missing."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from bellrock.capture.reading import addresses
from bellrock.capture.reading.columns import columns
from bellrock.capture.reading.containers import opened
from bellrock.capture.reading.explained import Explained, explained
from bellrock.capture.reading.fragments import Pieces
from bellrock.capture.reading.grouped import MAX_PORTS, Asked, asked, groups
from bellrock.capture.reading.health import Health
from bellrock.capture.reading.points import names
from bellrock.capture.reading.register import Ends, Register, new_salt
from bellrock.capture.reading.tally import Tally
from bellrock.capture.reading.values import Interface, Numbers
from bellrock.capture.values import Addresses
from bellrock.flows.site import Site
from bellrock.flows.values import Flow, Group, Role, Stance
from bellrock.flows.wanted import is_meant

NS: Final = 1_000_000_000
PROTOCOLS: Final = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    89: "ospf",
    112: "vrrp",
    132: "sctp",
}
ETHERTYPES: Final = {
    -1: "unreadable", 0: "802.3", 0x0806: "arp", 0x8035: "rarp", 0x8809: "slow protocols", 0x88CC: "lldp", 0x888E: "eapol",
    0x88E5: "macsec", 0x8847: "mpls", 0x8863: "pppoe discovery", 0x8864: "pppoe", 0x88F7: "ptp", 0x9000: "loopback",
    0x0800: "broken IPv4", 0x86DD: "broken IPv6",
}  # fmt: skip
"""What is not IP; 802.3 carries spanning tree, CDP and the like."""


class Line(Struct, frozen=True, kw_only=True):
    """A flow between two addresses, both directions together."""

    flow: str
    """Id in the catalogue; empty: no flow explains it."""
    like: str = ""
    """Where none does: the one that would, between other addresses than these."""
    also: str = ""
    """Another flow that it may be as well: both have this port, and no site tells who is who."""
    source: str
    """Who asks."""
    destination: str
    protocol: str
    ports: tuple[int, ...]
    """Of who is asked, at most 16."""
    packets: int
    bytes: int
    """Of the frames on the wire."""
    replies: int
    """Those of the packets that came from who is asked."""
    reply_bytes: int
    conversations: int
    first: float
    """Seconds since the epoch."""
    last: float
    vlans: tuple[int, ...]
    """VIDs of the outer tags; where none was tagged, none."""
    untagged: bool
    """Some of it had no tag."""
    points: tuple[str, ...]
    """Where it was captured."""
    stations: tuple[str, ...] = ()
    """MAC addresses of senders that have no IP address."""


class Missing(Struct, frozen=True, kw_only=True):
    """A flow that the site needs, and of which no packet is there."""

    flow: str
    title: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]


class Below(Struct, frozen=True, kw_only=True):
    """What is not IP."""

    kind: str
    packets: int
    bytes: int


class Summary(Struct, frozen=True, kw_only=True):
    """A capture, or several together."""

    packets: int
    bytes: int
    first: float | None
    last: float | None
    flows: tuple[Line, ...]
    unexplained: tuple[Line, ...]
    below: tuple[Below, ...]
    expected: int | None
    """How many flows the site needs; None: there is no site."""
    missing: tuple[Missing, ...]
    left_out: int
    """Packets of conversations beyond those that are told apart."""
    lines_left_out: int
    troubles: tuple[str, ...]
    damaged: bool
    """Some of it could not be read."""


def summarise(
    paths: Sequence[str], flows: Sequence[Flow], known: Addresses, site: Site | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:  # fmt: skip
    """Read captures to their ends, one after the other.

    Args:
        paths: of files; `-` is standard input.
        flows: of the catalogue or of the site.
        known: addresses of roles.
        site: against which is told what is missing.
        progress: is called with the number of packets read so far, after each chunk.

    Raises:
        CaptureError: one of them cannot be opened, or is no capture.
    """
    interfaces: list[Interface] = []
    register, health = Register(salt=new_salt()), Health(interfaces)
    tally, damaged = Tally(register), False
    for path in paths:
        with opened(path, interfaces) as capture:
            pieces = Pieces()
            for chunk in capture.chunks():
                found = columns(chunk, interfaces, pieces)
                health.watch(found)
                tally.take(found, register.number(found))
                progress(tally.packets)
            for trouble in capture.troubles or [f"{capture.name} has no packets"][: capture.packets == 0]:
                health.add(trouble)
            damaged = damaged or capture.damaged
    told = _Telling(register.ends(), tally, flows, known, interfaces)
    lines, unexplained, left_out = told.lines()
    wanted = _expected(site, flows) if site else []
    seen = {line.flow for line in lines} | {line.also for line in lines}
    return Summary(
        packets=tally.packets, bytes=tally.octets, first=_seconds(tally.first), last=_seconds(tally.last), flows=lines,
        unexplained=unexplained, below=_below(tally), expected=len(wanted) if site else None,
        missing=tuple(one for one in wanted if one.flow not in seen), left_out=tally.left_out, lines_left_out=left_out,
        troubles=tuple(health.troubles()), damaged=damaged,
    )  # fmt: skip


class _Telling:
    """Conversations → lines."""

    def __init__(
        self, ends: Ends, tally: Tally, flows: Sequence[Flow], known: Addresses, interfaces: list[Interface]
    ) -> None:
        ways = tally.ways()
        self._ends, self._tally, self._flows, self._points = ends, tally, flows, names(interfaces)
        self._explained: Explained = explained(ends, ways, flows, known)
        self._asked: Asked = asked(ends, ways, self._explained)

    def lines(self) -> tuple[tuple[Line, ...], tuple[Line, ...], int]:
        """Of flows, of what no flow explains, and how many there are more."""
        told, one = self._explained, self._asked
        parties = (
            one.source_high,
            one.source_low,
            one.destination_high,
            one.destination_low,
            one.version,
            self._ends.protocol,
        )
        flows, more = self._grouped((told.flow, told.also, *parties), np.flatnonzero(told.flow >= 0))
        others, yet_more = self._grouped((one.port, told.like, *parties), np.flatnonzero(told.flow < 0))
        return tuple(map(self._line, flows)), tuple(map(self._line, others)), more + yet_more

    def _grouped(self, keys: Iterable[np.ndarray], places: Numbers) -> tuple[list[Numbers], int]:
        packets = self._asked.packets + self._asked.replies
        found, more = groups([key[places] for key in keys], packets[places])
        return [places[one] for one in found], more

    def _line(self, group: Numbers) -> Line:
        one, told, ends, at = self._asked, self._explained, self._ends, int(group[0])
        vids = np.unique(ends.vid[group])
        stations = sorted({mac for place in group.tolist() for mac in self._tally.stations.get(place, ())})
        return Line(
            flow=self._id(int(told.flow[at])), like=self._id(int(told.like[at])), also=self._id(int(told.also[at])), protocol=_protocol(int(ends.protocol[at])),
            source=addresses.text(int(one.version[at]), int(one.source_high[at]), int(one.source_low[at])),
            destination=addresses.text(int(one.version[at]), int(one.destination_high[at]), int(one.destination_low[at])),
            ports=tuple(np.unique(one.port[group])[:MAX_PORTS].tolist()) if ends.protocol[at] in _PORTED else (),
            packets=int(one.packets[group].sum() + one.replies[group].sum()),
            bytes=int(one.octets[group].sum() + one.reply_octets[group].sum()),
            replies=int(one.replies[group].sum()), reply_bytes=int(one.reply_octets[group].sum()), conversations=len(group),
            first=int(one.first[group].min()) / NS, last=int(one.last[group].max()) / NS,
            vlans=tuple(vids[vids >= 0].tolist()), untagged=bool((vids < 0).any()),
            points=tuple(self._points[number] for number in np.unique(ends.interface[group]).tolist()),
            stations=tuple(map(addresses.mac, stations)),
        )  # fmt: skip

    def _id(self, index: int) -> str:
        return self._flows[index].id if index >= 0 else ""


_PORTED: Final = (6, 17)


def _protocol(number: int) -> str:
    return PROTOCOLS.get(number, str(number))


def _below(tally: Tally) -> tuple[Below, ...]:
    found = [
        Below(kind=ETHERTYPES.get(kind, f"0x{kind:04x}"), packets=packets, bytes=octets)
        for kind, (packets, octets) in tally.below.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.packets))


def _expected(site: Site, flows: Iterable[Flow]) -> list[Missing]:
    """What the site needs between roles that it has. Errors and neighbour discovery are there or not as it happens, and so are beacons."""
    found = []
    for flow in flows:
        ends = [(_there(site, one.source), _there(site, one.destination)) for one in flow.exchanges if not one.expected]
        sources = dict.fromkeys(role for here, there in ends if there for role in here)
        destinations = dict.fromkeys(role for here, there in ends if here for role in there)
        wanted = flow.stance is Stance.NEEDED and flow.group not in (Group.ESSENTIAL, Group.BELLROCK)
        if wanted and sources and is_meant(site, flow):
            found.append(
                Missing(flow=flow.id, title=flow.title, sources=tuple(sources), destinations=tuple(destinations))
            )
    return found


def _there(site: Site, roles: Iterable[Role]) -> tuple[str, ...]:
    return tuple(str(role) for role in roles if role in site.roles)


def _seconds(time: int | None) -> float | None:
    return None if time is None else time / NS
