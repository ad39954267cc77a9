"""Words that the sentences about a walk share."""

from typing import Literal, NamedTuple

from msgspec import Struct

from bellrock.contract.walk import Ruled, Sighting, WhichRule
from bellrock.diagnosis.walkfacts import Case
from bellrock.model import DiedAt, Verdict


class Question(Struct, frozen=True):
    """What is to be asked of an end before it can be judged: what its rules do with a packet."""

    end: Literal["source", "target"]
    ask: WhichRule


class Judged(NamedTuple):
    """Where it died, what that is called, and the sentence."""

    died_at: DiedAt
    verdict: Verdict
    detail: str
    rule: str = ""


def no_question(_: Case) -> None:
    """No end's rules have to do with it."""
    return


def unruled(ruled: Ruled | None) -> str:
    """What the rules have to do with it, where no rule of theirs drops it."""
    if ruled is None:
        return ""
    if ruled.verdict == "unknown":
        return f" (its rules could not be judged: {ruled.why}{f' in {ruled.rule}' if ruled.rule else ''})"
    if ruled.verdict != "accept":
        return ""
    return perhaps(ruled) or " (no rule of its nftables does that)"


def of_another_kind(case: Case, ruled: Ruled | None) -> str:
    """What drops packets and is no rule of nftables; of reverse-path filtering, which IPv4 alone has, the end that answered would have said it."""
    filtering = "" if (ruled is not None and ruled.order) or ":" in case.path.target else "reverse-path filtering or "
    return f"; {filtering}rules of another kind do so as well"


def perhaps(ruled: Ruled) -> str:
    """What the rules' consent hangs on."""
    return f" (its rules let it pass, but if {ruled.when}, this drops it: {ruled.unless})" if ruled.unless else ""


def from_card(case: Case, seen: Sighting | None) -> str:
    """From which network card something came, where whoever sent it is on the source's own link."""
    return (
        f" (from the network card {seen.sender} on this link)" if seen and seen.sender and not case.sent.gateway else ""
    )


def unsure(case: Case) -> str:
    """That packets were not looked at, where some were not."""
    lost = case.near.lost + case.far.lost
    return f" ({lost} packets came too fast to be looked at, this may be among them)" if lost else ""


def place(name: str, seen: Sighting | None) -> str:
    """Host and interface."""
    return "/".join(part for part in (name, seen.interface if seen else "") if part)
