"""service-refused: a machine is told at once that nobody listens there, or that it may not."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Complaint, Conversation, Packet, Wire
from bellrock.diagnosis.readings import client_of, clients, clock, links, packet_links
from bellrock.diagnosis.readings_services import complaints, failed, service
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "service-refused"
TITLE = "A service is refused: nobody listens, or a firewall rejects"
EXPLAINS = frozenset(
    (
        "connection-unanswered", "metadata-unanswered", "dns-unanswered", "ntp-unanswered", "http-boot-failed",
        "tftp-data-blocked",
    )
)  # fmt: skip
_REFUSALS: Final = ("port unreachable", "administratively prohibited")
"""RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3.1."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client and service that refused it every time, of the catalogue's flows; of others a notice."""
    wire = case.wire
    if wire is None:
        return
    leased, said = clients(case), complaints(wire)
    for tries in failed(wire):
        one = tries[0]
        about = [(packet, told) for packet, told in said.get(service(one), ()) if told.kind in _REFUSALS]
        reset = [attempt for attempt in tries if attempt.protocol == "tcp" and attempt.ended == "reset"]
        if (about or reset) and (one.flow or one.protocol == "tcp"):
            yield _finding(wire, client_of(leased, one.source), tries, reset, about)


def _finding(
    wire: Wire, client: str, tries: list[Conversation], reset: list[Conversation], about: list[tuple[Packet, Complaint]]
) -> Finding:
    one = tries[0]
    to, rule = endpoint(one.destination, one.destination_port), f"{one.protocol}/{one.destination_port}"
    firewall = [packet for packet, told in about if packet.source != one.destination or told.kind != "port unreachable"]
    by = firewall[0].source if firewall else one.destination
    told = (
        tuple(f"{packet.source} said {said.kind} (packet {packet.number}, {clock(wire, packet.at)})." for packet, said in about[:3])
        or (f"{len(reset)} connections, the first at {clock(wire, reset[0].first)} (packet {reset[0].first_packet}), were reset at once.",)
    )  # fmt: skip
    return Finding(
        id=ID, severity=Severity.ERROR if one.flow else Severity.NOTICE, flow=one.flow, client=client, address=to,
        what=f"{client} is refused {rule} at {one.destination}" + (f" by {by}" if firewall else ""),
        cause=f"A firewall on {by} rejects it." if firewall
        else f"Nothing listens on {rule} there, or the firewall of {one.destination} rejects as if it were so.",
        proof=told, evidence=(*links([packet for packet, _said in about]), *packet_links(*(attempt.first_packet for attempt in reset[:3]))),
        confidence=Confidence.CERTAIN if firewall else Confidence.LIKELY,
        fix=(
            (f"On {by}: `nft list ruleset`, `iptables-save`; let {rule} from {one.source} to {one.destination} through.",) if firewall
            else (
                f"On {one.destination}: `ss -ln{'t' if one.protocol == 'tcp' else 'u'}p sport = {one.destination_port}`: start the service, and "
                "have it listen on this address, not on loopback only.",
                f"If it listens: `nft list ruleset` there, for a rule that rejects {rule}.",
            )
        ),
        recheck=f"bellrock probe {one.flow or 'stream'} --to {to}",
    )  # fmt: skip
