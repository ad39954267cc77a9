"""Core provisioning and control: what a machine needs from its first frame to its deployment."""

from typing import Final

from bellrock.flows.catalogue.dhcp import DHCP
from bellrock.flows.catalogue.making import on_tcp, on_udp, tcp, udp
from bellrock.flows.values import (
    EPHEMERAL,
    Condition,
    ConditionKind,
    Exchange,
    Flow,
    Group,
    PortsOf,
    Protocol,
    Role,
)

_NODE_TO_RACK: Final = ((Role.NODE,), (Role.RACK,))
_NODE_TO_REGION: Final = ((Role.NODE,), (Role.REGION,))
_CONTROLLERS: Final = (Role.RACK, Role.REGION)

TFTP: Final = Flow(
    id="tftp",
    title="TFTP (legacy PXE)",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.RACK,),
    protocols=on_udp(69),
    note="Sensitive to firewalls and latency",
    exchanges=(
        udp(
            "request", _NODE_TO_RACK, (69,), helper="tftp", answered=False,
            why="RFC 1350 §4: a read request goes to port 69; the server answers from another port, its transfer identifier",
        ),
        Exchange(
            name="data", source=(Role.RACK,), destination=(Role.NODE,), protocol=Protocol.UDP, source_ports=EPHEMERAL,
            destination_ports=EPHEMERAL, expected=True,
            why="RFC 1350 §4: data and acknowledgements run between two transfer identifiers, ports that both ends choose",
        ),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.NEEDS_HELPER, subject="tftp",
            sentence="A stateful firewall between node and rack follows TFTP to its data ports (the conntrack helper tftp).",
        ),
    ),
)  # fmt: skip

HTTP_BOOT: Final = Flow(
    id="http-boot",
    title="HTTP boot / images",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.RACK,),
    protocols=on_tcp(80),
    note="Preferred over TFTP on UEFI systems",
    exchanges=(
        tcp("fetch", _NODE_TO_RACK, (80,), "UEFI 2.10 §24.7: firmware fetches boot files by HTTP; installers fetch images"),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.PREFERRED_TO, subject="tftp",
            sentence="UEFI systems boot by HTTP rather than by TFTP.",
        ),
    ),
)  # fmt: skip

HTTPS_BOOT: Final = Flow(
    id="https-boot",
    title="HTTPS boot (optional)",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.RACK,),
    protocols=on_tcp(443),
    note="If you serve boot artifacts over TLS",
    optional=True,
    exchanges=(
        tcp("fetch", _NODE_TO_RACK, (443,), "UEFI 2.10 §24.7: firmware fetches boot files by HTTP over TLS"),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.CERTIFICATE, subject="rack",
            sentence="The rack's certificate is valid, names the rack, and is signed by an authority that the firmware knows.",
        ),
    ),
)  # fmt: skip

API: Final = Flow(
    id="api",
    title="MAAS API / metadata",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.REGION,),
    protocols=on_tcp(5240),
    note="Commissioning, metadata, UI/API",
    exchanges=(
        tcp("metadata", _NODE_TO_REGION, (5240,), "A machine asks the region for its metadata and reports what it found"),
        tcp("ui", ((Role.ADMIN,), (Role.REGION,)), (5240,), "An administrator uses page and API of the region"),
    ),
)  # fmt: skip

DNS: Final = Flow(
    id="dns",
    title="DNS",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.RACK, Role.REGION),
    protocols=(PortsOf(Protocol.UDP, (53,)), PortsOf(Protocol.TCP, (53,))),
    note="Name resolution during all phases",
    exchanges=(
        udp("query", ((Role.NODE,), (*_CONTROLLERS, Role.DNS)), (53,), "RFC 1035 §4.2.1: queries go to UDP port 53"),
        tcp(
            "query-tcp", ((Role.NODE,), (*_CONTROLLERS, Role.DNS)), (53,),
            "RFC 7766 §5: all servers and resolvers support TCP, which answers need that do not fit a datagram",
        ),
        udp("forward", (_CONTROLLERS, (Role.DNS,)), (53,), "Rack and region forward what they do not know to the site's resolvers"),
        tcp("forward-tcp", (_CONTROLLERS, (Role.DNS,)), (53,), "RFC 7766 §5: forwarders fall back to TCP as their clients do"),
    ),
)  # fmt: skip

NTP: Final = Flow(
    id="ntp",
    title="NTP / Time Sync",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.NTP,),
    protocols=on_udp(123),
    note="Clock skew breaks token auth and TLS",
    exchanges=(
        udp("poll", ((Role.NODE,), (Role.NTP,)), (123,), "RFC 5905 §9.1: a client asks port 123"),
        udp("upstream", (_CONTROLLERS, (Role.NTP,)), (123,), "Rack and region check tokens, so their clocks need the same source"),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.CLOCK_SKEW, subject="60 s",
            sentence="Clocks differ by less than 60 s: tokens of beacons are valid for 60 s before and after they were made.",
        ),
    ),
)  # fmt: skip

PROXY: Final = Flow(
    id="proxy",
    title="Proxy (HTTP/S)",
    group=Group.CORE,
    source=(Role.NODE,),
    destination=(Role.RACK,),
    protocols=on_tcp(3128),
    note="MAAS built-in proxy on rack",
    exchanges=(
        tcp("request", _NODE_TO_RACK, (3128,), "RFC 9112 §3.2.2: requests for everywhere go to the proxy; RFC 9110 §9.3.6: CONNECT for TLS"),
    ),
)  # fmt: skip

STREAM: Final = Flow(
    id="stream",
    title="WebSocket / Stream (internal)",
    group=Group.CORE,
    source=(Role.RACK,),
    destination=(Role.REGION,),
    protocols=on_tcp(5240),
    note="Keep path clear both ways if ACL’d",
    exchanges=(
        tcp(
            "connect", ((Role.RACK,), (Role.REGION,)), (5240,),
            "RFC 6455 §4: the rack opens a WebSocket to the region and keeps it open; reports go up, orders come down",
        ),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.BOTH_WAYS, subject="tcp/5240",
            sentence="Packets of the connection pass from rack to region and back, also where lists without state filter each way.",
        ),
    ),
)  # fmt: skip

CORE: Final = (DHCP, TFTP, HTTP_BOOT, HTTPS_BOOT, API, DNS, NTP, PROXY, STREAM)
