"""What the agent tells its operator: who came, who went, who was refused. Nothing per packet, and bounded under attack."""

import logging
from typing import Final

from bellrock.beacon import Event, EvidenceFound, EvidenceLost, Refused
from bellrock.model import EvidenceKey, EvidenceKind, Port

MAX_REFUSALS: Final = 20
"""Sources and reasons that are told one by one; all are counted and reported, told or not."""
MAX_NAMES: Final = 4096

log = logging.getLogger(__name__)


class Diary:
    """Turns events into log lines."""

    def __init__(self) -> None:
        self._refusals = 0
        self._names: dict[Port, str] = {}

    def note(self, event: Event) -> None:
        """Write down what an operator would want to know."""
        match event:
            case EvidenceFound(evidence) if evidence.kind is EvidenceKind.LOOP:
                log.warning("interface=%s: hears its own beacons, there is a loop", evidence.port.interface)
            case EvidenceFound(evidence) if evidence.kind is EvidenceKind.CONFIRMED and evidence.peer is not None:
                if len(self._names) < MAX_NAMES:
                    self._names[evidence.peer] = evidence.peer_name
                log.info("%s confirms that it shares a segment with %s", self._peer(evidence.peer), port(evidence.port))
            case EvidenceLost(EvidenceKey(EvidenceKind.CONFIRMED, here, peer), why, _) if peer is not None:
                log.info("%s is no longer on the segment of %s: %s", self._peer(peer), port(here), why)
            case Refused() if event.count == 1:
                self._refused(event)
            case _:
                pass

    def _peer(self, peer: Port) -> str:
        return f"{self._names.get(peer) or peer.host}/{port(peer)}"

    def _refused(self, event: Refused) -> None:
        self._refusals += 1
        if self._refusals == MAX_REFUSALS + 1:
            log.warning("beacons of ever more sources are refused; from now on they are only counted")
        if self._refusals > MAX_REFUSALS:
            return
        log.warning(
            "%s: a beacon of %s was refused (%s): %s", port(event.port), event.source_mac, event.reason, event.detail
        )


def port(where: Port) -> str:
    """`eth0.10`, or `eth0` for untagged frames."""
    return where.interface if where.vid is None else f"{where.interface}.{where.vid}"
