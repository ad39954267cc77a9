"""stp-not-forwarding: the spanning tree holds the port back after carrier, for longer than boot firmware waits for DHCP."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.facts import Cable, Look, finding, seconds
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.stp import Bpdu

ID = "stp-not-forwarding"
PATIENCE: Final = 4.0
"""Seconds after which the first DHCP timeout of boot firmware has passed (PXE 2.1 §2.2.3: 4, 8, 16, 32 s)."""
FIX: Final = (
    "Make the switch port an edge port (`spanning-tree portfast`, `edge`): it then forwards at once.",
    "Run the node step again once the port forwards, if the switch cannot be changed.",
)


def find(look: Look) -> Iterator[Finding]:
    """An error while it forwards nothing; a warning where it began late. Nothing is said where no BPDU shows it."""
    for cable in look.cables:
        if cable.bpdu is None or cable.carrier_for is None:
            continue
        if cable.first_passed is None:
            yield from _not_yet(look, cable, cable.bpdu)
        elif cable.first_passed > PATIENCE and cable.held_back:
            after = seconds(cable.first_passed)
            yield finding(
                ID, Severity.WARNING, look, cable, f"{{}} passed its first frame {after} after carrier",
                cause="The spanning tree listened and learned first. Boot firmware that asks for DHCP at once gets no answer.",
                proof=(
                    f"The first frame that a switch passed on came {after} after carrier; a BPDU before it said that the port did "
                    "not forward.",
                    _said(cable.bpdu),
                ),
                fix=FIX,
            )  # fmt: skip


def _not_yet(look: Look, cable: Cable, bpdu: Bpdu) -> Iterator[Finding]:
    waited = ("at least " if cable.lit_before else "") + seconds(cable.carrier_for or 0.0)
    done = cable.lit_before or (cable.carrier_for or 0.0) > 2 * bpdu.forward_delay
    if bpdu.forwarding or (bpdu.forwarding is None and done):
        return  # the tree may well let frames pass: that none came has another cause, or the segment is quiet
    # IEEE 802.1D-2004 §17.14: a port is discarding, then learning, each for the forward delay at most.
    left = max(0.0, 2 * bpdu.forward_delay - (cable.carrier_for or 0.0))
    until = (
        ", unless something else holds it back" if cable.lit_before or not left else f"; it may take {left:.0f} s more"
    )
    yield finding(
        ID, Severity.ERROR, look, cable, "{}: the spanning tree does not forward yet",
        cause=f"The switch port listens and learns after carrier{until}.",
        proof=(f"{cable.interface.name} has had carrier for {waited}, and no frame was passed on to it.", _said(bpdu)), fix=FIX,
        confidence=Confidence.CERTAIN if bpdu.forwarding is False else Confidence.LIKELY, address=bpdu.bridge,
    )  # fmt: skip


def _said(bpdu: Bpdu) -> str:
    state = {None: "does not tell whether its port forwards", True: "says that its port forwards"}
    told = state.get(bpdu.forwarding, "says that its port does not forward")
    return f"Bridge {bpdu.bridge} {told}; its forward delay is {bpdu.forward_delay:.0f} s."
