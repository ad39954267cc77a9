"""Power drivers: how racks and administrators reach management controllers."""

from typing import Final

from bellrock.flows.catalogue.making import on_tcp, on_udp, tcp, udp
from bellrock.flows.values import Condition, ConditionKind, Flow, Group, Role

IPMI: Final = Flow(
    id="ipmi",
    title="IPMI over LAN (RMCP+)",
    group=Group.BMC,
    source=(Role.RACK,),
    destination=(Role.BMC,),
    protocols=on_udp(623),
    note="Required for ipmitool chassis power operations",
    exchanges=(
        udp("command", ((Role.RACK,), (Role.BMC,)), (623,), "IPMI 2.0 §13.1.2: the primary RMCP port is UDP 623; answers come from it"),
    ),
)  # fmt: skip

REDFISH: Final = Flow(
    id="redfish",
    title="Redfish / iLO / iDRAC",
    group=Group.BMC,
    source=(Role.RACK,),
    destination=(Role.BMC,),
    protocols=on_tcp(443),
    note="Vendor APIs over TLS; certs may be self-signed",
    exchanges=(
        tcp("request", ((Role.RACK,), (Role.BMC,)), (443,), "DSP0266 §6.1: Redfish is HTTP over TLS"),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.CERTIFICATE, subject="bmc",
            sentence="The controller's certificate is known to the rack, self-signed or not, and has not expired.",
        ),
    ),
)  # fmt: skip

BMC_WEB: Final = Flow(
    id="bmc-web",
    title="Legacy BMC Web UI",
    group=Group.BMC,
    source=(Role.ADMIN,),
    destination=(Role.BMC,),
    protocols=on_tcp(80, 443),
    note="Restrict to admin subnets",
    exchanges=(
        tcp("browse", ((Role.ADMIN,), (Role.BMC,)), (80, 443), "An administrator opens the page of a management controller"),
    ),
    conditions=(
        Condition(
            kind=ConditionKind.ONLY_FROM, subject="admin",
            sentence="The pages of management controllers are reached from the subnets of administrators and from nowhere else.",
        ),
    ),
)  # fmt: skip

BMC: Final = (IPMI, REDFISH, BMC_WEB)
