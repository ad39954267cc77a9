"""A walk's answer: the way back, and whether the source got it."""

from bellrock.contract.walk import Ruled, WhichRule
from bellrock.diagnosis.walkfacts import Case, complaint, missing, objection
from bellrock.diagnosis.walktaken import onward
from bellrock.diagnosis.walkwords import Judged, Question, of_another_kind, place, unruled, unsure
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
    stray = case.answer_passed_by
    if stray is not None:
        return Judged(
            DiedAt.REPLY_LOST, Verdict.UNREACHABLE,
            f"{case.target} answered, and the answer passed {place(case.source, stray)}, but was addressed to the network card "
            f"{stray.card}, which is not that interface's: a stale or wrong neighbour entry (ARP, neighbour discovery) at "
            f"{stray.sender or 'the last router'}, which sent it",
        )  # fmt: skip
    against = objection(case.far.sightings)
    if against is not None:
        word = complaint(against)
        return Judged(DiedAt.REPLY_LOST, word.verdict, f"{lost}: {against.by} says: {word.value}")
    if case.pondered >= case.patience:
        return Judged(
            DiedAt.UNKNOWN, Verdict.DEGRADED,
            f"{case.target} answered only {case.pondered:.2g} s after the request had come in, and {case.source} waited {case.patience:.2g} s: "
            f"ask again with --within {case.pondered + case.patience:.2g}",
        )  # fmt: skip
    watched = f" in the {case.near.watched:.2g} s that it watched" if case.near.watched else ""
    lost += watched
    helper = ""
    if case.path.separate:
        helper = "; it comes from another port than was asked (RFC 1350 §4), which a firewall on the way lets pass only with the conntrack helper tftp"
    return Judged(
        DiedAt.REPLY_LOST, Verdict.FILTERED, f"{lost}: dropped on the way, routed to somebody else, or later than that{helper}{_also(missing(case))}{unsure(case)}"
    )  # fmt: skip


def from_elsewhere(case: Case, _: Ruled | None) -> Judged:
    """Somebody else's address is on the answer."""
    by = case.sent.answered_by or (case.returned.source if case.returned else "")
    return Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.FILTERED,
        f"{case.path.target} was asked and {by} answers: its address was translated on the way back, and clients do not take that for an answer",
    )  # fmt: skip


def late(case: Case, ruled: Ruled | None) -> Judged:
    """The answer came in when nobody waited for it any longer."""
    if ruled is not None and (ruled.reverse_path or ruled.verdict in ("drop", "reject")):
        return reply_dropped(case, ruled)
    sure = ruled is not None and ruled.verdict == "accept"
    own = f", of which {case.target} itself took {case.pondered:.2g} s" if case.pondered * 4 > case.lateness else ""
    return Judged(
        DiedAt.NOWHERE if sure else DiedAt.UNKNOWN, Verdict.DEGRADED,
        f"the answer came in at {place(case.source, case.returned)} {case.lateness:.2g} s after the request left{own}, and {case.source} had "
        f"waited {case.patience:.2g} s: it is late; ask again with --within {case.lateness * 2:.2g}"
        + ("" if sure else ", which shows as well whether it is let in"),
    )  # fmt: skip


def reply_dropped(case: Case, ruled: Ruled | None) -> Judged:
    """The answer came in, and the source's socket never got it."""
    back = f"the answer came in at {place(case.source, case.returned)}"
    if ruled is not None and ruled.reverse_path:
        what = f"{back}, and reverse-path filtering drops it: {ruled.reverse_path}"
        return Judged(DiedAt.REPLY_DROPPED, Verdict.FILTERED, what)
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return Judged(
            DiedAt.REPLY_DROPPED, Verdict.FILTERED, f"{back}, and its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    return Judged(
        DiedAt.REPLY_DROPPED, Verdict.FILTERED,
        f"{back} and was not let in{unruled(ruled)}{of_another_kind(case, ruled)}",
    )  # fmt: skip


def mute(case: Case, _: Ruled | None) -> Judged:
    """The connection stands, and what was said on it did not get across."""
    there = case.served.replies > 0
    lost = f"{case.source} never got the answer" if there else f"{case.target} never got what was said"
    return Judged(
        DiedAt.REPLY_LOST if there else DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED,
        f"the connection stands, but {lost} on it: something on the way looks into connections, or loses larger packets, or any now and then",
    )  # fmt: skip


def by_another(case: Case, ruled: Ruled | None) -> Judged:
    """There and back, and the agent that listens at the target had no part in it."""
    on = onward(case, ruled)
    who = (
        f"from {on}, to which {case.target} passes it on"
        if on
        else "from another process, or from a host behind address translation there"
    )
    return Judged(
        DiedAt.NOWHERE, Verdict.WORKS,
        f"the request reached {case.target} and an answer came back, {who}: the agent that listens there got nothing{_turned(case)}",
    )  # fmt: skip


def works(case: Case, _: Ruled | None) -> Judged:
    """There and back."""
    who = {
        "own": "the agent there answered in the place of a service",
        "held": f"{case.watching.why or 'the service there'} answered",
    }
    told = who.get(case.watching.listener, "it was answered")
    lost = missing(case)
    return Judged(
        DiedAt.NOWHERE, Verdict.DEGRADED if lost else Verdict.WORKS,
        f"the request reached {case.target} and its answer came back: {told}{_turned(case)}{_also(lost)}",
    )  # fmt: skip


def _turned(case: Case) -> str:
    told = ""
    if case.round_about and case.arrived and case.replied:
        told = f"; the request comes in at {case.arrived.interface} and the answer leaves by {case.replied.interface}"
    return f"{told}; it came in as one for {case.translated}: {case.translator}" if case.translated else told


def _also(what: str) -> str:
    return f"; {what}" if what else ""


def entering_source(case: Case) -> Question | None:
    """What do the source's rules do with the answer?"""
    came = case.returned
    if came is None:
        return None
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
