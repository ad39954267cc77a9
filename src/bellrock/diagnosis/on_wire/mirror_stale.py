"""mirror-stale: a mirror of packages lacks what its own index promises, or its index is out of date."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS
from bellrock.diagnosis.readings import client_of, clients, links
from bellrock.diagnosis.readings_dates import date, span
from bellrock.diagnosis.readings_http import Exchange, exchanges
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "mirror-stale"
TITLE = "A mirror of packages is out of date or half copied"
EXPLAINS: frozenset[str] = frozenset()
OLD: Final = 14 * 86_400.0
"""Seconds without a change, of suites that change every few days."""
_MOVING: Final = ("-security", "-updates", "-proposed-updates", "-backports")
_RELEASES: Final = ("/InRelease", "/Release")
_MISSING: Final = (404, 410)
"""Not 403: whoever says that has a rule against it (a proxy's list, a subscription), whatever the mirror has."""


def find(case: Case) -> Iterator[Finding]:
    """One for each mirror. Missing files are proof; age alone is one only where the client went no further, as apt does with it."""
    if case.wire is None:
        return
    leased = clients(case)
    by_mirror: dict[str, list[Exchange]] = defaultdict(list)
    for one in exchanges(case.wire):
        if "/dists/" in one.request.target or "/pool/" in one.request.target:
            by_mirror[_mirror(one)].append(one)
    for mirror, asked in by_mirror.items():
        missing = [*{_path(one): one for one in reversed(asked) if _promised(one, asked)}.values()][::-1]
        if missing:
            yield _half(mirror, missing, client_of(leased, missing[0].client))
            continue
        old = [one for one in asked if _age(one) > OLD and not _went_on(one, asked)]
        if old:
            yield _old(mirror, old, client_of(leased, old[0].client))


def _mirror(one: Exchange) -> str:
    """Whose files these are: the name that was asked for, which a proxy only fetches from."""
    return one.request.host or endpoint(one.asked.destination, one.asked.destination_port)


def _path(one: Exchange) -> str:
    """Without scheme and host, which a request to a proxy has (RFC 9112 §3.2.2)."""
    target = one.request.target
    return "/" + target.split("://", 1)[1].partition("/")[2] if "://" in target else target


def _promised(one: Exchange, asked: list[Exchange]) -> bool:
    """A file that only an index of the mirror can have named, and that is not there. What is tried at a venture (Release.gpg, Translation) is not."""
    path = _path(one)
    if one.status not in _MISSING or not ("/by-hash/" in path or (path.endswith(".deb") and "/pool/" in path)):
        return False
    good = [
        other
        for other in asked
        if other.response is not None and _path(other) == path and other.status in (200, 206, 304)
    ]
    return not good


def _age(one: Exchange) -> float:
    """Seconds since the index of a moving suite changed, by the mirror's own clock; 0 where it is none, or nothing tells."""
    path, response = _path(one), one.response
    if response is None or one.status != 200 or response.modified is None or not path.endswith(_RELEASES):
        return 0.0
    now = one.asked.at / NS if response.date is None else response.date
    return now - response.modified if _suite(path).endswith(_MOVING) else 0.0


def _suite(path: str) -> str:
    return path.partition("/dists/")[2].rpartition("/")[0]


def _went_on(one: Exchange, asked: list[Exchange]) -> bool:
    """Whether the client then fetched something that the index names."""
    suite = f"/dists/{_suite(_path(one))}/"
    later = [other for other in asked if other.client == one.client and other.asked.at > one.asked.at]
    return any(suite in _path(other) and not _path(other).endswith((*_RELEASES, "/Release.gpg")) for other in later)


def _half(mirror: str, missing: list[Exchange], client: str) -> Finding:
    first = missing[0]
    return Finding(
        id=ID, severity=Severity.ERROR, flow="apt", client=client, address=mirror,
        what=f"Mirror {mirror} lacks files that its index names",
        cause="It was copied while its origin changed, or only in part: indexes and packages are not of one time.",
        proof=tuple(
            f"{_path(one)} was answered with {one.status} (packet {one.came.number if one.came else 0})." for one in missing[:5]
        ) + (f"{len(missing)} files in all.",) * (len(missing) > 5),
        evidence=links([packet for one in missing for packet in (one.asked, one.came) if packet]), confidence=Confidence.CERTAIN,
        fix=(
            "Let the mirror run to its end (`apt-mirror`, `debmirror`, `aptly mirror update` and publish anew): packages first, indexes last.",
            "Behind a caching proxy: clear what it holds of this mirror.",
        ),
        recheck=f"bellrock probe apt --to {endpoint(first.asked.destination, first.asked.destination_port)}",
    )  # fmt: skip


def _old(mirror: str, old: list[Exchange], client: str) -> Finding:
    first = old[0]
    modified = first.response.modified if first.response and first.response.modified else 0
    return Finding(
        id=ID, severity=Severity.WARNING, flow="apt", client=client, address=mirror,
        what=f"Mirror {mirror} has an index of {_suite(_path(first))} that is {span(_age(first))} old, and the client stopped there",
        cause="The mirror is no longer updated: apt refuses an index that is older than it says to be valid, and security updates are missing.",
        proof=(
            f"{_path(first)} was last changed at {date(modified)} (packet {first.came.number if first.came else 0}).",
            "The client fetched nothing that this index names.",
        ),
        evidence=links([packet for one in old for packet in (one.asked, one.came) if packet]), confidence=Confidence.LIKELY,
        fix=("Update the mirror, and look at why its job no longer runs (`systemctl list-timers`, its log).",),
        recheck=f"bellrock probe apt --to {endpoint(first.asked.destination, first.asked.destination_port)}",
    )  # fmt: skip
