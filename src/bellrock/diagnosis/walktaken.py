"""A walk's request that came in at the target: what the target made of it."""

from bellrock.contract.walk import Ruled, WhichRule
from bellrock.diagnosis.walkfacts import Case
from bellrock.diagnosis.walkwords import Judged, Question, place, unruled
from bellrock.model import DiedAt, Verdict


def refused(case: Case, ruled: Ruled | None) -> Judged:
    """It arrived, and the target, or its firewall, refuses it."""
    how = "TCP RST" if case.path.protocol == "tcp" else "ICMP"
    came = f"the request came in at {place(case.target, case.arrived)}"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall rejects it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if case.watching.listener == "own":
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall rejects it ({how}){unruled(ruled)}"
        )  # fmt: skip
    because = f" ({case.watching.why})" if case.watching.why and case.watching.listener == "none" else ""
    return Judged(
        DiedAt.NO_LISTENER, Verdict.REFUSED, f"{came}, its firewall lets it in, and nobody listens there: {how}{because}"
    )  # fmt: skip


def dropped(case: Case, ruled: Ruled | None) -> Judged:
    """It arrived, and nothing came of it."""
    came = f"the request came in at {place(case.target, case.arrived)}"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if case.watching.listener == "own":
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED,
            f"{came} and was not let in{unruled(ruled)}; reverse-path filtering or rules of another kind do so as well",
        )  # fmt: skip
    return _silent_service(case, ruled, came)


def _silent_service(case: Case, ruled: Ruled | None, came: str) -> Judged:
    """Somebody else holds the port, or nobody: only the rules can tell whether it was let in."""
    who = case.watching.why or "nobody that could be named"
    if ruled is None or ruled.verdict != "accept":
        return Judged(
            DiedAt.UNKNOWN, Verdict.FILTERED,
            f"{came}; whether it was let in cannot be told, because {who} has the port and says nothing{unruled(ruled)}",
        )  # fmt: skip
    if not case.answered:
        return Judged(
            DiedAt.NOWHERE, Verdict.WORKS, f"{came}, and its firewall lets it in; this protocol has no answers"
        )
    return Judged(
        DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{came}, its firewall lets it in, and {who}, which has the port, does not answer"
    )  # fmt: skip


def reply_not_sent(case: Case, ruled: Ruled | None) -> Judged:
    """The target took it, and no answer left."""
    served = case.served
    took = f"{case.target} took the request, and its answer never left it"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return Judged(
            DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{took}: its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if served.obstacle == "no route":
        peer = served.peer or (case.arrived.source if case.arrived else "the source")
        return Judged(DiedAt.REPLY_NOT_SENT, Verdict.UNREACHABLE, f"{took}: it has no route to {peer}")
    if served.neighbour == "silent" or served.obstacle == "no neighbour":
        hop = served.gateway or served.peer or "the next hop"
        where = f" on {served.interface}" if served.interface else ""
        return Judged(DiedAt.REPLY_NOT_SENT, Verdict.UNREACHABLE, f"{took}: {hop} does not answer{where}")
    return Judged(
        DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{took}{f': {served.why}' if served.why else ''}{unruled(ruled)}"
    )


def took(case: Case, _: Ruled | None) -> Judged:
    """The target took it, and that is all that there is."""
    return Judged(
        DiedAt.NOWHERE, Verdict.WORKS, f"the request reached {case.target} and was taken; this protocol has no answers"
    )


def entering_target(case: Case) -> Question | None:
    """What do the target's rules do with the request?"""
    came = case.arrived
    assert came is not None  # noqa: S101 -- the row says so
    return Question(
        "target",
        WhichRule(case.path.protocol, came.source, came.source_port, came.destination, came.destination_port, "input", case.entered),
    )  # fmt: skip


def leaving_target(case: Case) -> Question | None:
    """What do the target's rules do with the answer?"""
    came = case.arrived
    assert came is not None  # noqa: S101 -- the row says so
    interface = case.served.interface or case.entered
    return Question(
        "target",
        WhichRule(
            case.path.protocol, came.destination, came.destination_port, came.source, came.source_port, "output", interface, reply=True
        ),
    )  # fmt: skip
