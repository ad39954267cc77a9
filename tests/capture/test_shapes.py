"""From flows to shapes."""

from ipaddress import ip_network

import pytest

from bellrock.capture.shapes import join_ranges, shapes
from bellrock.capture.values import Shape, Wanted
from bellrock.flows.catalogue import flow
from bellrock.flows.values import ANY_PORT, Exchange, Flow, Group, Protocol, Role

RACK, NODE = (ip_network("10.0.0.2/32"),), (ip_network("10.1.0.0/16"),)


def of(flow_id, **more):
    return shapes(Wanted(flows=(flow(flow_id),), **more))


def made(**fields):
    exchange = Exchange(
        **{"name": "x", "source": (Role.NODE,), "destination": (Role.RACK,), "protocol": Protocol.UDP} | fields
    )
    return Flow(
        id="x", title="x", group=Group.CORE, source=exchange.source, destination=exchange.destination, protocols=(),
        exchanges=(exchange,), note="",
    )  # fmt: skip


def test_both_directions_of_one_connection():
    there, back = of("http-boot")
    assert there == Shape(protocol=Protocol.TCP, destination_ports=((80, 80),))
    assert back == there.turned


def test_addresses_part_the_families():
    found = of("http-boot", addresses={Role.RACK: RACK})
    assert {(one.family, one.source, one.destination) for one in found} == {(4, None, RACK), (4, RACK, None)}
    both = of("http-boot", addresses={Role.RACK: (*RACK, ip_network("2001:db8::2/128"))})
    assert {one.family for one in both} == {4, 6}
    assert not any(one.certain for one in both)
    assert all(one.certain for one in of("http-boot", addresses={Role.RACK: RACK, Role.NODE: NODE}))


def test_everywhere_is_nowhere_in_particular():
    (one, _) = of("http-boot", addresses={Role.RACK: (ip_network("0.0.0.0/0"),), Role.NODE: NODE})
    assert one.destination is None


def test_one_way_is_not_answered():
    assert [
        one.destination_ports for one in shapes(Wanted(flows=(made(answered=False, destination_ports=((514, 514),)),)))
    ] == [((514, 514),)]


def test_an_answer_to_a_group_comes_from_an_address_of_its_own():
    asked = made(destination_addresses=("224.0.0.118",), destination_ports=((9, 9),), families=(4,))
    there, back = shapes(Wanted(flows=(asked,), addresses={Role.RACK: RACK}))
    assert there.destination == (ip_network("224.0.0.118/32"),)
    assert (back.source, back.destination) == (RACK, None)


def test_icmp_types_have_answers():
    types = {one.types for one in shapes(Wanted(flows=(made(protocol=Protocol.ICMP, types=((8, 0),), families=(4,)),)))}
    assert types == {((8, 0), (0, 0))}
    unanswerable = made(protocol=Protocol.ICMPV6, types=((135, 0),), families=(6,))
    assert [one.types for one in shapes(Wanted(flows=(unanswerable,)))] == [((135, 0),)]
    assert [one.types for one in shapes(Wanted(flows=(made(protocol=Protocol.ICMP, families=(4,)),)))] == [()]
    every = (made(protocol=Protocol.ICMP, families=(4,)), made(protocol=Protocol.ICMP, types=((8, 0),), families=(4,)))
    assert [one.types for one in shapes(Wanted(flows=every))] == [()]


def test_about_somebody_parts_what_names_nobody():
    found = of("dhcp", about=(ip_network("10.1.0.9"),))
    assert {one.free for one in found} == {True, False}
    assert all(one.free for one in found if one.destination == (ip_network("255.255.255.255"),))
    assert not any(one.free for one in of("ntp", about=(ip_network("10.1.0.9"),)))


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        ([[(67, 67)], [(68, 68)]], ((67, 68),)),
        ([[(80, 80)], [(443, 443)], [(80, 80)]], ((80, 80), (443, 443))),
        ([[(1, 9)], [(3, 4)]], ((1, 9),)),
        ([], ANY_PORT),
    ],
)
def test_ranges_are_joined(given, joined):
    assert join_ranges(given) == joined
