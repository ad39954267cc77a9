"""native-vlan-mismatch: one broadcast domain has two VIDs."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import conflicts, of_conflict
from bellrock.model import ConflictKind, Finding

ID = "native-vlan-mismatch"
TITLE = "The two ends of a trunk give untagged frames to different VLANs"
EXPLAINS: frozenset[str] = frozenset(("subnet-on-two-segments", "address-misplaced", "wrong-vlan"))


def find(case: Case) -> Iterator[Finding]:
    """One for each segment that has more than one VID."""
    for one in conflicts(case, ConflictKind.TWO_VIDS):
        yield of_conflict(
            case, one, ID, "{} are on one segment that has more than one VID",
            "The two ends of a trunk differ in their native VLAN, so that frames of one VLAN come out in another; or a switch translates VIDs, or leaks.",
            ("Compare the native (untagged) VLAN of both ends of each trunk between these ports, and give both the same one.",
             "Where a switch is meant to translate VIDs, name only one of them in the site.",),
        )  # fmt: skip
