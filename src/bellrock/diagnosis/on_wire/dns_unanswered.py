"""dns-unanswered: a machine asks a resolver, and no resolver answers it."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Asked, Packet, Wire
from bellrock.diagnosis.readings import client_of, clients, clock, links, unicast
from bellrock.diagnosis.readings_dns import Lookup, by_client
from bellrock.diagnosis.readings_heard import heard
from bellrock.model import Finding, Severity
from bellrock.wire.text import endpoint

ID = "dns-unanswered"
TITLE = "No resolver answers a machine"
EXPLAINS = frozenset(("name-unknown", "metadata-unanswered", "mirror-stale", "ntp-unanswered"))
LEAST: Final = 2
"""Questions: a single one may be lost."""
ENOUGH: Final = 3
"""Questions for one name, whose repetition shows that the client waited in vain."""
PATIENCE: Final = 5 * NS
"""resolv.conf(5): so long a resolver is given, where there are fewer."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client and resolver, only of clients whom no resolver at all has answered since."""
    if case.wire is None:
        return
    leased = clients(case)
    for client, many in by_client(case.wire).items():
        if not heard(case.wire, client):
            continue
        for resolver in dict.fromkeys(one.resolver for one in many if unicast(one.resolver)):
            asked = _asked([one for one in many if one.resolver == resolver])
            if asked and _in_vain(case.wire, asked) and not _answered(many, asked[0].at):
                yield _finding(case.wire, client_of(leased, client), resolver, asked, many)


def _asked(lookups: list[Lookup]) -> list[Packet]:
    """Questions, each once however many points saw it, by time."""
    first_point = {packet.point for one in lookups for packet in one.asked[:1]}
    packets = [packet for one in lookups for packet in one.asked if packet.point in first_point]
    return sorted(packets, key=lambda packet: packet.at)


def _in_vain(wire: Wire, asked: list[Packet]) -> bool:
    names = Counter((said.name.lower(), said.type) for packet in asked if isinstance(said := packet.said, Asked))
    most = max(names.values(), default=0)
    return most >= ENOUGH or (len(asked) >= LEAST and wire.last - asked[0].at >= PATIENCE)


def _answered(lookups: list[Lookup], since: int) -> bool:
    return any(packet.at >= since for one in lookups for packet in one.answers)


def _finding(wire: Wire, client: str, resolver: str, asked: list[Packet], many: list[Lookup]) -> Finding:
    names = ", ".join(dict.fromkeys(one.name for one in many if one.resolver == resolver))
    return Finding(
        id=ID, severity=Severity.ERROR, flow="dns", client=client, address=endpoint(resolver, 53),
        what=f"{client} asks {resolver} for names, and nobody answers",
        cause="No resolver runs there, it is not reachable from here, or udp/53 is dropped on the way.",
        proof=(
            f"{len(asked)} questions from {clock(wire, asked[0].at)} to {clock(wire, asked[-1].at)} (packets {asked[0].number} to "
            f"{asked[-1].number}), for {names[:120]}; no answer from any resolver.",
        ),
        evidence=links(asked),
        fix=(
            f"On {resolver}: is it running and listening there (`ss -lunp sport = 53`)?",
            f"Let udp/53 and tcp/53 to {resolver} through; or give machines another resolver (DHCP option 6).",
        ),
        recheck=f"bellrock probe dns --to {endpoint(resolver, 53)}",
    )  # fmt: skip
