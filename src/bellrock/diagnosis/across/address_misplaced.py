"""address-misplaced: an address does not fit the segment that its interface is on."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import conflicts, of_conflict
from bellrock.model import ConflictKind, Finding, Severity

ID = "address-misplaced"
TITLE = "An interface has an address of another segment's subnet"
EXPLAINS: frozenset[str] = frozenset(("dhcp-unanswered", "address-not-routable", "name-unknown"))


def find(case: Case) -> Iterator[Finding]:
    """One for each address that stands alone where it is."""
    for one in conflicts(case, ConflictKind.ADDRESS_MISFIT):
        yield of_conflict(
            case, one, ID, "{} has an address of a subnet that lives on another segment",
            "The cable is in a port of another VLAN, or the address is left from where the machine was before.",
            ("Put the switch port into the VLAN of the subnet, or give the interface an address of the segment that it is on.",), Severity.WARNING,
        )  # fmt: skip
