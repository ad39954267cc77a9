"""DHCP of both families, packet by packet: requests and answers on the link, renewals and relays across routers."""

from typing import Final

from bellrock.flows.catalogue.making import on_udp, single, udp
from bellrock.flows.values import Condition, ConditionKind, Flow, Group, Reach, Role

_BROADCAST: Final = ("255.255.255.255",)
_FROM_CLIENT: Final = single(68)
_FROM_SERVER: Final = single(67)

DHCP: Final = Flow(
    id="dhcp",
    title="DHCP Discover/Offer",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.RACK,),
    protocols=on_udp(67, 68),
    note="One DHCP per VLAN; relays must target rack IP",
    exchanges=(
        udp(
            "discover", ((Role.NODE,), (Role.RACK, Role.RELAY)), (67,), source_ports=_FROM_CLIENT, families=(4,), reach=Reach.LINK,
            source_addresses=("0.0.0.0",), destination_addresses=_BROADCAST, answered=False,  # noqa: S104 -- nothing is bound
            why="RFC 2131 §4.1: a client without an address broadcasts from 0.0.0.0 port 68 to port 67; one that rebinds from its own",
        ),
        udp(
            "offer", ((Role.RACK,), (Role.NODE,)), (68,), source_ports=_FROM_SERVER, families=(4,), reach=Reach.LINK,
            destination_addresses=_BROADCAST, or_own=True, answered=False,
            why="RFC 2131 §4.1: without giaddr the server sends to port 68, to the offered address or, if asked, by broadcast",
        ),
        udp(
            "renew", ((Role.NODE,), (Role.RACK,)), (67,), source_ports=_FROM_CLIENT, families=(4,),
            why="RFC 2131 §4.4.5: at T1 a client asks the server that leased to it by unicast, across routers too",
        ),
        udp(
            "relayed", ((Role.RELAY,), (Role.RACK,)), (67,), source_ports=_FROM_SERVER, families=(4,), answered=False,
            why="RFC 1542 §4.1.1: a relay sends a client's request on to port 67 of the server",
        ),
        udp(
            "relay-reply", ((Role.RACK,), (Role.RELAY,)), (67,), source_ports=_FROM_SERVER, families=(4,), answered=False,
            why="RFC 2131 §4.1: the server answers to port 67 of giaddr, the relay's address towards the clients, whatever it sent from",
        ),
        udp(
            "relay-to-client", ((Role.RELAY,), (Role.NODE,)), (68,), source_ports=_FROM_SERVER, families=(4,), reach=Reach.LINK,
            destination_addresses=_BROADCAST, or_own=True, answered=False,
            why="RFC 1542 §4.1.2: the relay hands the answer to the client on its link, to its new address or by broadcast",
        ),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.ONE_SERVER_PER_VLAN, subject="vlan",
            sentence="Exactly one DHCP server answers on each VLAN of nodes.",
        ),
        Condition(
            kind=ConditionKind.RELAY_TARGETS, subject="rack",
            sentence="Every relay forwards to addresses of racks, and to no others.",
        ),
    ),
)  # fmt: skip

_LINK_LOCAL: Final = ("fe80::/10",)
_CLIENT6: Final = single(546)
_SERVER6: Final = single(547)

DHCPV6: Final = Flow(
    id="dhcpv6",
    title="DHCPv6",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.RACK,),
    protocols=on_udp(546, 547),
    note="Beside DHCP where nodes have IPv6",
    optional=True,
    exchanges=(
        udp(
            "solicit", ((Role.NODE,), (Role.RACK, Role.RELAY)), (547,), source_ports=_CLIENT6, families=(6,), reach=Reach.LINK,
            source_addresses=_LINK_LOCAL, destination_addresses=("ff02::1:2",), answered=False,
            why="RFC 8415 §14: a client sends from its link-local address to All_DHCP_Relay_Agents_and_Servers, port 547 (§7.2)",
        ),
        udp(
            "answer", ((Role.RACK,), (Role.NODE,)), (546,), source_ports=_SERVER6, families=(6,), reach=Reach.LINK,
            source_addresses=_LINK_LOCAL, destination_addresses=_LINK_LOCAL, answered=False,
            why="RFC 8415 §18.3.10: the server answers to the address that the client sent from, port 546 (§7.2)",
        ),
        udp(
            "renew", ((Role.NODE,), (Role.RACK,)), (547,), source_ports=_CLIENT6, families=(6,),
            why="RFC 8415 §21.12: a client that was given the Server Unicast option asks that address",
        ),
        udp(
            "relayed", ((Role.RELAY,), (Role.RACK,)), (547,), source_ports=_SERVER6, families=(6,), answered=False,
            why="RFC 8415 §19.1: a relay sends Relay-forward to the servers it was told, port 547 (§7.2)",
        ),
        udp(
            "relay-reply", ((Role.RACK,), (Role.RELAY,)), (547,), source_ports=_SERVER6, families=(6,), answered=False,
            why="RFC 8415 §19.3: the server sends Relay-reply back to the relay, port 547 (§7.2)",
        ),
        udp(
            "relay-to-client", ((Role.RELAY,), (Role.NODE,)), (546,), source_ports=_SERVER6, families=(6,), reach=Reach.LINK,
            source_addresses=_LINK_LOCAL, destination_addresses=_LINK_LOCAL, answered=False,
            why="RFC 8415 §19.2: the relay sends the inner answer to the client on its link",
        ),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.RELAY_TARGETS, subject="rack",
            sentence="Every relay forwards to addresses of racks, and to no others.",
        ),
    ),
)  # fmt: skip
