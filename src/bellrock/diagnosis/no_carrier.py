"""no-carrier: nothing is at the other end of the cable, or nothing that speaks Ethernet."""

from collections.abc import Iterator

from bellrock.diagnosis.facts import Look, finding, seconds
from bellrock.model import Finding, Severity

ID = "no-carrier"


def find(look: Look) -> Iterator[Finding]:
    """An error where no interface has carrier, or this one was expected somewhere; else a notice: spare ports are usual."""
    dark = [cable for cable in look.cables if cable.interface.carrier is False]
    wanted = {interface for interface, _ in look.expected}
    all_dark = len(dark) == len(look.cables)
    for cable in dark:
        name = cable.interface.name
        severity = Severity.ERROR if all_dark or name in wanted else Severity.NOTICE
        yield finding(
            ID, severity, look, cable, "{} is not connected",
            cause="No cable, no switch port that is switched on, or a transceiver or speed that the two ends do not share.",
            proof=(f"{name} was up for {seconds(cable.looked)} and its driver reported no carrier.",),
            fix=("Check the cable and that the switch port is not shut down.", f"ethtool {name}"),
        )  # fmt: skip
