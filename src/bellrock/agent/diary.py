"""What the agent tells its operator: who came, who went, who was refused. Nothing per packet, and bounded under attack."""

import logging
from typing import Final

from bellrock.beacon import Event, EvidenceFound, EvidenceLost, Refused
from bellrock.model import EvidenceKey, EvidenceKind, Port
from bellrock.wire.logline import sentence

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
                log.warning(
                    sentence(
                        "loop-heard",
                        "interface={interface}: hears its own beacons, there is a loop",
                        interface=evidence.port.interface,
                    )
                )
            case EvidenceFound(evidence) if evidence.kind is EvidenceKind.CONFIRMED and evidence.peer is not None:
                if len(self._names) < MAX_NAMES:
                    self._names[evidence.peer] = evidence.peer_name
                log.info(
                    sentence(
                        "peer-confirmed",
                        "{peer} confirms that it shares a segment with {port}",
                        peer=self._peer(evidence.peer),
                        port=port(evidence.port),
                    )
                )
            case EvidenceLost(EvidenceKey(EvidenceKind.CONFIRMED, here, peer), why, _) if peer is not None:
                log.info(
                    sentence(
                        "peer-lost",
                        "{peer} is no longer on the segment of {port}: {why}",
                        peer=self._peer(peer),
                        port=port(here),
                        why=why,
                    )
                )
            case Refused() if event.count == 1:
                self._refused(event)
            case _:
                pass

    def _peer(self, peer: Port) -> str:
        return f"{self._names.get(peer) or peer.host}/{port(peer)}"

    def _refused(self, event: Refused) -> None:
        self._refusals += 1
        if self._refusals == MAX_REFUSALS + 1:
            log.warning(
                sentence(
                    "refusals-only-counted",
                    "beacons of ever more sources are refused; from now on they are only counted",
                )
            )
        if self._refusals > MAX_REFUSALS:
            return
        log.warning(
            sentence(
                "beacon-refused", "{port}: a beacon of {source} was refused ({reason}): {detail}",
                port=port(event.port), source=event.source_mac, reason=event.reason, detail=event.detail,
            )
        )  # fmt: skip


def port(where: Port) -> str:
    """`eth0.10`, or `eth0` for untagged frames."""
    return where.interface if where.vid is None else f"{where.interface}.{where.vid}"
