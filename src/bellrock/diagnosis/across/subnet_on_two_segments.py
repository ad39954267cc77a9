"""subnet-on-two-segments: one subnet is on two broadcast domains."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import conflicts, of_conflict
from bellrock.model import ConflictKind, Finding, Severity

ID = "subnet-on-two-segments"
TITLE = "Addresses of one subnet are in use on two segments"
EXPLAINS: frozenset[str] = frozenset(("duplicate-address",))


def find(case: Case) -> Iterator[Finding]:
    """One for each subnet that several segments share, where no one of them is surely its home."""
    for one in conflicts(case, ConflictKind.SUBNET_SPLIT):
        yield of_conflict(
            case, one, ID, "{} have addresses of one subnet, but are on segments between which nothing passes",
            "An interface was moved, or is plugged into a port of another VLAN; or one prefix is in use twice.",
            ("Put the ports of one side into the VLAN of the other, or give that side another subnet.",), Severity.WARNING,
        )  # fmt: skip
