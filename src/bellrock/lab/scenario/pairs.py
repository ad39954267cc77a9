"""Two faults at once: which scenarios go together, and what must be found of both. Pure."""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import structs

from bellrock.diagnosis.boot import STEPS
from bellrock.lab.scenario.judge import Judgement
from bellrock.lab.scenario.schema import ExpectSpec, FaultSpec, LookSpec, Scenario

FIRST: Final = "node-1"
POINTS: Final = ("rack-1", "router-1", "node-1")
"""Who boots and where it is captured in world `boot`, where a look does not say."""


def pairs(scenarios: Sequence[Scenario], count: int, seed: int) -> list[Scenario]:
    """At most `count` random pairs, no two alike; the same for the same seed."""
    whole = [joined(a, b) for number, a in enumerate(scenarios) for b in scenarios[number + 1 :] if compatible(a, b)]
    draw = random.Random(seed)  # noqa: S311 - the same pairs for the same seed
    return draw.sample(whole, min(count, len(whole)))


def compatible(a: Scenario, b: Scenario) -> bool:
    """Whether both faults can be met at once: each boot gets as far as its own fault, and neither fault undoes or hides the other."""
    if (
        not (_combines(a) and _combines(b))
        or a.file.world != b.file.world
        or a.file.expect[0].id == b.file.expect[0].id
    ):
        return False
    if set(_touched(a)) & set(_touched(b)) or _drowns(a, b) or _drowns(b, a):
        return False
    apart = not set(_clients(a)) & set(_clients(b))
    if not apart and (_place(a) == _place(b) or _clients(a) != _clients(b)):
        return False
    return _reaches(a, b, apart=apart) and _reaches(b, a, apart=apart)


def joined(a: Scenario, b: Scenario) -> Scenario:
    """Both faults in one scenario; of each, the cause is expected, and what it brings with it is allowed.

    More machines may boot than in either alone: a cause that strikes all of them is told of each.
    """
    first, second = sorted((a, b), key=_place)
    file = structs.replace(
        first.file,
        title=f"{first.file.title}, and {second.file.title[:1].lower()}{second.file.title[1:]}",
        fault=(*first.file.fault, *second.file.fault),
        look=(_look(first.file.look[0], second.file.look[0]),),
        expect=(first.file.expect[0], second.file.expect[0]),
        also=(*first.file.expect[1:], *second.file.expect[1:], *first.file.also, *second.file.also, *_at_others(first, second)),
        step="", stops=False,
    )  # fmt: skip
    return Scenario(name=f"{first.name}+{second.name}", file=file)


def _at_others(a: Scenario, b: Scenario) -> Iterator[ExpectSpec]:
    if _clients(a) != _clients(b):
        causes = (*a.file.expect, *b.file.expect)
        yield from (structs.replace(one, client="") for one in causes if one.client)


def both_named(judgement: Judgement) -> Judgement:
    """A pair is right where both causes are named, in whatever order, and nothing that neither brings with it."""
    return structs.replace(judgement, first=True)


def _combines(scenario: Scenario) -> bool:
    file = scenario.file
    return bool(file.step and file.expect) and len(file.look) == 1 and file.look[0].kind == "diagnose"


def _place(scenario: Scenario) -> int:
    return STEPS.index(scenario.file.step)


def _clients(scenario: Scenario) -> tuple[str, ...]:
    return scenario.file.look[0].clients or (FIRST,)


def _reaches(one: Scenario, other: Scenario, *, apart: bool) -> bool:
    """Whether the boot that meets one fault gets there in spite of the other."""
    return not other.file.stops or _place(other) > _place(one) or (apart and other.file.alone)


def _drowns(one: Scenario, other: Scenario) -> bool:
    """Whether all that tells of one fault may as well come of the other, so that nobody can know that there are two."""
    return one.file.disturbs and other.file.faint


def _look(a: LookSpec, b: LookSpec) -> LookSpec:
    clients = tuple(dict.fromkeys((*(a.clients or (FIRST,)), *(b.clients or (FIRST,)))))
    points = tuple(dict.fromkeys((*(a.points or POINTS), *(b.points or POINTS))))
    command = tuple(dict.fromkeys((*a.command, *b.command)))
    repeat, seconds = max(a.repeat, b.repeat), max(a.seconds, b.seconds)
    return structs.replace(a, clients=clients, points=points, repeat=repeat, seconds=seconds, command=command)


def _touched(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    for fault in scenario.file.fault:
        yield from _of(fault)


def _of(fault: FaultSpec) -> Iterator[tuple[str, ...]]:
    """What a fault changes; two that change the same are not combined."""
    for name, changes in fault.configure.items():
        yield from (("service", name, *path) for path in _keys(changes))
    for name, files in fault.files.items():
        yield from (("file", name, path) for path in files)
    yield from (("client", fault.at, key) for key in fault.client)
    if fault.stop:
        yield "service", fault.stop
    if fault.retag is not None or fault.carrier is not None:
        yield "port", fault.at
    if fault.run and "nft" in " ".join(fault.run):
        yield "rules", fault.at
    elif fault.run:
        yield ("run", fault.at, *fault.run[:3])


def _keys(changes: dict[str, object], below: tuple[str, ...] = ()) -> Iterable[tuple[str, ...]]:
    for key, value in changes.items():
        if isinstance(value, dict):
            yield from _keys(value, (*below, key))
        else:
            yield (*below, key)
