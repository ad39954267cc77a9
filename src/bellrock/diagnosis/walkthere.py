"""A walk's request that left and never arrived."""

from bellrock.contract.walk import Ruled
from bellrock.diagnosis.walkfacts import Case, complaint, objection, routers
from bellrock.diagnosis.walkwords import Judged, place, unsure
from bellrock.model import DiedAt, Verdict


def someone_else(case: Case, _: Ruled | None) -> Judged:
    """It never arrived, and yet there is an answer."""
    by = case.sent.answered_by or (case.returned.source if case.returned else case.path.target)
    return Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.WRONG_SERVICE,
        f"the request never reached {case.target}, and yet an answer came from {by}: somebody on the way answers in its place "
        "(address translation, or a transparent proxy)",
    )  # fmt: skip


def lost(case: Case, _: Ruled | None) -> Judged:
    """It left, and never arrived."""
    left = f"the request left {place(case.source, case.left)} and never came in at {case.target}"
    against = objection(case.near.sightings)
    if against is not None:
        word = complaint(against)
        return Judged(DiedAt.LOST_ON_THE_WAY, word.verdict, f"{left}: {against.by} says: {word.value}")
    if case.refusal is not None:
        how = "TCP RST" if case.path.protocol == "tcp" else "ICMP port unreachable"
        return Judged(
            DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED, f"{left}: a firewall on the way refuses it in {case.target}'s name ({how})"
        )  # fmt: skip
    return Judged(DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED, f"{left}, and nobody says why: {_last(case)}{unsure(case)}")


def _last(case: Case) -> str:
    known = [one for one in routers(case.near.sightings) if one]
    if known:
        return f"it came as far as the router {known[-1]}, which dropped it or passed it on in vain"
    return "no router on the way shows itself; the two may be on one link, whose switches or filters dropped it"
