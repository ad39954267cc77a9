"""DHCP servers on this host: where none may be, and where there are two."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.flows.lint.values import (
    HostAddress,
    Kind,
    Remark,
    Scene,
    Weight,
    listener_text,
    single,
)
from bellrock.flows.values import Condition, ConditionKind, Flow, Role, Stance
from bellrock.model.listening import Listener

RELAYS: Final = ("dhcrelay", "dhcp-helper", "dhcpfwd")
"""Programs that have the server's port and serve nothing themselves."""


class Server(Struct, frozen=True):
    """The sockets on the DHCP server's port that belong together: of one process, or shared by several."""

    listeners: tuple[Listener, ...]

    @property
    def names(self) -> frozenset[str]:
        """The kernel's names of its processes."""
        return frozenset(owner.name for listener in self.listeners for owner in listener.owners)

    def text(self) -> str:
        """`dnsmasq (pid 812, 0.0.0.0:67)`."""
        return listener_text(self.listeners[0])

    def interfaces(self, addresses: tuple[HostAddress, ...]) -> dict[str, HostAddress]:
        """Interfaces with an address on which it hears broadcasts."""
        heard: dict[str, HostAddress] = {}
        for listener in self.listeners:
            for address in addresses:
                own = listener.wildcard or listener.address == address.inside.ip.compressed
                if own and address.inside.version == 4 and listener.interface in ("", address.interface):
                    heard.setdefault(address.interface, address)
        return heard


def servers(listeners: tuple[Listener, ...], ports: frozenset[int]) -> tuple[Server, ...]:
    """DHCP servers, each with all its sockets; relays are none."""
    groups: list[tuple[set[object], list[Listener]]] = []
    for listener in listeners:
        if listener.protocol != "udp" or listener.family != 4 or listener.port not in ports:
            continue
        keys: set[object] = {owner.pid for owner in listener.owners} or {("inode", listener.inode)}
        joined = [group for group in groups if group[0] & keys]
        for group in joined:
            groups.remove(group)
            keys |= group[0]
        groups.append((keys, [*(it for group in joined for it in group[1]), listener]))
    found = (Server(tuple(them)) for _, them in groups)
    return tuple(server for server in found if not server.names & set(RELAYS))


def remarks(scene: Scene) -> Iterator[Remark]:
    """What is wrong with the DHCP servers of this host."""
    rule = _with(scene, ConditionKind.ONE_SERVER_PER_VLAN)
    if rule is None:
        return
    flow, condition = rule
    found = servers(scene.listeners, _ports(flow))
    production = [(server, _production(scene, server)) for server in found]
    production = [(server, heard) for server, heard in production if heard]
    if not set(scene.roles) & {*flow.destination, Role.RELAY}:
        for server, heard in production:
            yield _forbidden(scene, server, heard) or _rogue(scene, flow, server, heard)
    yield from _two(scene, flow, condition, production)


def _with(scene: Scene, kind: ConditionKind) -> tuple[Flow, Condition] | None:
    found = ((flow, it) for flow in scene.flows for it in flow.conditions if it.kind is kind)
    return next(found, None)


def _ports(flow: Flow) -> frozenset[int]:
    """The ports at which the flow's servers are asked."""
    asked = (it for it in flow.exchanges if set(it.destination) & set(flow.destination))
    return frozenset(port for exchange in asked for port in single(exchange.destination_ports))


def _production(scene: Scene, server: Server) -> dict[str, HostAddress]:
    """The interfaces with an address in a subnet of the site on which a server hears."""
    planned = tuple(address for address in scene.outward if scene.subnet_of(address))
    return server.interfaces(planned)


def _places(scene: Scene, heard: dict[str, HostAddress]) -> str:
    """`VLAN 20 (eth0, subnet pxe)`."""
    return " and ".join(_place(scene, interface, address) for interface, address in heard.items())


def _place(scene: Scene, interface: str, address: HostAddress) -> str:
    subnet = scene.subnet_of(address)
    name = subnet.name if subnet else str(address.inside.network)
    vlan = f"VLAN {subnet.vlan}" if subnet and subnet.vlan is not None else f"subnet {name}"
    return f"{vlan} ({interface})"


def _forbidden(scene: Scene, server: Server, heard: dict[str, HostAddress]) -> Remark | None:
    """libvirt starts a dnsmasq for each of its networks; its default one is a nuisance where the host is wired to production."""
    for flow in scene.flows:
        for condition in flow.conditions:
            mine = flow.stance is Stance.FORBIDDEN and condition.kind is ConditionKind.OFF_ON_PRODUCTION
            if mine and condition.subject in server.names and set(flow.source) & set(scene.roles):
                role = next(role for role in flow.source if role in scene.roles)
                return Remark(
                    kind=Kind.FORBIDDEN,
                    weight=Weight.COMPLAINT,
                    flow=flow.id,
                    sentence=f"{server.text()} answers DHCP: role {role} must not on {_places(scene, heard)}",
                    proof=f"its socket hears broadcasts there. {condition.sentence}",
                    advice="`virsh net-list` names its network: `virsh net-destroy NAME`, `virsh net-autostart --disable NAME` "
                    "(libvirt's own is called default)",
                )
    return None


def _rogue(scene: Scene, flow: Flow, server: Server, heard: dict[str, HostAddress]) -> Remark:
    own = ", ".join(scene.roles) or "no role"
    return Remark(
        kind=Kind.ROGUE_DHCP,
        weight=Weight.COMPLAINT,
        flow=flow.id,
        sentence=f"{server.text()} listens for DHCP on {_places(scene, heard)}, where only {'/'.join(flow.destination)} may answer",
        proof=f"this host plays {own}, and the socket hears broadcasts there",
        advice="stop it, or bind it to another interface (dnsmasq: --bind-dynamic --interface=…)",
    )


def _two(
    scene: Scene, flow: Flow, condition: Condition, production: list[tuple[Server, dict[str, HostAddress]]]
) -> Iterator[Remark]:
    for number, (server, heard) in enumerate(production):
        for other, there in production[number + 1 :]:
            both = {interface: address for interface, address in heard.items() if interface in there}
            if both:
                yield Remark(
                    kind=Kind.TWO_DHCP,
                    weight=Weight.COMPLAINT,
                    flow=flow.id,
                    sentence=f"two DHCP servers hear {_places(scene, both)}: {server.text()} and {other.text()}",
                    proof=condition.sentence,
                    advice="stop one, or bind each to interfaces of its own",
                )
