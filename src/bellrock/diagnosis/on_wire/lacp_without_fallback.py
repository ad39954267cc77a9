"""lacp-without-fallback: the switch takes the port for a member of a bundle, and passes nothing of a machine that does not bundle."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Packet, Wire
from bellrock.diagnosis.readings import again, clock, host_of, interface_of, links
from bellrock.diagnosis.readings_port import Wait, held_back, lacpdus
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.lacp import Lacpdu

ID = "lacp-without-fallback"
TITLE = "A port channel without fallback keeps a booting machine out"
EXPLAINS = frozenset(
    ("dhcp-unanswered", "proxydhcp-unanswered", "never-arrived", "connection-unanswered", "spanning-tree-holds-back", "vlan-one-way")
)  # fmt: skip
PATIENCE = 4.0
"""Seconds: a switch that falls back does so after its partner's short timeout (IEEE 802.1AX-2014 §6.4.4: 3 × 1 s)."""


def find(case: Case) -> Iterator[Finding]:
    """One for each machine that asks and is not let through, where the switch says that it waits for a bundle, and the machine for none."""
    if case.wire is not None:
        for wait, (packet, pdu) in held_back(case.wire, PATIENCE, _blocking):
            yield _finding(case.wire, wait, packet, pdu)


def _blocking(wire: Wire, wait: Wait) -> tuple[Packet, Lacpdu] | None:
    """What the one switch there said last, where it waits for a partner and the machine is none."""
    heard = [(packet, said) for packet, said in lacpdus(wire, wait.point) if packet.source_mac != wait.client]
    blocked = [(packet, said) for packet, said in heard if said.actor.aggregates and not said.actor.passes]
    alone = len({said.actor.system for _packet, said in heard}) == 1
    return blocked[-1] if blocked and alone and not _speaks(wire, wait) else None


def _speaks(wire: Wire, wait: Wait) -> bool:
    """Whether the machine bundles as well: then the bundle is being agreed."""
    return any(packet.source_mac == wait.client for packet, _said in lacpdus(wire, wait.point))


def _finding(wire: Wire, wait: Wait, packet: Packet, pdu: Lacpdu) -> Finding:
    actor, first = pdu.actor, wait.asked[0]
    nobody = set(pdu.partner.system) <= {"0", ":"}
    partner = "it heard no partner" if nobody else f"its partner was {pdu.partner.system}"
    until = f"until packet {wait.passed.number}" if wait.passed else "until the end of the capture"
    return Finding(
        id=ID, severity=Severity.ERROR, host=host_of(wait.point), interface=interface_of(wait.point), client=wait.client,
        what=f"{wait.client} is not let through: its switch port waits for a bundle (LACP) that firmware cannot make",
        cause="The port is a member of a port channel without fallback: it passes nothing until the machine's operating system agrees on a bond.",
        proof=(
            f"System {actor.system}, port {actor.port}, key {actor.key}, says that it aggregates and neither collects nor distributes; "
            f"{partner} (packet {packet.number}).",
            f"{wait.client} asked for an address {len(wait.asked)} times from {clock(wire, first.at)} on (packet {first.number}), sent no "
            f"LACPDU, and got nothing but the switch's own frames for {wait.seconds:.1f} s, {until}.",
        ),
        evidence=links((packet, first)), confidence=Confidence.CERTAIN if wait.passed is None else Confidence.LIKELY,
        fix=(
            "Let the port channel fall back to single ports (`no lacp suspend-individual`, `lacp fallback`, `force-up`, "
            "`lacp-bypass`).",
            "Or take the port out of its port channel while the machine is being installed.",
        ),
        recheck=again(wait.point),
    )  # fmt: skip
