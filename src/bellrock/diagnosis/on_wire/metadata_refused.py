"""metadata-refused: the region answers a machine that asks for its metadata, and gives it none."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.on_wire.metadata_unanswered import is_metadata
from bellrock.diagnosis.readings import again, client_of, clients, links
from bellrock.diagnosis.readings_http import Exchange, exchanges
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "metadata-refused"
TITLE = "A machine asks for its metadata and is refused"
EXPLAINS: frozenset[str] = frozenset()
_WHY: Final = {
    401: ("Its token was not taken: it is of an earlier deployment, or clocks differ by more than tokens bear.", Confidence.LIKELY),
    403: ("The region does not let it have this: it knows the machine as another one, or in another state.", Confidence.LIKELY),
    404: ("The region has nothing of that name for it: another version, or a machine that it does not know.", Confidence.LIKELY),
}  # fmt: skip
_BROKEN: Final = ("The service failed, or the proxy in front of it did not reach it.", Confidence.LIKELY)


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server that gave it nothing in the whole capture; single misses are usual."""
    if case.wire is None:
        return
    leased = clients(case)
    every = [one for one in exchanges(case.wire) if is_metadata(one) and one.response is not None]
    given = {(one.client, one.asked.destination) for one in every if one.status < 400}
    told: set[tuple[str, str]] = set()
    for one in every:
        key = (one.client, one.asked.destination)
        if key not in given and key not in told:
            told.add(key)
            yield _finding(
                client_of(leased, one.client),
                one,
                [other for other in every if key == (other.client, other.asked.destination)],
            )


def _finding(client: str, one: Exchange, every: list[Exchange]) -> Finding:
    to = endpoint(one.asked.destination, one.asked.destination_port)
    why, confidence = _WHY.get(one.status, _BROKEN)
    return Finding(
        id=ID, severity=Severity.ERROR, flow="api", client=client, address=to,
        what=f"{to} answers {client} with {one.status} when it asks for its metadata",
        cause=why,
        proof=tuple(
            f"{other.request.method} {other.request.target}: {other.status} (packet {other.came.number if other.came else 0})." for other in every[:4]
        ),
        evidence=links([packet for other in every for packet in (other.asked, other.came) if packet]), confidence=confidence,
        fix=(
            f"Look at what the service on {to} logs about {one.client}.",
            *(("`bellrock probe ntp` on both: compare the clocks.",) if one.status == 401 else ()),
        ),
        recheck=again(one.asked.point),
    )  # fmt: skip
