"""unknown-not-disconnected: nothing is known now of an interface that the site means to be in a VLAN. What the site says of it stays."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import host
from bellrock.flows.site import Switchport
from bellrock.model import Finding, Severity

ID = "unknown-not-disconnected"
TITLE = "Where an interface leads is unknown now, which is not the same as nowhere"
EXPLAINS = frozenset(("vlan-not-checked",))


def find(case: Case) -> Iterator[Finding]:
    """Interfaces with a declared switch port of which there is no evidence."""
    if case.topology is None or case.site is None:
        return
    meant = {(one.host, one.interface): one for one in case.site.switchports}
    for one in case.topology.unknown:
        name = host(case, one.host)
        port = meant.get((name, one.interface))
        if port is not None:
            yield Finding(
                id=ID, severity=Severity.NOTICE, host=name, interface=one.interface,
                what=f"nothing shows now where {name}/{one.interface} leads; the site's word for it stays: {_vlans(port)}",
                cause="Without carrier, or with nobody there to be heard, there is no evidence. That is no evidence of another VLAN, or of none.",
                proof=(f"{one.why}.",), evidence=(f"topology unknown {name}/{one.interface}",),
                fix=("Do not move it in the model. See its cable and switch port if it should be up.",),
                recheck=f"bellrock topology explain {name}/{one.interface}",
            )  # fmt: skip


def _vlans(port: Switchport) -> str:
    tagged = ", ".join(map(str, sorted(port.tagged)))
    said = [f"untagged {port.untagged}"] if port.untagged is not None else []
    return "; ".join([*said, *([f"tagged {tagged}"] if tagged else [])]) or "no VLAN"
