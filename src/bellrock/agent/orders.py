"""What the region wants done now: handed to whoever can do it, and answered once it is done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from bellrock.contract import Delivered, Done, Order
from bellrock.wire.logline import sentence

MAX_ORDERS: Final = 16
"""Orders under way; more are declined."""

log = logging.getLogger(__name__)

Handler = Callable[[Order], Awaitable[str]]
"""Carries out an order. Returns an empty text when it is done, or why it could not be. Cancelled when the region no longer listens."""


class Orders:
    """Between a stream and those who carry orders out, found by the type of `Order.do`."""

    def __init__(self, answer: Callable[[Done], object]) -> None:
        """`answer` tells the region how an order ended, behind all that the order brought to light."""
        self._answer = answer
        self._handlers: dict[type, Handler] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def carry_out(self, kind: type, handler: Handler) -> None:
        """Orders to do something of this type are for this handler."""
        self._handlers[kind] = handler

    def ordered(self, message: Delivered | Order) -> None:
        """A message of the region."""
        if not isinstance(message, Order) or message.id in self._under_way or self._tasks is None:
            return
        handler = self._handlers.get(type(message.do))
        if handler is None:
            self._answer(Done(message.id, f"this agent cannot do {type(message.do).__name__} orders"))
        elif len(self._under_way) >= MAX_ORDERS:
            self._answer(Done(message.id, f"{MAX_ORDERS} orders are under way already"))
        else:
            task = self._tasks.create_task(self._done(message, handler), name=f"order {message.id}")
            self._under_way[message.id] = task
            task.add_done_callback(lambda _: self._under_way.pop(message.id, None))

    def connected(self, connected: bool) -> None:
        """The region listens, or does so no longer: then nobody waits for what is under way."""
        if not connected:
            for task in self._under_way.values():
                task.cancel()

    async def run(self) -> None:
        """Take orders, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._tasks = None
                self.connected(connected=False)

    async def _done(self, order: Order, handler: Handler) -> None:
        try:
            why = await handler(order)
        except Exception as error:
            # One order that goes wrong must not end the agent, which has other work.
            log.exception(sentence("order-fault", "order={order}: it was not carried out", order=order.id))
            why = f"the agent failed at it: {type(error).__name__}: {error}"
        self._answer(Done(order.id, why))
