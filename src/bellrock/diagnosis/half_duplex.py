"""half-duplex: one end negotiates and the other does not (IEEE 802.3 §28.2.3.1): frames are lost under load, and only then."""

from collections.abc import Iterator

from bellrock.diagnosis.facts import Look, finding
from bellrock.model import Confidence, Finding, Severity

ID = "half-duplex"


def find(look: Look) -> Iterator[Finding]:
    """Any link that runs at half duplex."""
    for cable in look.cables:
        link = cable.interface
        if link.carrier is False or link.duplex != "half":
            continue
        rate = f"{link.speed} Mb/s" if link.speed else "an unknown speed"
        yield finding(
            ID, Severity.WARNING, look, cable, "{} runs at half duplex",
            cause="One end has its speed and duplex fixed and the other negotiates, or a hub is between them.",
            proof=(f"The driver of {link.name} reports {rate}, half duplex.",),
            fix=("Set both ends to negotiate (autonegotiation on).", f"ethtool -s {link.name} autoneg on"),
            confidence=Confidence.LIKELY,
        )  # fmt: skip
