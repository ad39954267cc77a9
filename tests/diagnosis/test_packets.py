import pytest

from bellrock.diagnosis.packets import Point, Wire


def point(first, last, packets=1):
    return Point(name="a", link_type="Ethernet", packets=packets, first=first, last=last)


def test_a_wire_lasts_from_the_first_packet_of_any_point_to_the_last():
    wire = Wire(points=(point(5, 20), point(3, 9), point(0, 99, packets=0)))
    assert (wire.first, wire.last) == (3, 20)


def test_a_wire_without_packets_begins_and_ends_nowhere():
    assert (Wire().first, Wire(points=(point(5, 20, packets=0),)).last) == (0, 0)


@pytest.mark.parametrize(
    ("facts", "unread"),
    [
        ({}, False),
        ({"seen": 3}, False),
        ({"seen": 3, "troubles": ("a link type",)}, True),
        ({"troubles": ("empty",)}, False),
        ({"seen": 3, "damaged": True}, True),
    ],
    ids=["nothing", "others", "not understood", "empty", "damaged"],
)
def test_whether_something_could_not_be_read(facts, unread):
    assert Wire(**facts).unread is unread
