"""What each platform can say: the table from which everything about it follows."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bellrock.firewall.compile.vendors.readback import (
    eos,
    fortios,
    ios,
    junos,
    kubernetes,
    openconfig,
    panos,
    srlinux,
    srx,
    windows,
)
from bellrock.firewall.compile.vendors.rules import Rule
from bellrock.flows.values import Family


class Icmp(StrEnum):
    """How far a platform tells ICMP messages apart."""

    CODES = "codes"
    TYPES = "types"
    WHOLE = "whole"
    """Only the protocol: a term for some types becomes one for all of them."""
    NONE = "none"
    """It has no word for it."""


class Platform(Struct, frozen=True, kw_only=True):
    """A target."""

    title: str
    generator: str
    """Aerleon's name for it."""
    header: Callable[[str, Family, str], str]
    """What Aerleon wants to know for a list: from the policy's name, the family and the direction."""
    read: Callable[[str], list[Rule]]
    on_host: bool = False
    """For hosts; the others stand between subnets."""
    stateful: bool = False
    """Answers need no line of their own."""
    families: tuple[Family, ...] = (4, 6)
    one_list: bool = False
    """Both families in one list."""
    icmp: Icmp = Icmp.CODES
    source_ports: bool = True
    """Whether it can ask where a packet comes from, in ports."""
    multiplies: bool = False
    """A line holds one source, one destination and one port of each end, so a rule becomes as many as there are of all."""
    every_port: bool = False
    """Ports that do not matter must be written all the same, or the line takes every protocol."""
    hears: bool = False
    """Its lists may be applied to what comes in, where they meet what the router itself must hear."""
    own_addresses: bool = True
    """Whether it names the addresses of the machine that it protects."""
    denies: bool = True
    """Whether a line can deny; the last one is otherwise said another way."""
    remark: tuple[str, str] = ("! ", "")
    """Before and after a comment line; ("", "") where the format has no comments."""
    notes: tuple[str, ...] = ()
    """What it cannot say, whatever the policy."""


_LINK: Final = (
    "it filters what the router forwards, and may be applied to what comes in: what the router itself must hear on its links "
    "(neighbour discovery, IGMP, MLD, DHCP where the site has role relay) has lines; no site tells of its routing protocols, VRRP or "
    "HSRP, BFD, and logins to it: where those come in, they need lines before the last one"
)
_FIRST_HEADER: Final = (
    "next-header looks at the first header only: MLD comes behind a hop-by-hop header (RFC 3810 §5), so a router "
    "that listens to it needs a line for that one, too"
)
_STATELESS: Final = (
    "no connection tracking: answers pass by reversed ports (TCP only with ACK or RST set), so whoever holds a "
    "server's port can reach the ports from which clients ask, unasked"
)
_SILENT: Final = "no rate-limited log of what is dropped"


def _named(style: str, inet6: str = "inet6") -> Callable[[str, Family, str], str]:
    return lambda name, family, _: f"{name}-v{family} {style if family == 4 else inet6}"


def _zones(_name: str, _family: Family, _direction: str) -> str:
    return "from-zone any to-zone any mixed"


def _router(title: str, generator: str, style: str, read: Callable[[str], list[Rule]], **more: object) -> Platform:
    fields: dict[str, object] = {
        "title": title,
        "generator": generator,
        "header": _named(style),
        "read": read,
        "hears": True,
        "notes": (_LINK, _STATELESS, _SILENT),
    }
    return Platform(**{**fields, **more})  # type: ignore[arg-type] # the fields are those of Platform, by name


_JUNOS: Final[dict[str, object]] = {"remark": ("/* ", " */"), "notes": (_LINK, _FIRST_HEADER, _STATELESS, _SILENT)}

PLATFORMS: Final[dict[str, Platform]] = {
    "cisco": _router("Cisco IOS and IOS XE", "cisco", "extended", ios.read, multiplies=True),
    "nxos": _router("Cisco NX-OS", "cisconx", "extended", ios.read, multiplies=True),
    "xr": _router("Cisco IOS XR", "ciscoxr", "extended", ios.read, multiplies=True),
    "brocade": _router("Brocade", "brocade", "extended", ios.read, multiplies=True),
    "arista": _router("Arista EOS access lists", "arista", "extended", ios.read, multiplies=True),
    "arista_tp": _router(
        "Arista EOS traffic policies",
        "arista_tp",
        "mixed",
        eos.read,
        header=lambda name, _family, _direction: f"{name} mixed",
        one_list=True,
    ),
    "juniper": _router("Juniper Junos filters", "juniper", "inet", junos.read, **_JUNOS),
    "juniperevo": _router(
        "Juniper Junos Evolved filters",
        "juniperevo",
        "inet",
        junos.read,
        header=_named("inet", "inet6 ingress"),
        remark=("/* ", " */"),
        notes=(_LINK, "the IPv6 filter is for what comes in at physical interfaces", _STATELESS, _SILENT),
    ),
    "srxlo": _router("Juniper SRX loopback filters", "srxlo", "inet", junos.read, **_JUNOS),
    "nokiasrl": _router(
        "Nokia SR Linux (24.3 and later)",
        "nokiasrl",
        "inet r24.3.2",
        srlinux.read,
        header=_named("inet r24.3.2", "inet6 r24.3.2"),
        icmp=Icmp.WHOLE,
        multiplies=True,
        remark=("", ""),
    ),
    "openconfig": _router(
        "OpenConfig", "openconfig", "inet", openconfig.read, icmp=Icmp.WHOLE, multiplies=True, remark=("", "")
    ),
    "sonic": _router("SONiC", "sonic", "inet", openconfig.read, icmp=Icmp.WHOLE, multiplies=True, remark=("", "")),
    "asa": Platform(
        title="Cisco ASA",
        generator="ciscoasa",
        header=lambda name, family, _: f"{name}-v{family}",
        read=ios.read_asa,
        stateful=True,
        families=(4,),
        icmp=Icmp.TYPES,
        multiplies=True,
        notes=(_SILENT,),
    ),
    "srx": Platform(
        title="Juniper SRX policies",
        generator="srx",
        header=lambda _name, _family, _direction: "from-zone all to-zone all mixed",
        read=srx.read,
        stateful=True,
        one_list=True,
        icmp=Icmp.TYPES,
        remark=("/* ", " */"),
        notes=(_SILENT,),
    ),
    "paloalto": Platform(
        title="Palo Alto PAN-OS",
        generator="paloalto",
        header=_zones,
        read=panos.read,
        stateful=True,
        one_list=True,
        icmp=Icmp.TYPES,
        remark=("<!-- ", " -->"),
        notes=(_SILENT,),
    ),
    "fortigate": Platform(
        title="Fortinet FortiGate",
        generator="fortigate",
        header=_zones,
        read=fortios.read,
        stateful=True,
        one_list=True,
        icmp=Icmp.NONE,
        every_port=True,
        remark=("# ", ""),
        notes=(_SILENT,),
    ),
    "windows": Platform(
        title="Windows Defender Firewall (netsh)",
        generator="windows_advfirewall",
        header=lambda _name, family, direction: f"{direction} {'inet' if family == 4 else 'inet6'}",
        read=windows.read,
        on_host=True,
        stateful=True,
        icmp=Icmp.TYPES,
        multiplies=True,
        denies=False,
        remark=(": ", ""),
        notes=("no rate-limited log of what is dropped: the firewall's own log is set apart from its rules",),
    ),
    "kubernetes": Platform(
        title="Kubernetes NetworkPolicy",
        generator="k8s",
        header=lambda _name, _family, direction: "INGRESS" if direction == "in" else "EGRESS",
        read=kubernetes.read,
        on_host=True,
        stateful=True,
        one_list=True,
        icmp=Icmp.NONE,
        source_ports=False,
        own_addresses=False,
        remark=("# ", ""),
        notes=(
            "it holds for every pod of the namespace in which it is made: put the pods that play this role there, alone",
            "pods that use the host's network are not covered by it",
            _SILENT,
        ),
    ),
}
"""By the name that `--target` takes."""

LEFT_OUT: Final[dict[str, str]] = {
    "aruba": "its generator knows neither source ports nor ICMP types nor established",
    "msmpc": "service sets of a routing engine: their meaning depends on interfaces and tables that a site does not name",
    "nsxt": "a document for VMware's API, which names services and groups by identifiers of its own inventory",
    "nsxv": "a document for the API of NSX-V, which VMware has ended",
    "nvueapi": "its generator opens a family where a term mixes two, as its generator for nftables does",
    "proxmox": "rules stand in zones and at machines that a site does not name",
    "gce": "its generator knows no ICMP types, and rules select machines by tags that a site does not name",
    "gcp_hf": "the same as gce",
    "cloudarmor": "it filters by source address only",
    "packetfilter": "its last line reads `block … flags S/SA`: of TCP it blocks first segments only, and pf passes the others",
    "pcap": "no firewall but a capture filter: `bellrock capture filter` writes those",
    "ipset": "sets without rules; nftables has sets of its own",
    "iptables": "Bellrock writes it itself: Aerleon's is not input of iptables-restore",
    "speedway": "the same as iptables",
    "nftables": "Bellrock writes it itself: Aerleon's accepts a whole family where a term mixes two",
}
"""Aerleon's other generators, and why there is no target for them."""
