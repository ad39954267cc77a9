"""wrong-secret: somebody on the wire beacons with a secret that this host does not have."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_refused import Refusal, refusals
from bellrock.diagnosis.readings_site import several
from bellrock.model import Confidence, Finding, Severity

ID = "wrong-secret"
TITLE = "Two agents on one wire have different secrets"
EXPLAINS: frozenset[str] = frozenset(("no-region-heard",))
_NAMED = 8
_ENOUGH = 3
"""Beacons that must have been refused: one alone may be an old one that was played back."""


def find(case: Case) -> Iterator[Finding]:
    """One for each source, whoever refuses it."""
    by_peer: dict[str, list[Refusal]] = {}
    for one in refusals(case):
        if one.why == "wrong secret" and one.count >= _ENOUGH:
            by_peer.setdefault(one.peer, []).append(one)
    for peer, those in by_peer.items():
        yield _finding(peer, those)


def _finding(peer: str, those: list[Refusal]) -> Finding:
    hosts = [one.here.host for one in those]
    return Finding(
        id=ID, severity=Severity.WARNING, address=peer,
        what=f"{several(hosts)} {'hears' if len(hosts) == 1 else 'hear'} beacons of {peer} that their secret does not open",
        cause="One of the two was given another shared secret, or belongs to another installation (Bellrock's or MAAS's) whose VLAN reaches here: "
        "neither sees the other in its topology.",
        proof=tuple(f"{one.here.host} refused {one.count} beacons of {peer}: wrong secret." for one in those[:_NAMED]),
        evidence=tuple(f"refusal {host} {peer} wrong-secret" for host in hosts[:_NAMED]), confidence=Confidence.LIKELY,
        fix=("If both belong together: bellrock secret show-id on each says which secret it has; copy the file of one to the other.",
             "If they do not: their VLANs meet, which is seldom meant; see which port joins them."),
        recheck="bellrock topology refusals",
    )  # fmt: skip
