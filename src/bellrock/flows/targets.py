"""Which addresses of a site answer for a flow: those that roles have one by one, and what `[[probe.FLOW.target]]` lists."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from bellrock.flows.addresses import EVERYTHING, FAMILIES, spelled
from bellrock.flows.site import Site, Target
from bellrock.flows.values import Flow, Role
from bellrock.flows.written import WrittenError, family_of, spans

MAX_SPAN: Final = 64
"""Addresses of a range `10.0.0.10-10.0.0.20` that are each tried; of a longer one nobody knows which are there."""


def targets(site: Site, flow: Flow, role: Role) -> tuple[Target, ...]:
    """What may be asked of a role, the listed ones first; each address once."""
    said = site.trials[flow.id].targets if flow.id in site.trials else ()
    listed = [one for one in said if of_role(site, flow, one) is role]
    known = {one.address for one in listed}
    return (*listed, *(Target(address=address) for address in singles(site, role) if address not in known))


def of_role(site: Site, flow: Flow, target: Target) -> Role:
    """Who a listed target is among those that a flow goes to: by its address; by a name alone, or elsewhere, the first."""
    if target.address:
        for exchange in flow.exchanges:
            for role in exchange.destination:
                if has(site, role, target.address):
                    return role
    return flow.destination[0]


def has(site: Site, role: Role, address: str) -> bool:
    """Whether an address is one of a role's, be it by a subnet."""
    members = site.roles.get(role)
    if members is None:
        return False
    one = ip_address(address.partition("%")[0])
    return any(first <= int(one) <= last for first, last in members.addresses.of(family_of(one)))


def roles_at(site: Site, addresses: tuple[str, ...]) -> tuple[Role, ...]:
    """The roles that a machine with these addresses plays; a role that is everybody is nobody's in particular."""
    return tuple(
        role
        for role, members in site.roles.items()
        if not any(members.addresses.of(family) == (EVERYTHING[family],) for family in FAMILIES)
        and any(has(site, role, address) for address in addresses)
    )


def singles(site: Site, role: Role) -> tuple[str, ...]:
    """The addresses of a role that are given one by one, in the order of the file: no subnet says who is in it."""
    members = site.roles.get(role)
    found = (address for text in (members.hosts if members else ()) for address in _one_by_one(text))
    return tuple(dict.fromkeys(found))


def _one_by_one(text: str) -> Iterator[str]:
    try:
        held = spans(text)
    except WrittenError:  # `internet`
        return
    for family, (first, last) in held:
        if first == last or ("-" in text and last - first < MAX_SPAN):
            yield from (spelled(value, family) for value in range(first, last + 1))
