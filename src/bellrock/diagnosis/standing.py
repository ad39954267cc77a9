"""Findings and how they stand, as the region tells them and the command line reads them."""

from msgspec import Struct, structs

from bellrock.diagnosis.findings_document import FindingDocument, told
from bellrock.diagnosis.ledger import Entry, State
from bellrock.model import Wall


class FindingView(FindingDocument, frozen=True, kw_only=True):
    """A finding and how it stands. Times are seconds since 1970. `origin`: the diagnosis that was handed in, or the node that told it; empty: the region's own. `by`: key of the
    finding that explains it."""

    state: State = State.OPEN
    opened: Wall
    seen: Wall
    """When it was seen last."""
    gone: Wall | None = None
    origin: str = ""
    by: str = ""


class FindingsView(Struct, frozen=True):
    """What is wrong, the gravest first. `looked`: when the region's last look began, seconds since 1970; null: none is over yet.
    `missed`: looks since then that failed; the region's log says why (`look-failed`), and what stands here may be old."""

    findings: tuple[FindingView, ...]
    looked: Wall | None = None
    missed: int = 0


class DiagnosisView(Struct, frozen=True):
    """A diagnosis that was taken: how many findings, when, and until when it counts if nothing of this source takes its place. A look that began at `at` or later has
    judged it."""

    source: str
    findings: int
    at: Wall
    until: Wall


def view(one: Entry) -> FindingView:
    """A finding and how it stands."""
    return FindingView(
        **structs.asdict(told(one.finding)), state=one.state, opened=one.opened, seen=one.seen, gone=one.gone, origin=one.origin, by=one.by
    )  # fmt: skip
