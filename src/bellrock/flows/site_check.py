"""A site against the topology that was found: VLANs and subnets that nobody has seen, or seen elsewhere."""

from ipaddress import ip_network

from bellrock.flows.nearest import nearest
from bellrock.flows.site import Site, SiteError, Subnet
from bellrock.model import Fabric, Topology, Vlan
from bellrock.wire.toml.text import told


def check_against(site: Site, topology: Topology, raw: bytes, file: str) -> None:
    """Say where the site says something else than what was found.

    `raw` is the text that `site` was parsed from, for line numbers, and `file` its name.

    Raises:
        SiteError: a subnet, a fabric or a VLAN that the topology does not know, or a subnet on another VLAN; one line each.
    """
    places = {prefix: (fabric, vlan) for fabric in topology.fabrics for vlan in fabric.vlans for prefix in vlan.subnets}
    found = [_problem(one, topology, places) for one in site.subnets]
    problems = [(("subnet", at, key), what) for at, (key, what) in enumerate(found) if what]
    if problems:
        raise SiteError(told(file, raw.decode(), problems))


def _problem(subnet: Subnet, topology: Topology, places: dict[str, tuple[Fabric, Vlan]]) -> tuple[str, str]:
    fabrics = [fabric.name for fabric in topology.fabrics]
    if subnet.fabric is not None and subnet.fabric not in fabrics:
        return "fabric", f"the topology knows no fabric {subnet.fabric!r}; {nearest(subnet.fabric, fabrics)}"
    unknown = _unknown_vlan(subnet, topology)
    if unknown:
        return "vlan", unknown
    place = places.get(str(subnet.network))
    if place is None:
        return "cidr", f"the topology knows no subnet {subnet.network}; {_near(subnet, places)}"
    if subnet.vlan is not None and not _is(subnet, *place):
        return "vlan", f"{subnet.network} is on VLAN {_label(*place)}, not on {_asked(subnet)}"
    return "", ""


def _unknown_vlan(subnet: Subnet, topology: Topology) -> str:
    vlans = [(fabric, vlan) for fabric in topology.fabrics for vlan in fabric.vlans]
    if subnet.vlan is None or any(_is(subnet, *place) for place in vlans):
        return ""
    known = [_label(*place) for place in vlans]
    return f"the topology knows no VLAN {_asked(subnet)}; expected one of {', '.join(known[:20]) or 'none'}"


def _near(subnet: Subnet, places: dict[str, tuple[Fabric, Vlan]]) -> str:
    around = [prefix for prefix in places if _overlap(subnet, prefix)]
    return (
        f"what it knows there is {', '.join(around)}"
        if around
        else "no interface that it has seen has an address in it"
    )


def _overlap(subnet: Subnet, prefix: str) -> bool:
    network = ip_network(prefix, strict=False)
    return network.version == subnet.network.version and network.overlaps(subnet.network)


def _is(subnet: Subnet, fabric: Fabric, vlan: Vlan) -> bool:
    same_fabric = subnet.fabric is None or subnet.fabric == fabric.name
    return same_fabric and subnet.vlan in (vlan.vid, vlan.name)


def _asked(subnet: Subnet) -> str:
    return f"{subnet.fabric}/{subnet.vlan}" if subnet.fabric else str(subnet.vlan)


def _label(fabric: Fabric, vlan: Vlan) -> str:
    return f"{fabric.name}/{vlan.name if vlan.vid is None else vlan.vid}"
