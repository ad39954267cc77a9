"""Day-2 operations: what a deployed machine goes on to need."""

from typing import Final

from bellrock.flows.catalogue.making import on_tcp, tcp, udp
from bellrock.flows.values import Condition, ConditionKind, Flow, Group, PortsOf, Protocol, Role

APT: Final = Flow(
    id="apt",
    title="APT repositories",
    group=Group.DAY_2,
    source=(Role.NODE,),
    destination=(Role.MIRROR,),
    protocols=on_tcp(80, 443),
    note="Often via rack proxy",
    exchanges=(
        tcp("fetch", ((Role.NODE,), (Role.MIRROR,)), (80, 443), "A machine fetches package lists and packages by HTTP or HTTPS"),
        tcp(
            "through-proxy", ((Role.RACK, Role.PROXY), (Role.MIRROR,)), (80, 443),
            "RFC 9110 §7.6: where machines go through a proxy, the proxy itself fetches from the mirror",
        ),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.OFTEN_VIA, subject="proxy",
            sentence="Where machines reach no mirror themselves, the proxy on the rack does.",
        ),
    ),
)  # fmt: skip

SNAP: Final = Flow(
    id="snap",
    title="Snap endpoints",
    group=Group.DAY_2,
    source=(Role.NODE,),
    destination=(Role.SNAP_STORE,),
    protocols=on_tcp(443),
    note="Allow or mirror internally",
    exchanges=(
        tcp("fetch", ((Role.NODE,), (Role.SNAP_STORE,)), (443,), "snapd fetches from the store over TLS"),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.OFTEN_VIA, subject="mirror",
            sentence="Machines reach the snap store, or a mirror of it inside the site.",
        ),
    ),
)  # fmt: skip

SSH: Final = Flow(
    id="ssh",
    title="SSH admin access",
    group=Group.DAY_2,
    source=(Role.ADMIN,),
    destination=(Role.NODE,),
    protocols=on_tcp(22),
    note="Do not expose broadly in production",
    exchanges=(
        tcp("login", ((Role.ADMIN,), (Role.NODE,)), (22,), "RFC 4253 §4.1: SSH listens on port 22"),
        tcp(
            "controllers", ((Role.ADMIN,), (Role.RACK, Role.REGION)), (22,),
            "RFC 4253 §4.1: whoever administers rack and region must not be locked out by their rules",
        ),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.NOT_EXPOSED, subject="admin",
            sentence="Port 22 of machines is reached from the subnets of administrators and from nowhere else.",
        ),
    ),
)  # fmt: skip

SYSLOG: Final = Flow(
    id="syslog",
    title="Syslog / Rsyslog (optional)",
    group=Group.DAY_2,
    source=(Role.NODE,),
    destination=(Role.LOG,),
    protocols=(PortsOf(Protocol.UDP, (514,)), PortsOf(Protocol.TCP, (514,))),
    note="If central logging is used",
    optional=True,
    exchanges=(
        udp("send", ((Role.NODE,), (Role.LOG,)), (514,), "RFC 5426 §3.3: syslog over UDP goes to port 514; nothing comes back", answered=False),
        tcp("send-tcp", ((Role.NODE,), (Role.LOG,)), (514,), "RFC 6587 §3.1: syslog over TCP, by convention to the same number"),
    ),
)  # fmt: skip

DAY_2: Final = (APT, SNAP, SSH, SYSLOG)
