"""Orders of the region: found their handler, carried out, answered once, and never more than a few at a time."""

import asyncio
from contextlib import asynccontextmanager

from bellrock.agent.orders import MAX_ORDERS, Orders
from bellrock.contract import Delivered, Done, MeasureMtu, NodeAnswer, Order


class Rig:
    """Orders with one handler, which does as the test says."""

    def __init__(self):
        self.said, self.begun, self.ended = [], [], []
        self.answers = {}
        self.orders = Orders(self.said.append)
        self.orders.carry_out(MeasureMtu, self._handle)

    async def _handle(self, order):
        self.begun.append(order.id)
        try:
            return await self.answers.setdefault(order.id, asyncio.get_running_loop().create_future())
        finally:
            self.ended.append(order.id)

    async def order(self, id="order-1"):
        self.orders.ordered(Order(id, MeasureMtu()))
        await settle()

    @asynccontextmanager
    async def running(self):
        task = asyncio.ensure_future(self.orders.run())
        await settle()
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def play(scene):
    async def whole():
        async with Rig().running() as rig:
            await scene(rig)

    asyncio.run(whole())


def test_an_order_is_answered_once_it_is_carried_out():
    async def scene(rig):
        await rig.order()
        assert (rig.begun, rig.said) == (["order-1"], [])
        rig.answers["order-1"].set_result("")
        await settle()
        assert rig.said == [Done("order-1")]

    play(scene)


def test_why_it_could_not_be_done_is_told():
    async def scene(rig):
        await rig.order()
        rig.answers["order-1"].set_result("no such interface")
        await settle()
        assert rig.said == [Done("order-1", "no such interface")]

    play(scene)


def test_an_order_that_goes_wrong_is_answered_and_ends_nothing_else(caplog):
    async def scene(rig):
        await rig.order("a")
        await rig.order("b")
        rig.answers["a"].set_exception(ZeroDivisionError("by nothing"))
        await settle()
        assert rig.said == [Done("a", "the agent failed at it: ZeroDivisionError: by nothing")]
        assert "order=a: it was not carried out" in caplog.text
        rig.answers["b"].set_result("")
        await settle()
        assert rig.said[1:] == [Done("b")]

    play(scene)


def test_the_same_order_twice_is_one():
    async def scene(rig):
        await rig.order()
        await rig.order()
        assert rig.begun == ["order-1"]

    play(scene)


def test_too_many_orders_are_declined_until_there_is_room():
    async def scene(rig):
        for number in range(MAX_ORDERS + 1):
            await rig.order(str(number))
        assert rig.said == [Done(str(MAX_ORDERS), f"{MAX_ORDERS} orders are under way already")]
        rig.answers["0"].set_result("")
        await settle()
        await rig.order("later")
        assert rig.begun[-1] == "later"

    play(scene)


def test_what_nobody_here_can_do_is_declined():
    async def scene(rig):
        rig.orders = Orders(rig.said.append)
        async with rig.running():
            await rig.order()
        assert rig.said == [Done("order-1", "this agent cannot do MeasureMtu orders")]

    play(scene)


def test_when_the_region_is_gone_nobody_works_for_it():
    async def scene(rig):
        await rig.order()
        rig.orders.connected(connected=True)
        await settle()
        assert rig.ended == []
        rig.orders.connected(connected=False)
        await settle()
        assert (rig.ended, rig.said) == (["order-1"], [])
        await rig.order()
        assert rig.begun == ["order-1", "order-1"]

    play(scene)


def test_when_the_agent_stops_orders_end():
    async def scene():
        rig = Rig()
        async with rig.running():
            await rig.order()
        await rig.order("late")
        assert (rig.begun, rig.ended, rig.said) == (["order-1"], ["order-1"], [])

    asyncio.run(scene())


def test_other_messages_are_not_for_us():
    async def scene(rig):
        rig.orders.ordered(Delivered("letter", NodeAnswer(region="r")))
        await settle()
        assert (rig.begun, rig.said) == ([], [])

    play(scene)
