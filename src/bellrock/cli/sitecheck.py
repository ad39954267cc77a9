"""A site file's contents as a summary, and beside what the region has seen."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from msgspec import Struct

from bellrock.cli.render import count
from bellrock.flows.addresses import EVERYTHING
from bellrock.flows.crossing import flows_of, passages
from bellrock.flows.site import Members, Site, SiteError
from bellrock.flows.site_check import check_against
from bellrock.model import Topology, Vlan


class Compared(Struct, frozen=True, kw_only=True):
    """A site beside what the region has seen."""

    differences: tuple[str, ...]
    unplanned: tuple[str, ...]


def compared(site: Site, topology: Topology, raw: bytes, file: str) -> Compared:
    """`raw` is the text that the site was parsed from, `file` its name."""
    return Compared(differences=differences(site, topology, raw, file), unplanned=unplanned(site, topology))


def headline(site: Site) -> str:
    """`Hall 3: profile standard, 2 subnets, 4 roles, 27 flows, 96 passages`."""
    name = f"{site.name}: " if site.name else ""
    parts = [count(site.subnets, "subnet"), count(site.roles, "role"), count(flows_of(site), "flow")]
    return f"{name}profile {site.profile}, {', '.join(parts)}, {count(passages(site), 'passage')}"


def roles(site: Site) -> Iterator[tuple[str, str, str]]:
    """Role, number of addresses, where."""
    for role, members in site.roles.items():
        where = ", ".join((*members.subnets, *members.hosts))
        yield role.value, size(members), where if len(where) <= 100 else where[:99] + "…"


def size(members: Members) -> str:
    """`254`, `2^64 IPv6`, `everybody`; of each family."""
    if all(members.addresses.of(family) == (EVERYTHING[family],) for family in EVERYTHING):
        return "everybody"
    told = []
    for ranges, name in ((members.addresses.four, ""), (members.addresses.six, " IPv6")):
        number = sum(last - first + 1 for first, last in ranges)
        if number:
            told.append(f"{f'about 2^{number.bit_length() - 1}' if number >= 1 << 32 else number}{name}")
    return " + ".join(told) or "0"


def document(site: Site, gaps: tuple[str, ...], found: Compared | None) -> dict[str, Any]:
    """Everything, for programs. `region` is null where it was not asked."""
    return {
        "title": site.name,
        "profile": site.profile,
        "subnets": [
            {"name": one.name, "cidr": str(one.network), "vlan": one.vlan, "fabric": one.fabric} for one in site.subnets
        ],
        "roles": [
            {
                "role": role.value,
                "addresses": {
                    f"ipv{family}": sum(last - first + 1 for first, last in members.addresses.of(family))
                    for family in EVERYTHING
                },
                "subnets": list(members.subnets),
                "hosts": list(members.hosts),
            }
            for role, members in site.roles.items()
        ],
        "flows": [flow.id for flow in flows_of(site)],
        "passages": len(passages(site)),
        "notices": list(site.notices),
        "gaps": list(gaps),
        "region": found and {"differences": list(found.differences), "unplanned": list(found.unplanned)},
    }


def differences(site: Site, topology: Topology, raw: bytes, file: str) -> tuple[str, ...]:
    """Where the site says something else than the region has seen, with file, line and key."""
    try:
        check_against(site, topology, raw, file)
    except SiteError as error:
        return tuple(str(error).splitlines())
    return ()


def unplanned(site: Site, topology: Topology) -> tuple[str, ...]:
    """Subnets that the region has seen and that the site does not have."""
    planned = [subnet.network for subnet in site.subnets]
    return tuple(
        f"{text} was seen on {_name(vlan)} of {fabric.name}, and is no subnet of the site"
        for fabric in topology.fabrics
        for vlan in fabric.vlans
        for text in vlan.subnets
        if not any(_overlap(ip_network(text, strict=False), one) for one in planned)
    )


def _overlap(seen: IPv4Network | IPv6Network, planned: IPv4Network | IPv6Network) -> bool:
    return seen.version == planned.version and seen.overlaps(planned)


def _name(vlan: Vlan) -> str:
    return f"VLAN {vlan.vid}" if vlan.vid is not None else vlan.name
