"""The subnets of a site file, checked against each other."""

from collections.abc import Sequence
from ipaddress import ip_address

from bellrock.flows.addresses import range_of
from bellrock.flows.site import Subnet
from bellrock.flows.site_spec import SubnetSpec
from bellrock.flows.written import WrittenError, network
from bellrock.wire.toml.text import Problem


def subnets(
    declared: tuple[SubnetSpec | None, ...], problems: list[Problem], written: Sequence[object] = ()
) -> tuple[Subnet, ...]:
    """The subnets; what is wrong with them goes to `problems`.

    None stands for one that is no table as it should be; of those, `written` has what the file says, so that what else is
    wrong with them is told at once, too.
    """
    given = [(position, spec) for position, spec in enumerate(declared) if spec is not None]
    found = [(position, one) for position, spec in given if (one := _subnet(spec, position, problems))]
    names = {position: spec.name for position, spec in given}
    for position, table in enumerate(written):
        if isinstance(table, dict) and position not in names:
            names |= _beside(table, position, problems)
    _same_names(sorted(names.items()), problems)
    _overlaps(found, problems)
    return tuple(one for _, one in found)


def _subnet(spec: SubnetSpec, position: int, problems: list[Problem]) -> Subnet | None:
    try:
        found = network(spec.cidr)
    except WrittenError as error:
        problems.append((("subnet", position, "cidr"), str(error)))
        return None
    one = Subnet(
        name=spec.name, network=found, vlan=spec.vlan, fabric=spec.fabric, interface=spec.interface, gateway=spec.gateway,
        mtu=spec.mtu,
    )  # fmt: skip
    if spec.gateway is not None and not _inside(spec.gateway, one):
        problems.append((("subnet", position, "gateway"), f"{spec.gateway!r} is no address in {found}"))
    return one


def _inside(address: str, subnet: Subnet) -> bool:
    try:
        return ip_address(address) in subnet.network
    except ValueError:
        return False


def _beside(one: dict[str, object], position: int, problems: list[Problem]) -> dict[int, str]:
    """Of a table with a mistake, its name, and what is wrong with its prefix."""
    name, cidr = one.get("name"), one.get("cidr")
    if isinstance(cidr, str):
        try:
            network(cidr)
        except WrittenError as error:
            problems.append((("subnet", position, "cidr"), str(error)))
    return {position: name} if isinstance(name, str) else {}


def _same_names(names: list[tuple[int, str]], problems: list[Problem]) -> None:
    first: dict[str, int] = {}
    for position, name in names:
        at = first.setdefault(name, position)
        if at != position:
            problems.append(
                (("subnet", position, "name"), f"{name!r} is the name of subnet[{at}] too; give each its own")
            )


def _overlaps(found: list[tuple[int, Subnet]], problems: list[Problem]) -> None:
    placed = sorted(found, key=lambda item: (item[1].network.version, *range_of(item[1].network)))
    widest: Subnet | None = None
    for position, one in placed:
        if widest is not None and one.network.overlaps(widest.network):
            what = f"{one.network} overlaps subnet {widest.name} ({widest.network}); an address is in one subnet only"
            problems.append((("subnet", position, "cidr"), what))
        else:
            # Prefixes are nested or disjoint, so what lies within an earlier one cannot reach beyond it.
            widest = one
