"""ntp-unanswered: a machine asks for the time, and no server answers."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Complaint, Packet, Wire
from bellrock.diagnosis.readings import again, client_of, clients, clock, links, of, unicast
from bellrock.diagnosis.readings_heard import heard
from bellrock.diagnosis.readings_services import complaints
from bellrock.model import Finding, Severity
from bellrock.wire import ntp
from bellrock.wire.text import endpoint

ID = "ntp-unanswered"
TITLE = "Nobody answers a machine that asks for the time"
EXPLAINS = frozenset(("tls-not-yet-valid", "metadata-refused"))
LEAST: Final = 2
"""Questions to one server; a single one may be lost."""
PATIENCE: Final = 2 * NS
"""An answer may come so long after the question; questions at the very end of a capture are not counted."""

Complained = Sequence[tuple[Packet, Complaint]]


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server, only of clients whom no server at all has answered."""
    wire = case.wire
    if wire is None:
        return
    leased = clients(case)
    served = {packet.destination for packet, said in of(wire, ntp.Packet) if said.mode == ntp.SERVER}
    said = complaints(wire)
    for (client, server), packets in _asked(wire).items():
        if client not in served and len(packets) >= LEAST and heard(wire, client):
            yield _finding(wire, client_of(leased, client), server, packets, said.get((client, "udp", server, 123), ()))


def _asked(wire: Wire) -> dict[tuple[str, str], list[Packet]]:
    """Each question once, however many points saw it."""
    found: dict[tuple[str, str], dict[tuple[int, int], Packet]] = defaultdict(dict)
    for packet, said in of(wire, ntp.Packet):
        if said.mode == ntp.CLIENT and unicast(packet.destination) and wire.last - packet.at >= PATIENCE:
            found[packet.source, packet.destination].setdefault((packet.source_port, said.transmit), packet)
    return {key: [*packets.values()] for key, packets in found.items()}


def _finding(wire: Wire, client: str, server: str, packets: list[Packet], complained: Complained) -> Finding:
    first, last = packets[0], packets[-1]
    said = tuple(f"{by.source} complained: {what.kind} (packet {by.number})." for by, what in complained[:1])
    return Finding(
        id=ID, severity=Severity.WARNING, flow="ntp", client=client, address=endpoint(server, 123),
        what=f"{client} asks {server} for the time, and nobody answers",
        cause="No NTP server runs there, or udp/123 is dropped on the way. Its clock stays as it is; certificates and tokens may fail later.",
        proof=(
            f"{len(packets)} questions from {clock(wire, first.at)} to {clock(wire, last.at)} (packets {first.number} to {last.number}), no "
            "answer from any server.",
            *said,
        ),
        evidence=links((*packets, *(by for by, _ in complained[:1]))),
        fix=(
            f"On {server}: is a server running (`ss -lunp sport = 123`), and may {first.source} ask it (`allow` in chrony.conf)?",
            f"Let udp/123 to {server} through, and answers back.",
        ),
        recheck=f"bellrock probe ntp --to {endpoint(server, 123)}" if server else again(first.point),
    )  # fmt: skip
