"""What a site that calls a role `any` opens without having said so."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.flows.addresses import EVERYTHING
from bellrock.flows.crossing import flows_of
from bellrock.flows.site import Site
from bellrock.flows.values import ConditionKind, Exchange, Family, Flow, PortRange, Reach, Role, Stance

RESTRICTED: Final = (ConditionKind.NOT_EXPOSED, ConditionKind.ONLY_FROM)
"""What the notes of flows say that somebody's `any` may undo."""


class Opened(Struct, frozen=True, kw_only=True):
    """A restriction of the catalogue that holds no longer."""

    role: Role
    """That is everybody."""
    flow: str
    """Whose restriction it is."""
    sentence: str


def opened(site: Site, flows: tuple[Flow, ...] | None = None) -> tuple[Opened, ...]:
    """One for each role that is everybody and each restricted flow that it opens, in the order of the site and of `flows`.

    `flows`: to be looked at; None for all of the site's.
    """
    flows = flows_of(site) if flows is None else flows
    return tuple(
        one
        for role in site.roles
        if (families := _everybody(site, role))
        for kept in flows
        if any(condition.kind in RESTRICTED for condition in kept.conditions)
        for one in (*_alone(role, kept), *_beside(site, role, families, kept, flows))
    )


def _everybody(site: Site, role: Role) -> tuple[Family, ...]:
    """The families of which the role has every address."""
    addresses = site.roles[role].addresses
    return tuple(family for family, span in EVERYTHING.items() if addresses.of(family) == (span,))


def _alone(role: Role, kept: Flow) -> Iterator[Opened]:
    """The role is the one that alone may come."""
    if any(one.kind is ConditionKind.ONLY_FROM and one.subject == role for one in kept.conditions):
        sentence = (
            f'role {role}, which alone may use flow {kept.id}, is everybody ("any"); give it addresses of its own'
        )
        yield Opened(role=role, flow=kept.id, sentence=sentence)


def _beside(
    site: Site, role: Role, families: tuple[Family, ...], kept: Flow, flows: tuple[Flow, ...]
) -> Iterator[Opened]:
    """What may be asked of the role may be asked of everybody, of those also who are to be kept apart."""
    for flow in flows:
        if flow.stance is not Stance.NEEDED or flow.id == kept.id:
            continue
        for exchange in flow.exchanges:
            for mine in kept.exchanges:
                who = [one for one in exchange.source if one in site.roles and one not in mine.source]
                whom = _had(site, mine, families)
                if (
                    role in exchange.destination
                    and role not in mine.destination
                    and who
                    and whom
                    and _same(exchange, mine)
                ):
                    yield Opened(role=role, flow=kept.id, sentence=_sentence(role, flow, kept, mine, who, whom))
                    return


def _had(site: Site, mine: Exchange, families: tuple[Family, ...]) -> list[Role]:
    """Who has what is to be kept, in a family in which somebody is everybody."""
    return [
        role
        for role in mine.destination
        if role in site.roles and any(site.roles[role].addresses.of(family) for family in families)
    ]


def _same(one: Exchange, other: Exchange) -> bool:
    """Whether packets of one may be packets of the other, as far as routers look."""
    return (
        one.protocol is other.protocol
        and Reach.LINK not in (one.reach, other.reach)
        and _meet(one.source_ports, other.source_ports)
        and _meet(one.destination_ports, other.destination_ports)
    )


def _meet(ours: tuple[PortRange, ...], theirs: tuple[PortRange, ...]) -> bool:
    return any(a <= d and c <= b for a, b in ours for c, d in theirs)


def _sentence(role: Role, flow: Flow, kept: Flow, mine: Exchange, who: list[Role], whom: list[Role]) -> str:
    return (
        f'role {role} is everybody ("any"), the site\'s own machines included: flow {flow.id} lets {_and(who)} '
        f"reach {_and(whom)} over {mine.protocol}, which flow {kept.id} keeps for {_and(mine.source)}; "
        'write "internet" for everybody outside of the site'
    )


def _and(roles: list[Role] | tuple[Role, ...]) -> str:
    return f"role {' and '.join(roles)}"
