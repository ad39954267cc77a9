"""subnet-on-wrong-fabric: a subnet lives in another VLAN or fabric than the site means."""

from collections.abc import Iterator

from msgspec import Struct

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import RECHECK, conflicts, label, several
from bellrock.flows.site import Subnet
from bellrock.model import Confidence, ConflictKind, Fabric, Finding, Severity, Strength, Vlan

ID = "subnet-on-wrong-fabric"
TITLE = "A subnet lives in another VLAN or fabric than is meant"
EXPLAINS = frozenset(
    ("dhcp-unanswered", "wrong-vlan", "dhcp-pool-exhausted", "address-misplaced", "subnet-on-two-segments")
)
_SURE = frozenset((Strength.CONFIRMED, Strength.HEARD))


class _Home(Struct, frozen=True):
    """Where a subnet was observed to live."""

    fabric: Fabric
    vlan: Vlan


def find(case: Case) -> Iterator[Finding]:
    """Model against observed, side by side: only where the observed VLAN is known by its number, or the fabric by a name that the site has."""
    if case.topology is None or case.site is None:
        return
    homes: dict[str, list[_Home]] = {}
    for fabric in case.topology.fabrics:
        for vlan in fabric.vlans:
            for subnet in vlan.subnets:
                homes.setdefault(subnet, []).append(_Home(fabric, vlan))
    known = {fabric.name for fabric in case.topology.fabrics}
    # Where one segment has two VIDs, which of them is told as its own says nothing.
    mixed = {port for one in conflicts(case, ConflictKind.TWO_VIDS) for port in one.where}
    for meant in case.site.subnets:
        found = homes.get(str(meant.network), [])
        # On several segments it is a conflict of its own, and in one of them it may be right.
        if (
            len(found) == 1
            and mixed.isdisjoint(it.port for it in found[0].vlan.members)
            and (said := _differs(meant, found[0], known))
        ):
            yield _finding(case, meant, found[0], said)


def _differs(meant: Subnet, home: _Home, known: set[str]) -> tuple[str, str] | None:
    """What is meant and what is observed, in words; None: they agree, or one of the two is not known."""
    if isinstance(meant.vlan, int) and home.vlan.vid is not None and meant.vlan != home.vlan.vid:
        return f"VLAN {meant.vlan}", f"VLAN {home.vlan.vid}"
    if meant.fabric is not None and meant.fabric in known and meant.fabric != home.fabric.name:
        return f"fabric {meant.fabric}", f"fabric {home.fabric.name}"
    return None


def _finding(case: Case, meant: Subnet, home: _Home, said: tuple[str, str]) -> Finding:
    wanted, observed = said
    ports = [label(case, one.port) for one in home.vlan.members if one.strength in _SURE]
    first = home.vlan.members[0].port if home.vlan.members else None
    return Finding(
        id=ID, severity=Severity.ERROR, vid=home.vlan.vid, address=str(meant.network), interface="",
        what=f"subnet {meant.network} is meant to be in {wanted}, and is observed in {observed}",
        cause="A port was moved to another VLAN, or the subnet was moved to another one in the model: DHCP serves it where it is not.",
        proof=(
            f"The site says: {meant.name or meant.network} is in {wanted}.",
            f"Observed: it lives in {home.vlan.name} of {home.fabric.name}"
            + (f", where {several(ports)} {'is' if len(ports) == 1 else 'are'}." if ports else "."),
        ),
        evidence=(f"vlan {home.vlan.id}",), confidence=Confidence.CERTAIN if ports else Confidence.LIKELY,
        fix=(f"Move the ports of {several(ports)} to {wanted} at the switch, or the subnet to {observed} in the model." if ports
             else f"Move the ports to {wanted} at the switch, or the subnet to {observed} in the model.",),
        recheck=f"bellrock topology explain {label(case, first)}" if first is not None else RECHECK,
    )  # fmt: skip
