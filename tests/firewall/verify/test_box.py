from bellrock.firewall.verify.box import EVERY_BOX, Box
from bellrock.firewall.verify.fields import CHANCES, FIELDS
from tests.firewall.verify.rules import intervals

PORTS = Box({"dport": intervals((10, 20)), "l4proto": intervals(6)})


def test_full_fields_are_left_out_and_equal_boxes_are_equal():
    assert Box({"l4proto": intervals((0, 255)), "dport": intervals(1)}) == Box({"dport": intervals(1)})
    assert hash(Box({"l4proto": intervals(6), "dport": intervals((10, 20))})) == hash(PORTS)
    assert PORTS != "PORTS"
    assert PORTS.get("sport") == intervals((0, 65535))


def test_boxes_meet_lie_inside_and_part():
    high = Box({"dport": intervals((15, 30)), "saddr": intervals(1)})
    assert PORTS.meets(high)
    assert PORTS.meet(high) == Box({"dport": intervals((15, 20)), "l4proto": intervals(6), "saddr": intervals(1)})
    assert not PORTS.meets(Box({"dport": intervals([1, 30])}))
    assert PORTS.meet(Box({"dport": intervals(1)})) is None
    assert PORTS.meet(PORTS) is PORTS
    assert PORTS.inside(Box({"dport": intervals((0, 20))}))
    assert not PORTS.inside(high)
    assert PORTS.inside(EVERY_BOX)
    assert sum(part.size() for part in PORTS.minus(high)) == PORTS.size() - PORTS.meet(high).size()


def test_a_packet_is_in_its_box_and_a_field_that_it_lacks_is_0():
    assert PORTS.holds({"dport": 10, "l4proto": 6})
    assert not PORTS.holds({"dport": 10})
    assert PORTS.without("l4proto").holds({"dport": 10})


def test_everything_has_all_bits_of_all_fields():
    assert EVERY_BOX.size() == 1 << sum(width for name, width in FIELDS.items() if name not in CHANCES)
