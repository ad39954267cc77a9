"""vlan-not-checked: somebody said in which VLAN an interface should be, and nothing shows in which it is."""

from collections.abc import Collection, Iterator

from bellrock.diagnosis.facts import Look, finding
from bellrock.diagnosis.wrong_vlan import is_there
from bellrock.model import Finding, Severity

ID = "vlan-not-checked"


def find(look: Look) -> Iterator[Finding]:
    """An error where there is no such interface. What the switch alone cannot show, whoever took the report judges."""
    names = {cable.interface.name for cable in look.cables}
    for name, wanted in look.expected:
        if name not in names:
            yield finding(
                ID, Severity.ERROR, look, None, f"{{}} has no interface {name} to look at, which was expected in VLAN {wanted}",
                cause="The name is another one on this machine, or --ignore leaves the interface alone.",
                proof=(f"It has {', '.join(sorted(names)[:8]) or 'none'}.",), fix=("ip link", "Correct --expect or --ignore."),
            )  # fmt: skip
    if not look.told:
        yield from unchecked(look)


def unchecked(look: Look, unknown: Collection[str] = ()) -> Iterator[Finding]:
    """Interfaces with carrier that are neither shown where they were expected nor elsewhere; `unknown`: names that no VLAN has."""
    cables, placed = {cable.interface.name: cable for cable in look.cables}, {one.interface: one for one in look.placed}
    for name, wanted in look.expected:
        cable = cables.get(name)
        if cable is None or cable.carrier_for is None:
            continue
        if wanted in unknown or is_there(cable, placed.get(name), wanted) is None:
            why = (
                f"No VLAN that is known has the name {wanted}."
                if wanted in unknown
                else "No switch and no region tells it."
            )
            yield finding(
                ID, Severity.WARNING, look, cable, f"{{}}: nothing shows whether it is in VLAN {wanted}",
                cause="A VID shows where the switch tells it by LLDP, or where a trunk of another machine leads to the segment.",
                proof=(why,), fix=("Let the switch send LLDP with its port VLAN id, or name the VLAN in the region and expect the name.",),
                recheck=f"bellrock node --expect {name}={wanted}",
            )  # fmt: skip
