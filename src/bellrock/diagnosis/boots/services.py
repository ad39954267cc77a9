"""Steps `dns`, `ntp`, `syslog`: one datagram asks, one answers, or none has to."""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from typing import Final

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.attempts import Attempt, joined
from bellrock.diagnosis.boots.once import conversations, once
from bellrock.diagnosis.boots.part import SLOW, Part, counted
from bellrock.diagnosis.packets import NS, Answered, Asked, Complaint, Log, Packet
from bellrock.wire import ntp

_NAME_IS_NOT: Final = "NXDOMAIN"
_TYPES: Final = ("A", "AAAA")
"""Questions for addresses; a boot does not depend on the others."""
_Pair = tuple[tuple[Packet, ...], Packet | None]
"""A question with its retries, and the first answer."""


def steps(part: Part) -> list[Step]:
    """By kind, then time."""
    return [*joined(part, _searched(list(_names(part)))), *joined(part, _clocks(part)), *_logs(part)]


def _names(part: Part) -> Iterator[Attempt]:
    asked = [one for one in part.packets if isinstance(one.said, Asked) and one.said.type in _TYPES]
    answers = [one for one in part.packets if isinstance(one.said, Answered)]
    for questions, answer in _paired(asked, answers, _question, _answer):
        said = questions[0].said
        assert isinstance(said, Asked)  # noqa: S101 -- they were chosen for it
        outcome, why = _name_outcome(part, questions, answer)
        yield _attempt(part, "dns", f"{said.name} ({said.type})", questions, answer, outcome, why)


def _name_outcome(part: Part, questions: tuple[Packet, ...], answer: Packet | None) -> tuple[Outcome, str]:
    if answer is None:
        return part.silent(len(questions), questions[-1].at), "no answer"
    assert isinstance(answer.said, Answered)  # noqa: S101
    if answer.said.rcode != "NOERROR":
        return "failed", answer.said.rcode
    return _timely(questions, answer)


def _searched(attempts: list[Attempt]) -> Iterator[Attempt]:
    """A name that is not there is no fault where it was found with another suffix, without one, or for the other kind of address."""
    found = {_name(one) for one in attempts if one.outcome in ("worked", "slow")}
    shorter = {short for name in found for short in _shortened(name)}
    for one in attempts:
        name = _name(one)
        elsewhere = name in shorter or not found.isdisjoint(_shortened(name))
        same = name in found and one.outcome == "failed"
        if not same and not (one.why == _NAME_IS_NOT and elsewhere):
            yield one


def _name(one: Attempt) -> str:
    return one.thing.split()[0]


def _shortened(name: str) -> list[str]:
    """`a.b` and `a` of `a.b.c`: with less of a suffix."""
    labels = name.split(".")
    return [".".join(labels[:count]) for count in range(1, len(labels))]


def _clocks(part: Part) -> Iterator[Attempt]:
    def mode(packet: Packet, wanted: int) -> bool:
        return isinstance(packet.said, ntp.Packet) and packet.said.mode == wanted

    asked = [one for one in part.packets if mode(one, ntp.CLIENT)]
    answers = [one for one in part.packets if mode(one, ntp.SERVER)]
    for questions, answer in _paired(asked, answers, lambda one: one.destination, lambda one: one.source):
        outcome, why = _clock_outcome(part, questions, answer)
        yield _attempt(part, "ntp", "the time", questions, answer, outcome, why)


def _clock_outcome(part: Part, questions: tuple[Packet, ...], answer: Packet | None) -> tuple[Outcome, str]:
    if answer is None:
        return part.silent(len(questions), questions[-1].at), "no answer"
    said = answer.said
    assert isinstance(said, ntp.Packet)  # noqa: S101
    if said.kiss and said.leap == ntp.UNSYNCHRONISED and said.kiss.isalpha():
        return "failed", f"it does not serve: {said.kiss}"
    if said.leap == ntp.UNSYNCHRONISED or said.stratum >= ntp.MAX_STRATUM:
        return "failed", "its own clock is not set"
    return _timely(questions, answer)


def _logs(part: Part) -> Iterator[Step]:
    """Nobody answers a datagram of syslog: it works unless somebody complains. Over TCP a server has to be there."""
    whom: defaultdict[str, list[Packet]] = defaultdict(list)
    for group in once(
        (one for one in part.packets if isinstance(one.said, Log)),
        lambda one: (one.source_port, one.destination, one.octets),
    ):
        whom[group[0].destination].append(group[0])
    for server, sent in whom.items():
        about, kind = complaint(part, server, sent[0].destination_port)
        outcome: Outcome = "failed" if kind else "worked"
        what = f"{counted(len(sent), 'message')} to {server}" + (f": {kind}" if kind else "")
        packets = [*(one.number for one in sent), *about]
        yield part.step("syslog", outcome, what, (sent[0].at, sent[-1].at), packets)
    for talk in conversations(
        (one for one in part.conversations if one.flow == "syslog" and one.protocol == "tcp"), part.best
    ):
        if talk.answered is None and talk.begun:
            outcome = "failed" if talk.ended == "reset" else part.silent(talk.packets, talk.last)
            what = f"connection to {talk.destination}: {'refused' if outcome == 'failed' else 'no answer to SYN'}"
            yield part.step("syslog", outcome, what, (talk.first, talk.last), (talk.first_packet, talk.last_packet))


def complaint(part: Part, server: str, port: int) -> tuple[tuple[int, ...], str]:
    """Number and kind of the first ICMP error about what was sent there."""
    for one in part.packets:
        said = one.said
        if (
            isinstance(said, Complaint)
            and said.kind != "redirect"
            and (said.destination, said.destination_port) == (server, port)
        ):
            return (one.number,), said.kind
    return (), ""


def _attempt(
    part: Part, step: str, thing: str, questions: tuple[Packet, ...], answer: Packet | None, outcome: Outcome, why: str
) -> Attempt:  # fmt: skip
    first, last = questions[0], answer or questions[-1]
    return Attempt(
        step=step, stage=part.stage(first.at), thing=thing, whom=first.destination, outcome=outcome, why=why, at=first.at, until=last.at,
        packets=(*(one.number for one in questions), *((answer.number,) if answer else ())), tries=len(questions),
    )  # fmt: skip


def _timely(questions: tuple[Packet, ...], answer: Packet) -> tuple[Outcome, str]:
    took = (answer.at - questions[0].at) / NS
    return ("slow", f"answered after {took:.1f} s") if took > SLOW else ("worked", "")


def _question(packet: Packet) -> Hashable:
    said = packet.said
    assert isinstance(said, Asked)  # noqa: S101
    return packet.destination, said.name.lower(), said.type


def _answer(packet: Packet) -> Hashable:
    said = packet.said
    assert isinstance(said, Answered)  # noqa: S101
    return packet.source, said.name.lower(), said.type


def _paired(
    asked: list[Packet], answers: list[Packet], question: Callable[[Packet], Hashable], answer: Callable[[Packet], Hashable]
) -> Iterator[_Pair]:  # fmt: skip
    """Questions of one kind, and the first answer to any of them; what is asked after that is another matter."""
    came: defaultdict[Hashable, deque[Packet]] = defaultdict(deque)
    for group in once(answers, lambda one: (answer(one), one.destination_port)):
        came[answer(group[0])].append(group[0])
    groups: dict[Hashable, list[Packet]] = {}
    for group in once(asked, lambda one: (question(one), one.source_port)):
        key = question(group[0])
        open_ = groups.setdefault(key, [])
        first = _first(came[key], open_[0].at) if open_ else None
        if first is not None and first.at <= group[0].at:
            yield tuple(open_), came[key].popleft()
            open_.clear()
        open_.append(group[0])
    for key, open_ in groups.items():
        yield tuple(open_), _first(came[key], open_[0].at)


def _first(answers: deque[Packet], since: int) -> Packet | None:
    """The first answer that is not older than the question; what is older is left out for good."""
    while answers and answers[0].at < since:
        answers.popleft()
    return answers[0] if answers else None
