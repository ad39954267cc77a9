"""What a lab file must keep to beyond types: names that exist, VIDs and addresses that are ones, no storm."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import structs

from bellrock.lab.schema import BridgeSpec, FaultSpec, HostSpec, InterfaceSpec, LabFile, LinkSpec, PortSpec
from bellrock.lab.wiring import MAX_NAME, Groups, edges, interfaces, plug_of, split
from bellrock.model import Role
from bellrock.wire.toml.lines import Path

MAX_HOSTS: Final = 1000
MIN_MTU: Final = 68
"""RFC 791 §3.2: every internet module must be able to forward a datagram of 68 octets."""
MAX_MTU: Final = 65535

Problem = tuple[Path, str]

# RFC 1123 §2.1, and lower case so that names are told apart in any log.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


def check(lab: LabFile) -> list[Problem]:
    """All mistakes, as (key, what was expected instead)."""
    problems = [*_names(lab), *_switches(lab), *_hosts(lab), *_links(lab), *_cables(lab), *_faults(lab), *_macs(lab)]
    return problems or list(_storms(lab))


def _names(lab: LabFile) -> Iterator[Problem]:
    if not lab.host:
        yield ("host",), "no hosts; expected at least one [host.NAME]"
    if len(lab.host) > MAX_HOSTS:
        yield ("host",), f"{len(lab.host)} hosts; at most {MAX_HOSTS} are built"
    for kind, names in (("switch", lab.switch), ("host", lab.host)):
        for name in names:
            if not _NAME.fullmatch(name):
                yield (kind, name), f"expected a name of lower-case letters, digits and hyphens, got {name!r}"
    for name, host in lab.host.items():
        if host.secret and not _NAME.fullmatch(host.secret):
            where = ("host", name, "secret")
            yield where, f"expected a secret's name of lower-case letters, digits and hyphens, got {host.secret!r}"
    regions = [name for name, host in lab.host.items() if host.role is Role.REGION]
    for name in regions[1:]:
        yield ("host", name, "role"), f"a second region; {regions[0]} is one, and expected is one region in a lab"


def _switches(lab: LabFile) -> Iterator[Problem]:
    for name, switch in lab.switch.items():
        yield from _mtu(switch.mtu, ("switch", name, "mtu"))
        if len(name) > MAX_NAME:
            yield ("switch", name), f"expected at most {MAX_NAME} characters"
        for port, spec in switch.port.items():
            yield from _port(spec, ("switch", name, "port", port))


def _port(spec: PortSpec | InterfaceSpec, path: Path) -> Iterator[Problem]:
    if spec.access is not None:
        yield from _vid(spec.access, (*path, "access"))
        if spec.trunk is not None or spec.native is not None:
            yield (*path, "access"), "expected either access or trunk and native, got both"
    if spec.trunk is not None:
        yield from _vids(spec.trunk, (*path, "trunk"))
    if spec.native is not None:
        yield from _vid(spec.native, (*path, "native"))
        if spec.trunk is None:
            yield (*path, "native"), "expected trunk = [...] beside it; an untagged port is access = VID"
    if spec.mtu is not None:
        yield from _mtu(spec.mtu, (*path, "mtu"))


def _hosts(lab: LabFile) -> Iterator[Problem]:
    used: dict[str, str] = {}
    for name, host in lab.host.items():
        for interface, spec in host.interface.items():
            path = ("host", name, "interface", interface)
            yield from _device(interface, path)
            yield from _port(spec, path)
            yield from _addressing(spec, path)
            yield from _plugged(lab, spec, path)
            yield from _used_once(spec, f"{name}/{interface}", used, path)
        for bridge, bridge_spec in host.bridge.items():
            yield from _bridge(name, host, bridge, bridge_spec)


def _device(name: str, path: Path) -> Iterator[Problem]:
    if len(name) > MAX_NAME or not _DEVICE.fullmatch(name) or name == "lo":
        yield path, f"expected an interface name of at most {MAX_NAME} letters, digits, '.', '-' and '_', not lo"


def _addressing(spec: InterfaceSpec | BridgeSpec, path: Path) -> Iterator[Problem]:
    for position, address in enumerate(spec.addresses):
        if not _is_address(address):
            where = (*path, "addresses", position)
            yield where, f"expected an address with prefix length like 10.0.0.1/24, got {address!r}"
    yield from _vids(spec.vlans, (*path, "vlans"))
    if isinstance(spec, InterfaceSpec) and spec.mac is not None and not _is_station(spec.mac):
        yield (*path, "mac"), f"expected a unicast MAC like 02:00:00:00:00:01 in lower case, got {spec.mac!r}"


def _plugged(lab: LabFile, spec: InterfaceSpec, path: Path) -> Iterator[Problem]:
    inline = spec.access is not None or spec.trunk is not None or spec.native is not None
    if spec.to is None:
        if inline:
            yield path, 'access, trunk and native describe a switch port; expected to = "SWITCH" beside them'
        return
    switch, slash, port = spec.to.partition("/")
    if switch not in lab.switch:
        yield (*path, "to"), f"expected a switch of this file ({_listed(lab.switch)}), got {switch!r}"
    elif slash and port not in lab.switch[switch].port:
        ports = _listed(lab.switch[switch].port)
        yield (*path, "to"), f"expected a port of switch {switch} ({ports}), got {port!r}"
    elif slash and inline:
        yield path, f"port {spec.to} is described at its switch; expected no access, trunk or native here"
    elif spec.native is not None and spec.native in spec.vlans:
        yield (*path, "vlans"), f"VID {spec.native} is native here, so it is untagged; expected only tagged VIDs"


def _used_once(spec: InterfaceSpec, name: str, used: dict[str, str], path: Path) -> Iterator[Problem]:
    if spec.to is None or "/" not in spec.to:
        return
    first = used.setdefault(spec.to, name)
    if first != name:
        yield (*path, "to"), f"port {spec.to} holds the cable of {first}; expected a free port"


def _bridge(name: str, host: HostSpec, bridge: str, spec: BridgeSpec) -> Iterator[Problem]:
    path = ("host", name, "bridge", bridge)
    yield from _device(bridge, path)
    yield from _addressing(spec, path)
    if spec.mtu is not None:
        yield from _mtu(spec.mtu, (*path, "mtu"))
    if bridge in host.interface:
        yield path, f"{name} has an interface of that name; expected another name"
    others = [member for other, it in host.bridge.items() if other != bridge for member in it.members]
    for position, member in enumerate(spec.members):
        where = (*path, "members", position)
        if member not in host.interface:
            yield where, f"expected an interface of {name} ({_listed(host.interface)}), got {member!r}"
        elif member in others or member in spec.members[:position]:
            yield where, f"{member} is a member already; expected an interface that is in no bridge"


def _links(lab: LabFile) -> Iterator[Problem]:
    for position, link in enumerate(lab.link):
        path: Path = ("link", position)
        for end, switch in enumerate(link.between):
            if switch not in lab.switch:
                where = (*path, "between", end)
                yield where, f"expected a switch of this file ({_listed(lab.switch)}), got {switch!r}"
            yield from _port(link.end(switch), path)
        yield from _ends(link, path)


def _ends(link: LinkSpec, path: Path) -> Iterator[Problem]:
    if link.between[0] == link.between[1]:
        yield (*path, "between"), "expected two switches, got one twice"
    for key, value in (("native", link.native), ("access", link.access)):
        for switch in value if isinstance(value, dict) else ():
            if switch not in link.between:
                yield (*path, key, switch), f"expected an end of this link ({_listed(link.between)}), got {switch!r}"


def _cables(lab: LabFile) -> Iterator[Problem]:
    used: set[str] = set()
    for position, cable in enumerate(lab.cable):
        for end, name in enumerate(cable.between):
            path = ("cable", position, "between", end)
            spec = _interface(lab, name)
            if spec is None:
                yield path, f"expected HOST/INTERFACE of this file, got {name!r}"
            elif spec.to is not None or name in used:
                yield path, f"{name} is plugged in already; expected an interface without a cable"
            used.add(name)


def _faults(lab: LabFile) -> Iterator[Problem]:
    for position, fault in enumerate(lab.fault):
        spec = _interface(lab, fault.at)
        if spec is None:
            yield ("fault", position, "at"), f"expected HOST/INTERFACE of this file, got {fault.at!r}"
        elif spec.to is None:
            yield ("fault", position, "at"), f"{fault.at} is not plugged into a switch; faults are at switch ports"
        else:
            yield from _fault(lab, fault, ("fault", position))


def _fault(lab: LabFile, fault: FaultSpec, path: Path) -> Iterator[Problem]:
    """What a kind of fault needs beside `at`, and nothing that it does not."""
    needs = {"mtu": "mtu", "missing-vid": "vid", "extra-vid": "vid", "native": "vid"}.get(fault.kind)
    for key, given in (("mtu", fault.mtu), ("vid", fault.vid)):
        if key == needs and given is None:
            yield path, f"a fault of kind {fault.kind} needs {key} = N"
        elif key != needs and given is not None:
            yield (*path, key), f"a fault of kind {fault.kind} has no {key}"
    if fault.way != "both" and fault.kind != "mtu":
        yield (*path, "way"), f"a fault of kind {fault.kind} has no way"
    if fault.mtu is not None:
        yield from _mtu(fault.mtu, (*path, "mtu"))
    if fault.vid is not None:
        wrong = list(_vid(fault.vid, (*path, "vid")))
        yield from wrong or _trunk_fault(lab, fault, path)


def _trunk_fault(lab: LabFile, fault: FaultSpec, path: Path) -> Iterator[Problem]:
    host, interface = split(fault.at)
    sound = structs.replace(lab, fault=())
    try:
        plug = plug_of(sound, host, interface, lab.host[host].interface[interface], "")
    except KeyError:  # the port does not exist, which is told where the interface names it
        return
    port = plug.port if plug else PortSpec()
    passed = port.trunk or ()
    where = (*path, "vid")
    if fault.kind != "native" and port.trunk is None:
        yield where, f"{fault.at} is an access port; expected a trunk"
    elif fault.kind == "missing-vid" and fault.vid not in passed:
        yield (
            where,
            f"VID {fault.vid} is not in the trunk of {fault.at} anyhow; expected one of {_listed(map(str, passed))}",
        )
    elif fault.kind == "extra-vid" and fault.vid in passed:
        yield where, f"VID {fault.vid} is in the trunk of {fault.at} by intent; expected another"
    elif fault.kind == "native" and fault.vid == port.untagged:
        yield where, f"untagged frames of {fault.at} are in VLAN {fault.vid} by intent; expected another"


def _macs(lab: LabFile) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for host, name, spec in interfaces(lab):
        if spec.mac is not None and seen.setdefault((host, spec.mac), name) != name:
            other = seen[host, spec.mac]
            yield ("host", host, "interface", name, "mac"), f"{other} of {host} has {spec.mac} too; expected another"


def _storms(lab: LabFile) -> Iterator[Problem]:
    """Two ways between one pair of places carry a broadcast round for ever, for nothing here speaks spanning tree."""
    groups = Groups()
    for a, b, path in edges(lab):
        if not groups.join(a, b):
            yield path, "closes a ring in one VLAN, and a broadcast would go round for ever; expected one way only"


def _interface(lab: LabFile, name: str) -> InterfaceSpec | None:
    host, interface = split(name)
    return lab.host[host].interface.get(interface) if host in lab.host else None


def _vids(vids: Iterable[int], path: Path) -> Iterator[Problem]:
    seen: set[int] = set()
    for position, vid in enumerate(vids):
        yield from _vid(vid, (*path, position))
        if vid in seen:
            yield (*path, position), f"VID {vid} stands here twice; expected each once"
        seen.add(vid)


def _vid(vid: int, path: Path) -> Iterator[Problem]:
    # IEEE 802.1Q §9.6: 0 is the null VID (priority tag), 4095 is reserved.
    if not 1 <= vid <= 4094:
        yield path, f"expected a VID from 1 to 4094, got {vid}"


def _mtu(mtu: int, path: Path) -> Iterator[Problem]:
    if not MIN_MTU <= mtu <= MAX_MTU:
        yield path, f"expected an MTU from {MIN_MTU} to {MAX_MTU} octets, got {mtu}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text and "%" not in text


def _is_station(mac: str) -> bool:
    # IEEE 802 §8.2: the first bit on the wire marks a group address.
    return _MAC.fullmatch(mac) is not None and int(mac[:2], 16) & 1 == 0


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none is declared"
