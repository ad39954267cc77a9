"""A walk's answer: the way back, and whether the source got it."""

from bellrock.contract.walk import Ruled, WhichRule
from bellrock.diagnosis.walkfacts import Case, complaint, objection
from bellrock.diagnosis.walkwords import Judged, Question, place, unruled, unsure
from bellrock.model import DiedAt, Verdict


def astray(case: Case, _: Ruled | None) -> Judged:
    """The answer left by another way, and never came in."""
    came, went = case.arrived, case.replied
    assert came is not None and went is not None  # noqa: S101, PT018 -- the row says so
    if case.round_about:
        how = f"came in at {came.interface} and is answered out of {went.interface}"
    else:
        how = f"came from {came.source} to {came.destination} and is answered from {went.source} to {went.destination}"
    against = objection(case.far.sightings)
    said = f"; {against.by} says: {complaint(against).value}" if against else ""
    return Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.FILTERED,
        f"the answer went astray: at {case.target} the request {how}, and the answer never came in at {case.source}{said}",
    )  # fmt: skip


def reply_lost(case: Case, _: Ruled | None) -> Judged:
    """The answer left, and never came in."""
    lost = f"{case.target} answered out of {place('', case.replied)}, and the answer never came in at {case.source}"
    against = objection(case.far.sightings)
    if against is not None:
        word = complaint(against)
        return Judged(DiedAt.REPLY_LOST, word.verdict, f"{lost}: {against.by} says: {word.value}")
    helper = ""
    if case.path.separate:
        helper = "; it comes from another port than was asked (RFC 1350 §4), which a firewall on the way lets pass only with the conntrack helper tftp"
    return Judged(
        DiedAt.REPLY_LOST, Verdict.FILTERED, f"{lost}: dropped on the way, or routed to somebody else{helper}{unsure(case)}"
    )  # fmt: skip


def from_elsewhere(case: Case, _: Ruled | None) -> Judged:
    """Somebody else's address is on the answer."""
    by = case.sent.answered_by or (case.returned.source if case.returned else "")
    return Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.FILTERED,
        f"{case.path.target} was asked and {by} answers: its address was translated on the way back, and clients do not take that for an answer",
    )  # fmt: skip


def reply_dropped(case: Case, ruled: Ruled | None) -> Judged:
    """The answer came in, and the source's socket never got it."""
    back = f"the answer came in at {place(case.source, case.returned)}"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return Judged(
            DiedAt.REPLY_DROPPED, Verdict.FILTERED, f"{back}, and its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    return Judged(
        DiedAt.REPLY_DROPPED, Verdict.FILTERED,
        f"{back} and was not let in{unruled(ruled)}; reverse-path filtering or rules of another kind do so as well",
    )  # fmt: skip


def mute(case: Case, _: Ruled | None) -> Judged:
    """The connection stands, and what was said on it did not get across."""
    there = case.served.replies > 0
    lost = f"{case.source} never got the answer" if there else f"{case.target} never got what was said"
    return Judged(
        DiedAt.REPLY_LOST if there else DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED,
        f"the connection stands, but {lost} on it: something on the way looks into connections, or loses larger packets",
    )  # fmt: skip


def works(case: Case, _: Ruled | None) -> Judged:
    """There and back."""
    who = {
        "own": "the agent there answered in the place of a service",
        "held": f"{case.watching.why or 'the service there'} answered",
    }
    told = who.get(case.watching.listener, "it was answered")
    turned = ""
    if case.round_about and case.arrived and case.replied:
        turned = f"; the request comes in at {case.arrived.interface} and the answer leaves by {case.replied.interface}"
    return Judged(
        DiedAt.NOWHERE, Verdict.WORKS, f"the request reached {case.target} and its answer came back: {told}{turned}"
    )


def entering_source(case: Case) -> Question | None:
    """What do the source's rules do with the answer?"""
    came = case.returned
    assert came is not None  # noqa: S101 -- the row says so
    return Question(
        "source",
        WhichRule(
            case.path.protocol, came.source, came.source_port, came.destination, came.destination_port, "input", case.came_back, reply=True
        ),
    )  # fmt: skip


def is_elsewhere(case: Case) -> bool:
    """Whether another address than was asked has answered."""
    by = case.sent.answered_by or (case.returned.source if case.returned else "")
    return bool(by) and by != case.path.target
