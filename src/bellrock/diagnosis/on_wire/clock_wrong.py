"""clock-wrong: a clock that tokens and certificates are held against is off, or its server says itself that it is not set."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import again, links, of
from bellrock.diagnosis.readings_clock import Told, set_by_somebody, told
from bellrock.diagnosis.readings_dates import span
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import ntp
from bellrock.wire.text import endpoint

ID = "clock-wrong"
TITLE = "A clock is off by more than tokens and certificates bear"
EXPLAINS = frozenset(("tls-not-yet-valid", "tls-expired", "metadata-refused"))
MOST: Final = 60.0
"""Seconds. Beacons bear 60, OAuth's timestamps 300 (RFC 5849 §3.3 leaves it to servers)."""


def find(case: Case) -> Iterator[Finding]:
    """Servers that are not set; and where clocks differ, whichever stands alone, or both where that cannot be told."""
    wire = case.wire
    if wire is None:
        return
    yield from _unset(wire)
    for point in dict.fromkeys(packet.point for packet in wire.packets):
        yield from _differ(point, [one for one in told(wire) if one.point == point])


def _unset(wire: Wire) -> Iterator[Finding]:
    """Of servers that never once said that they are set; a server that has just started says so for a moment."""
    answers: dict[str, list[object]] = {}
    good = {packet.source for packet, said in of(wire, ntp.Packet) if said.mode == ntp.SERVER and set_by_somebody(said)}
    for packet, said in of(wire, ntp.Packet):
        if (
            said.mode != ntp.SERVER
            or packet.source in good
            or packet.source in answers
            or said.kiss in ("RATE", "DENY", "RSTR")
        ):
            continue
        answers[packet.source] = [packet]
        yield Finding(
            id=ID, severity=Severity.WARNING, flow="ntp", address=packet.source,
            what=f"NTP server {packet.source} says that its own clock is not set",
            cause="It has no server of its own that answers, and no local reference: clients do not take its time, and keep what they have.",
            proof=(f"Packet {packet.number}: leap indicator {said.leap}, stratum {said.stratum}, reference {said.kiss or said.source or 'none'}.",),
            evidence=links((packet,)),
            fix=(
                f"On {packet.source}: `chronyc sources`, `chronyc tracking`; let udp/123 to its servers through.",
                "Without a way out: `local stratum 10` in chrony.conf, so that all machines at least agree.",
            ),
            recheck=f"bellrock probe ntp --to {endpoint(packet.source, 123)}",
        )  # fmt: skip


def _differ(point: str, clocks: list[Told]) -> Iterator[Finding]:
    """Whoever is alone among three or more is wrong; of two nobody can tell."""
    wrong = [one for one in clocks if abs(one.offset) > MOST]
    right = [one for one in clocks if abs(one.offset) <= MOST]
    if not wrong:
        return
    same = [one for one in wrong if abs(one.offset - wrong[0].offset) <= MOST]
    if not right and len(wrong) > 1 and len(same) == len(wrong):
        yield _finding(
            point, wrong[0], f"the clock of {point or 'the capture'} is", Confidence.LIKELY, -wrong[0].offset, wrong
        )
        return
    for one in wrong:
        confidence = Confidence.LIKELY if right else Confidence.POSSIBLE
        yield _finding(one.address, one, f"the clock of {one.address} is", confidence, one.offset, [one, *right])


def _finding(who: str, one: Told, what: str, confidence: Confidence, offset: float, clocks: list[Told]) -> Finding:
    way = "ahead" if offset > 0 else "behind"
    beside = (
        "the others"
        if len(clocks) > 1
        else f"the machine that captured at {one.point}"
        if one.point
        else "the machine that captured"
    )
    return Finding(
        id=ID, severity=Severity.WARNING, address=who, flow="ntp" if one.by == "NTP" else "",
        what=f"{what[0].upper()}{what[1:]} {span(offset)} {way}",
        cause=f"It differs from {beside}: certificates do not hold yet or no longer, and tokens with a time in them are refused."
        + ("" if confidence is not Confidence.POSSIBLE else " Which of the two is wrong, the capture does not tell."),
        proof=tuple(
            f"{told.address} says by {told.by} a time {span(told.offset)} {'ahead of' if told.offset > 0 else 'behind'} that of the capture at "
            f"{told.point or 'its point'} (packet {told.packets[0].number})."
            for told in clocks[:4]
        ),
        evidence=links([packet for told in clocks for packet in told.packets[:2]]), confidence=confidence,
        fix=("`timedatectl`, `chronyc tracking` on both; set the wrong one by NTP.", "`chronyc makestep` where it is to be right at once."),
        recheck=f"bellrock probe ntp --to {endpoint(one.address, 123)}" if one.by == "NTP" else again(one.point),
    )  # fmt: skip
