"""wrong-vlan: an interface is not where it should be."""

from collections.abc import Iterator

from bellrock.diagnosis.facts import Cable, Lies, Look, finding
from bellrock.model import Confidence, Finding, Severity

ID = "wrong-vlan"


def find(look: Look) -> Iterator[Finding]:
    """Only where something shows another VLAN; an interface of which nothing is known is not in a wrong one."""
    placed = {one.interface: one for one in look.placed}
    cables = {cable.interface.name: cable for cable in look.cables}
    for name, wanted in look.expected:
        cable = cables.get(name)
        if cable is None or cable.carrier_for is None:
            continue
        proof = _elsewhere(cable, placed.get(name), wanted)
        if proof:
            yield finding(
                ID, Severity.ERROR, look, cable, f"{{}} is not in VLAN {wanted}",
                cause="The switch port is an access port of another VLAN, has another native VLAN, or the cable is in another port.",
                proof=proof, fix=(f"Set the untagged (access or native) VLAN of {_port(cable)} to {wanted}.",),
                confidence=Confidence.LIKELY, recheck=f"bellrock node --expect {name}={wanted}",
            )  # fmt: skip


def is_there(cable: Cable, lies: Lies | None, wanted: str) -> bool | None:
    """Whether the interface is in this VLAN; None: nothing shows where it is."""
    pvid = cable.neighbour.pvid if cable.neighbour else None
    by_number = wanted.isdecimal()
    if wanted in _names(lies) or wanted in _vids(lies) or (by_number and str(pvid) == wanted):
        return True
    known = _vids(lies) or pvid is not None if by_number else _names(lies)
    return False if known else None


def _names(lies: Lies | None) -> set[str]:
    return set(lies.vlans) if lies else set()


def _vids(lies: Lies | None) -> set[str]:
    return {str(vid) for vid in lies.vids if vid is not None} if lies else set()


def _elsewhere(cable: Cable, lies: Lies | None, wanted: str) -> tuple[str, ...]:
    """What shows that the interface is in other VLANs only; nothing where one of them is the wanted one."""
    if is_there(cable, lies, wanted) is not False:
        return ()
    pvid = cable.neighbour.pvid if cable.neighbour else None
    by_number = wanted.isdecimal()
    said = []
    if lies and (_vids(lies) if by_number else _names(lies)):
        where = ", ".join(
            vlan if vid is None else f"{vlan} (VID {vid})" for vlan, vid in zip(lies.vlans, lies.vids, strict=True)
        )
        said.append(f"The region places {cable.interface.name} in {where} of {lies.fabric}.")
    if pvid is not None and by_number:
        said.append(f"{_port(cable)} says that its untagged VLAN is {pvid}.")
    return tuple(said)


def _port(cable: Cable) -> str:
    one = cable.neighbour
    return f"{one.system_name or one.chassis_id} port {one.port_id}" if one else "the switch port"
