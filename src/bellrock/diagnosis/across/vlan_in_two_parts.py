"""vlan-in-two-parts: one VID of one fabric is in two broadcast domains."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import conflicts, of_conflict
from bellrock.model import ConflictKind, Finding

ID = "vlan-in-two-parts"
TITLE = "A VLAN is cut in two"
EXPLAINS: frozenset[str] = frozenset(("subnet-on-two-segments", "dhcp-unanswered", "half-open-trunk"))


def find(case: Case) -> Iterator[Finding]:
    """One for each pair of parts."""
    for one in conflicts(case, ConflictKind.VID_SPLIT):
        yield of_conflict(
            case, one, ID, "{} are of one VLAN, which is in two parts between which nothing passes",
            "A trunk between them does not carry the VLAN, or one of two switches does not know it.",
            ("Add the VLAN to the trunks between the two parts, and to both switches.",
             "Where two VLANs of one number are meant to be apart, they belong to two fabrics: take what joins them away.",),
        )  # fmt: skip
