"""Which findings the API is asked for, and which it takes."""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct

from bellrock.diagnosis.findings_document import FindingDocument, heard
from bellrock.diagnosis.ledger import STANDING, Entry, State
from bellrock.model import Finding, Severity
from bellrock.region.service.check import MAX_TEXT, MAX_VID, labels

MAX_HANDED_IN: Final = 500
"""Findings of one diagnosis."""
MAX_SENTENCES: Final = 64
"""Of proof, evidence, fix and symptoms each."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Which findings are to be told; what is empty does not matter."""

    states: frozenset[State] = frozenset(STANDING)
    severity: Severity | None = None
    """At least so grave."""
    host: str = ""
    """Or client."""
    id: str = ""
    interface: str = ""
    vid: int | None = None
    flow: str = ""
    since: float | None = None
    """Opened then or later, or come back; seconds since 1970."""

    def takes(self, one: Entry) -> bool:
        """Whether it is one of them."""
        order, finding = list(Severity), one.finding
        return (
            one.state in self.states
            and (self.severity is None or order.index(finding.severity) <= order.index(self.severity))
            and self.host in ("", finding.host, finding.client)
            and self.id in ("", finding.id)
            and self.interface in ("", finding.interface)
            and self.vid in (None, finding.vid)
            and self.flow in ("", finding.flow)
            and (self.since is None or one.opened >= self.since)
        )


def place_in_list(one: Entry) -> tuple[str | int | float, ...]:
    """What stands first, the gravest first, then what is gone, the latest first; the same for none other."""
    finding = one.finding
    grave = list(Severity).index(finding.severity)
    return int(one.state is State.GONE), int(one.state not in STANDING), -(one.gone or 0.0), grave, one.key


Source = Annotated[str, Meta(min_length=1, max_length=200)]


def taken(documents: Iterable[FindingDocument]) -> tuple[Finding, ...]:
    """Findings that somebody hands in.

    Raises:
        ValueError: one of them is not to be shown: what is wrong with it.
    """
    found = [heard(one) for one in documents]
    if len(found) > MAX_HANDED_IN:
        raise ValueError(f"{len(found)} findings at once; at most {MAX_HANDED_IN} are taken")
    for one in found:
        if why := flaw(one):
            raise ValueError(f"the finding {ascii(one.id)[:80]}: {why}")
    return tuple(found)


def flaw(one: Finding) -> str:
    """Why a finding of somebody else is not to be shown; empty if it is."""
    lists = (one.proof, one.evidence, one.fix, one.symptoms)
    texts = [one.what, one.cause, one.recheck, *(text for some in lists for text in some)]
    if not one.id or not one.what or not one.proof:
        return "it has no id, says nothing, or is without proof"
    if why := labels(one.id, one.host, one.interface, one.flow, one.client, one.address):
        return f"its place: {why}"
    if any(len(some) > MAX_SENTENCES for some in lists):
        return f"more than {MAX_SENTENCES} sentences of one kind"
    if any(len(text) > MAX_TEXT or not text.isprintable() for text in texts):
        return f"not at most {MAX_TEXT} printable characters in each sentence"
    return "" if one.vid is None or 0 <= one.vid <= MAX_VID else "a VID from 0 to 4094 is expected"
