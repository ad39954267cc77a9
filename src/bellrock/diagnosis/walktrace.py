"""The evidence of a walk: what both ends saw, as steps in order."""

from typing import Final

from bellrock.contract.walk import Ruled, Sighting
from bellrock.diagnosis.walkfacts import Case
from bellrock.diagnosis.walkwords import place
from bellrock.model import Traced

MAX_EVIDENCE: Final = 64


def evidence(case: Case, ruled: Ruled | None) -> tuple[Traced, ...]:
    """What both saw, in order."""
    steps = [_traced(case.source, one) for one in case.near.sightings]
    steps += [_traced(case.target, one) for one in case.far.sightings]
    steps.sort(key=lambda step: step.at)
    kept = steps[: MAX_EVIDENCE - 1]
    if ruled is not None and kept:
        said = ruled.rule or ruled.why or "no rule"
        kept.append(Traced(at=kept[-1].at, direction="noticed", what=f"the firewall's rules: {ruled.verdict}, {said}"))
    return tuple(kept)


def _traced(name: str, one: Sighting) -> Traced:
    ends = f"{_end(one.source, one.source_port)} to {_end(one.destination, one.destination_port)}"
    what = f"ICMP {one.kind}/{one.code} from {one.by} about {ends}" if one.by else f"{one.what} {ends}"
    limited = f", hop limit {one.number}" if one.number and one.what in ("probe", "error") else ""
    return Traced(
        at=one.at, direction="sent" if one.out else "received", what=f"{place(name, one)}: {what}{limited}"
    )  # fmt: skip


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
