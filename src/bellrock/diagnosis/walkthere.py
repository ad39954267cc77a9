"""A walk's request that left and never arrived."""

from typing import Final

from bellrock.contract.walk import Ruled
from bellrock.diagnosis.walkfacts import Case, complaint, objection, routers, strays
from bellrock.diagnosis.walkwords import Judged, from_card, place, unsure
from bellrock.model import DiedAt, Verdict

_REPEATED: Final = 1.0
"""Seconds after which a SYN is sent once more (RFC 6298 §2.1)."""


def someone_else(case: Case, _: Ruled | None) -> Judged:
    """It never arrived, and yet there is an answer."""
    by = case.sent.answered_by or (case.returned.source if case.returned else case.path.target)
    return Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.WRONG_SERVICE,
        f"the request never reached {case.target}, and yet an answer came from {by}{from_card(case, case.returned)}: another machine has "
        f"that address, or something on the way answers in its place (address translation, or a transparent proxy){unsure(case)}",
    )  # fmt: skip


def answered_between(case: Case, _: Ruled | None) -> Judged:
    """It arrived, the target gave no answer, and yet there is one."""
    by = case.sent.answered_by or (case.returned.source if case.returned else case.path.target)
    return Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.WRONG_SERVICE,
        f"the request came in at {place(case.target, case.arrived)}, from whose wire no answer left, and yet one came from {by}: something "
        f"on the way answers in its place, or {case.target} answers by an interface that is no Ethernet",
    )  # fmt: skip


def lost(case: Case, _: Ruled | None) -> Judged:
    """It left, and never arrived."""
    stray = case.passed_by
    if stray is not None:
        return Judged(
            DiedAt.LOST_ON_THE_WAY, Verdict.UNREACHABLE,
            f"the request passed {place(case.target, stray)}, but was addressed to the network card {stray.card}, which is not that "
            f"interface's: a stale or wrong neighbour entry (ARP, neighbour discovery) at {stray.sender or 'the last router'}, which sent it",
        )  # fmt: skip
    left = f"the request left {place(case.source, case.left)} and never came in at {case.target}"
    against = objection(case.near.sightings)
    if against is not None:
        word = complaint(against)
        return Judged(DiedAt.LOST_ON_THE_WAY, word.verdict, f"{left}: {against.by} says: {word.value}")
    aside = strays(case.near.sightings)  # what took another way says nothing of this one
    later = sum(
        one.what == "probe" and not one.out and not one.card and one.number not in aside for one in case.far.sightings
    )
    if later:
        return Judged(
            DiedAt.LOST_ON_THE_WAY, Verdict.DEGRADED,
            f"{left}, and {later} that {'was' if later == 1 else 'were'} sent after it did: packets are lost now and then{unsure(case)}",
        )  # fmt: skip
    if case.refusal is not None:
        how = "TCP RST" if case.path.protocol == "tcp" else "ICMP port unreachable"
        return Judged(
            DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED, f"{left}, and yet it is refused in {case.target}'s name ({how}){from_card(case, case.refusal)}: another machine has that address, "
            "or a firewall on the way does so"
        )  # fmt: skip
    return Judged(
        DiedAt.LOST_ON_THE_WAY,
        Verdict.FILTERED,
        f"{left}, and nobody says why: {_last(case)}{_once(case)}{unsure(case)}",
    )


def _last(case: Case) -> str:
    known = [one for one in routers(case.near.sightings, case.path.target) if one]
    if known:
        return f"it came as far as the router {known[-1]}, which dropped it or passed it on in vain"
    if case.sent.gateway:
        return (
            f"it was sent by way of the gateway {case.sent.gateway}; neither that nor a router behind it shows itself, and one of them, or "
            "what lies between, dropped it"
        )  # fmt: skip
    return "no router on the way shows itself; the two may be on one link, whose switches or filters dropped it"


def _once(case: Case) -> str:
    """That one packet alone was tried."""
    if case.path.protocol == "udp" or case.patience >= _REPEATED:
        return ""
    return "; its one SYN may have been lost by chance: with --within 2 the kernel repeats it"
