"""no-region-heard: nothing on a cable belongs to this Bellrock."""

from collections.abc import Iterator

from bellrock.diagnosis.facts import Cable, Look, finding, seconds
from bellrock.model import Confidence, Finding, Severity

ID = "no-region-heard"


def find(look: Look) -> Iterator[Finding]:
    """An error where the whole machine hears nobody; else a warning for each cable that does not."""
    lit = [cable for cable in look.cables if cable.carrier_for is not None]
    silent = [cable for cable in lit if not cable.peers and not cable.heard_above]
    if lit and len(silent) == len(lit) and not look.told:
        yield finding(
            ID, Severity.ERROR, look, None, "{} hears no region and no rack on any interface",
            cause=_cause(silent), proof=tuple(_proof(cable) for cable in silent),
            fix=("Check that a rack is on the segment and has the same secret: bellrock secret show-id.",), confidence=_confidence(silent),
        )  # fmt: skip
        return
    for cable in silent:
        yield finding(
            ID, Severity.WARNING, look, cable, "{} hears no region and no rack", cause=_cause([cable]), proof=(_proof(cable),),
            fix=("Check the VLAN of the switch port, and whether a rack is in that VLAN.",), confidence=_confidence([cable]),
        )  # fmt: skip


def _confidence(silent: list[Cable]) -> Confidence:
    """Beacons of another secret leave little doubt; silence has several reasons."""
    return Confidence.LIKELY if any(cable.strangers for cable in silent) else Confidence.POSSIBLE


def _cause(silent: list[Cable]) -> str:
    if any(cable.strangers for cable in silent):
        return "Beacons are there, but of another secret: this machine was given the wrong one."
    if any(cable.first_passed is None for cable in silent):
        return "The switch passed no frame on: its port may be blocked, or in a VLAN where nobody is."
    return "The segment is alive, but no rack with this secret is on it: a wrong VLAN, or none is there."


def _proof(cable: Cable) -> str:
    name, waited = cable.interface.name, seconds(cable.carrier_for or 0.0)
    if cable.strangers:
        return f"{name}: {cable.strangers} beacons of another secret in {waited} of carrier."
    came = "no frame at all came in" if cable.first_frame is None else "frames came in, and no beacon of ours"
    return f"{name}: {came} in {waited} of carrier."
