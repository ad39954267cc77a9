"""Reports in the region's time."""

from __future__ import annotations

from bellrock.contract import Report
from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostGone,
    HostSeen,
    MtuLimit,
    MtuSeen,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.service.clock import Offset
from bellrock.region.service.shift import shifted

PORT = Port("a", "eth0")
KEY = EvidenceKey(EvidenceKind.LOOP, PORT)


def test_every_time_is_shifted_and_zero_stays_unknown():
    def told(by: float):
        return (
            HostSeen(Host("a", "a"), Wall(100.0 + by)),
            EvidenceSeen(Evidence(kind=EvidenceKind.LOOP, port=PORT, since=Wall(50.0 + by), seen=Wall(90.0 + by))),
            EvidenceGone(KEY, "silent", Wall(80.0 + by)),
            EvidenceGone(KEY, "moved"),
            RefusalCount(PORT, "m", "skew", 1, seen=Wall(70.0 + by)),
            MtuSeen(PORT, Port("b", "eth0"), 1500, MtuLimit.LINK, 9000, seen=Wall(60.0 + by)),
            HostGone("a"),
        )

    report = Report(3, "boot", Wall(101.0), told(0.0), begin=True, complete=True)
    assert shifted(report, Offset(7.0), Wall(1000.0)) == Report(
        3, "boot", Wall(108.0), told(7.0), begin=True, complete=True
    )
