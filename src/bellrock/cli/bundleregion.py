"""Of an evidence bundle: what the region knows."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from bellrock.cli.asking import ask
from bellrock.cli.bundle import Bundle
from bellrock.cli.output import Failure
from bellrock.client.routes import Routes

ANSWERS: Final[tuple[tuple[str, str, Callable[[Routes], object]], ...]] = (
    ("hosts", "Agents, and how far their clocks are off.", Routes.hosts),
    ("topology", "Fabrics, VLANs, members, conflicts, and what is unknown.", Routes.topology),
    ("interfaces", "Interfaces of all agents.", Routes.interfaces),
    ("evidence", "What each claim of the topology rests on.", Routes.evidence),
    ("refusals", "Beacons that were refused, and why.", Routes.refusals),
    ("mtu", "What passes between neighbours.", Routes.mtu),
    ("nodes", "Reports of machines that were commissioned.", Routes.nodes),
    ("matrix", "Which flows work from which agents.", Routes.matrix),
    ("findings", "What is wrong.", Routes.findings),
)  # fmt: skip
"""By name: what the region is asked. None tells a secret: tokens, webhooks and users are not asked for."""


def region_parts(bundle: Bundle, region_url: str, state_dir: Path | None) -> None:
    """Add the region's answers; a region that cannot be asked is left out, and why."""
    for name, about, question in ANSWERS:
        try:
            found = ask(region_url, state_dir, object, question)
        except Failure as error:
            if name == ANSWERS[0][0]:
                bundle.leave_out("what the region knows", error.message)
                return
            bundle.leave_out(f"region/{name}.json", error.message)
            continue
        bundle.add_json(f"region/{name}.json", about, found)
        if name == "findings":
            bundle.findings.append(("the region", _listed(found)))


def _listed(found: object) -> list[object]:
    listed = found.get("findings", []) if isinstance(found, dict) else found
    return listed if isinstance(listed, list) else []
