"""stp-not-forwarding: the spanning tree holds the port back after carrier, for longer than boot firmware waits for DHCP."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.facts import Cable, Look, finding, seconds
from bellrock.model import Finding, Severity
from bellrock.wire.stp import Bpdu

ID = "stp-not-forwarding"
PATIENCE: Final = 4.0
"""Seconds after which the first DHCP timeout of boot firmware has passed (PXE 2.1 §2.2.3: 4, 8, 16, 32 s)."""
FIX: Final = (
    "Make the switch port an edge port (`spanning-tree portfast`, `edge`): it then forwards at once.",
    "Run the node step again once the port forwards, if the switch cannot be changed.",
)


def find(look: Look) -> Iterator[Finding]:
    """An error while it forwards nothing; a warning where it began late. Nothing is said without a BPDU."""
    for cable in look.cables:
        if cable.bpdu is None or cable.carrier_for is None:
            continue
        if cable.first_passed is None:
            yield from _not_yet(look, cable, cable.bpdu)
        elif cable.first_passed > PATIENCE:
            after = seconds(cable.first_passed)
            yield finding(
                ID, Severity.WARNING, look, cable, f"{{}} passed its first frame {after} after carrier",
                cause="The spanning tree listened and learned first. Boot firmware that asks for DHCP at once gets no answer.",
                proof=(f"The first frame that a switch passed on came {after} after carrier.", _said(cable.bpdu)), fix=FIX,
            )  # fmt: skip


def _not_yet(look: Look, cable: Cable, bpdu: Bpdu) -> Iterator[Finding]:
    waited = seconds(cable.carrier_for or 0.0)
    if bpdu.forwarding or (bpdu.forwarding is None and (cable.carrier_for or 0.0) > 2 * bpdu.forward_delay):
        return  # the tree lets frames pass; that none came has another cause
    # IEEE 802.1D-2004 §17.14: a port is discarding, then learning, each for the forward delay at most.
    left = max(0.0, 2 * bpdu.forward_delay - (cable.carrier_for or 0.0))
    yield finding(
        ID, Severity.ERROR, look, cable, "{}: the spanning tree does not forward yet",
        cause=f"The switch port listens and learns after carrier; it may take {left:.0f} s more.",
        proof=(f"{cable.interface.name} has had carrier for {waited}, and no frame was passed on to it.", _said(bpdu)), fix=FIX,
    )  # fmt: skip


def _said(bpdu: Bpdu) -> str:
    state = {None: "does not tell whether its port forwards", True: "says that its port forwards"}
    told = state.get(bpdu.forwarding, "says that its port does not forward")
    return f"Bridge {bpdu.bridge} {told}; its forward delay is {bpdu.forward_delay:.0f} s."
