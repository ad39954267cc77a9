"""The region's order to measure what passes to the neighbours: begun in the engine, over when all its ports are."""

import asyncio
import logging
from collections.abc import Callable

from bellrock.beacon import Engine, Event, MtuSearched, Now
from bellrock.contract import MeasureMtu, Order
from bellrock.model import Port
from bellrock.wire.logline import sentence

log = logging.getLogger(__name__)


class Measuring:
    """Between orders and an engine."""

    def __init__(self, engine: Engine, now: Callable[[], Now], kick: Callable[[], None]) -> None:
        self._engine = engine
        self._now = now
        self._kick = kick
        self._waiting: dict[str, tuple[set[Port], asyncio.Event]] = {}
        """Order → ports whose measurement is not over; set when none is left."""

    async def measure(self, order: Order) -> str:
        """Carry out an order of MeasureMtu; why it cannot be, or nothing."""
        assert isinstance(order.do, MeasureMtu)  # noqa: S101 -- Orders finds handlers by type
        ports = self._engine.measure(None, self._now(), interface=order.do.interface)
        if not ports:
            where = order.do.interface or "any interface"
            return f"no beacons are sent on {where}, so that nothing can be measured"
        log.info(
            sentence(
                "order-measures",
                "order={order}: measuring what passes on {ports} ports",
                order=order.id,
                ports=len(ports),
            )
        )
        over = asyncio.Event()
        self._waiting[order.id] = set(ports), over
        self._kick()
        try:
            await over.wait()
        finally:
            del self._waiting[order.id]
        return ""

    def note(self, event: Event) -> None:
        """An event of the engine."""
        if not isinstance(event, MtuSearched):
            return
        for ports, over in self._waiting.values():
            ports.discard(event.port)
            if not ports:
                over.set()
