"""Compares what Bellrock finds in a lab with what is wired there."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct

from bellrock.lab.running import Lab
from bellrock.lab.schema import LabError, LabFile
from bellrock.lab.settle import Bellrock, settle, start
from bellrock.lab.truth import Truth, truth
from bellrock.model import Topology
from bellrock.topology.diff import Difference, diff
from bellrock.topology.document import from_document

PATIENCE: Final = 20.0
"""Seconds that a settled lab has for evidence that comes late (a Trickle interval of an agent) to mend a difference."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What verification says."""

    found: Topology
    truth: Truth
    differences: tuple[Difference, ...]
    """Between what was found and what can be known."""
    unknowable: tuple[Difference, ...]
    """Between what can be known and what is wired: what no beacon could show."""


def verify(lab: Lab, say: Callable[[str], None], tool: tuple[str, ...] | None = None) -> Verdict:
    """Run Bellrock in a lab, and compare.

    Raises:
        LabError: a program ended, or the lab does not settle.
    """
    running = start(lab, say, tool)
    settle(running, say)
    with suppress(LabError):  # the differences that remain are the answer, not an error
        lab.wait_until(lambda: not judge(running).differences, PATIENCE, "what was found to be what is wired")
    return judge(running)


def judge(running: Bellrock) -> Verdict:
    """Compare what the region says now.

    Raises:
        LabError: it does not answer.
    """
    return compare(from_document(running.topology()), running.wired)


def compare(found: Topology, wired: LabFile) -> Verdict:
    """Compare a topology with a lab's wiring."""
    known = truth(wired)
    return Verdict(
        found=found,
        truth=known,
        differences=diff(found, known.knowable),
        unknowable=diff(known.knowable, known.wired),
    )
