"""Whether what the site has on this host is served here."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.flows.lint.roles import of_role
from bellrock.flows.lint.values import (
    FAMILIES,
    HostAddress,
    Kind,
    Remark,
    Scene,
    Weight,
    heard_at,
    listener_text,
    owner_text,
    port_text,
    single,
    socket_text,
)
from bellrock.flows.profiles import PROFILES
from bellrock.flows.site import Site
from bellrock.flows.values import Family, Flow, Protocol, Role, Stance
from bellrock.model.listening import Listener

Port = tuple[Protocol, int]

PROGRAMS: Final[dict[str, tuple[str, ...]]] = {
    "dhcp": ("dhcpd", "kea-dhcp4"),
    "tftp": ("in.tftpd", "atftpd", "tftpd"),
    "http-boot": ("nginx", "apache2", "httpd", "lighttpd"),
    "dns": ("named", "unbound", "knotd", "pdns_recursor", "systemd-resolve"),
    "ntp": ("chronyd", "ntpd"),
    "proxy": ("squid", "tinyproxy", "apt-cacher-ng"),
    "proxy-auth": ("squid", "tinyproxy"),
    "ssh": ("sshd", "dropbear"),
    "syslog": ("rsyslogd", "syslog-ng"),
    "lxd": ("lxd", "incusd"),
    "libvirt": ("libvirtd", "virtproxyd"),
    "ldap": ("slapd", "ns-slapd"),
    "registry": ("docker-registry", "registry"),
}
"""Flow id → names of processes that are known for it, so that one at an unexpected port can be pointed at."""


class Service(Struct, frozen=True, kw_only=True):
    """What a role of this host has to serve for a flow."""

    flow: Flow
    role: Role
    ports: tuple[Port, ...]


def services(scene: Scene) -> Iterator[Service]:
    """What this host serves. Whoever begins a flow serves nothing in it: answers come to ports of clients too."""
    for flow in scene.flows:
        if flow.stance is not Stance.NEEDED:
            continue
        for role in scene.roles:
            ports = tuple(dict.fromkeys(_ports(flow, role, _families(scene.site, role))))
            if ports and role not in flow.source:
                yield Service(flow=flow, role=role, ports=ports)


def _families(site: Site, role: Role) -> tuple[Family, ...]:
    """Those in which the role has addresses; where the site gives it none, each may be meant."""
    members = site.roles.get(role)
    return tuple(family for family in FAMILIES if members is None or members.addresses.of(family))


def _ports(flow: Flow, role: Role, families: tuple[Family, ...]) -> Iterator[Port]:
    for exchange in flow.exchanges:
        if role in exchange.destination and not exchange.expected and set(exchange.families) & set(families):
            for port in single(exchange.destination_ports):
                yield exchange.protocol, port


def remarks(scene: Scene) -> Iterator[Remark]:
    """Services of this host that nothing listens for, or not where it is needed."""
    for service in services(scene):
        there = {port: at_port(scene.listeners, port) for port in service.ports}
        good = {port for port, found in there.items() if any(serving(scene, service.role, it) for it in found)}
        if good:
            yield from _partly(service, good)
        elif found := [listener for them in there.values() for listener in them]:
            yield _unreachable(scene, service, found)
        else:
            yield _silent(scene, service)


def served(scene: Scene) -> Iterator[tuple[str, str]]:
    """Flow id and listener of what is served as it should be, once each."""
    told: dict[tuple[str, str], None] = {}
    for service in services(scene):
        for port in service.ports:
            for listener in at_port(scene.listeners, port):
                if serving(scene, service.role, listener):
                    told[service.flow.id, f"{listener_text(listener)} on {port_text(*port)}"] = None
    yield from told


def at_port(listeners: tuple[Listener, ...], port: Port) -> list[Listener]:
    """The listeners of a protocol and port."""
    return [listener for listener in listeners if (listener.protocol, listener.port) == port]


def serving(scene: Scene, role: Role, listener: Listener) -> bool:
    """Whether a listener takes packets at an address of the role; at any that others reach where the host has none of the role's."""
    return bool(heard_at(listener, _wanted(scene, role)))


def _wanted(scene: Scene, role: Role) -> tuple[HostAddress, ...]:
    return of_role(scene, role) or scene.outward


def _weight(service: Service) -> Weight:
    """A row of the catalogue that names the role means it; an optional one, or a role beside the row, may be left out."""
    meant = service.role in service.flow.destination and not service.flow.optional
    return Weight.COMPLAINT if meant else Weight.HINT


def _silent(scene: Scene, service: Service) -> Remark:
    ports = " and ".join(port_text(*port) for port in service.ports)
    guess = _elsewhere(scene, service) or _other_profile(scene, service) or _other_port(scene, service)
    proof, advice = guess or (
        f"no socket of this network namespace has {ports}",
        f"start it, or list {service.flow.id} under `[flows] disable` in {scene.file} where {service.role} does not serve it",
    )
    return Remark(
        kind=Kind.SILENT,
        weight=_weight(service),
        flow=service.flow.id,
        sentence=f"the site says {service.role} serves {service.flow.id} on {ports} here, nothing listens",
        proof=proof,
        advice=advice,
    )


def _elsewhere(scene: Scene, service: Service) -> tuple[str, str] | None:
    for port in service.ports:
        for listener in at_port(scene.elsewhere, port):
            return (
                f"{listener_text(listener)} listens in network namespace {listener.namespace}, not in this one",
                f"run lint in that namespace (`ip netns exec {listener.namespace} bellrock flows lint …`), or move the server"
                if not listener.namespace.startswith("net:")
                else "run lint in that namespace (`nsenter --net --target PID`), or move the server",
            )
    return None


def _other_profile(scene: Scene, service: Service) -> tuple[str, str] | None:
    for name, profile in PROFILES.items():
        if name == scene.site.profile:
            continue
        for flow in profile.flows:
            for port in (
                _ports(flow, service.role, _families(scene.site, service.role)) if flow.id == service.flow.id else ()
            ):
                found = [it for it in _spare(scene, port[0]) if it.port == port[1]]
                if found:
                    return (
                        f"{listener_text(found[0])} listens on {port_text(*port)}, where the profile {name} has {flow.id}",
                        f'profile {name}? Write `profile = "{name}"` in {scene.file}, or override the ports of {flow.id}',
                    )
    return None


def _other_port(scene: Scene, service: Service) -> tuple[str, str] | None:
    names = PROGRAMS.get(service.flow.id, ())
    for protocol in dict.fromkeys(protocol for protocol, _ in service.ports):
        for listener in _spare(scene, protocol):
            if any(owner.name in names for owner in listener.owners) and serving(scene, service.role, listener):
                there = port_text(protocol, listener.port)
                return (
                    f"{listener_text(listener)} listens on {there}",
                    f"if that is it, override the ports of {service.flow.id} in {scene.file}; else set {owner_text(listener)} right",
                )
    return None


def _spare(scene: Scene, protocol: Protocol) -> list[Listener]:
    """Listeners that no service of this host accounts for."""
    taken = {port for service in services(scene) for port in service.ports}
    return [
        listener
        for listener in scene.listeners
        if listener.protocol == protocol and (listener.protocol, listener.port) not in taken
    ]


def _unreachable(scene: Scene, service: Service, found: list[Listener]) -> Remark:
    wanted = ", ".join(address.said() for address in _wanted(scene, service.role)) or "any address that others reach"
    return Remark(
        kind=Kind.UNREACHABLE,
        weight=_weight(service),
        flow=service.flow.id,
        sentence=f"{service.flow.id} is served here, but not at an address of role {service.role}",
        proof=f"{', '.join(map(listener_text, found))}; the site has {service.role} at {wanted}",
        advice=f"let {owner_text(found[0])} listen there instead of {socket_text(found[0])}, or correct {scene.file}",
    )


def _partly(service: Service, good: set[Port]) -> Iterator[Remark]:
    """One port of several is enough (80 or 443), one protocol of two is worth a word."""
    served_protocols = {protocol for protocol, _ in good}
    for protocol in dict.fromkeys(protocol for protocol, _ in service.ports):
        if protocol not in served_protocols:
            ports = " and ".join(port_text(*port) for port in service.ports if port[0] is protocol)
            why = next(it.why for it in service.flow.exchanges if it.protocol is protocol)
            yield Remark(
                kind=Kind.PARTLY,
                weight=Weight.HINT,
                flow=service.flow.id,
                sentence=f"{service.flow.id} is served here on {' and '.join(port_text(*port) for port in sorted(good))}, but not on {ports}",
                proof=f"nothing listens on {ports}. {why}",
                advice=f"let the server of {service.flow.id} listen there too",
            )
