"""Orders of the region: begun, waited for, answered once, and never more than a few at a time."""

from bellrock.agent.orders import MAX_ORDERS, Orders
from bellrock.beacon import MtuSearched, Settled
from bellrock.contract import Delivered, Done, MeasureMtu, NodeAnswer, Order
from bellrock.model import Port

ETH0, ETH1 = Port("us", "eth0"), Port("us", "eth1")


class Rig:
    """Orders with nothing real around them."""

    def __init__(self, *ports):
        self.ports, self.said, self.kicks, self.asked = ports, [], 0, []
        self.orders = Orders(self, lambda: "now", self._kick, self._say)

    def measure(self, port, now, *, interface):
        assert (port, now) == (None, "now")
        self.asked.append(interface)
        return self.ports

    def _kick(self):
        self.kicks += 1

    def _say(self, message):
        self.said.append(message)
        return True

    def order(self, id="order-1", interface=""):
        self.orders.ordered(Order(id, MeasureMtu(interface)))


def test_an_order_is_answered_when_all_its_ports_are_done():
    rig = Rig(ETH0, ETH1)
    rig.order(interface="eth0")
    assert (rig.asked, rig.kicks) == (["eth0"], 1)
    for event in (MtuSearched(ETH0), Settled(ETH1), MtuSearched(ETH0)):
        rig.orders.note(event)
    assert rig.said == []
    rig.orders.note(MtuSearched(ETH1))
    rig.orders.note(MtuSearched(ETH1))
    assert rig.said == [Done("order-1")]


def test_where_nothing_can_be_measured_the_answer_says_so():
    rig = Rig()
    rig.order("all")
    rig.order("one", "eth7")
    assert [(done.order, "any interface" in done.why, "eth7" in done.why) for done in rig.said] == [
        ("all", True, False),
        ("one", False, True),
    ]


def test_the_same_order_twice_is_one():
    rig = Rig(ETH0)
    rig.order()
    rig.order()
    rig.orders.note(MtuSearched(ETH0))
    assert (rig.asked, rig.said) == ([""], [Done("order-1")])


def test_too_many_orders_are_declined():
    rig = Rig(ETH0)
    for number in range(MAX_ORDERS + 1):
        rig.order(f"order-{number}")
    assert [done.order for done in rig.said] == [f"order-{MAX_ORDERS}"]
    assert rig.said[0].why


def test_other_messages_are_not_for_us():
    rig = Rig(ETH0)
    rig.orders.ordered(Delivered("letter", NodeAnswer(region="r")))
    assert (rig.asked, rig.said) == ([], [])
