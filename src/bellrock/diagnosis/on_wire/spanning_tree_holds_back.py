"""spanning-tree-holds-back: the switch port listens and learns while the machine behind it asks for an address."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Packet, Wire
from bellrock.diagnosis.readings import again, clock, host_of, interface_of, links
from bellrock.diagnosis.readings_port import Wait, bpdus, held_back, own_of_switch
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.stp import Bpdu

ID = "spanning-tree-holds-back"
TITLE = "The spanning tree holds a port back while its machine asks for an address"
EXPLAINS = frozenset(
    ("dhcp-unanswered", "proxydhcp-unanswered", "never-arrived", "connection-unanswered", "vlan-one-way")
)
PATIENCE: Final = 4.0
"""Seconds after which the first timeout of boot firmware has passed (PXE 2.1 §2.2.3: 4, 8, 16, 32 s)."""
_SLACK: Final = 3 * NS
"""BPDUs come every 2 s (IEEE 802.1D-2004 §17.14): what the last one said before is still so."""

_LATE: Final = (
    " Or the port is an edge port, which sends BPDUs as well, and the DHCP server answers late by design (`min-secs`, a helper for seconds "
    "that have passed)."
)
_Said = list[tuple[Packet, Bpdu]]


def find(case: Case) -> Iterator[Finding]:
    """One for each machine that waited for longer than firmware does, at a port of which BPDUs came in meanwhile."""
    if case.wire is not None:
        for wait, held in held_back(case.wire, PATIENCE, _holding):
            yield _finding(case.wire, wait, *held)


def _holding(wire: Wire, wait: Wait) -> tuple[_Said, float, Confidence] | None:
    """What bridges said meanwhile, for how long the port was held back, and how sure that is."""
    during = [
        (packet, said)
        for packet, said in bpdus(wire, wait.point)
        if wait.asked[0].at - _SLACK <= packet.at <= wait.until and packet.source_mac != wait.client
    ]
    held = _held(wait, during)
    if held is None or held[0] < PATIENCE or not (held[1] is Confidence.CERTAIN or _alone(wire, wait)):
        return None
    return during, *held


def _held(wait: Wait, during: _Said) -> tuple[float, Confidence] | None:
    """Seconds from the first question for which it held the port back, and how sure that is. Classic BPDUs do not tell, but the time does."""
    first = wait.asked[0].at
    said = [
        (packet.at, bpdu.forwarding) for packet, bpdu in during if packet.at >= first and bpdu.forwarding is not None
    ]
    if any(forwarding is False for _at, forwarding in said):
        until = next((at for at, forwarding in said if forwarding), wait.until)
        return (until - first) / NS, Confidence.CERTAIN
    if said or not during or wait.passed is None:
        return None
    # IEEE 802.1D-1998 §8.4: listening and learning for the forward delay each, and then it forwards.
    delay = during[0][1].forward_delay
    return (wait.seconds, Confidence.POSSIBLE) if delay <= wait.seconds <= 2 * delay + PATIENCE else None


def _alone(wire: Wire, wait: Wait) -> bool:
    """Whether nobody else was ever heard before: of a port that passes frames, some were."""
    return all(
        packet.source_mac == wait.client or own_of_switch(packet)
        for packet in wire.packets
        if packet.point == wait.point and packet.at < wait.until
    )


def _finding(wire: Wire, wait: Wait, during: _Said, held: float, confidence: Confidence) -> Finding:
    packet, bpdu = next(((p, b) for p, b in during if b.forwarding is False), during[0])
    first = wait.asked[0]
    state = (
        "says that its port does not forward" if bpdu.forwarding is False else "does not tell whether its port forwards"
    )
    came = (
        f"until packet {wait.passed.number}, {wait.seconds:.1f} s after the first question" if wait.passed
        else f"until the end of the capture, {wait.seconds:.1f} s later"
    )  # fmt: skip
    times = f"{len(wait.asked)} times" if len(wait.asked) > 1 else "once"
    return Finding(
        id=ID, severity=Severity.ERROR if confidence is Confidence.CERTAIN else Severity.WARNING, host=host_of(wait.point), interface=interface_of(wait.point), client=wait.client,
        what=f"{wait.client} asked for an address for {held:.1f} s while its switch port let nothing through" if confidence is Confidence.CERTAIN
        else f"{wait.client} asked for an address for {held:.1f} s, for as long as the spanning tree may hold a port back",
        cause="The spanning tree listens and learns each time that the link comes up: at power on, and again when a boot loader or the "
        "installer takes the interface over. Firmware gives up first." + ("" if confidence is Confidence.CERTAIN else _LATE),
        proof=(
            f"It asked {times} from {clock(wire, first.at)} on (packet {first.number}); nothing but the switch's own frames came {came}.",
            f"Bridge {bpdu.bridge}, port {bpdu.port & 0xFFF}, {state} (packet {packet.number}); its forward delay is "
            f"{bpdu.forward_delay:.0f} s.",
        ),
        evidence=links((first, packet, *((wait.passed,) if wait.passed else ()))), confidence=confidence,
        fix=(
            "Make the switch port an edge port: it then forwards at once (`spanning-tree portfast`, `spanning-tree port type edge`, "
            "`set protocols rstp interface IF edge`).",
            "Add BPDU guard to it, so that a loop still shuts it down.",
        ),
        recheck=again(wait.point),
    )  # fmt: skip
