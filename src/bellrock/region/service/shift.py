"""Reports in the region's time."""

from collections.abc import Callable

from msgspec.structs import replace

from bellrock.contract import Report
from bellrock.model import EvidenceGone, EvidenceSeen, HostSeen, MtuSeen, Observation, RefusalCount, Wall
from bellrock.region.service.clock import Offset


def shifted(report: Report, offset: Offset, received: Wall) -> Report:
    """The report with all its times on the region's clock."""
    known: dict[Wall, Wall] = {Wall(0.0): Wall(0.0)}

    def shift(time: Wall) -> Wall:
        # Of hundreds of observations many are of one moment.
        found = known.get(time)
        if found is None:
            found = known[time] = offset.shift(time, received)
        return found

    observations = tuple([_observation(one, shift) for one in report.observations])
    return replace(report, sent=offset.shift(report.sent, received), observations=observations)


def _observation(observation: Observation, shift: Callable[[Wall], Wall]) -> Observation:
    match observation:
        case EvidenceSeen(evidence):
            return EvidenceSeen(replace(evidence, since=shift(evidence.since), seen=shift(evidence.seen)))
        case HostSeen(host, seen):
            return HostSeen(host, shift(seen))
        case EvidenceGone(key, why, since):
            return EvidenceGone(key, why, shift(since))
        case RefusalCount(seen=seen) | MtuSeen(seen=seen):
            return replace(observation, seen=shift(seen))
        case _:
            return observation
