"""Attempts at steps: retries become one step, and so do things of one kind that worked one after the other."""

from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.part import SLOW, Part, counted, names
from bellrock.diagnosis.packets import NS

GOOD: tuple[Outcome, ...] = ("worked", "slow")


class Attempt(Struct, frozen=True, kw_only=True):
    """One try at something: a file, a name, an address."""

    step: str
    stage: str
    thing: str
    """What was wanted: `bootx64.efi`."""
    whom: str
    """Of whom: `10.0.0.2`."""
    outcome: Outcome
    why: str = ""
    """What became of it, where it did not work: `refused: File not found`."""
    at: int
    until: int
    packets: tuple[int, ...] = ()
    passing: bool = False
    """A refusal that is no fault once another name is found: a boot loader looks for its settings under many."""
    silent: bool = False
    """Nobody was seen to answer; who tries again was not answered elsewhere either."""
    tries: int = 1
    octets: int = 0

    @property
    def same(self) -> Hashable:
        """Of attempts that are retries of each other."""
        return self.step, self.stage, self.thing, self.whom


def joined(part: Part, given: Iterable[Attempt]) -> list[Step]:
    """Steps by time."""
    told = _without_search(_retried(sorted(given, key=lambda one: one.at)))
    steps: list[Step] = []
    for (good, *_), group in groupby(told, key=lambda one: (one.outcome in GOOD, one.step, one.stage, one.whom)):
        several = list(group)
        steps += [_together(part, several)] if good else [_alone(part, one) for one in several]
    return steps


def _retried(given: Sequence[Attempt]) -> list[Attempt]:
    """Retries as one; it is where the last one ended, and slow where an earlier one failed."""
    known: dict[Hashable, Attempt] = {}
    for one in given:
        before = known.get(one.same)
        known[one.same] = one if before is None else _again(before, one)
    return list(known.values())


def _again(before: Attempt, after: Attempt) -> Attempt:
    worked = after.outcome in GOOD
    outcome: Outcome = "slow" if worked and before.outcome not in (*GOOD, "not-seen") else after.outcome
    if before.silent and after.silent:
        outcome = "unanswered"
    # What has come once is had, whatever becomes of a second fetch that nobody waited for.
    if after.outcome == "not-seen" and before.outcome in GOOD:
        outcome = before.outcome
    return replace(
        after, outcome=outcome, why=after.why or (before.why if outcome == "slow" else ""), at=before.at, packets=before.packets + after.packets,
        tries=before.tries + after.tries, octets=max(before.octets, after.octets),
    )  # fmt: skip


def _without_search(given: Sequence[Attempt]) -> list[Attempt]:
    """Names that were not there are left out where another one was found after them."""
    last = {(one.step, one.stage): place for place, one in enumerate(given) if one.outcome in GOOD}
    return [one for place, one in enumerate(given) if not one.passing or last.get((one.step, one.stage), -1) < place]


def _alone(part: Part, one: Attempt) -> Step:
    tries = f" ({counted(one.tries, 'try', 'tries')})" if one.tries > 1 else ""
    what = f"{one.thing} from {one.whom}: {one.why or one.outcome}{tries}"
    return part.step(one.step, one.outcome, what, (one.at, one.until), one.packets, one.stage)


def _together(part: Part, several: Sequence[Attempt]) -> Step:
    slow = [one for one in several if one.outcome == "slow"]
    took = max(one.until for one in several) - several[0].at
    size = sum(one.octets for one in several)
    what = f"{names([one.thing for one in several])} from {several[0].whom}{f', {_size(size)}' if size else ''}"
    if took > NS:
        what += f" in {took / NS:.1f} s"
    if slow:
        why = slow[0].why or f"more than {SLOW:g} s"
        what += f"; {slow[0].thing} at try {slow[0].tries} ({why})" if slow[0].tries > 1 else f"; {why}"
    packets = tuple(number for one in several for number in one.packets)
    times = several[0].at, max(one.until for one in several)
    return part.step(several[0].step, "slow" if slow else "worked", what, times, packets, several[0].stage)


def _size(octets: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if octets >= size:
            return f"{octets / size:.1f} {unit}"
    return f"{octets} octets"
