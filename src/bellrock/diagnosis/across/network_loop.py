"""network-loop: a port received its own beacons."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import conflicts, of_conflict
from bellrock.model import ConflictKind, Finding

ID = "network-loop"
TITLE = "A loop sends frames back to where they came from"
EXPLAINS: frozenset[str] = frozenset(("arp-storm", "forwarding-loop", "duplicate-address"))


def find(case: Case) -> Iterator[Finding]:
    """One for each port that hears itself."""
    for one in conflicts(case, ConflictKind.LOOP):
        yield of_conflict(
            case, one, ID, "{} receives its own frames: there is a loop behind it",
            "Two ports of one switch are joined, or two switches by more than one way, without spanning tree.",
            ("Take out one of the cables that were plugged last, and let spanning tree run on all ports between switches.",),
        )  # fmt: skip
