"""tftp-stalled: a file begins to come by TFTP, and stops."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import clock
from bellrock.diagnosis.tftp_story import Fetch, block, complaints, evidence, failure, fetches, proof, recheck
from bellrock.model import Confidence, Finding, Severity

ID = "tftp-stalled"
TITLE = "A TFTP transfer stops midway"
EXPLAINS: frozenset[str] = frozenset()


def find(case: Case) -> Iterator[Finding]:
    """One for each client and file. A transfer inside of which the capture ends is none."""
    if case.wire is None:
        return
    for fetch in fetches(case):
        if failure(fetch) == "stalled":
            yield _finding(case.wire, fetch)


def _finding(wire: Wire, fetch: Fetch) -> Finding:
    last = fetch.last
    share = f" of {last.tsize}" if last.tsize else ""
    icmp = [
        f"Packet {packet.number}: {packet.source} says {said.kind}." for packet, said in complaints(fetch, wire)[:2]
    ]
    return Finding(
        id=ID, severity=Severity.ERROR, client=fetch.client, vid=fetch.vid, flow="tftp", address=fetch.server,
        what=f"The transfer of {fetch.path!r} from {fetch.server} to {fetch.client} stops after {last.octets}{share} octets", cause=_cause(fetch),
        proof=(*proof(fetch), f"Its last packet is at {clock(wire, last.until)}; the capture goes on for {fetch.silence:.1f} s.", *icmp),
        evidence=evidence(fetch), confidence=Confidence.LIKELY if last.repeated else Confidence.POSSIBLE,
        fix=(
            f"On {fetch.server}: does the TFTP server still run, and does its log tell of a time-out of {fetch.address}?",
            "On the way: does the client's link stay up, does another machine have the client's address, does a firewall forget the conversation?",
        ),
        recheck=recheck(fetch),
    )  # fmt: skip


def _cause(fetch: Fetch) -> str:
    repeated = max(one.repeated for one in fetch.views)
    if repeated:
        return f"{repeated} packets were sent again without an answer: since then, packets between the two are lost one way or both."
    return f"One of the two fell silent between two blocks of {block(fetch)} octets: it ended, or its packets no longer pass here."
