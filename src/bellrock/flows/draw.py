"""A site file from what the region knows: subnets with their VLANs, and who of its agents plays which role."""

import json
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_interface
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.flows.site import SiteError
from bellrock.flows.values import Role
from bellrock.model import Fabric, Topology, Vlan

DRAWN: Final = (Role.RACK, Role.REGION)
"""Roles whose addresses agents tell."""
OPEN: Final = {
    Role.BMC: 'addresses = ["10.9.0.0/24"]',
    Role.ADMIN: 'addresses = ["10.8.0.0/24"]',
    Role.NTP: 'addresses = ["10.0.0.3"]',
    Role.MIRROR: 'addresses = ["internet"]',
    Role.SNAP_STORE: 'addresses = ["internet"]',
    Role.DNS: 'addresses = ["10.0.0.4"]',
    Role.RELAY: 'addresses = ["10.1.0.1"]',
}
"""Roles that no agent tells, with an example each."""

UNTOLD: Final = {
    Role.RACK: "No rack has been seen. Where `bellrock up` runs, the region's machine is the rack too.",
    Role.REGION: "No agent tells that the region runs beside it: copy or move the addresses of that machine here.",
}
"""What is said of a controller that no agent claims to be."""

HEAD: Final = """\
# Who plays which role at this site, drawn from what Bellrock has seen. What it has not seen is a comment below:
# fill it in and take the # away. `bellrock flows lint FILE` says what is missing.
"""


class Machine(Struct, frozen=True, kw_only=True):
    """A host that an agent reported."""

    name: str
    role: str = ""
    addresses: tuple[tuple[str, str], ...] = ()
    """Interface and address with prefix length: `("eth0", "10.0.0.2/24")`."""


class _HostView(Struct):
    name: str
    role: str = ""


class _InterfaceView(Struct):
    host: str
    name: str
    addresses: tuple[str, ...] = ()


def machines(hosts: object, interfaces: object) -> tuple[Machine, ...]:
    """What the region's API answers to GET /api/v1/hosts and /api/v1/interfaces.

    Raises:
        SiteError: these are not such answers.
    """
    try:
        known = msgspec.convert(hosts, list[_HostView])
        held = msgspec.convert(interfaces, list[_InterfaceView])
    except msgspec.ValidationError as error:
        raise SiteError(f"the region's hosts and interfaces are not what was expected: {error}") from None
    by_host: dict[str, list[tuple[str, str]]] = {}
    for one in held:
        by_host.setdefault(one.host, []).extend((one.name, text) for text in one.addresses)
    return tuple(Machine(name=host.name, role=host.role, addresses=tuple(by_host.get(host.name, ()))) for host in known)


def draw(topology: Topology, machines: Iterable[Machine], *, title: str = "") -> str:
    """A site file, as TOML with comments. What is unknown is a comment, never a guess.

    Subnets and their VLANs come from the topology, roles from what the agents are. Subnets where nodes were seen
    are the nodes', whole: a node boots from any address in them.
    """
    known = sorted(machines, key=lambda one: one.name)
    subnets = _subnets(topology)
    parts = [HEAD, *_titled(title), 'profile = "standard"   # or "maas-3": the ports of a stock MAAS 3.x\n']
    parts += [_subnet(*item) for item in subnets.items()] or [
        '# No subnet has been seen yet.\n# [[subnet]]\n# name = "pxe"\n# cidr = "10.1.0.0/24"\n'
    ]
    parts.append(_nodes(known, set(subnets)))
    parts += [_controllers(role, known) for role in DRAWN]
    parts += [f"# Nobody has told who this is.\n# [role.{role}]\n# {example}\n" for role, example in OPEN.items()]
    return "\n".join(parts)


def _titled(title: str) -> Iterator[str]:
    if title:
        yield f"title = {quoted(title)}"


def _subnets(topology: Topology) -> dict[str, list[tuple[Fabric, Vlan]]]:
    """By prefix, which is its name too, so that people recognize it: where it was seen."""
    found: dict[str, list[tuple[Fabric, Vlan]]] = {}
    for fabric in topology.fabrics:
        for vlan in fabric.vlans:
            for prefix in vlan.subnets:
                found.setdefault(prefix, []).append((fabric, vlan))
    return found


def _subnet(prefix: str, places: list[tuple[Fabric, Vlan]]) -> str:
    (fabric, vlan), *others = places
    if vlan.vid is None:
        place = f"vlan = {quoted(vlan.name)}   # no trunk and no switch has told its VID"
    else:
        place = f"vlan = {vlan.vid}   # {_comment(vlan.name)}"
    elsewhere = _some(f"{fabric.name}/{vlan.name}" for fabric, vlan in others)
    doubt = f"# It was seen on {_comment(elsewhere)} too: see `bellrock topology show`.\n" if others else ""
    return (
        f"{doubt}[[subnet]]\nname = {quoted(prefix)}\ncidr = {quoted(prefix)}\n{place}\nfabric = {quoted(fabric.name)}\n"
        '# interface = "eth1"   # of the router, where rules shall name it\n'
    )


def _nodes(known: list[Machine], subnets: set[str]) -> str:
    there: dict[str, list[str]] = {}
    for machine in known:
        if machine.role == Role.NODE:
            for _, text in machine.addresses:
                prefix = _network(text)
                if prefix in subnets:
                    there.setdefault(prefix, []).append(machine.name)
    if not there:
        return '# No node has been seen: say where they boot.\n# [role.node]\n# subnets = ["pxe"]\n'
    listed = "".join(
        f"  {quoted(name)},   # {_comment(_some(dict.fromkeys(hosts)))}\n" for name, hosts in sorted(there.items())
    )
    return f"[role.node]\nsubnets = [\n{listed}]\n"


def _controllers(role: Role, known: list[Machine]) -> str:
    lines = [
        f"  {quoted(_address(text))},   # {_comment(f'{machine.name} {interface}')}\n"
        for machine in known
        if machine.role == role
        for interface, text in machine.addresses
        if _routed(text)
    ]
    if not lines:
        return f'# {UNTOLD[role]}\n# [role.{role}]\n# addresses = ["10.0.0.2"]\n'
    return f"[role.{role}]\naddresses = [\n{''.join(dict.fromkeys(lines))}]\n"


def _network(text: str) -> str:
    try:
        return str(ip_interface(text).network)
    except ValueError:
        return ""


def _address(text: str) -> str:
    return text.partition("/")[0]


def _routed(text: str) -> bool:
    try:
        address = ip_interface(text).ip
    except ValueError:
        return False
    return not (address.is_link_local or address.is_loopback or address.is_multicast or address.is_unspecified)


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _comment(text: str) -> str:
    """On one line, whatever people called things."""
    return re.sub(r"[\x00-\x1f\x7f]", "�", text)


def quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's (TOML 1.0, "String"), but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
