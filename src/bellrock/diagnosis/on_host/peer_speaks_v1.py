"""peer-speaks-v1: a peer's beacons have a version that is not taken here, or only the first one."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_refused import Refusal, refusals
from bellrock.diagnosis.readings_site import several
from bellrock.model import Finding, Severity

ID = "peer-speaks-v1"
TITLE = "A peer speaks another version of the beacon protocol"
EXPLAINS: frozenset[str] = frozenset(("no-region-heard",))
_NAMED: Final = 8
_KNOWN: Final = "Versions 1 and 2 are known here"


def find(case: Case) -> Iterator[Finding]:
    """Peers whose beacons are refused for their version; and, as a notice, those that a look heard in version 1."""
    by_peer: dict[tuple[str, str], list[Refusal]] = {}
    for one in refusals(case):
        version = one.why.removeprefix("version ")
        if version != one.why:
            by_peer.setdefault((one.peer, version), []).append(one)
    for (peer, version), those in by_peer.items():
        yield _refused(peer, version, those)
    for look in case.looks:
        old = {
            (it.peer_name or it.source_mac, it.port.interface): it
            for cable in look.cables
            for it in cable.heard
            if it.version == 1
        }
        for (peer, interface), it in old.items():
            yield Finding(
                id=ID, severity=Severity.NOTICE, host=look.host, interface=interface, address=peer,
                what=f"{peer} speaks version 1 of the beacon protocol alone", cause="It is a plain MAAS, or an old release: it tells less of itself.",
                proof=(f"{look.host}/{interface} heard its beacons, all of version 1.",),
                evidence=tuple(f"beacon {one}" for one in it.proof) or (f"{it.kind} {look.host}/{interface} {peer}",),
                fix=("Nothing must be done; with Bellrock beside it, its links are measured and confirmed as well.",), recheck="bellrock node",
            )  # fmt: skip


def _refused(peer: str, version: str, those: list[Refusal]) -> Finding:
    hosts = [one.here.host for one in those]
    return Finding(
        id=ID, severity=Severity.WARNING, address=peer,
        what=f"{peer} speaks version {version} of the beacon protocol, which {several(hosts)} {'does' if len(hosts) == 1 else 'do'} not take",
        cause="One of the two is much older or newer. Its beacons are counted and not used, so that it is missing from the topology.",
        proof=tuple(f"{one.here.host} refused {one.count} beacons of {peer}: version {version}. {_KNOWN}." for one in those[:_NAMED]),
        evidence=tuple(f"refusal {host} {peer} unknown-version" for host in hosts[:_NAMED]),
        fix=("Bring both to one release: bellrock version shows what each is.",), recheck="bellrock topology refusals",
    )  # fmt: skip
