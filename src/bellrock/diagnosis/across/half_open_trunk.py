"""half-open-trunk: one of two ends of a VLAN hears the other, which does not hear it."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import of_one_way, one_ways
from bellrock.model import Finding

ID = "half-open-trunk"
TITLE = "A trunk carries a VLAN in one direction only"
EXPLAINS: frozenset[str] = frozenset(("dhcp-unanswered", "never-arrived", "flow-filtered"))


def find(case: Case) -> Iterator[Finding]:
    """One for each port with a VID that is at fault."""
    for port, known in one_ways(case):
        if port.vid is None:
            continue
        yield of_one_way(
            case, port, known, ID, f"VLAN {port.vid} passes",
            "One end of a trunk lets the VLAN out and the other does not let it in (allowed VLANs differ), or a filter stands there.",
            "Compare the allowed VLANs of both ends of each trunk between the ports, and give both the same.",
        )  # fmt: skip
