"""The evidence of a walk: what both ends saw, as steps in order."""

from typing import Final

from bellrock.contract.walk import Ruled, Sighting
from bellrock.diagnosis.walkfacts import Case
from bellrock.diagnosis.walkwords import place
from bellrock.model import Traced, Wall
from bellrock.wire.text import endpoint

MAX_EVIDENCE: Final = 64
_LONGEST: Final = 60.0
"""Seconds: longer than a walk lasts."""
_TOLD: Final = 0.1
"""Seconds of difference between the two clocks that a reader is told of."""


def evidence(case: Case, ruled: Ruled | None) -> tuple[Traced, ...]:
    """What both saw, in order, by the source's clock; where there is too much, each end keeps its half."""
    ahead = skew(case)
    near = [_traced(case.source, one) for one in case.near.sightings]
    far = [_traced(case.target, one, ahead) for one in case.far.sightings]
    told = abs(ahead) >= _TOLD
    room = MAX_EVIDENCE - 1 - told
    first = max(room // 2, room - len(far))
    kept = sorted(near[:first] + far[: room - len(near[:first])], key=lambda step: step.at)
    if told:
        what = f"{case.target}'s clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} {case.source}'s: its times are given by {case.source}'s"
        kept.insert(0, Traced(at=kept[0].at, direction="noticed", what=what))
    if ruled is not None and kept:
        said = ruled.rule or ruled.why or "no rule"
        kept.append(Traced(at=kept[-1].at, direction="noticed", what=f"the firewall's rules: {ruled.verdict}, {said}"))
    return tuple(kept)


def skew(case: Case) -> float:
    """Seconds by which the target's clock must be ahead of the source's; 0 where what was seen fits one clock.

    No packet arrives before it left, there or back; where no answer came back, none is under way for longer than a walk lasts.
    """
    left, came, went, back = case.left, case.arrived, case.replied, case.returned
    if left is None or came is None:
        return 0.0
    most = came.at - left.at
    least = went.at - back.at if went is not None and back is not None else most - _LONGEST
    if least <= 0 <= most:
        return 0.0
    return (least + most) / 2 if back is not None and went is not None else most


def _traced(name: str, one: Sighting, ahead: float = 0.0) -> Traced:
    ends = f"{endpoint(one.source, one.source_port)} to {endpoint(one.destination, one.destination_port)}"
    what = f"ICMP {one.kind}/{one.code} from {one.by} about {ends}" if one.by else f"{one.what} {ends}"
    limited = f", hop limit {one.number}" if one.number and one.what in ("probe", "error") else ""
    return Traced(
        at=Wall(one.at - ahead), direction="sent" if one.out else "received", what=f"{place(name, one)}: {what}{limited}"
    )  # fmt: skip
