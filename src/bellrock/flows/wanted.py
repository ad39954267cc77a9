"""What is to be tried from a place of a site: what must work there, in the order of a boot, and what must not be reachable."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final, Literal

from msgspec import Struct

from bellrock.flows.addresses import EVERYTHING, FAMILIES
from bellrock.flows.crossing import flows_of
from bellrock.flows.opened import RESTRICTED
from bellrock.flows.site import Site, Target
from bellrock.flows.targets import has, singles, targets
from bellrock.flows.values import Exchange, Family, Flow, Group, Protocol, Reach, Role, Stance

BOOT: Final = (
    "dhcp", "dhcpv6", "libvirt-dnsmasq", "tftp", "http-boot", "https-boot", "dns", "ntp", "api", "stream", "proxy", "proxy-auth", "apt",
    "snap", "registry", "syslog", "ldap", "ssh", "ipmi", "redfish", "bmc-web", "lxd", "libvirt",
)  # fmt: skip
"""Flow ids in the order in which a machine, and then its life, needs them."""
ON_LINK: Final = ("dhcp", "dhcpv6", "libvirt-dnsmasq")
"""Asked of a whole link, before there is an address."""
KEPT: Final = ("libvirt",)
"""Flows that give power over machines to whoever reaches them, beside those whose conditions say so and BMCs'."""
MAX_WANTED: Final = 20_000
MAX_NAMES: Final = 16
"""That a resolver is asked for."""
MAX_PORTS: Final = 16
"""Of one exchange that are tried; a span of more is no list of services."""
RELAYED: Final = "relayed"
"""The exchange of DHCP that a relay begins."""
_BOOT_FILES: Final = ("tftp", "http-boot", "https-boot")
_EVERYWHERE: Final = (Role.RACK, Role.REGION, Role.NODE)
"""Roles of every site: having one says nothing about optional flows to it."""


class Standpoint(Struct, frozen=True, kw_only=True):
    """Where one stands: a machine of a site."""

    roles: tuple[Role, ...]
    addresses: tuple[str, ...] = ()
    """The machine's own, without prefix lengths; none: not known, so both families are tried."""
    interfaces: tuple[str, ...] = ()
    """Of the machine, on whose links DHCP is to be asked for."""


class Wanted(Struct, frozen=True, kw_only=True):
    """One check that matters."""

    flow: str
    exchange: str
    source: Role
    target: Role
    address: str = ""
    """Empty: asked of the link of `interface`, or, where there is a `name`, of what that resolves to."""
    port: int
    protocol: Protocol
    name: str = ""
    interface: str = ""
    expectation: Literal["pass", "blocked"] = "pass"
    alternative: bool = False
    """It is enough if one of the exchange's ports at this address works."""
    options: dict[str, str] = {}
    """For the probe."""
    why: str
    """One sentence: what needs it, or why it must not be."""


class Untried(Struct, frozen=True, kw_only=True):
    """What cannot be tried, because nobody knows where."""

    flow: str
    target: Role
    why: str


def wanted(site: Site, here: Standpoint) -> tuple[Wanted, ...]:
    """The checks that matter from a place: what must pass in the order of a boot, then what must be blocked. Each once; at most MAX_WANTED."""
    flows = sorted((one for one in flows_of(site) if one.id in BOOT), key=lambda one: BOOT.index(one.id))
    passing = [one for flow in flows for one in _passing(site, here, flow)]
    open_to_us = {(one.address, one.port, one.protocol) for one in passing}
    blocked = [
        one for flow in flows for one in _blocked(site, here, flow)
        if not one.address or (one.address, one.port, one.protocol) not in open_to_us
    ]  # fmt: skip
    seen: dict[tuple[object, ...], Wanted] = {}
    for one in (*passing, *blocked):
        seen.setdefault((one.flow, one.address or one.name or one.interface, one.port, one.protocol), one)
    return tuple(seen.values())[:MAX_WANTED]


def untried(site: Site, here: Standpoint) -> tuple[Untried, ...]:
    """What `wanted` leaves out from here: where a role has no addresses of its own, only subnets; and further VLANs that a relay serves."""
    found: dict[tuple[str, Role], Untried] = {}
    for flow in flows_of(site):
        for exchange in flow.exchanges if flow.id in BOOT and is_meant(site, flow) else ():
            for role in exchange.destination if _is_asked(exchange, here) else ():
                if role in site.roles and not targets(site, flow, role):
                    why = f"role {role} has no address of its own, only subnets or everybody; list what is there as [[probe.{flow.id}.target]]"
                    found.setdefault((flow.id, role), Untried(flow=flow.id, target=role, why=why))
    sides = _client_sides(site, here)
    if Role.RELAY in here.roles and len(sides) > 1 and "giaddr" not in _said(site, "dhcp"):
        why = f"as a relay it asks from {sides[0]} alone; giaddr under [probe.dhcp] names another: {', '.join(sides[1:5])}"
        found.setdefault(("dhcp", Role.RACK), Untried(flow="dhcp", target=Role.RACK, why=why))
    return tuple(found.values())


def _said(site: Site, flow: str) -> dict[str, str]:
    return site.trials[flow].options if flow in site.trials else {}


def _passing(site: Site, here: Standpoint, flow: Flow) -> Iterator[Wanted]:
    if flow.stance is not Stance.NEEDED or not is_meant(site, flow):
        return
    if flow.id in ON_LINK and Role.NODE in here.roles:
        yield from _on_link(site, here, flow)
    for exchange in flow.exchanges:
        if not _is_asked(exchange, here):
            continue
        source = next(role for role in exchange.source if role in here.roles)
        for role in exchange.destination:
            yield from _at(site, here, flow, exchange, source, role)


def _is_asked(exchange: Exchange, here: Standpoint) -> bool:
    """Whether a machine here begins an exchange like this, by unicast. Of DHCP that is what relays do."""
    if exchange.expected or exchange.reach is Reach.LINK or not any(role in here.roles for role in exchange.source):
        return False
    first, last = exchange.source_ports[0]
    return first != last or exchange.name == RELAYED


def is_meant(site: Site, flow: Flow) -> bool:
    """Whether the site has an optional flow: it says something about it, or has a role that there is for nothing else."""
    if not flow.optional or flow.id in site.ports or flow.id in site.trials:
        return True
    if flow.id == "dhcpv6":
        return Role.NODE in site.roles and bool(site.roles[Role.NODE].addresses.six)
    return any(role in site.roles for role in flow.destination if role not in _EVERYWHERE)


def _at(site: Site, here: Standpoint, flow: Flow, exchange: Exchange, source: Role, role: Role) -> Iterator[Wanted]:
    ports = [port for first, last in exchange.destination_ports for port in range(first, last + 1)][:MAX_PORTS]
    for target in targets(site, flow, role):
        if not _shares_family(target, exchange, here):
            continue
        for port in [target.port] if target.port else ports:
            yield Wanted(
                flow=flow.id, exchange=exchange.name, source=source, target=role, address=target.address, port=port,
                protocol=exchange.protocol, name=target.name, alternative=not target.port and len(ports) > 1,
                options=_options(site, here, flow, exchange), why=exchange.why,
            )  # fmt: skip


def _shares_family(target: Target, exchange: Exchange, here: Standpoint) -> bool:
    if not target.address:
        return True
    family: Family = 6 if ":" in target.address else 4
    return family in exchange.families and family in _families(here)


def _families(here: Standpoint) -> tuple[Family, ...]:
    """Those in which the machine has an address that routers know."""
    own = [ip_address(address.partition("%")[0]) for address in here.addresses]
    known = {one.version for one in own if not (one.is_link_local or one.is_loopback)}
    return tuple(family for family in FAMILIES if family in known) or FAMILIES


def _on_link(site: Site, here: Standpoint, flow: Flow) -> Iterator[Wanted]:
    exchange = flow.exchanges[0]
    forbidden = flow.stance is Stance.FORBIDDEN
    for interface in here.interfaces:
        yield Wanted(
            flow=flow.id, exchange=exchange.name, source=here.roles[0], target=Role.LIBVIRT_HOST if forbidden else Role.RACK,
            port=exchange.source_ports[0][0] if forbidden else exchange.destination_ports[0][0], protocol=exchange.protocol,
            interface=interface, expectation="blocked" if forbidden else "pass", options=_options(site, here, flow, exchange),
            why=flow.conditions[0].sentence if forbidden else exchange.why,
        )  # fmt: skip


def _blocked(site: Site, here: Standpoint, flow: Flow) -> Iterator[Wanted]:
    """What must not be there, and what others alone may use."""
    if flow.stance is Stance.FORBIDDEN:
        if (
            flow.id in ON_LINK
            and _is_feared(site, flow)
            and any(role in (Role.NODE, Role.RACK, Role.RELAY) for role in here.roles)
        ):
            yield from _on_link(site, here, flow)
        return
    restricted = any(condition.kind in RESTRICTED for condition in flow.conditions)
    if not here.roles or not (restricted or flow.group is Group.BMC or flow.id in KEPT):
        return
    for exchange in flow.exchanges:
        for role in exchange.destination:
            may = {one for other in flow.exchanges if role in other.destination for one in other.source}
            if may.isdisjoint(here.roles):
                yield from _kept_from(site, here, flow, exchange, role)


def _is_feared(site: Site, flow: Flow) -> bool:
    """Whether somebody of the site could do what is forbidden. Strangers that answer DHCP are found by the check of DHCP itself."""
    return flow.id in site.trials or any(role in site.roles for role in flow.source)


def _kept_from(site: Site, here: Standpoint, flow: Flow, exchange: Exchange, role: Role) -> Iterator[Wanted]:
    said = [condition.sentence for condition in flow.conditions if condition.kind in RESTRICTED]
    why = said[0] if said else f"{flow.title} is for {' and '.join(exchange.source)} alone."
    for one in _at(site, here, flow, exchange, here.roles[0], role):
        # What a machine lets in from itself says nothing about what it lets in from others.
        if one.address and one.address not in here.addresses:
            yield Wanted(
                flow=one.flow, exchange=one.exchange, source=one.source, target=role, address=one.address, port=one.port,
                protocol=one.protocol, name=one.name, expectation="blocked", options=one.options, why=why,
            )  # fmt: skip


def _options(site: Site, here: Standpoint, flow: Flow, exchange: Exchange) -> dict[str, str]:
    """What the site says, and of DHCP who alone is to answer, where machines are to boot from, and for whom a relay asks."""
    said = _said(site, flow.id)
    if flow.id == "dns":
        names = ",".join(_names(site))
        return ({"names": names} if names else {}) | said
    if flow.id == "libvirt-dnsmasq":
        # Who is to serve may well be a dnsmasq.
        meant = _said(site, "dhcp").get("servers", ",".join(_fours(singles(site, Role.RACK))))
        return ({"servers": meant} if meant else {}) | said
    if flow.id != "dhcp":
        return said
    known = {"servers": ",".join(_fours(singles(site, Role.RACK))), "rack": ",".join(_boot_servers(site))}
    if exchange.name == RELAYED:
        # RFC 2131 §4.3.1: giaddr selects the subnet, and is where the answer goes. Only one on the clients' side proves that it gets back to them.
        known["giaddr"] = next(iter(_client_sides(site, here)), "")
    return {name: value for name, value in known.items() if value} | said


def _names(site: Site) -> tuple[str, ...]:
    """By which nodes know what they need: what a resolver must find for them."""
    found = (
        target.name for flow in flows_of(site) if flow.id in site.trials and flow.stance is Stance.NEEDED
        if any(Role.NODE in exchange.source for exchange in flow.exchanges) for target in site.trials[flow.id].targets
    )  # fmt: skip
    return tuple(dict.fromkeys(name for name in found if name))[:MAX_NAMES]


def _client_sides(site: Site, here: Standpoint) -> tuple[str, ...]:
    """A relay's own IPv4 addresses on subnets of nodes; none where nodes are everywhere, so that nothing is told."""
    nodes = site.roles.get(Role.NODE)
    if nodes is None or nodes.addresses.of(4) == (EVERYTHING[4],):
        return ()
    return tuple(one for one in _fours(here.addresses) if has(site, Role.NODE, one))


def _boot_servers(site: Site) -> tuple[str, ...]:
    """Where offers have to point to (options 66 and 67, or a URL): the racks, and who is listed as giving boot files.

    None where not all of their addresses are known.
    """
    racks = site.roles.get(Role.RACK)
    own = _fours(singles(site, Role.RACK))
    if racks is None or sum(last - first + 1 for first, last in racks.addresses.of(4)) != len(own):
        return ()
    listed = [one.address for flow in _BOOT_FILES if flow in site.trials for one in site.trials[flow].targets]
    if not all(listed):
        return ()
    return tuple(dict.fromkeys((*own, *_fours(listed))))


def _fours(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in addresses if ":" not in one)
