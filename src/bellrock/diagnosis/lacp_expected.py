"""lacp-expected: the switch takes the port for a member of a bundle, and the machine has a single interface there."""

from collections.abc import Iterator

from bellrock.diagnosis.facts import Look, finding
from bellrock.model import Finding, Severity
from bellrock.wire.lacp import Lacpdu

ID = "lacp-expected"


def find(look: Look) -> Iterator[Finding]:
    """An error where the switch passes nothing, a warning where it lets the port work alone meanwhile."""
    for cable in look.cables:
        pdu = cable.lacp
        if pdu is None or not pdu.actor.aggregates or cable.interface.master is not None:
            continue
        blocked = not pdu.actor.passes and not cable.peers
        yield finding(
            ID, Severity.ERROR if blocked else Severity.WARNING, look, cable, "{}: the switch expects LACP, and the port is single",
            cause="The switch port is a member of a port channel. "
            + ("It passes no frames until a bundle is agreed." if blocked else "It lets the port work alone for now."),
            proof=_proof(cable.interface.name, pdu),
            fix=(
                "Take the switch port out of its port channel, or let it fall back to single operation "
                "(`lacp suspend-individual` off, `lacp fallback`, `force-up`).",
                "Or make the bond on the machine: mode 802.3ad over all cables of that channel.",
            ),
        )  # fmt: skip


def _proof(interface: str, pdu: Lacpdu) -> tuple[str, ...]:
    actor = pdu.actor
    passes = "collects and distributes" if actor.passes else "does not collect and distribute"
    heard = "heard nobody" if set(pdu.partner.system) <= {"0", ":"} else f"takes {pdu.partner.system} for its partner"
    first = f"LACPDUs of system {actor.system} (key {actor.key}, port {actor.port}) came in on {interface}."
    return first, f"The switch aggregates, {passes}, and {heard}."
