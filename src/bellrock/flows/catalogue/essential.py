"""What every network needs and no firewall may block: errors and path MTU, neighbour discovery, multicast membership."""

from typing import Any, Final

from bellrock.flows.values import Exchange, Flow, Group, PortsOf, Protocol, Reach, Role

_EVERYBODY: Final = (Role.ANYONE,)


def _icmp(name: str, types: tuple[tuple[int, int | None], ...], why: str, **more: Any) -> Exchange:  # noqa: ANN401 -- fields of Exchange
    return _essential(Protocol.ICMP, (4,), name, types, why, more)


def _icmpv6(name: str, types: tuple[tuple[int, int | None], ...], why: str, **more: Any) -> Exchange:  # noqa: ANN401 -- fields of Exchange
    return _essential(Protocol.ICMPV6, (6,), name, types, why, more)


def _essential(
    protocol: Protocol, families: tuple[Any, ...], name: str, types: tuple[tuple[int, int | None], ...], why: str,
    more: dict[str, Any],
) -> Exchange:  # fmt: skip
    return Exchange(
        name=name, source=_EVERYBODY, destination=_EVERYBODY, protocol=protocol, families=families, types=types, why=why, **more
    )  # fmt: skip


ICMP: Final = Flow(
    id="icmp",
    title="ICMP errors and echo",
    group=Group.ESSENTIAL,
    source=_EVERYBODY,
    destination=_EVERYBODY,
    protocols=(PortsOf(Protocol.ICMP, ()),),
    note="Path MTU discovery fails silently without it",
    exchanges=(
        _icmp(
            "errors", ((3, None), (11, None), (12, None)), expected=True, answered=False,
            why="RFC 1191 §4: path MTU discovery lives by type 3 code 4; RFC 1122 §3.2.2: unreachable, time exceeded, parameter problem",
        ),
        _icmp("echo", ((8, 0),), why="RFC 1122 §3.2.2.6: every host answers an echo request; DHCP servers probe addresses with it"),
    ),
)  # fmt: skip

ICMPV6: Final = Flow(
    id="icmpv6",
    title="ICMPv6 errors, echo, neighbour discovery",
    group=Group.ESSENTIAL,
    source=_EVERYBODY,
    destination=_EVERYBODY,
    protocols=(PortsOf(Protocol.ICMPV6, ()),),
    note="IPv6 does not work without it",
    exchanges=(
        _icmpv6(
            "errors", ((1, None), (2, None), (3, None), (4, None)), expected=True, answered=False,
            why="RFC 4890 §4.3.1 and §4.3.2: unreachable, packet too big, time exceeded and parameter problem must not be dropped",
        ),
        _icmpv6("echo", ((128, 0),), why="RFC 4890 §4.3.1: echo must not be dropped; RFC 4443 §4.2: every node answers it"),
        _icmpv6(
            "neighbour-discovery", ((133, 0), (134, 0), (135, 0), (136, 0), (141, 0), (142, 0)), reach=Reach.LINK, answered=False,
            why="RFC 4890 §4.4.1: router and neighbour discovery (RFC 4861) must not be dropped; conntrack leaves it untracked",
        ),
        _icmpv6(
            "secure-discovery", ((148, 0), (149, 0)), reach=Reach.LINK, answered=False,
            why="RFC 4890 §4.4.1: certification paths of secure neighbour discovery (RFC 3971) must not be dropped",
        ),
    ),
)  # fmt: skip

IGMP: Final = Flow(
    id="igmp",
    title="IGMP",
    group=Group.ESSENTIAL,
    source=_EVERYBODY,
    destination=_EVERYBODY,
    protocols=(PortsOf(Protocol.IGMP, ()),),
    note="Beacons need it where switches snoop",
    exchanges=(
        Exchange(
            name="membership", source=_EVERYBODY, destination=_EVERYBODY, protocol=Protocol.IGMP, families=(4,), reach=Reach.LINK,
            destination_addresses=("224.0.0.0/4",), answered=False,
            why="RFC 3376 §4: queries to 224.0.0.1 or the group, reports to 224.0.0.22 (older versions: to the group), all with TTL 1",
        ),
    ),
)  # fmt: skip

MLD: Final = Flow(
    id="mld",
    title="Multicast listener discovery",
    group=Group.ESSENTIAL,
    source=_EVERYBODY,
    destination=_EVERYBODY,
    protocols=(PortsOf(Protocol.ICMPV6, ()),),
    note="Beacons and neighbour discovery need it where switches snoop",
    exchanges=(
        _icmpv6(
            "membership", ((130, 0), (131, 0), (132, 0), (143, 0)), reach=Reach.LINK, answered=False,
            source_addresses=("fe80::/10", "::"), destination_addresses=("ff00::/8",),
            why="RFC 4890 §4.4.1: listener messages must not be dropped; RFC 3810 §5: from a link-local address (RFC 3590: or ::), hop limit 1",
        ),
        _icmpv6(
            "router-discovery", ((151, 0), (152, 0), (153, 0)), reach=Reach.LINK, answered=False,
            source_addresses=("fe80::/10", "::"), destination_addresses=("ff02::/16",),
            why="RFC 4890 §4.4.1: multicast router discovery (RFC 4286) must not be dropped",
        ),
    ),
)  # fmt: skip

ESSENTIAL: Final = (ICMP, ICMPV6, IGMP, MLD)
