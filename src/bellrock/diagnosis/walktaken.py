"""A walk's request that came in at the target: what the target made of it."""

from bellrock.contract.walk import Ruled, WhichRule
from bellrock.diagnosis.walkfacts import Case, Complaint, complaint, plain
from bellrock.diagnosis.walkwords import Judged, Question, of_another_kind, perhaps, place, unruled, unsure
from bellrock.model import DiedAt, Verdict
from bellrock.wire.text import endpoint


def refused(case: Case, ruled: Ruled | None) -> Judged:
    """It arrived, and the target, or its firewall, refuses it."""
    how = "TCP RST" if case.path.protocol == "tcp" else "ICMP"
    came = f"the request came in at {place(case.target, case.arrived)}"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall rejects it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if onward(case, ruled):
        return _refused_behind(case, ruled, came, how)
    if (
        case.watching.listener == "own"
        and case.rejected
        and case.rejected.what == "error"
        and complaint(case.rejected) is Complaint.PROHIBITED
    ):
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall rejects it ({how}: prohibited){unruled(ruled)}"
        )  # fmt: skip
    if case.watching.listener == "own":
        return Judged(
            DiedAt.UNKNOWN, Verdict.REFUSED,
            f"{came} and is refused there ({how}), although the agent listens{unruled(ruled)}: a firewall of its own, or address "
            "translation there to a port or host where nobody listens",
        )  # fmt: skip
    because = f" ({case.watching.why})" if case.watching.why and case.watching.listener == "none" else ""
    return Judged(
        DiedAt.NO_LISTENER, Verdict.REFUSED, f"{came}, its firewall lets it in, and nobody listens there: {how}{because}"
    )  # fmt: skip


def onward(case: Case, ruled: Ruled | None) -> str:
    """Whither the target sends the request on, to somebody behind it, by its rules or as its wires show; else nothing."""
    on = case.passed_on
    if on is not None:
        return f"{endpoint(on.destination, on.destination_port)} out of {on.interface}"
    return f"{ruled.sent_on} ({ruled.rule})" if ruled is not None and ruled.sent_on else ""


def _refused_behind(case: Case, ruled: Ruled | None, came: str, how: str) -> Judged:
    by = next(
        (one.by or one.source for one in case.far.sightings if one.what == "refusal" and not one.out and not one.card),
        "",
    )
    sent = f"{came}; {case.target} sends it on to {onward(case, ruled)} by address translation or as a router"
    if by:
        return Judged(DiedAt.NO_LISTENER, Verdict.REFUSED, f"{sent}, and {by} refuses it ({how})")
    return Judged(
        DiedAt.UNKNOWN, Verdict.REFUSED,
        f"{sent}, and it is refused ({how}): by {case.target}'s rules for what it passes on, or because nobody listens there",
    )  # fmt: skip


def diverted(case: Case, _: Ruled | None) -> Judged:
    """It arrived for another address or port than was asked, and nothing good came of it."""
    refused = " and refused there" if case.rejected is not None else ""
    asked = endpoint(plain(case.path.target), case.path.port)
    return Judged(
        DiedAt.LOST_ON_THE_WAY, Verdict.UNREACHABLE,
        f"the request for {asked} came in at {place(case.target, case.arrived)} as one for {case.translated}{refused}: "
        f"{case.translator}",
    )  # fmt: skip


def dropped(case: Case, ruled: Ruled | None) -> Judged:
    """It arrived, and nothing came of it."""
    came = f"the request came in at {place(case.target, case.arrived)}"
    if ruled is not None and ruled.reverse_path:
        what = f"{came}, and reverse-path filtering drops it: {ruled.reverse_path}"
        return Judged(DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, what)
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if onward(case, ruled):
        return _lost_behind(case, ruled, came)
    # Linux answers no SYN to which it knows no way back.
    if (back := _no_way_back(case)) and (case.path.protocol == "tcp" or case.watching.listener != "own"):
        return Judged(DiedAt.REPLY_NOT_SENT, Verdict.UNREACHABLE, f"{came}, and nothing can go back: {back}")
    if case.watching.listener == "own":
        return Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED,
            f"{came} and was not let in{unruled(ruled)}{of_another_kind(case, ruled)}",
        )  # fmt: skip
    return _silent_service(case, ruled, came)


def _lost_behind(case: Case, ruled: Ruled | None, came: str) -> Judged:
    sent = f"{came}; {case.target} sends it on to {onward(case, ruled)} by address translation or as a router"
    if case.passed_on is not None:
        return Judged(
            DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{sent}, and no answer left {case.target}{unsure(case)}"
        )
    return Judged(
        DiedAt.UNKNOWN, Verdict.FILTERED,
        f"{sent}, and it was not seen to leave for there: {case.target}'s rules for what it passes on, no way there, or nobody who answers",
    )  # fmt: skip


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
            DiedAt.NOWHERE,
            Verdict.WORKS,
            f"{came}, and its firewall lets it in{perhaps(ruled)}; this protocol has no answers",
        )
    return Judged(
        DiedAt.UNKNOWN if case.far.lost else DiedAt.REPLY_NOT_SENT, Verdict.FILTERED,
        f"{came}, its firewall lets it in{perhaps(ruled)}, and {who}, which has the port, does not answer{unsure(case)}",
    )  # fmt: skip


def reply_not_sent(case: Case, ruled: Ruled | None) -> Judged:
    """The target took it, and no answer left."""
    served = case.served
    took = f"{case.target} took the request, and its answer never left it"
    if back := _no_way_back(case):
        return Judged(DiedAt.REPLY_NOT_SENT, Verdict.UNREACHABLE, f"{took}: {back}")
    # The sender of a datagram that a rule drops is told so (EPERM).
    let_out = case.path.protocol == "udp" and served.replies > 0 and not served.obstacle
    if ruled is not None and ruled.verdict in ("drop", "reject") and not let_out:
        return Judged(
            DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{took}: its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if served.neighbour == "silent" or served.obstacle == "no neighbour":
        hop = served.gateway or served.peer or "the next hop"
        where = f" on {served.interface}" if served.interface else ""
        return Judged(DiedAt.REPLY_NOT_SENT, Verdict.UNREACHABLE, f"{took}: {hop} does not answer{where}")
    return Judged(
        DiedAt.UNKNOWN if case.far.lost else DiedAt.REPLY_NOT_SENT, Verdict.FILTERED,
        f"{took}{f': {served.why}' if served.why else ''}{unruled(ruled)}{unsure(case)}",
    )  # fmt: skip


def _no_way_back(case: Case) -> str:
    """What the target's routes say of the source, where that is a fault."""
    served = case.served
    if served.obstacle == "refusing route":
        return served.why
    peer = served.peer or (case.arrived.source if case.arrived else "the source")
    return f"it has no route to {peer}" if served.obstacle == "no route" else ""


def took(case: Case, _: Ruled | None) -> Judged:
    """The target took it, and that is all that there is."""
    return Judged(
        DiedAt.NOWHERE, Verdict.WORKS, f"the request reached {case.target} and was taken; this protocol has no answers"
    )


def entering_target(case: Case) -> Question | None:
    """What do the target's rules do with the request?"""
    came = case.arrived
    if came is None:
        return None
    return Question(
        "target",
        WhichRule(case.path.protocol, came.source, came.source_port, came.destination, came.destination_port, "input", case.entered),
    )  # fmt: skip


def leaving_target(case: Case) -> Question | None:
    """What do the target's rules do with the answer?"""
    came = case.arrived
    if came is None:
        return None
    interface = case.served.interface or case.entered
    return Question(
        "target",
        WhichRule(
            case.path.protocol, came.destination, came.destination_port, came.source, came.source_port, "output", interface, reply=True
        ),
    )  # fmt: skip
