"""Where the packets of a walk died: a table of what was seen, in the order of their way, and one sentence for each.

The first row whose condition holds decides. Nothing is concluded from a port number or a timer alone: a row speaks of a packet that
was seen at one place and not at the next.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from bellrock.contract.walk import Ruled
from bellrock.diagnosis.walkback import (
    astray,
    by_another,
    entering_source,
    from_elsewhere,
    is_elsewhere,
    late,
    mute,
    reply_dropped,
    reply_lost,
    works,
)
from bellrock.diagnosis.walkfacts import Case, hops, strays
from bellrock.diagnosis.walksent import leaving_source, not_sent
from bellrock.diagnosis.walktaken import (
    diverted,
    dropped,
    entering_target,
    leaving_target,
    refused,
    reply_not_sent,
    took,
)
from bellrock.diagnosis.walkthere import answered_between, lost, someone_else
from bellrock.diagnosis.walktrace import evidence
from bellrock.diagnosis.walkwords import Judged, Question, no_question
from bellrock.model import Walked


class _Row(NamedTuple):
    """`asks` which end's rules matter here, and for which packet."""

    holds: Callable[[Case], bool]
    judge: Callable[[Case, Ruled | None], Judged]
    asks: Callable[[Case], Question | None]


def judge(case: Case, ruled: Ruled | None = None) -> Walked:
    """The verdict. `ruled`: the answer to `question`, where one was asked and answered."""
    died_at, verdict, detail, rule = _row(case).judge(case, ruled)
    return Walked(
        flow=case.flow, source=case.source, target=case.target, verdict=verdict, died_at=died_at, detail=detail + _other_ways(case), hops=hops(case),
        evidence=evidence(case, ruled), rule=rule, variant=case.variant,
    )  # fmt: skip


def _other_ways(case: Case) -> str:
    """That the source has several ways, of which the request took but one."""
    others = sorted(set(strays(case.near.sightings).values()))
    if not others or case.left is None:
        return ""
    return (
        f"; {case.source} has more than one way there: the request left by {case.left.interface}, "
        f"other source ports by {', '.join(others)}, where it may end otherwise"
    )


def question(case: Case) -> Question | None:
    """Which end's rules would tell more; None where they have nothing to do with it."""
    return _row(case).asks(case)


def _row(case: Case) -> _Row:
    return next(row for row in _TABLE if row.holds(case))


def _of_another(case: Case) -> bool:
    if case.watching.listener != "own" or case.accepted or case.sent.marked or case.served.replies:
        return False
    return case.path.protocol == "udp" or not case.served.strangers


_TABLE: Final = (
    _Row(lambda case: not case.came_out, not_sent, leaving_source),
    _Row(lambda case: not case.reached and case.heard, someone_else, no_question),
    _Row(lambda case: not case.reached, lost, no_question),
    _Row(lambda case: case.accepted and not case.answered, took, no_question),
    _Row(lambda case: bool(case.translated) and case.replied is None and not case.heard and not case.accepted, diverted, no_question),
    _Row(lambda case: case.replied is None and case.rejected is not None and case.arrived is not None, refused, entering_target),
    _Row(lambda case: case.replied is None and not case.heard and case.accepted, reply_not_sent, leaving_target),
    _Row(lambda case: case.replied is None and not case.heard, dropped, entering_target),
    _Row(
        lambda case: case.replied is None and not (case.sent.marked or case.served.replies or case.far.lost), answered_between, no_question
    ),
    _Row(lambda case: not case.heard and case.turned, astray, no_question),
    _Row(lambda case: not case.heard, reply_lost, no_question),
    _Row(is_elsewhere, from_elsewhere, no_question),
    _Row(lambda case: bool(case.lateness), late, entering_source),
    _Row(lambda case: not case.sent.answered, reply_dropped, entering_source),
    _Row(_of_another, by_another, entering_target),
    _Row(lambda case: case.path.protocol == "tcp" and case.watching.listener == "own" and not case.sent.marked, mute, no_question),
    _Row(lambda _: True, works, no_question),
)  # fmt: skip
"""In the order of the way."""
