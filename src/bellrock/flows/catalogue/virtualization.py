"""Virtual machine hosts that are managed from rack or region, and what must not run on them."""

from typing import Final

from bellrock.flows.catalogue.making import on_tcp, on_udp, single, tcp, udp
from bellrock.flows.values import Condition, ConditionKind, Flow, Group, Reach, Role, Stance

_CONTROLLERS: Final = (Role.REGION, Role.RACK)

LXD: Final = Flow(
    id="lxd",
    title="LXD remote API",
    group=Group.VIRTUALIZATION,
    source=_CONTROLLERS,
    destination=(Role.LXD_HOST,),
    protocols=on_tcp(8443),
    note="For LXD-based pods",
    optional=True,
    exchanges=(
        tcp("request", (_CONTROLLERS, (Role.LXD_HOST,)), (8443,), "LXD's core.https_address: its API over TLS, 8443 by default"),
    ),
)  # fmt: skip

LIBVIRT: Final = Flow(
    id="libvirt",
    title="Libvirt (QEMU+TCP)",
    group=Group.VIRTUALIZATION,
    source=_CONTROLLERS,
    destination=(Role.LIBVIRT_HOST,),
    protocols=on_tcp(16509),
    note="If managing KVM pods directly",
    optional=True,
    exchanges=(
        tcp("request", (_CONTROLLERS, (Role.LIBVIRT_HOST,)), (16509,), "libvirtd.conf tcp_port: 16509 by default"),
    ),
)  # fmt: skip

LIBVIRT_DNSMASQ: Final = Flow(
    id="libvirt-dnsmasq",
    title="Libvirt dnsmasq (conflict)",
    group=Group.VIRTUALIZATION,
    source=(Role.LIBVIRT_HOST,),
    destination=(Role.NODE,),
    protocols=on_udp(67, 68),
    note="Must be disabled on production VLANs",
    stance=Stance.FORBIDDEN,
    optional=True,
    exchanges=(
        udp(
            "offer", ((Role.LIBVIRT_HOST,), (Role.NODE,)), (68,), source_ports=single(67), families=(4,), reach=Reach.LINK,
            destination_addresses=("255.255.255.255",), or_own=True, answered=False,
            why="RFC 2131 §3.1: a client may take the first offer, so a second server on its VLAN takes machines away from the rack",
        ),
        udp(
            "acknowledge", ((Role.LIBVIRT_HOST,), (Role.NODE,)), (68,), source_ports=single(67), families=(4,), answered=False,
            why="RFC 2131 §4.3.2: a foreign server that acknowledges or refuses a renewal changes or ends the rack's lease",
        ),
        udp(
            "relayed", ((Role.RELAY,), (Role.LIBVIRT_HOST,)), (67,), source_ports=single(67), families=(4,), answered=False,
            why="RFC 1542 §4.1.1: a relay that targets a libvirt host brings its dnsmasq to VLANs that it is not on",
        ),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.OFF_ON_PRODUCTION, subject="dnsmasq",
            sentence="No dnsmasq of libvirt serves DHCP on a VLAN of nodes.",
        ),
    ),
)  # fmt: skip

VIRTUALIZATION: Final = (LXD, LIBVIRT, LIBVIRT_DNSMASQ)
