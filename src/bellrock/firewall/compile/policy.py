"""From a site and a place to a policy: every exchange that the place must let through or block, once per address family.

A policy knows no platform. What a platform's emitter writes is the policy and nothing else.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from bellrock.flows.addresses import FAMILIES, merged, range_of
from bellrock.flows.crossing import crossings, gaps, heard
from bellrock.flows.parties import Parties
from bellrock.flows.passages import AddressRange, Crossing, Hook, Party, Place
from bellrock.flows.site import Site, Subnet
from bellrock.flows.values import Family, Group, PortRange, Protocol, Reach, Stance
from bellrock.flows.written import family_of

WHOLE: Final[dict[Family, tuple[AddressRange, ...]]] = {4: ((0, 2**32 - 1),), 6: ((0, 2**128 - 1),)}
"""Every address of a family: what `anyone` has."""

_UNGUARDED: Final = "no spoof guard was written: the site names no subnet's interface"
_HOST_UNGUARDED: Final = "no spoof guard was written: the interfaces of subnets are the router's, and this is a host"
_TABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}")
_INTERFACE: Final = re.compile(r"[^\s\"'\\/:*\x00-\x1f\x7f]{1,15}")
"""Linux dev_valid_name (no blanks, `/` or `:`), less what quoting would need."""


class CompileError(ValueError):
    """No rules can be written: one line for the operator."""


class Style(StrEnum):
    """How nftables rules are written."""

    SETS = "sets"
    """Named sets and verdict maps: a new connection costs a few lookups, however large the site."""
    LINEAR = "linear"
    """One rule per term, source range and destination range, as people write by hand."""
    SKETCH = "sketch"
    """The two rules of the network troubleshooting appendix."""


class Options(Struct, frozen=True, kw_only=True):
    """What is the operator's choice."""

    style: Style = Style.SETS
    table: str = "bellrock"
    """Of nftables; chains of iptables begin with it."""
    spoof_guard: bool = False
    """Drop what comes in at an interface with a source that lives behind another one that the site names."""
    log: bool = True
    """Log, at a limited rate, what no flow needs before it is dropped."""
    filter_output: bool = True
    """On hosts: drop also what leaves and no flow needs."""
    helpers: bool = True
    """Use conntrack helpers; False opens the ports of the data packets instead (for kernels without nf_conntrack_tftp)."""
    explain: bool = False
    """Write above each rule why it is there."""


class Guard(Struct, frozen=True, kw_only=True):
    """The sources that live behind an interface: they may not come in at another. Others may come in there, as far as rules let them."""

    interface: str
    family: Family
    ranges: tuple[AddressRange, ...]


class Term(Struct, frozen=True, kw_only=True):
    """One exchange between two parties of one family at one hook. Answers are left to connection tracking."""

    flow: str
    title: str
    note: str
    exchange: str
    hook: Hook
    family: Family
    protocol: Protocol
    source: Party
    destination: Party
    source_ports: tuple[PortRange, ...]
    """Empty where every port (or the protocol has none)."""
    destination_ports: tuple[PortRange, ...]
    """Empty where every port (or the protocol has none)."""
    types: tuple[tuple[int, int | None], ...]
    """ICMP type and code (None: any); () for all, or where the protocol has none."""
    reach: Reach
    helper: str
    """The conntrack helper to assign: `tftp`, or empty."""
    expected: bool
    """Only what connection tracking ties to a known connection (state *related*): data that a helper announced, ICMP errors."""
    answered: bool
    stance: Stance
    """Needed: accept. Forbidden: drop, before anything is accepted."""
    in_interfaces: tuple[str, ...]
    out_interfaces: tuple[str, ...]
    why: str

    @property
    def id(self) -> str:
        """`tftp/data`: what comments and counters name."""
        return f"{self.flow}/{self.exchange}"

    @property
    def stateless(self) -> bool:
        """Whether connection tracking may call its packets *invalid*: they must pass before those are dropped.

        Linux leaves neighbour discovery and listener messages untracked, but knows no inverse discovery (RFC 3122), no
        certification paths (RFC 3971) and no end of multicast routers (RFC 4286): nf_conntrack_proto_icmpv6.
        """
        return self.protocol is Protocol.ICMPV6 and self.reach is Reach.LINK and self.stance is Stance.NEEDED


class Policy(Struct, frozen=True, kw_only=True):
    """Everything that a place lets through and blocks; what is not in it is dropped."""

    place: Place
    terms: tuple[Term, ...]
    """In catalogue order; the forbidden ones among them."""
    parties: tuple[Party, ...]
    """Those of the terms, each once, in the order of first use."""
    guards: tuple[Guard, ...]
    """Empty where the operator did not ask for a spoof guard."""
    options: Options
    notices: tuple[str, ...]
    """What the operator should know: roles without addresses, guards that could not be made."""
    scope: tuple[Party, ...] = ()
    """Of a gateway: who stands behind it, a party for each family that they have. What neither goes to them nor comes from them is left alone."""
    heard: tuple[Term, ...] = ()
    """Of a router: what it must hear itself on its links. No firewall of what it forwards meets it; a list for what comes in does."""

    @property
    def forbidden(self) -> tuple[Term, ...]:
        """The terms to block."""
        return tuple(term for term in self.terms if term.stance is Stance.FORBIDDEN)

    @property
    def needed(self) -> tuple[Term, ...]:
        """The terms to let through."""
        return tuple(term for term in self.terms if term.stance is Stance.NEEDED)

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """The hooks at which the place filters, in the order of netfilter."""
        return (Hook.FORWARD,) if self.place.is_router else (Hook.INPUT, Hook.OUTPUT)


class Artefact(Struct, frozen=True, kw_only=True):
    """The rules of one platform."""

    target: str
    text: str
    notices: tuple[str, ...]
    """What the operator should know, and what the platform cannot say; in `text` as comments, too."""


def policy(site: Site, place: Place, options: Options) -> Policy:
    """What the site's flows ask of a place, with the site's gaps as notices.

    Raises:
        CompileError: the table's name or an interface's cannot be written, or no flow crosses the router.
    """
    guards = guards_of(site.subnets) if options.spoof_guard and place.is_router else ()
    unguarded = () if guards or not options.spoof_guard else (_UNGUARDED if place.is_router else _HOST_UNGUARDED,)
    notices = (*site.notices, *gaps(site), *unguarded)
    crossed = crossings(site, place)
    _check_needed(crossed, place)
    scope = _behind(site, place)
    whole = assemble(crossed, place, options, guards=guards, notices=notices, scope=scope)
    return structs.replace(whole, heard=tuple(_term(one, options) for one in heard(site, place)))


def _check_needed(crossed: Iterable[Crossing], place: Place) -> None:
    """A router whose rules let nothing through but ICMP is a cut cable, and nobody asks for one."""
    flows = (crossing.passage.flow for crossing in crossed)
    if place.is_router and not any(f.stance is Stance.NEEDED and f.group is not Group.ESSENTIAL for f in flows):
        raise CompileError(
            "no flow of this site crosses this place: the rules would drop everything; give the roles at both ends addresses"
        )


def assemble(
    crossings: Iterable[Crossing],
    place: Place,
    options: Options,
    *,
    guards: tuple[Guard, ...] = (),
    notices: tuple[str, ...] = (),
    scope: tuple[Party, ...] = (),
) -> Policy:
    """A policy from what crosses a place.

    Raises:
        CompileError: the table's name or an interface's cannot be written.
    """
    if not _TABLE.fullmatch(options.table):
        raise CompileError(f"table name '{options.table}': use a letter, then up to 30 letters, digits or underscores")
    terms = tuple(_term(crossing, options) for crossing in crossings)
    _check_interfaces(terms, guards)
    empty = {_nobody(term) for term in terms} - {""}
    terms = tuple(term for term in terms if not _nobody(term))
    return Policy(
        place=place,
        terms=terms,
        parties=_parties(terms, scope),
        scope=scope,
        guards=guards if options.spoof_guard else (),
        options=options,
        notices=tuple(dict.fromkeys((*notices, *sorted(empty)))),
    )


def guards_of(subnets: Iterable[Subnet]) -> tuple[Guard, ...]:
    """What lives behind each interface that the site names, in the order of the site."""
    found: dict[tuple[str, Family], list[AddressRange]] = {}
    for subnet in subnets:
        if subnet.interface:
            found.setdefault((subnet.interface, family_of(subnet.network)), []).append(range_of(subnet.network))
    return tuple(
        Guard(interface=name, family=family, ranges=merged(ranges)) for (name, family), ranges in found.items()
    )


def is_whole(party: Party) -> bool:
    """Whether a party is every address of its family."""
    return party.ranges == WHOLE[party.family]


def _term(crossing: Crossing, options: Options) -> Term:
    passage = crossing.passage
    flow, exchange = passage.flow, passage.exchange
    ported = exchange.protocol in (Protocol.TCP, Protocol.UDP)
    return Term(
        flow=flow.id,
        title=flow.title,
        note=flow.note,
        exchange=exchange.name,
        hook=crossing.hook,
        family=passage.family,
        protocol=exchange.protocol,
        source=passage.source,
        destination=passage.destination,
        source_ports=_ports(exchange.source_ports) if ported else (),
        destination_ports=_ports(exchange.destination_ports) if ported else (),
        types=() if ported else exchange.types,
        reach=exchange.reach,
        helper=exchange.helper if options.helpers else "",
        expected=exchange.expected and (options.helpers or not ported),
        answered=exchange.answered,
        stance=flow.stance,
        in_interfaces=crossing.in_interfaces,
        out_interfaces=crossing.out_interfaces,
        why=exchange.why,
    )


def _ports(ranges: tuple[PortRange, ...]) -> tuple[PortRange, ...]:
    """Sorted and joined; () where every port is in."""
    joined: list[PortRange] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    # Port 0 is reserved (RFC 6335 §6); whether a range begins with it or with 1 is the same wish.
    return () if joined and joined[0][0] <= 1 and joined[0][1] == 65535 else tuple(joined)


def _nobody(term: Term) -> str:
    """What to say about a term that has nobody at one end."""
    for party in (term.source, term.destination):
        if not party.ranges:
            return f"flow {term.flow}: {party.name} has no IPv{term.family} addresses; no rule was written for it"
    return ""


def _behind(site: Site, place: Place) -> tuple[Party, ...]:
    role = place.gateway_of
    parties = Parties(site)
    found = () if role is None else tuple(parties.own(role, family) for family in FAMILIES)
    return tuple(party for party in found if party is not None)


def _parties(terms: tuple[Term, ...], scope: tuple[Party, ...]) -> tuple[Party, ...]:
    found: dict[tuple[str, Family], Party] = {}
    for term in terms:
        for party in (term.source, term.destination):
            found.setdefault((party.name, party.family), party)
    for party in scope:
        found.setdefault((party.name, party.family), party)
    return tuple(found.values())


def _check_interfaces(terms: tuple[Term, ...], guards: tuple[Guard, ...]) -> None:
    names = {guard.interface for guard in guards}
    for interfaces in {(*term.in_interfaces, *term.out_interfaces) for term in terms}:
        names.update(interfaces)
    for name in sorted(names):
        if not _INTERFACE.fullmatch(name):
            raise CompileError(
                f"interface name {name!r} cannot stand in rules: at most 15 characters, none of blank, quote, backslash, / : *"
            )
