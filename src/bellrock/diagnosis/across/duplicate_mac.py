"""duplicate-mac: two hosts of one segment have the same MAC address."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import conflicts, of_conflict
from bellrock.model import ConflictKind, Finding

ID = "duplicate-mac"
TITLE = "Two machines have one MAC address"
EXPLAINS: frozenset[str] = frozenset(
    ("duplicate-address", "dhcp-duplicate-offer", "dhcp-two-servers", "arp-flux", "stale-arp")
)


def find(case: Case) -> Iterator[Finding]:
    """One for each address that two machines of a segment have."""
    for one in conflicts(case, ConflictKind.DUPLICATE_MAC):
        yield of_conflict(
            case, one, ID, "{} have one MAC address on one segment",
            "A machine was cloned with its MAC address, or two were given the same one by hand; the switch sends frames to whoever spoke last.",
            ("Give one of them another MAC address (of a virtual machine: have its manager make a new one).",),
        )  # fmt: skip
