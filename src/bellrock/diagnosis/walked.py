"""Where the packets of a walk died: a table of what was seen, in the order of their way, and one sentence for each.

The first row whose condition holds decides. Nothing is concluded from a port number or a timer alone: a row speaks of a packet that
was seen at one place and not at the next.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from bellrock.contract.walk import Ruled, Sighting, WhichRule
from bellrock.diagnosis.walkfacts import Case, complaint, hops, objection, routers
from bellrock.model import DiedAt, Traced, Verdict, Walked

MAX_EVIDENCE: Final = 64


class Question(Struct, frozen=True):
    """What is to be asked of an end before it can be judged: what its rules do with a packet."""

    end: Literal["source", "target"]
    ask: WhichRule


class _Row(NamedTuple):
    """`asks` which end's rules matter here, and for which packet."""

    holds: Callable[[Case], bool]
    judge: "Callable[[Case, Ruled | None], _Judged]"
    asks: Callable[[Case], Question | None]


class _Judged(NamedTuple):
    died_at: DiedAt
    verdict: Verdict
    detail: str
    rule: str = ""


def judge(case: Case, ruled: Ruled | None = None) -> Walked:
    """The verdict. `ruled`: the answer to `question`, where one was asked and answered."""
    died_at, verdict, detail, rule = _row(case).judge(case, ruled)
    return Walked(
        flow=case.flow, source=case.source, target=case.target, verdict=verdict, died_at=died_at, detail=detail, hops=hops(case),
        evidence=_evidence(case, ruled), rule=rule, variant=case.variant,
    )  # fmt: skip


def question(case: Case) -> Question | None:
    """Which end's rules would tell more; None where they have nothing to do with it."""
    return _row(case).asks(case)


def _row(case: Case) -> _Row:
    return next(row for row in _TABLE if row.holds(case))


# The source


def _not_sent(case: Case, ruled: Ruled | None) -> _Judged:
    sent = case.sent
    nothing = f"nothing left {case.source}"
    if sent.obstacle == "no route":
        return _Judged(
            DiedAt.NOT_SENT, Verdict.UNREACHABLE, f"{nothing}: it has no route to {case.path.target}; add one, or a default route"
        )  # fmt: skip
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return _Judged(
            DiedAt.NOT_SENT, Verdict.FILTERED, f"{nothing}: its own firewall does not let it out: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if sent.neighbour == "silent" or sent.obstacle == "no neighbour":
        next_hop = (
            f"its gateway {sent.gateway}" if sent.gateway else f"{case.path.target}, which should be on its link,"
        )
        where = f" on {sent.interface}" if sent.interface else ""
        return _Judged(
            DiedAt.NOT_SENT, Verdict.UNREACHABLE,
            f"{nothing}: {next_hop} does not answer {'ARP' if ':' not in case.path.target else 'neighbour discovery'}{where}",
        )  # fmt: skip
    if sent.obstacle == "own firewall":
        return _Judged(DiedAt.NOT_SENT, Verdict.FILTERED, f"{nothing}: {sent.why}{_unruled(ruled)}")
    why = sent.why or f"and its kernel does not say why{_unruled(ruled)}"
    verdict = Verdict.NOT_CHECKED if sent.obstacle == "local" else Verdict.UNREACHABLE
    return _Judged(DiedAt.NOT_SENT, verdict, f"{nothing}: {why}")


# Between them, on the way there


def _someone_else(case: Case, _: Ruled | None) -> _Judged:
    by = case.sent.answered_by or (case.returned.source if case.returned else case.path.target)
    return _Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.WRONG_SERVICE,
        f"the request never reached {case.target}, and yet an answer came from {by}: somebody on the way answers in its place "
        "(address translation, or a transparent proxy)",
    )  # fmt: skip


def _lost(case: Case, _: Ruled | None) -> _Judged:
    left = f"the request left {_place(case.source, case.left)} and never came in at {case.target}"
    against = objection(case.near.sightings)
    if against is not None:
        word = complaint(against)
        return _Judged(DiedAt.LOST_ON_THE_WAY, word.verdict, f"{left}: {against.by} says: {word.value}")
    if case.refusal is not None:
        how = "TCP RST" if case.path.protocol == "tcp" else "ICMP port unreachable"
        return _Judged(
            DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED, f"{left}: a firewall on the way refuses it in {case.target}'s name ({how})"
        )  # fmt: skip
    return _Judged(
        DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED, f"{left}, and nobody says why: {_last(case)}{_unsure(case)}"
    )


def _last(case: Case) -> str:
    known = [one for one in routers(case.near.sightings) if one]
    if known:
        return f"it came as far as the router {known[-1]}, which dropped it or passed it on in vain"
    return "no router on the way shows itself; the two may be on one link, whose switches or filters dropped it"


# The target


def _refused(case: Case, ruled: Ruled | None) -> _Judged:
    how = "TCP RST" if case.path.protocol == "tcp" else "ICMP"
    came = f"the request came in at {_place(case.target, case.arrived)}"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return _Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall rejects it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if case.watching.listener == "own":
        return _Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall rejects it ({how}){_unruled(ruled)}"
        )  # fmt: skip
    because = f" ({case.watching.why})" if case.watching.why and case.watching.listener == "none" else ""
    return _Judged(
        DiedAt.NO_LISTENER, Verdict.REFUSED, f"{came}, its firewall lets it in, and nobody listens there: {how}{because}"
    )  # fmt: skip


def _dropped(case: Case, ruled: Ruled | None) -> _Judged:
    came = f"the request came in at {_place(case.target, case.arrived)}"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return _Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED, f"{came}, and its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if case.watching.listener == "own":
        return _Judged(
            DiedAt.DROPPED_BY_TARGET, Verdict.FILTERED,
            f"{came} and was not let in{_unruled(ruled)}; reverse-path filtering or rules of another kind do so as well",
        )  # fmt: skip
    return _silent_service(case, ruled, came)


def _silent_service(case: Case, ruled: Ruled | None, came: str) -> _Judged:
    """Somebody else holds the port, or nobody: only the rules can tell whether it was let in."""
    who = case.watching.why or "nobody that could be named"
    if ruled is None or ruled.verdict != "accept":
        return _Judged(
            DiedAt.UNKNOWN, Verdict.FILTERED,
            f"{came}; whether it was let in cannot be told, because {who} has the port and says nothing{_unruled(ruled)}",
        )  # fmt: skip
    if not case.answered:
        return _Judged(
            DiedAt.NOWHERE, Verdict.WORKS, f"{came}, and its firewall lets it in; this protocol has no answers"
        )
    return _Judged(
        DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{came}, its firewall lets it in, and {who}, which has the port, does not answer"
    )  # fmt: skip


def _reply_not_sent(case: Case, ruled: Ruled | None) -> _Judged:
    served = case.served
    took = f"{case.target} took the request, and its answer never left it"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return _Judged(
            DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{took}: its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if served.obstacle == "no route":
        peer = served.peer or (case.arrived.source if case.arrived else "the source")
        return _Judged(DiedAt.REPLY_NOT_SENT, Verdict.UNREACHABLE, f"{took}: it has no route to {peer}")
    if served.neighbour == "silent" or served.obstacle == "no neighbour":
        hop = served.gateway or served.peer or "the next hop"
        where = f" on {served.interface}" if served.interface else ""
        return _Judged(DiedAt.REPLY_NOT_SENT, Verdict.UNREACHABLE, f"{took}: {hop} does not answer{where}")
    return _Judged(
        DiedAt.REPLY_NOT_SENT, Verdict.FILTERED, f"{took}{f': {served.why}' if served.why else ''}{_unruled(ruled)}"
    )


# The way back


def _astray(case: Case, _: Ruled | None) -> _Judged:
    came, went = case.arrived, case.replied
    assert came is not None and went is not None  # noqa: S101, PT018 -- the row says so
    if case.round_about:
        how = f"came in at {came.interface} and is answered out of {went.interface}"
    else:
        how = f"came from {came.source} to {came.destination} and is answered from {went.source} to {went.destination}"
    against = objection(case.far.sightings)
    said = f"; {against.by} says: {complaint(against).value}" if against else ""
    return _Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.FILTERED,
        f"the answer went astray: at {case.target} the request {how}, and the answer never came in at {case.source}{said}",
    )  # fmt: skip


def _reply_lost(case: Case, _: Ruled | None) -> _Judged:
    lost = f"{case.target} answered out of {_place('', case.replied)}, and the answer never came in at {case.source}"
    against = objection(case.far.sightings)
    if against is not None:
        word = complaint(against)
        return _Judged(DiedAt.REPLY_LOST, word.verdict, f"{lost}: {against.by} says: {word.value}")
    helper = ""
    if case.path.separate:
        helper = "; it comes from another port than was asked (RFC 1350 §4), which a firewall on the way lets pass only with the conntrack helper tftp"
    return _Judged(
        DiedAt.REPLY_LOST, Verdict.FILTERED, f"{lost}: dropped on the way, or routed to somebody else{helper}{_unsure(case)}"
    )  # fmt: skip


def _from_elsewhere(case: Case, _: Ruled | None) -> _Judged:
    by = case.sent.answered_by or (case.returned.source if case.returned else "")
    return _Judged(
        DiedAt.ANSWERED_ELSEWHERE, Verdict.FILTERED,
        f"{case.path.target} was asked and {by} answers: its address was translated on the way back, and clients do not take that for an answer",
    )  # fmt: skip


def _reply_dropped(case: Case, ruled: Ruled | None) -> _Judged:
    back = f"the answer came in at {_place(case.source, case.returned)}"
    if ruled is not None and ruled.verdict in ("drop", "reject"):
        return _Judged(
            DiedAt.REPLY_DROPPED, Verdict.FILTERED, f"{back}, and its own firewall drops it: {ruled.rule}", ruled.rule
        )  # fmt: skip
    return _Judged(
        DiedAt.REPLY_DROPPED, Verdict.FILTERED,
        f"{back} and was not let in{_unruled(ruled)}; reverse-path filtering or rules of another kind do so as well",
    )  # fmt: skip


def _mute(case: Case, _: Ruled | None) -> _Judged:
    """The connection stands, and what was said on it did not get across."""
    there = case.served.replies > 0
    lost = f"{case.source} never got the answer" if there else f"{case.target} never got what was said"
    return _Judged(
        DiedAt.REPLY_LOST if there else DiedAt.LOST_ON_THE_WAY, Verdict.FILTERED,
        f"the connection stands, but {lost} on it: something on the way looks into connections, or loses larger packets",
    )  # fmt: skip


def _works(case: Case, _: Ruled | None) -> _Judged:
    who = {
        "own": "the agent there answered in the place of a service",
        "held": f"{case.watching.why or 'the service there'} answered",
    }
    told = who.get(case.watching.listener, "it was answered")
    turned = ""
    if case.round_about and case.arrived and case.replied:
        turned = f"; the request comes in at {case.arrived.interface} and the answer leaves by {case.replied.interface}"
    return _Judged(
        DiedAt.NOWHERE, Verdict.WORKS, f"the request reached {case.target} and its answer came back: {told}{turned}"
    )


def _took(case: Case, _: Ruled | None) -> _Judged:
    return _Judged(
        DiedAt.NOWHERE, Verdict.WORKS, f"the request reached {case.target} and was taken; this protocol has no answers"
    )


# Words and questions


def _unruled(ruled: Ruled | None) -> str:
    if ruled is None:
        return ""
    if ruled.verdict == "unknown":
        return f" (its rules could not be judged: {ruled.why})"
    return " (no rule of its nftables does that)" if ruled.verdict == "accept" else ""


def _unsure(case: Case) -> str:
    lost = case.near.lost + case.far.lost
    return f" ({lost} packets came too fast to be looked at, this may be among them)" if lost else ""


def _place(name: str, seen: Sighting | None) -> str:
    return "/".join(part for part in (name, seen.interface if seen else "") if part)


def _no_question(_: Case) -> None:
    return None


def _leaving_source(case: Case) -> Question | None:
    sent, path = case.sent, case.path
    if not sent.source or sent.obstacle in ("no route", "local"):
        return None
    return Question(
        "source",
        WhichRule(path.protocol, sent.source, sent.source_port or path.source_port, path.target, path.port, "output", sent.interface),
    )  # fmt: skip


def _entering_target(case: Case) -> Question | None:
    came = case.arrived
    assert came is not None  # noqa: S101 -- the row says so
    return Question(
        "target",
        WhichRule(case.path.protocol, came.source, came.source_port, came.destination, came.destination_port, "input", case.entered),
    )  # fmt: skip


def _leaving_target(case: Case) -> Question | None:
    came = case.arrived
    assert came is not None  # noqa: S101 -- the row says so
    interface = case.served.interface or case.entered
    return Question(
        "target",
        WhichRule(
            case.path.protocol, came.destination, came.destination_port, came.source, came.source_port, "output", interface, reply=True
        ),
    )  # fmt: skip


def _entering_source(case: Case) -> Question | None:
    came = case.returned
    assert came is not None  # noqa: S101 -- the row says so
    return Question(
        "source",
        WhichRule(
            case.path.protocol, came.source, came.source_port, came.destination, came.destination_port, "input", case.came_back, reply=True
        ),
    )  # fmt: skip


def _is_elsewhere(case: Case) -> bool:
    by = case.sent.answered_by or (case.returned.source if case.returned else "")
    return bool(by) and by != case.path.target


_TABLE: Final = (
    _Row(lambda case: case.left is None, _not_sent, _leaving_source),
    _Row(lambda case: case.arrived is None and (case.sent.answered or case.returned is not None), _someone_else, _no_question),
    _Row(lambda case: case.arrived is None, _lost, _no_question),
    _Row(lambda case: case.accepted and not case.answered, _took, _no_question),
    _Row(lambda case: case.replied is None and case.rejected is not None, _refused, _entering_target),
    _Row(lambda case: case.replied is None and case.accepted, _reply_not_sent, _leaving_target),
    _Row(lambda case: case.replied is None, _dropped, _entering_target),
    _Row(lambda case: case.returned is None and case.turned, _astray, _no_question),
    _Row(lambda case: case.returned is None, _reply_lost, _no_question),
    _Row(_is_elsewhere, _from_elsewhere, _no_question),
    _Row(lambda case: not case.sent.answered, _reply_dropped, _entering_source),
    _Row(lambda case: case.path.protocol == "tcp" and case.watching.listener == "own" and not case.sent.marked, _mute, _no_question),
    _Row(lambda _: True, _works, _no_question),
)  # fmt: skip
"""In the order of the way."""


def _evidence(case: Case, ruled: Ruled | None) -> tuple[Traced, ...]:
    steps = [_traced(case.source, one) for one in case.near.sightings]
    steps += [_traced(case.target, one) for one in case.far.sightings]
    steps.sort(key=lambda step: step.at)
    kept = steps[: MAX_EVIDENCE - 1]
    if ruled is not None and kept:
        said = ruled.rule or ruled.why or "no rule"
        kept.append(Traced(at=kept[-1].at, direction="noticed", what=f"the firewall's rules: {ruled.verdict}, {said}"))
    return tuple(kept)


def _traced(name: str, one: Sighting) -> Traced:
    ends = f"{_end(one.source, one.source_port)} to {_end(one.destination, one.destination_port)}"
    what = f"ICMP {one.kind}/{one.code} from {one.by} about {ends}" if one.by else f"{one.what} {ends}"
    limited = f", hop limit {one.number}" if one.number and one.what in ("probe", "error") else ""
    return Traced(
        at=one.at, direction="sent" if one.out else "received", what=f"{_place(name, one)}: {what}{limited}"
    )  # fmt: skip


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
