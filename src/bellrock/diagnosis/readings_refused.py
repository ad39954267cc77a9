"""What hosts refused, by peer."""

from collections.abc import Iterator

from msgspec import Struct

from bellrock.diagnosis.case import Case, Here


class Refusal(Struct, frozen=True):
    """Beacons of one peer that a host did not take, for one reason."""

    here: Here
    peer: str
    why: str
    count: int


def refusals(case: Case) -> Iterator[Refusal]:
    """All of them, by host."""
    for one in case.here:
        for peer, why, count in one.refused:
            yield Refusal(one, peer, why, count)


def skew(why: str) -> float | None:
    """Seconds of `clock skew +312 s`; None: it is about something else."""
    words = why.removeprefix("clock skew ").split()
    if why.startswith("clock skew ") and words:
        try:
            return float(words[0])
        except ValueError:
            return None
    return None
