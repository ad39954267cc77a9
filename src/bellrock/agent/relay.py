"""Nodes that have no address reach the region through this agent: their letters are passed on, and its answers passed back."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from bellrock.beacon import Engine, Event, LetterCame, Now
from bellrock.contract import AgentMessage, ContractError, Delivered, NodeAnswer, Order, Relayed
from bellrock.contract.letters import open_report, seal_answer
from bellrock.model import Port, Role
from bellrock.wire.logline import sentence

MAX_WAITING: Final = 64
"""Letters whose answers are awaited; beyond, the one that has waited longest gets none."""
CARRIERS: Final = (Role.RACK, Role.REGION)
"""Roles whose word the region takes for a node: a node that keeps running takes no other node's letter."""

log = logging.getLogger(__name__)


class Relay:
    """Between an engine and a stream. `say` tells the region something, or says that it does not listen."""

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], Now],
        kick: Callable[[], None],
        say: Callable[[AgentMessage], bool],
        role: str = Role.RACK,
    ) -> None:
        """`role`: this agent's own."""
        self._role = role
        self._engine = engine
        self._now = now
        self._kick = kick
        self._say = say
        self._waiting: OrderedDict[str, tuple[Port, str]] = OrderedDict()
        """Letter id → port and agent to answer to."""

    def connected(self, connected: bool) -> None:
        """The region listens, or does so no longer: only then are letters for it taken."""
        self._engine.relays = connected and self._role in CARRIERS

    def note(self, event: Event) -> None:
        """An event of the engine."""
        if not isinstance(event, LetterCame):
            return
        try:
            report = open_report(event.octets)
        except ContractError as error:
            log.info("letter of %s is no report of a node: %s", event.sender.name, error)
            self._turn_down(event, f"it is no report of a node ({error})")
            return
        # The beacons that carried the letter say who sent it; nobody reports for another.
        if report.host.id != event.sender.id or report.host.role != Role.NODE:
            log.warning(
                sentence(
                    "report-of-another",
                    "{sender} sent the report of {of}, which is not taken",
                    sender=event.sender.name,
                    of=report.host.name,
                )
            )
            self._turn_down(event, f"{event.sender.name} may not report for {report.host.name}")
            return
        if self._say(Relayed(event.id, event.port, report)):
            self._waiting[event.id] = (event.port, event.sender.id)
            if len(self._waiting) > MAX_WAITING:
                self._waiting.popitem(last=False)

    def answered(self, message: Delivered | Order) -> None:
        """A message of the region."""
        if not isinstance(message, Delivered) or (to := self._waiting.pop(message.letter, None)) is None:
            return
        self._answer(*to, message)

    def _turn_down(self, event: LetterCame, why: str) -> None:
        """Whoever waits for an answer is better told at once that there will be none."""
        self._answer(event.port, event.sender.id, Delivered(event.id, NodeAnswer(region="", why=why)))

    def _answer(self, port: Port, agent: str, message: Delivered) -> None:
        self._engine.post(port, agent, seal_answer(message), self._now())
        self._kick()
