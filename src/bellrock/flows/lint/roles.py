"""Which roles a host plays, and whether its addresses are those of the site."""

from collections.abc import Iterator

from bellrock.flows.addresses import EVERYTHING, range_of
from bellrock.flows.lint.values import HostAddress, Kind, Remark, Scene, Weight, family_of, within
from bellrock.flows.site import Members, Site
from bellrock.flows.values import Role
from bellrock.flows.written import spans as spans_of


def roles_of_host(site: Site, addresses: tuple[HostAddress, ...]) -> tuple[Role, ...]:
    """The roles that a host with these addresses plays.

    A role that is given to some of a subnet's addresses wins over one that has all of them: a rack among its nodes is no node.
    """
    found: dict[Role, None] = {}
    for address in addresses:
        if address.ours_alone:
            continue
        having = [role for role, members in site.roles.items() if has(members, address)]
        named = [role for role in having if _named(site.roles[role], address)]
        whole = [role for role in having if not _everybody(site.roles[role], address)]
        found.update(dict.fromkeys(named or whole))
    order = list(Role)
    return tuple(sorted(found, key=order.index))


def has(members: Members, address: HostAddress) -> bool:
    """Whether a role's addresses contain this one."""
    return within(int(address.inside.ip), members.addresses.of(family_of(address)))


def _named(members: Members, address: HostAddress) -> bool:
    """Whether the site lists the address, or a part of its subnet with it in."""
    around = range_of(address.inside.network)
    spans = (span for text in members.hosts for family, span in spans_of(text) if family == family_of(address))
    # On a /32 the subnet is not known from the host, and one address is part enough.
    return any(
        first <= int(address.inside.ip) <= last and (first == last or (first, last) != around)
        for first, last in spans
        if around[0] <= first and last <= around[1]
    )


def _everybody(members: Members, address: HostAddress) -> bool:
    return members.addresses.of(family_of(address)) == (EVERYTHING[family_of(address)],)


def of_role(scene: Scene, role: Role) -> tuple[HostAddress, ...]:
    """The host's addresses that the site gives a role."""
    members = scene.site.roles.get(role)
    return tuple(address for address in scene.outward if members and has(members, address))


def remarks(scene: Scene) -> Iterator[Remark]:
    """Addresses that do not fit."""
    yield from _strangers(scene)
    for address in scene.outward:
        subnet = scene.subnet_of(address)
        if not scene.known(address):
            yield Remark(
                kind=Kind.UNKNOWN_ADDRESS,
                weight=Weight.HINT,
                sentence=f"{address.said()} is in no subnet and no role of the site",
                proof=f"{address.interface} has {address.text}",
                advice=f"add its subnet to {scene.file}, unless nothing of the site is reached through {address.interface}",
            )
        elif subnet and address.inside.network.prefixlen != subnet.network.prefixlen and not _host_route(address):
            yield Remark(
                kind=Kind.PREFIX,
                weight=Weight.COMPLAINT,
                sentence=f"{address.said()} has another prefix length than its subnet {subnet.name} in the site",
                proof=f"here {address.inside.network}, in the site {subnet.network}",
                advice=f"set one of both right: hosts with different ideas of a subnet do not reach each other ({scene.file})",
            )


def _host_route(address: HostAddress) -> bool:
    """/32 and /128 are addresses without a subnet: loopback-style and DHCPv6's."""
    return address.inside.network.prefixlen == address.inside.network.max_prefixlen


def _strangers(scene: Scene) -> Iterator[Remark]:
    mine = ", ".join(address.said() for address in scene.outward) or "it has no address but its own loopback"
    if not scene.roles:
        yield Remark(
            kind=Kind.STRANGER,
            weight=Weight.COMPLAINT,
            sentence="this host plays no role in the site",
            proof=f"no role has one of its addresses: {mine}",
            advice=f"give the role with --for, or put the host's address into {scene.file}",
        )
    for role in scene.roles:
        if not of_role(scene, role):
            has = "gives it no addresses" if role not in scene.site.roles else "gives it others"
            yield Remark(
                kind=Kind.STRANGER,
                weight=Weight.COMPLAINT,
                sentence=f"this host has no address of role {role}: the site {has}",
                proof=f"addresses here: {mine}",
                advice=f"name the role that this host plays (--for), or correct {scene.file}",
            )
