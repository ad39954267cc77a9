"""heard-one-way: one of two ports hears the other, which does not hear it."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import of_one_way, one_ways
from bellrock.model import Finding

ID = "heard-one-way"
TITLE = "Frames pass in one direction only"
EXPLAINS: frozenset[str] = frozenset(("dhcp-unanswered", "never-arrived", "flow-filtered"))


def find(case: Case) -> Iterator[Finding]:
    """One for each port without a VID that is at fault."""
    for port, known in one_ways(case):
        if port.vid is not None:
            continue
        yield of_one_way(
            case, port, known, ID, "frames pass",
            "A fibre of a pair is broken or plugged wrong, a port is half dead, or something filters multicast in one direction.",
            "Change cable and transceiver; then compare what the ports of both ends filter.",
        )  # fmt: skip
