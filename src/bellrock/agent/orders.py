"""What the region wants done now: carried out by the engine, and answered once it is."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from bellrock.beacon import Engine, Event, MtuSearched, Now
from bellrock.contract import AgentMessage, Delivered, Done, Order
from bellrock.model import Port

MAX_ORDERS: Final = 16
"""Orders under way; more are declined."""

log = logging.getLogger(__name__)


class Orders:
    """Between a stream and an engine. `say` tells the region something, or says that it does not listen."""

    def __init__(
        self, engine: Engine, now: Callable[[], Now], kick: Callable[[], None], say: Callable[[AgentMessage], bool]
    ) -> None:
        self._engine = engine
        self._now = now
        self._kick = kick
        self._say = say
        self._waiting: OrderedDict[str, set[Port]] = OrderedDict()
        """Order → ports whose measurement is not over."""

    def ordered(self, message: Delivered | Order) -> None:
        """A message of the region."""
        if not isinstance(message, Order):
            return
        if message.id in self._waiting:
            return
        if len(self._waiting) >= MAX_ORDERS:
            self._say(Done(message.id, f"{MAX_ORDERS} orders are under way already"))
            return
        ports = self._engine.measure(None, self._now(), interface=message.do.interface)
        if not ports:
            where = message.do.interface or "any interface"
            self._say(Done(message.id, f"no beacons are sent on {where}, so that nothing can be measured"))
            return
        log.info("order=%s: measuring what passes on %d ports", message.id, len(ports))
        self._waiting[message.id] = set(ports)
        self._kick()

    def note(self, event: Event) -> None:
        """An event of the engine."""
        if not isinstance(event, MtuSearched):
            return
        for order, ports in list(self._waiting.items()):
            ports.discard(event.port)
            if not ports:
                del self._waiting[order]
                self._say(Done(order))
