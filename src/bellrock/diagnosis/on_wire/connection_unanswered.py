"""connection-unanswered: a machine asks a service for a connection again and again, and nothing comes back."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Conversation, Wire
from bellrock.diagnosis.readings import client_of, clients, clock, packet_links
from bellrock.diagnosis.readings_heard import sources
from bellrock.diagnosis.readings_services import METADATA, complaints, failed, service
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "connection-unanswered"
TITLE = "A service does not answer, not even with a refusal"
EXPLAINS = frozenset(("http-boot-failed", "mirror-stale"))
LEAST: Final = 3
"""SYNs (RFC 9293 §3.8.1: sent again after 1 s, then twice as long each time): a lost one is made good by the second."""
PATIENCE: Final = 2 * NS


def find(case: Case) -> Iterator[Finding]:
    """One for each client and TCP service of the catalogue. Metadata has its own rule, and what ICMP told about has others."""
    wire = case.wire
    if wire is None:
        return
    leased, said = clients(case), complaints(wire)
    for tries in failed(wire):
        one = tries[0]
        silent = [attempt for attempt in tries if attempt.ended != "reset"]
        sent = sum(attempt.packets for attempt in silent)
        lasted = silent and silent[-1].last - silent[0].first >= PATIENCE
        ours = one.protocol == "tcp" and one.flow and one.flow not in METADATA and not said.get(service(one))
        if ours and len(silent) == len(tries) and sent >= LEAST and lasted:
            yield _finding(wire, client_of(leased, one.source), silent, sent)


def _finding(wire: Wire, client: str, tries: list[Conversation], sent: int) -> Finding:
    one, last = tries[0], tries[-1]
    to = endpoint(one.destination, one.destination_port)
    heard = one.destination in sources(wire)
    return Finding(
        id=ID, severity=Severity.ERROR, flow=one.flow, client=client, address=to,
        what=f"{client} gets no answer from {to}",
        cause=f"{one.destination} answers other things, so the machine is there: a firewall drops tcp/{one.destination_port}." if heard
        else "The machine is off or elsewhere, a firewall on the way drops it, or the way back is missing.",
        proof=(
            f"{sent} SYNs from {clock(wire, one.first)} to {clock(wire, last.last)}, beginning with packet {one.first_packet}; neither an answer, "
            "nor a reset, nor an ICMP error came back.",
            f"{one.destination} was heard otherwise in this capture." if heard else f"Nothing from {one.destination} is in this capture.",
        ),
        evidence=packet_links(*(attempt.first_packet for attempt in tries)),
        confidence=Confidence.LIKELY if heard else Confidence.POSSIBLE,
        fix=(
            f"From the same segment: `bellrock probe {one.flow} --to {to}`; from both ends: `bellrock path`, which says where it dies.",
            f"On {one.destination}: `ip route get {one.source}`, `nft list ruleset`.",
        ),
        recheck=f"bellrock probe {one.flow} --to {to}",
    )  # fmt: skip
