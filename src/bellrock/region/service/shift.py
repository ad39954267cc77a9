"""Reports in the region's time."""

from msgspec.structs import replace

from bellrock.contract import Report
from bellrock.model import EvidenceGone, EvidenceSeen, HostSeen, MtuSeen, Observation, RefusalCount, Wall
from bellrock.region.service.clock import Offset


def shifted(report: Report, offset: Offset, received: Wall) -> Report:
    """The report with all its times on the region's clock."""
    observations = tuple(_observation(one, offset, received) for one in report.observations)
    return replace(report, sent=offset.shift(report.sent, received), observations=observations)


def _observation(observation: Observation, offset: Offset, received: Wall) -> Observation:
    def shift(time: Wall) -> Wall:
        return offset.shift(time, received) if time else time

    match observation:
        case HostSeen(host, seen):
            return HostSeen(host, shift(seen))
        case EvidenceSeen(evidence):
            times = {"since": shift(evidence.since), "seen": shift(evidence.seen)}
            return EvidenceSeen(replace(evidence, **times))
        case EvidenceGone(key, why, since):
            return EvidenceGone(key, why, shift(since))
        case RefusalCount(seen=seen) | MtuSeen(seen=seen):
            return replace(observation, seen=shift(seen))
        case _:
            return observation
