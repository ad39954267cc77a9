"""The order to measure: begun in the engine, over when every port that it concerns is, given up when nobody waits."""

import asyncio

import pytest

from bellrock.agent.measuring import Measuring
from bellrock.beacon import MtuSearched, Settled
from bellrock.contract import MeasureMtu, Order
from bellrock.model import Port

ETH0, ETH1 = Port("us", "eth0"), Port("us", "eth1")


class Engine:
    """Measures on the ports that the test names."""

    def __init__(self, *ports):
        self.ports, self.asked, self.kicks = ports, [], 0
        self.measuring = Measuring(self, lambda: "now", self._kick)

    def measure(self, port, now, *, interface):
        assert (port, now) == (None, "now")
        self.asked.append(interface)
        return self.ports

    def _kick(self):
        self.kicks += 1

    async def begin(self, interface=""):
        task = asyncio.ensure_future(self.measuring.measure(Order("order-1", MeasureMtu(interface))))
        await asyncio.sleep(0)
        return task


def test_it_is_over_when_all_its_ports_are():
    async def scene():
        engine = Engine(ETH0, ETH1)
        task = await engine.begin("eth0")
        assert (engine.asked, engine.kicks) == (["eth0"], 1)
        for event in (MtuSearched(ETH0), Settled(ETH1), MtuSearched(ETH0)):
            engine.measuring.note(event)
        await asyncio.sleep(0)
        assert not task.done()
        engine.measuring.note(MtuSearched(ETH1))
        assert await task == ""
        engine.measuring.note(MtuSearched(ETH1))

    asyncio.run(scene())


@pytest.mark.parametrize(("interface", "named"), [("", "any interface"), ("eth7", "eth7")])
def test_where_nothing_can_be_measured_the_answer_says_so(interface, named):
    async def scene():
        engine = Engine()
        why = await (await engine.begin(interface))
        assert why == f"no beacons are sent on {named}, so that nothing can be measured"
        assert engine.kicks == 0

    asyncio.run(scene())


def test_an_order_that_is_given_up_leaves_nothing_behind():
    async def scene():
        engine = Engine(ETH0)
        task = await engine.begin()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.measuring._waiting == {}

    asyncio.run(scene())
