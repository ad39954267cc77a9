"""mtu-too-small: packets that the machine sends, or is to be sent, do not fit."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.facts import Cable, Look, finding
from bellrock.model import Finding, Severity

ID = "mtu-too-small"
LEAST: Final = 1280
"""RFC 8200 §5: every link passes IPv6 packets of so many octets."""
FRAME_OVERHEAD: Final = 14
"""Octets of the Ethernet header, which an MTU does not count. IEEE 802.3 §79.3.4 counts the check sequence (4) in as well, but
some switches do not (Junos tells 1514 for an MTU of 1500): nobody is blamed for what both readings do not show."""


def find(look: Look) -> Iterator[Finding]:
    """Below what IPv6 needs, below what was asked for, or above what the switch says that it passes."""
    for cable in look.cables:
        mtu, name = cable.interface.mtu, cable.interface.name
        wanted = max(LEAST, look.mtu or 0)
        if mtu < wanted:
            reason = "what IPv6 needs on every link" if wanted == LEAST else "what the network is to pass"
            yield finding(
                ID, Severity.ERROR, look, cable, f"{{}} has an MTU of {mtu}; {wanted} is {reason}",
                proof=(f"The kernel says that {name} has an MTU of {mtu}.",), fix=(f"ip link set {name} mtu {wanted}",),
            )  # fmt: skip
        yield from _switch(look, cable)


def _switch(look: Look, cable: Cable) -> Iterator[Finding]:
    neighbour = cable.neighbour
    if neighbour is None or neighbour.max_frame_size is None:
        return
    passes = neighbour.max_frame_size - FRAME_OVERHEAD
    wanted = max(cable.interface.mtu, look.mtu or 0)
    if passes >= wanted:
        return
    switch = f"{neighbour.system_name or neighbour.chassis_id} port {neighbour.port_id}"
    yield finding(
        ID, Severity.ERROR, look, cable, f"{{}} may send packets of {wanted} octets, and its switch port passes {passes} at most",
        cause="Larger packets vanish without an error: pings work, and transfers hang.",
        proof=(f"{switch} says by {neighbour.protocol.upper()} that its largest frame is {neighbour.max_frame_size} octets.",),
        fix=(f"Raise the MTU of {switch} to {wanted}, or lower that of {cable.interface.name} to {passes}.",),
    )  # fmt: skip
