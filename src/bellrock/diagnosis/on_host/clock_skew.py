"""clock-skew: a host's clock is so far off that beacons, tokens and certificates fail, or soon will."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.addresses import address
from bellrock.diagnosis.case import Case, Here
from bellrock.diagnosis.readings_refused import Refusal, refusals, skew
from bellrock.diagnosis.readings_site import owner, several
from bellrock.model import Confidence, Finding, Severity

ID = "clock-skew"
TITLE = "A machine's clock is wrong"
EXPLAINS = frozenset(
    ("tls-not-yet-valid", "tls-expired", "flow-tls-fault", "clock-wrong", "mirror-stale", "no-region-heard")
)
WARN: Final = 5.0
"""Seconds: OAuth timestamps, DNSSEC and TFTP live with it, logs of several machines cannot be put side by side."""
FAIL: Final = 60.0
"""Seconds: beacons are refused beyond their window, new certificates and tokens are not yet valid."""
ALIKE: Final = 0.2
NAMED: Final = 8
_FIX: Final = ("chronyc tracking; chronyc sources -v", "chronyc makestep", "timedatectl set-ntp true")


def find(case: Case) -> Iterator[Finding]:
    """By the offset to whoever judges; and by peers whose beacons were refused for it."""
    known: list[float] = []
    for one in case.here:
        off = one.clock_offset
        if off is not None and abs(off) - one.clock_error > WARN:
            known.append(abs(off))
            yield _of_host(one, off)
    known.sort()
    by_peer: dict[str, list[tuple[Refusal, float]]] = {}
    for refusal in refusals(case):
        if (off := skew(refusal.why)) is not None:
            by_peer.setdefault(refusal.peer, []).append((refusal, off))
    alone: dict[str, list[tuple[Refusal, float]]] = {}
    for peer, those in by_peer.items():
        # A clock that is off by as much as one that is known is that one, seen from the other end.
        if any(_alike(off, known) for _, off in those):
            continue
        if len({one.here.host for one, _ in those}) > 1:
            yield _of_peer(peer, those)
        else:
            alone.setdefault(those[0][0].here.host, []).append(those[0])
    for claims in alone.values():
        yield from _by_one(case, claims)


def _alike(off: float, known: list[float]) -> bool:
    """Whether a clock of those that are known is off by about as much. `known`: by how much each, the least first."""
    off = abs(off)
    at = bisect_left(known, off)
    # Those next to it, below and above, are alike if any is.
    return any(abs(off - it) <= ALIKE * it for it in known[max(0, at - 1) : at + 1])


def _by_one(case: Case, claims: list[tuple[Refusal, float]]) -> Iterator[Finding]:
    """What one host alone says of others' clocks: of several, or against what is known of both clocks, it is about that host."""
    refuted = [pair for pair in claims if _refuted(case, *pair)]
    if len(claims) == 1 and not refuted:
        yield _of_peer(claims[0][0].peer, claims)
    else:
        yield _of_witness(claims, len(refuted))


def _refuted(case: Case, refusal: Refusal, off: float) -> bool:
    """Whether the region's own knowledge of both clocks shows no such difference."""
    peer, here = _known(case, refusal.peer), refusal.here
    if peer is None or peer.clock_offset is None or here.clock_offset is None:
        return False
    differ = abs(peer.clock_offset - here.clock_offset)
    return abs(abs(off) - differ) > FAIL + peer.clock_error + here.clock_error


def _known(case: Case, peer: str) -> Here | None:
    """The host with this name, address or, as its neighbours know it, MAC address."""
    if (named := case.index.hosts.get(peer)) is not None:
        return named
    wanted = address(case.index.address_of.get(peer, peer))
    return owner(case, wanted) if wanted else None


def _of_host(one: Here, off: float) -> Finding:
    kept = {
        True: "Its kernel says that its clock is kept by somebody.",
        False: "Its kernel says that nobody keeps its clock.",
    }
    told = () if one.clock_synchronised is None else (kept[one.clock_synchronised],)
    return Finding(
        id=ID, severity=Severity.ERROR if abs(off) - one.clock_error > FAIL else Severity.WARNING, host=one.host,
        what=f"{one.host}'s clock is {abs(off):.0f} s {_side(off)} the region's",
        cause="It has no time server that answers, or follows another one than the region does."
        if one.clock_synchronised is not True else "It follows another time server than the region does, or the region's own clock is wrong.",
        proof=(f"Its words came with times that differ by {off:+.1f} s, known to within {one.clock_error:.1f} s.", *told),
        evidence=(f"clock {one.host}",), fix=(f"On {one.host}: {_FIX[0]}", *_FIX[1:]), recheck="bellrock check --only ntp",
    )  # fmt: skip


def _of_witness(claims: list[tuple[Refusal, float]], refuted: int) -> Finding:
    host, peers = claims[0][0].here.host, several([one.peer for one, _ in claims])
    everything = refuted == len(claims)
    against = (f"The region knows both clocks of {refuted} of these {len(claims)}, and no such difference.",)
    return Finding(
        id=ID, severity=Severity.NOTICE if everything else Severity.WARNING, host=host,
        what=f"{host} alone says that its clock and those of {peers} differ: it refuses their beacons",
        cause="The region sees no such difference: the clocks were set since, or what the host says is wrong." if everything
        else "Its own clock is rather the wrong one than those of all the others.",
        proof=(*(f"{host} refused {one.count} beacons of {one.peer}: clock skew {it:+.0f} s." for one, it in claims[:NAMED]),
               *(against if refuted else ())),
        evidence=tuple(f"refusal {host} {one.peer} skew" for one, _ in claims[:NAMED]),
        confidence=Confidence.POSSIBLE if everything else Confidence.LIKELY,
        fix=(f"On {host}: {_FIX[0]}", *_FIX[1:]), recheck="bellrock topology refusals",
    )  # fmt: skip


def _of_peer(peer: str, those: list[tuple[Refusal, float]]) -> Finding:
    hosts, off = [one.here.host for one, _ in those], those[0][1]
    return Finding(
        id=ID, severity=Severity.ERROR, address=peer,
        what=f"the clocks of {peer} and {several(hosts)} differ by {abs(off):.0f} s: its beacons are refused",
        cause=f"{peer} is {_side(off)} {several(hosts)}; one of the two is wrong. Beacons are taken within one minute of their time, so that nobody "
        "can play back old ones.",
        proof=tuple(
            f"{one.here.host} refused {one.count} beacons of {peer}, which are signed with the right secret: clock skew {it:+.0f} s."
            for one, it in those[:NAMED]
        ),
        evidence=tuple(f"refusal {host} {peer} skew" for host in hosts[:NAMED]),
        confidence=Confidence.CERTAIN if len({*hosts}) > 1 else Confidence.LIKELY, fix=(f"On both: {_FIX[0]}", *_FIX[1:]),
        recheck="bellrock topology refusals",
    )  # fmt: skip


def _side(off: float) -> str:
    return "ahead of" if off > 0 else "behind"
