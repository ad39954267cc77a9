"""Contradictions in the evidence, as values, each with a sentence that a person can check."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

from bellrock.model import Conflict, ConflictKind, EvidenceKey, EvidenceKind, Interface, Port
from bellrock.topology.held import Held
from bellrock.topology.state import BEACON_KINDS, State

if TYPE_CHECKING:
    from bellrock.topology.domains import Domain

ONE_WAY_AFTER: Final = 10.0
"""Seconds for which a port must have been heard without hearing, before that is held against the link."""
VRRP_MACS: Final = ("00:00:5e:00:01:", "00:00:5e:00:02:")
"""RFC 5798 §7.3: virtual router MACs, which several hosts share on purpose."""
NO_MACS: Final = ("", "00:00:00:00:00:00")
ENOUGH: Final = 2
"""Ports that must carry a subnet before it counts as living in a domain."""
MOST_NAMED: Final = 3
"""Ports that a sentence names before it counts the rest."""

Joining = Mapping[Port, Sequence[Held]]
VidPorts = Mapping[int, list[Port]]


def two_vids(facts: State, tagged: VidPorts, told: VidPorts) -> Iterator[Conflict]:
    """One broadcast domain with two VIDs: native VLAN mismatch, translation or leak."""
    vids = sorted({*tagged, *told})
    if len(vids) < 2:
        return
    says = [
        *(f"{naming(facts, tagged[vid])} tagged with VID {vid}" for vid in sorted(tagged)),
        *(f"{naming(facts, told[vid])} in port VLAN {vid} by its switch's word" for vid in sorted(told)),
    ]
    ports = {port for by_vid in (tagged, told) for of_vid in by_vid.values() for port in of_vid}
    proof = f"One segment has {len(vids)} VIDs: {'; '.join(says)}."
    yield Conflict(kind=ConflictKind.TWO_VIDS, where=ordered(ports), proof=proof)


def duplicate_macs(facts: State, joining: Joining) -> Iterator[Conflict]:
    """One MAC address on two hosts in one domain. Hosts known only by their MAC may be another of a known host's programs."""
    owners: dict[str, Port] = {}
    shared: dict[str, set[Port]] = {}
    for port, held in joining.items():
        mac = _mac(facts, port, held)
        first = owners.setdefault(mac, port)
        if first is port or first.host == port.host:
            continue
        if first.host.startswith("peer-"):
            owners[mac] = port
        elif not port.host.startswith("peer-"):
            shared.setdefault(mac, {first}).add(port)
    for mac in sorted(mac for mac in shared if mac not in NO_MACS and not mac.startswith(VRRP_MACS)):
        proof = f"{naming(facts, shared[mac])} have the same MAC address {mac} on one segment."
        yield Conflict(kind=ConflictKind.DUPLICATE_MAC, where=ordered(shared[mac]), proof=proof)


def _mac(facts: State, port: Port, held: Sequence[Held]) -> str:
    carriers = facts.carriers(port)
    interface = carriers[0] if carriers else facts.interface(port)
    if interface is not None:
        return interface.mac
    said = [(one.latest, one.words.mac.lower()) for one in held if one.port.host != port.host]
    return max(said, default=(0.0, ""))[1]


def one_ways(facts: State, unanswered: Iterable[tuple[Port, Port, Held]]) -> Iterator[Conflict]:
    """A hears B, and B, which listens while A speaks, does not hear A."""
    for port, peer, held in unanswered:
        if _lasted(facts, held, peer) >= ONE_WAY_AFTER:
            a, b = facts.label(port), facts.label(peer)
            proof = f"{a} hears {b}, but {b}, which listens and to which {a} speaks, does not hear {a}."
            yield Conflict(kind=ConflictKind.ONE_WAY, where=(port, peer), proof=proof, evidence=(held.key,))


def may_become_one_way(facts: State, unanswered: Iterable[tuple[Port, Port, Held]]) -> bool:
    """Whether time alone may show that somebody is heard and does not hear."""
    return any(_lasted(facts, held, peer) < ONE_WAY_AFTER for _, peer, held in unanswered)


def unanswered(
    facts: State, joining: Joining, unconfirmed: Sequence[tuple[Port, Held]]
) -> list[tuple[Port, Port, Held]]:
    """(port, peer, what it hears): where the peer neither confirms nor hears, though both listen and speak."""
    alone = list(_unconfirmed(facts, joining, unconfirmed))
    if not alone:
        return []
    heard, confirmed = _pairs(facts, joining)
    found = []
    for port, one in alone:
        peer = facts.canonical(one.peer or port)
        silent = (port, peer) not in confirmed and (peer, port) not in heard
        if silent and _talks(facts.interface(peer)) and _talks(facts.interface(port)):
            found.append((port, peer, one))
    return found


def _unconfirmed(
    facts: State, joining: Joining, unconfirmed: Sequence[tuple[Port, Held]]
) -> Iterator[tuple[Port, Held]]:
    """What ports heard without having it confirmed in the same spelling, as nearly everything is: of that nothing more need be known."""
    at: Port | None = None
    confirmed: set[Port | None] = set()
    for port, one in unconfirmed:
        if one.peer is None or facts.canonical(one.port) != port:
            continue
        if one.port != port:
            if facts.evidence.find(EvidenceKey(EvidenceKind.CONFIRMED, one.port, one.peer)) is None:
                yield port, one
            continue
        if port is not at:
            at, confirmed = port, _confirmed(port, joining[port])
        if one.peer not in confirmed:
            yield port, one


def _confirmed(port: Port, held: Sequence[Held]) -> set[Port | None]:
    """Of whom a port has a confirmation."""
    return {one.peer for one in held if one.kind is EvidenceKind.CONFIRMED and one.port == port}


def _pairs(facts: State, joining: Joining) -> tuple[set[tuple[Port, Port]], set[tuple[Port, Port]]]:
    """(who hears, who is heard) by any beacon, and by a confirmed one alone."""
    heard: set[tuple[Port, Port]] = set()
    confirmed: set[tuple[Port, Port]] = set()
    for held in joining.values():
        for one in held:
            kind, port, peer = one.kind, one.port, one.peer
            if peer is not None and kind in BEACON_KINDS:
                pair = facts.canonical(port), facts.canonical(peer)
                heard.add(pair)
                if kind is EvidenceKind.CONFIRMED:
                    confirmed.add(pair)
    return heard, confirmed


def _talks(interface: Interface | None) -> bool:
    return interface is not None and interface.speaks and interface.settled


def _lasted(facts: State, held: Held, peer: Port) -> float:
    """Seconds for which both hosts have reported since the hearing began."""
    until = min(facts.last_seen(held), facts.seen.get(peer.host, held.since))
    return until - held.since


def loops(facts: State) -> Iterator[Conflict]:
    """Ports that received their own beacons."""
    for port in sorted({facts.canonical(held.port) for held in facts.loops.values()}, key=_key):
        if facts.passes(port):
            proof = f"{facts.label(port)} receives its own beacons: a loop behind it sends them back."
            keys = tuple(held.key for held in facts.loops.values() if facts.canonical(held.port) == port)
            yield Conflict(kind=ConflictKind.LOOP, where=(port,), proof=proof, evidence=keys[:1])


def vid_splits(facts: State, domains: Iterable["Domain"]) -> Iterator[Conflict]:
    """One VID in two domains of one fabric, each of which beacons would have reached if they passed."""
    by_vid: dict[int, list[Domain]] = {}
    for domain in domains:
        if domain.vid is not None and domain.speaks:
            by_vid.setdefault(domain.vid, []).append(domain)
    for vid in sorted(by_vid):
        for one, other in combinations(by_vid[vid], 2):
            a, b = (tuple(member.port for member in domain.members) for domain in (one, other))
            proof = f"VLAN {vid} of one fabric is in two parts, between which no beacon passes: {naming(facts, a)}; and {naming(facts, b)}."
            yield Conflict(kind=ConflictKind.VID_SPLIT, where=ordered({*a, *b}), proof=proof)


def subnet_conflicts(facts: State, subnet: str, homes: Sequence["Domain"]) -> Iterator[Conflict]:
    """A subnet on several domains, in the order of their first ports: one misplaced address where most others agree, else a split."""
    settled: Sequence[Domain] = [domain for domain in homes if len(domain.subnets[subnet]) >= ENOUGH]
    if settled:
        for domain in homes:
            if len(domain.subnets[subnet]) == 1:
                yield _misfit(facts, subnet, domain, settled[0])
    else:
        settled = homes
    if len(settled) > 1:
        places = "; and ".join(naming(facts, domain.subnets[subnet]) for domain in settled)
        where = ordered({port for domain in settled for port in domain.subnets[subnet]})
        proof = f"Subnet {subnet} is on {len(settled)} segments between which no beacon passes: {places}."
        yield Conflict(kind=ConflictKind.SUBNET_SPLIT, where=where, proof=proof)


def _misfit(facts: State, subnet: str, domain: "Domain", home: "Domain") -> Conflict:
    (port,) = domain.subnets[subnet]
    here = [other for other, ports in domain.subnets.items() if len(set(ports) - {port}) >= ENOUGH]
    others = f", where {' and '.join(here)} lives" if here else ""
    proof = (
        f"{facts.label(port)} has an address of {subnet}, which lives on the segment of "
        f"{naming(facts, home.subnets[subnet])}, but is on another segment{others}."
    )
    return Conflict(kind=ConflictKind.ADDRESS_MISFIT, where=(port,), proof=proof)


def naming(facts: State, ports: Iterable[Port]) -> str:
    """The first few ports by name, and how many more there are."""
    labels = sorted({facts.label(port) for port in ports})
    named = labels[:MOST_NAMED] if len(labels) > MOST_NAMED else labels
    rest = len(labels) - len(named)
    if rest:
        return f"{', '.join(named)} and {rest} more"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def ordered(ports: Iterable[Port]) -> tuple[Port, ...]:
    """Ports in their one order."""
    return tuple(sorted(ports, key=_key))


def _key(port: Port) -> tuple[str, str, int]:
    return port.host, port.interface, -1 if port.vid is None else port.vid
