"""metadata-unanswered: a machine asks the region what it is to do, and is not answered."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Conversation, Wire
from bellrock.diagnosis.readings import again, client_of, clients, clock, links, packet_links
from bellrock.diagnosis.readings_http import Exchange, exchanges
from bellrock.diagnosis.readings_services import METADATA, complaints, failed, service
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "metadata-unanswered"
TITLE = "A machine gets no metadata: the region does not answer"
EXPLAINS: frozenset[str] = frozenset()
PATIENCE: Final = 10 * NS
"""cloud-init gives up a request after so long, or longer."""
_PATHS: Final = ("/metadata/", "/latest/meta-data", "/latest/user-data", "/openstack/")


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server: SYNs that nobody answers, or requests that nobody answers once connected."""
    wire = case.wire
    if wire is None:
        return
    leased, said = clients(case), complaints(wire)
    for tries in failed(wire):
        one = tries[0]
        sent, silent = sum(attempt.packets for attempt in tries), all(attempt.ended != "reset" for attempt in tries)
        if one.flow in METADATA and one.protocol == "tcp" and sent >= 2 and silent and not said.get(service(one)):
            yield _never(wire, client_of(leased, one.source), tries, sent)
    told: set[tuple[str, str]] = set()
    for asked in _waiting(wire):
        key = (asked.client, asked.asked.destination)
        if key not in told:
            told.add(key)
            yield _asked(wire, client_of(leased, asked.client), asked)


def is_metadata(one: Exchange) -> bool:
    """Whether a request is for metadata, by what it asks for."""
    return any(path in f"{one.request.target}/" for path in _PATHS)


def _waiting(wire: Wire) -> Iterator[Exchange]:
    """Requests of which no answer came, from clients that the server did not answer later either."""
    every = [one for one in exchanges(wire) if is_metadata(one)]
    answered = {(one.client, one.asked.destination) for one in every if one.response is not None}
    for one in every:
        if (
            one.response is None
            and (one.client, one.asked.destination) not in answered
            and wire.last - one.asked.at >= PATIENCE
        ):
            yield one


def _never(wire: Wire, client: str, tries: list[Conversation], sent: int) -> Finding:
    one, last = tries[0], tries[-1]
    to = endpoint(one.destination, one.destination_port)
    return Finding(
        id=ID, severity=Severity.ERROR, flow=one.flow, client=client, address=to,
        what=f"{client} asks {to} for its metadata, and gets no answer",
        cause=f"tcp/{one.destination_port} from the machine's subnet to the region is dropped on the way, or the region is not there.",
        proof=(
            f"{sent} SYNs from {clock(wire, one.first)} to {clock(wire, last.last)} at {one.point or 'the point of capture'}, beginning with packet "
            f"{one.first_packet}; nothing came back.",
        ),
        evidence=packet_links(*(attempt.first_packet for attempt in tries)), confidence=Confidence.LIKELY,
        fix=(
            f"Let tcp/{one.destination_port} from the machines' subnets to {one.destination} through; `bellrock firewall build` writes the rules.",
            "Capture at both ends (`bellrock capture run --on AGENT`): two points show where it is lost.",
        ),
        recheck=f"bellrock probe {one.flow} --to {to}",
    )  # fmt: skip


def _asked(wire: Wire, client: str, one: Exchange) -> Finding:
    to = endpoint(one.asked.destination, one.asked.destination_port)
    return Finding(
        id=ID, severity=Severity.ERROR, flow="api", client=client, address=to,
        what=f"{client} asks {to} for its metadata, and gets no answer",
        cause="The connection stands, so the way there is open: the service is overloaded or stuck, or large answers do not get through.",
        proof=(f"{one.request.method} {one.request.target} at {clock(wire, one.asked.at)} (packet {one.asked.number}) was not answered until the end.",),
        evidence=links((one.asked,)), confidence=Confidence.LIKELY,
        fix=(f"On {one.asked.destination}: look at the service's log and load.", "`bellrock mtu` shows whether large packets pass."),
        recheck=again(one.asked.point),
    )  # fmt: skip
