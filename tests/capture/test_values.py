"""Shapes as values."""

from ipaddress import ip_network

from bellrock.capture.values import Shape, Wanted
from bellrock.flows.values import Protocol


def test_turning_twice_is_not_turning():
    one = Shape(
        protocol=Protocol.UDP,
        family=4,
        source=(ip_network("10.0.0.0/24"),),
        source_ports=((68, 68),),
        destination_ports=((67, 67),),
    )
    assert one.turned.destination == one.source
    assert one.turned.source is None
    assert (one.turned.source_ports, one.turned.destination_ports) == (((67, 67),), ((68, 68),))
    assert one.turned.turned == one


def test_a_selection_looks_for_two_tags_unless_told():
    assert Wanted(flows=()).tags == 2
