"""From a site to passages, and to where they meet a firewall."""

from collections.abc import Iterable, Iterator

from bellrock.flows.catalogue import find
from bellrock.flows.interfaces import Behind
from bellrock.flows.parties import Parties
from bellrock.flows.passages import Crossing, Hook, Passage, Place
from bellrock.flows.profiles import catalogue
from bellrock.flows.relays import unrelayed
from bellrock.flows.repoint import with_ports
from bellrock.flows.site import Site
from bellrock.flows.values import Exchange, Family, Flow, Group, Reach, Role, Stance


def flows_of(site: Site) -> tuple[Flow, ...]:
    """The site's flows in the catalogue's order: its profile with its ports, without what it disabled."""
    kept = (flow for flow in catalogue(site.profile) if flow.id not in site.disabled)
    return tuple(with_ports(flow, site.ports[flow.id]) if flow.id in site.ports else flow for flow in kept)


def passages(site: Site, *, flows: Iterable[str] = ()) -> tuple[Passage, ...]:
    """Every exchange of the site's flows (of those with the ids `flows`, if any are given) between the addresses of its roles.

    One for each family, pair of roles and pair of parties. Parties are shared: equal names are the same object.

    Raises:
        UnknownFlowError: the site has no flow of this id.
    """
    known = flows_of(site)
    wanted = {find(one, known).id for one in flows} or {one.id for one in known}
    parties = Parties(site)
    return tuple(
        passage
        for flow in known
        if flow.id in wanted
        for exchange in flow.exchanges
        for family in exchange.families
        for passage in _between(parties, flow, exchange, family)
    )


def _between(parties: Parties, flow: Flow, exchange: Exchange, family: Family) -> Iterator[Passage]:
    here = [role for role in exchange.source if parties.applies(exchange, role, family)]
    there = [role for role in exchange.destination if parties.applies(exchange, role, family)]
    for one in here:
        for other in there:
            for source in parties.sources(exchange, one, family, flow.stance):
                for destination in parties.destinations(exchange, other, family, flow.stance):
                    yield Passage(
                        flow=flow, exchange=exchange, family=family, source=source, destination=destination,
                        source_role=one, destination_role=other,
                    )  # fmt: skip


def crossings(site: Site, place: Place) -> tuple[Crossing, ...]:
    """The passages that meet a place, in the catalogue's order: what it must let through, and of forbidden flows what it must block.

    At a router: what is routed (of a gateway only what its role takes part in). At a host: what comes to one of its
    roles and what goes out from one, each once.
    """
    behind = Behind(site)
    met = (_at_router(behind, place, one) if place.is_router else _at_host(site, place, one) for one in passages(site))
    seen: dict[tuple[str, str, Family, Hook, str, str], Crossing] = {}
    for crossing in (one for some in met for one in some):
        passage = crossing.passage
        key = (
            passage.flow.id,
            passage.exchange.name,
            passage.family,
            crossing.hook,
            passage.source.name,
            passage.destination.name,
        )
        held = seen.get(key)
        seen[key] = crossing if held is None else _joined(held, crossing)
    return tuple(seen.values())


def heard(site: Site, place: Place) -> tuple[Crossing, ...]:
    """What a router itself must hear on its links and never forwards, at the hook input: neighbour discovery, membership of
    groups, DHCP for its relay (where the site has relays); of a gateway only what its role takes part in, and what every network needs.

    No crossing of a forwarding firewall, but a list that is applied to what comes in at an interface meets it.
    """
    if not place.is_router:
        return ()
    found: dict[tuple[str, str, Family, str, str], Crossing] = {}
    for one in passages(site):
        if _is_for_the_router(one, place):
            key = (one.flow.id, one.exchange.name, one.family, one.source.name, one.destination.name)
            found.setdefault(key, Crossing(passage=one, hook=Hook.INPUT))
    return tuple(found.values())


def _is_for_the_router(passage: Passage, place: Place) -> bool:
    on_link = passage.exchange.reach is Reach.LINK and passage.flow.stance is Stance.NEEDED
    return on_link and passage.destination_role in (Role.ANYONE, Role.RELAY) and _concerns(place, passage)


def _concerns(place: Place, passage: Passage) -> bool:
    ends = (passage.source_role, passage.destination_role)
    return place.gateway_of is None or place.gateway_of in ends or passage.flow.group is Group.ESSENTIAL


def _at_router(behind: Behind, place: Place, passage: Passage) -> Iterator[Crossing]:
    if passage.exchange.reach is not Reach.LINK and _concerns(place, passage):
        yield Crossing(
            passage=passage, hook=Hook.FORWARD, in_interfaces=behind.of(passage.source),
            out_interfaces=behind.of(passage.destination),
        )  # fmt: skip


def _at_host(site: Site, place: Place, passage: Passage) -> Iterator[Crossing]:
    if passage.destination_role in (*place.roles, Role.ANYONE):
        yield Crossing(passage=passage, hook=Hook.INPUT, in_interfaces=_facing(site, passage.destination_role))
    if passage.source_role in (*place.roles, Role.ANYONE):
        yield Crossing(passage=passage, hook=Hook.OUTPUT, out_interfaces=_facing(site, passage.source_role))


def _facing(site: Site, role: Role) -> tuple[str, ...]:
    return site.roles[role].interfaces if role in site.roles else ()


def _joined(one: Crossing, other: Crossing) -> Crossing:
    """The same packets for two roles of a machine: its interfaces of both, or any where one may use any."""
    return Crossing(
        passage=one.passage,
        hook=one.hook,
        in_interfaces=_both(one.in_interfaces, other.in_interfaces),
        out_interfaces=_both(one.out_interfaces, other.out_interfaces),
    )


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other))) if one and other else ()


def gaps(site: Site) -> tuple[str, ...]:
    """What the site leaves open: needed flows with an end that nobody plays, whose ends share no address family, or which nothing relays."""
    parties = Parties(site)
    out: list[str] = []
    for flow in flows_of(site):
        if flow.optional or flow.stance is Stance.FORBIDDEN:
            continue
        missing = [roles for roles in (flow.source, flow.destination) if not any(map(parties.plays, roles))]
        out += [f"flow {flow.id}: the site gives role {' or '.join(roles)} no addresses" for roles in missing]
        if not missing and not any(_meets(parties, flow, exchange) for exchange in flow.exchanges):
            out.append(
                f"flow {flow.id}: {'/'.join(flow.source)} and {'/'.join(flow.destination)} share no address family"
            )
    return (*out, *unrelayed(site))


def _meets(parties: Parties, flow: Flow, exchange: Exchange) -> bool:
    return any(next(_between(parties, flow, exchange, family), None) for family in exchange.families)
