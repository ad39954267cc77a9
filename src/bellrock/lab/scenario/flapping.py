"""Looks at a scenario again and again: findings that go and come back flap."""

import itertools
import time
from collections.abc import Sequence

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.boots import End
from bellrock.lab.scenario.ground import Ground
from bellrock.lab.scenario.judge import OF_WEIGHT, Found, Judgement, Names, judge
from bellrock.lab.scenario.looks import Looks
from bellrock.lab.scenario.run import Report, as_told, look_all, names_of, standing
from bellrock.lab.scenario.schema import Scenario, World
from bellrock.lab.schema import LabError


def watch(scenario: Scenario, seconds: float, world: World | None = None) -> Report:
    """Keep looking for so long, at least three times; each look is judged as one alone is, and what flapped is told as a false alarm."""
    began = time.monotonic()
    rounds: list[list[Found]] = []

    def use(made: Ground, looks: Looks) -> tuple[Names, list[End]]:
        until, names = time.monotonic() + seconds, names_of(made)
        while time.monotonic() < until or len(rounds) < 3:
            rounds.append(look_all(scenario, looks, names))
        return names, looks.boots.ends

    try:
        names, ends = standing(scenario, world or parse.world(scenario.file.world), use)
    except (LabError, OSError) as error:
        return Report(name=scenario.name, error=str(error), seconds=time.monotonic() - began)
    took = time.monotonic() - began
    if untrue := as_told(scenario.file, ends):
        return Report(name=scenario.name, error=untrue, findings=tuple(rounds[-1]), seconds=took)
    judged = all_rounds([judge(scenario.file, found, names) for found in rounds], flapped(rounds))
    return Report(name=scenario.name, judgement=judged, findings=tuple(rounds[-1]), seconds=took)


def all_rounds(judged: Sequence[Judgement], flapping: Sequence[str]) -> Judgement:
    """All looks as one: right where each of them is, and nothing flapped."""
    missed = (f"{what} (in look {number})" for number, one in enumerate(judged, 1) for what in one.missed)
    false = dict.fromkeys((*flapping, *(what for one in judged for what in one.false)))
    return Judgement(
        found=(f"{len(judged)} rounds",), missed=tuple(missed), false=tuple(false), first=all(one.first for one in judged)
    )  # fmt: skip


def flapped(rounds: Sequence[Sequence[Found]]) -> list[str]:
    """Keys of findings of weight that went, though the fault still stands."""
    seen = [
        {str(one.get("key") or one.get("id")) for one in found if one.get("severity") in OF_WEIGHT} for found in rounds
    ]
    return [key for key in sorted(set().union(*seen)) if _turns([key in keys for keys in seen])]


def _turns(there: Sequence[bool]) -> int:
    """Changes between present and absent after it first came."""
    since = there[there.index(True) :] if True in there else []
    return sum(a != b for a, b in itertools.pairwise(since))
