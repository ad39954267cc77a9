"""Localisation: twelve kinds of fault on a path with a router, both directions, over UDP and TCP, in IPv4 and IPv6."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.paths import FAULTS, VARIANTS, WAYS, scene, tried, wrong


@dataclass(frozen=True)
class Localised:
    """What was said of one kind of fault in one direction."""

    fault: str
    direction: str
    wanted: str
    """Where the packets died."""
    right: int
    """Exchanges that were told right, place, verdict, sentence and rule."""
    of: int
    wrong: tuple[str, ...]
    """What was said of the others."""


def measure(say: Callable[[str], None] = lambda _: None) -> tuple[Localised, ...]:
    """Break the path in every way, and ask. `say` is told what goes on. Needs root; takes about a minute."""
    found = []
    with scene() as place:
        for fault in FAULTS:
            for way in WAYS:
                say(f"{fault.name}, {way.a} to {way.b}")
                walks = tried(place, fault, way)["walks"]
                told = tuple(text for walk in walks if (text := wrong(fault, way, walk)))
                right = len(walks) - len(told)
                found.append(Localised(fault.name, f"{way.a} → {way.b}", fault.died_at, right, len(VARIANTS), told))
    return tuple(found)
