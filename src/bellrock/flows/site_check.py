"""A site against the topology that was found: VLANs and subnets that nobody has seen, or seen elsewhere."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from bellrock.flows.nearest import nearest
from bellrock.flows.site import Site, SiteError, Subnet
from bellrock.model import Fabric, Topology, Vlan
from bellrock.wire.toml.text import MAX_PROBLEMS, Problem, told


def check_against(site: Site, topology: Topology, raw: bytes, file: str) -> None:
    """Say where the site says something else than what was found.

    `raw` is the text that `site` was parsed from, for line numbers, and `file` its name.

    Raises:
        SiteError: a subnet, a fabric or a VLAN that the topology does not know, or a subnet on another VLAN; one line each.
    """
    found = _Found(topology)
    problems: list[Problem] = []
    for position, subnet in enumerate(site.subnets):
        key, what = found.problem(subnet, full=len(problems) < MAX_PROBLEMS)
        if what:
            problems.append((("subnet", position, key), what))
    if problems:
        raise SiteError(told(file, raw.decode(), problems))


class _Found:
    """A topology, for questions about one subnet."""

    def __init__(self, topology: Topology) -> None:
        self._fabrics = [fabric.name for fabric in topology.fabrics]
        self._vlans: dict[tuple[str | None, str], str] = {}
        self._places: dict[str, list[tuple[Fabric, Vlan]]] = {}
        for fabric in topology.fabrics:
            for vlan in fabric.vlans:
                for name in _names(vlan):
                    self._vlans[fabric.name, name] = self._vlans[None, name] = _label(fabric, vlan)
                for prefix in vlan.subnets:
                    self._places.setdefault(prefix, []).append((fabric, vlan))
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(prefix) for prefix in self._places]

    def problem(self, subnet: Subnet, *, full: bool) -> tuple[str, str]:
        """The key that is wrong and why, both empty if none is; without what is known nearby if not `full`."""
        if subnet.fabric is not None and subnet.fabric not in self._fabrics:
            return "fabric", f"the topology knows no fabric {subnet.fabric!r}; {nearest(subnet.fabric, self._fabrics)}"
        if subnet.vlan is not None and (subnet.fabric, str(subnet.vlan)) not in self._vlans:
            known = ", ".join(list(dict.fromkeys(self._vlans.values()))[:20])
            return "vlan", f"the topology knows no VLAN {_asked(subnet)}; expected one of {known or 'none'}"
        seen = self._places.get(str(subnet.network))
        if seen is None:
            near = self._near(subnet) if full else ""
            return "cidr", f"the topology knows no subnet {subnet.network}; {near}"
        return ("", "") if any(_is(subnet, *place) for place in seen) else _elsewhere(subnet, seen)

    def _near(self, subnet: Subnet) -> str:
        around = [
            str(one) for one in self._networks if one.version == subnet.network.version and one.overlaps(subnet.network)
        ]
        if not around:
            return "no interface that it has seen has an address in it"
        return f"what it knows there is {', '.join(around[:20])}"


def _elsewhere(subnet: Subnet, seen: list[tuple[Fabric, Vlan]]) -> tuple[str, str]:
    where = " and ".join(_label(*place) for place in seen)
    if subnet.vlan is None:
        return "fabric", f"{subnet.network} is on VLAN {where}, not in fabric {subnet.fabric}"
    return "vlan", f"{subnet.network} is on VLAN {where}, not on {_asked(subnet)}"


def _is(subnet: Subnet, fabric: Fabric, vlan: Vlan) -> bool:
    """Whether the site means this VLAN, as far as it tells. A subnet in two VLANs is a conflict: it may mean either."""
    return subnet.fabric in (None, fabric.name) and (subnet.vlan is None or str(subnet.vlan) in _names(vlan))


def _names(vlan: Vlan) -> tuple[str, ...]:
    """What a site may call it; `"20"` is the VID 20, as in the lists of roles."""
    return (vlan.name,) if vlan.vid is None else (str(vlan.vid), vlan.name)


def _asked(subnet: Subnet) -> str:
    return f"{subnet.fabric}/{subnet.vlan}" if subnet.fabric else str(subnet.vlan)


def _label(fabric: Fabric, vlan: Vlan) -> str:
    return f"{fabric.name}/{vlan.name if vlan.vid is None else vlan.vid}"
