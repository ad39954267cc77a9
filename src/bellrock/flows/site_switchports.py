"""The switch ports of a site file, checked against each other."""

from bellrock.flows.site import Switchport
from bellrock.flows.site_spec import MAX_VID, SwitchportSpec
from bellrock.wire.toml.text import Problem


def switchports(declared: tuple[SwitchportSpec | None, ...], problems: list[Problem]) -> tuple[Switchport, ...]:
    """The ports; what is wrong with them goes to `problems`. None stands for one that is no table as it should be."""
    found: list[Switchport] = []
    first: dict[tuple[str, str], int] = {}
    for position, spec in enumerate(declared):
        if spec is None:
            continue
        at = first.setdefault((spec.host, spec.interface), position)
        if at != position:
            what = f"{spec.host}/{spec.interface} is switchport[{at}] already; an interface has one port"
            problems.append((("switchport", position, "interface"), what))
        found.append(_port(spec, position, problems))
    return tuple(found)


def _port(spec: SwitchportSpec, position: int, problems: list[Problem]) -> Switchport:
    tagged: set[int] = set()
    for place, given in enumerate(spec.tagged):
        vids = _vids(given)
        if vids is None:
            what = f"{given!r} is no run of VIDs within 1-{MAX_VID} that goes up"
            problems.append((("switchport", position, "tagged", place), what))
        tagged.update(vids or ())
    if spec.untagged is not None and spec.untagged in tagged:
        what = f"VLAN {spec.untagged} is among the tagged ones too; it passes one way or the other"
        problems.append((("switchport", position, "untagged"), what))
    if not spec.tagged and spec.untagged is None:
        what = "neither tagged nor untagged is given, so no VLAN would pass; give one of them"
        problems.append((("switchport", position), what))
    return Switchport(host=spec.host, interface=spec.interface, tagged=frozenset(tagged), untagged=spec.untagged)


def _vids(given: int | str) -> range | None:
    if isinstance(given, int):
        return range(given, given + 1)
    first, _, last = given.partition("-")
    low, high = int(first), int(last)
    return range(low, high + 1) if 1 <= low <= high <= MAX_VID else None
