"""name-unknown: the resolver that a machine was given does not know a name that it needs, or cannot find out."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import client_of, clients, clock, links
from bellrock.diagnosis.readings_dns import Lookup, by_client, lookups, searched, wanted
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "name-unknown"
TITLE = "A resolver does not know a name that a machine needs"
EXPLAINS = frozenset(("metadata-unanswered", "mirror-stale", "http-boot-failed"))
_SAYS: Final = {
    "NXDOMAIN": ("does not know the name", "The name is in a zone that this resolver does not serve or cannot see: it is an outside resolver, "
                 "or the region's zone is not forwarded to it."),
    "SERVFAIL": ("fails on the name", "Its own way to the servers of that zone is cut, or the zone's signatures do not fit (DNSSEC)."),
    "REFUSED": ("refuses to answer", "It answers only networks that it was told to (`allow-query`, `allow-recursion`), and not this one."),
}  # fmt: skip


def find(case: Case) -> Iterator[Finding]:
    """One for each client, resolver and name that no resolver knows for it, not even with a search domain, and not later either."""
    if case.wire is None:
        return
    leased = clients(case)
    for client, many in by_client(case.wire).items():
        known = {one.name for one in many if one.known}
        told: set[tuple[str, str]] = set()
        for one in many:
            if one.rcode not in _SAYS or not wanted(one) or one.name in known or searched(one.name, known):
                continue
            if (one.resolver, one.name) not in told:
                told.add((one.resolver, one.name))
                yield _finding(case.wire, one, client_of(leased, client))


@per_wire
def _known(wire: Wire) -> dict[str, list[Lookup]]:
    """Name → who was told it by whom."""
    found: dict[str, list[Lookup]] = defaultdict(list)
    for one in lookups(wire):
        if one.known:
            found[one.name].append(one)
    return found


def _finding(wire: Wire, one: Lookup, client: str) -> Finding:
    says, why = _SAYS[one.rcode]
    asked, answer = one.asked[0], one.answers[-1]
    others = [other for other in _known(wire).get(one.name, ()) if other.resolver != one.resolver]
    knows = [f"{other.resolver} knows it: packet {other.answers[-1].number}." for other in others[:2]]
    return Finding(
        id=ID, severity=Severity.ERROR if one.rcode != "NXDOMAIN" or knows else Severity.WARNING, flow="dns", client=client,
        address=endpoint(one.resolver, 53), what=f"{one.resolver} {says} {one.name}, which {client} needs",
        cause=why, proof=(
            f"Asked for {one.name} ({one.type}) at {clock(wire, asked.at)} (packet {asked.number}), {one.resolver} answered {one.rcode} "
            f"(packet {answer.number}).",
            *(knows or ["No resolver gave the client an address for it later, with or without a search domain."]),
        ),
        evidence=links((asked, answer, *(other.answers[-1] for other in others[:2]))),
        confidence=Confidence.CERTAIN,
        fix=(
            f"Give machines a resolver that knows {one.name} (DHCP option 6)" + (f": {others[0].resolver}." if others else "."),
            f"Or have {one.resolver} forward the zone to a server that has it.",
        ),
        recheck=f"bellrock probe dns --to {endpoint(one.resolver, 53)} -o names={one.name}",
    )  # fmt: skip
