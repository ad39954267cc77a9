"""arp-storm: one machine asks by ARP so often that every machine of the segment is busy listening."""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Arp, Packet, Wire
from bellrock.diagnosis.readings import again, links, of, segment_of, vid_of
from bellrock.model import Confidence, Finding, Severity

ID = "arp-storm"
TITLE = "One machine floods the segment with ARP questions"
EXPLAINS: frozenset[str] = frozenset()
WINDOW: Final = 50
"""Questions, one after the other, of which the pace is taken."""
PACE: Final = 200
"""Questions in a second of one machine. A router with hundreds of dead neighbours asks each once in a second (RFC 1122 §2.3.2.1)."""
SUSTAINED: Final = 500
"""Questions altogether: fewer are a burst."""
_SWEEP: Final = 2
"""Questions for each address at most, of somebody who looks through a subnet once."""
_COPY: Final = NS // 1000
"""Within which the same question of the same machine is a copy of the frame: a mirror port shows it coming and going."""


class _Asker(NamedTuple):
    packets: list[Packet]
    targets: set[str]
    pace: float
    total: int


def find(case: Case) -> Iterator[Finding]:
    """One for each machine that asks again and again for the same addresses; a sweep through a subnet is none."""
    if case.wire is not None:
        for (segment, mac), asker in _askers(case.wire).items():
            if asker.pace >= PACE and asker.total >= SUSTAINED and asker.total > _SWEEP * len(asker.targets):
                yield _finding(mac, segment[0], asker, case.wire)


def _askers(wire: Wire) -> dict[tuple[tuple[str, tuple[int, ...]], str], _Asker]:
    asked: dict[tuple[tuple[str, tuple[int, ...]], str], list[Packet]] = defaultdict(list)
    before: dict[tuple[tuple[str, tuple[int, ...]], str, str], int] = {}
    for packet, said in of(wire, Arp):
        if said.op != 1:
            continue
        segment = segment_of(packet)
        question = segment, packet.source_mac, said.target
        if packet.at - before.get(question, -NS) >= _COPY:
            before[question] = packet.at
            asked[segment, packet.source_mac].append(packet)
    most = max((len(packets) for packets in asked.values()), default=0)
    left_out = wire.left_out.get("arp", 0)
    return {
        # What was not kept is most of all of whoever asked most; of others nothing is said.
        key: _Asker(
            packets, _targets(packets), _pace(packets), len(packets) + (left_out if len(packets) == most else 0)
        )
        for key, packets in asked.items()
    }


def _targets(packets: list[Packet]) -> set[str]:
    return {packet.said.target for packet in packets if isinstance(packet.said, Arp)}


def _pace(packets: list[Packet]) -> float:
    """Questions in a second, where it was fastest."""
    window: deque[int] = deque(maxlen=WINDOW)
    best = 0.0
    for packet in packets:
        window.append(packet.at)
        if len(window) == WINDOW:
            best = max(best, (WINDOW - 1) * NS / max(window[-1] - window[0], 1))
    return best


def _finding(mac: str, point: str, asker: _Asker, wire: Wire) -> Finding:
    first, last = asker.packets[0], asker.packets[-1]
    some = ", ".join(sorted(asker.targets)[:3])
    return Finding(
        id=ID, severity=Severity.WARNING, vid=vid_of(first), address=mac,
        what=f"{mac} asks {asker.pace:.0f} ARP questions in a second, for {len(asker.targets)} addresses",
        cause="A program on it asks for addresses that it has asked for already, or scans; every machine of the segment has to look at each "
        "question, and what counts neighbours (monitoring, discovery) is flooded.",
        proof=(
            f"{asker.total} questions, from packet {first.number} to packet {last.number}, {(last.at - first.at) / NS:.1f} s later; for {some}"
            + (" and others." if len(asker.targets) > 3 else "."),
            *((f"{wire.left_out['arp']} more ARP packets were counted and not read.",) if wire.left_out.get("arp") else ()),
        ),
        evidence=links((first, last)), confidence=Confidence.CERTAIN,
        fix=(
            f"Find {mac} by the switch's table of MAC addresses, and on it the program that asks (`ss -0 -p`, `tcpdump -ni IF arp`).",
            "Limit ARP on the switch port (`arp inspection` with a rate limit, `storm-control broadcast`).",
        ),
        recheck=again(point),
    )  # fmt: skip
