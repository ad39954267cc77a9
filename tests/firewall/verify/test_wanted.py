from ipaddress import IPv4Address

import pytest

from bellrock.firewall.verify import wanted
from bellrock.firewall.verify.describe import interface_number
from bellrock.flows.catalogue import flow
from bellrock.flows.passages import Crossing, Hook, Party, Passage
from bellrock.flows.values import Exchange, Protocol, Role
from tests.firewall.verify.rules import boxes, intervals

A, B = 0x0A000001, 0x0A000002


def crossing(exchange, *, there=((B, B),), family=4, hook=Hook.FORWARD, **more):
    source = Party("a", family, ((A, A),))
    passage = Passage(
        flow=flow("tftp"), exchange=exchange, family=family, source=source, destination=Party("b", family, there),
        source_role=Role.NODE, destination_role=Role.RACK,
    )  # fmt: skip
    return Crossing(passage=passage, hook=hook, **more)


def exchange(protocol, **more):
    return Exchange(name="x", source=(Role.NODE,), destination=(Role.RACK,), protocol=protocol, **more)


def only(packets):
    (box,) = packets
    return box.fields


def test_a_tcp_connection_begins_with_a_syn_goes_on_and_is_answered():
    packets = wanted.first(crossing(exchange(Protocol.TCP, destination_ports=((80, 80),)), in_interfaces=("eth0",)))
    fields = only(packets)
    assert fields["tcp_flags"] == intervals([0x02, 0xC2])
    assert (fields["ct_state"], fields["mark"], fields["dport"]) == (intervals(3), intervals(0), intervals(80))
    assert fields["iifname"] == intervals(interface_number("eth0"))
    later = only(wanted.following(packets))
    assert (later["ct_state"], 0x10 in later["tcp_flags"], 0x02 in later["tcp_flags"]) == (intervals(1), True, False)
    answer = only(wanted.answers(packets, 5, tracked=True))
    assert (answer["saddr"], answer["daddr"], answer["sport"]) == (intervals(B), intervals(A), intervals(80))
    assert (answer["ct_direction"], answer["ct_mark"], 0x12 in answer["tcp_flags"]) == (
        intervals(1),
        intervals(5),
        True,
    )
    assert answer["oifname"] == intervals(interface_number("eth0"))


@pytest.mark.parametrize(
    ("there", "kinds"),
    [("10.0.0.2", [0]), ("255.255.255.255", [1]), ("224.0.0.118", [2])],
)
def test_a_packet_has_the_type_of_its_destination(there, kinds):
    at = int(IPv4Address(there))
    udp = exchange(Protocol.UDP)
    assert [box.fields["pkttype"].first for box in wanted.first(crossing(udp, there=((at, at),)))] == kinds
    sent = wanted.first(crossing(udp, there=((at, at),), hook=Hook.OUTPUT))
    assert only(sent)["pkttype"] == intervals(0)
    assert bool(wanted.answers(sent, 0, tracked=True)) == (kinds == [0])


@pytest.mark.parametrize(
    ("protocol", "family", "types", "state", "limit"),
    [
        (Protocol.ICMP, 4, ((8, 0),), 3, None),
        (Protocol.ICMP, 4, ((3, None),), 0, None),
        (Protocol.ICMPV6, 6, ((128, 0),), 3, None),
        (Protocol.ICMPV6, 6, ((135, 0),), 4, 255),
        (Protocol.ICMPV6, 6, ((143, 0),), 4, 1),
        (Protocol.ICMPV6, 6, ((148, 0),), 0, None),
    ],
)
def test_icmp_has_the_state_and_hop_limit_of_its_type(protocol, family, types, state, limit):
    box = only(wanted.first(crossing(exchange(protocol, types=types), family=family)))
    assert box["ct_state"] == intervals(state)
    assert box.get("hoplimit") == (None if limit is None else intervals(limit))


def test_errors_are_related_and_all_types_are_told_apart():
    errors = exchange(Protocol.ICMP, types=((3, None), (11, None)), expected=True)
    assert {box.fields["ct_state"].first for box in wanted.first(crossing(errors))} == {2}
    every = wanted.first(crossing(exchange(Protocol.ICMP)))
    assert {box.fields["ct_state"].first for box in every} == {0, 3}
    assert only(wanted.first(crossing(exchange(Protocol.IGMP))))["ttl"] == intervals(1)


def test_an_echo_is_answered_by_its_reply_and_an_error_by_nothing():
    echo = wanted.first(crossing(exchange(Protocol.ICMP, types=((8, 0),))))
    assert only(wanted.answers(echo, 0, tracked=True))["icmp_type"] == intervals(0)
    assert only(wanted.answers(echo, 0, tracked=False))["ct_state"] == intervals(0)
    error = wanted.first(crossing(exchange(Protocol.ICMP, types=((3, 1),))))
    assert not wanted.answers(error, 0, tracked=True)


def test_answers_that_nothing_tracks_stand_alone():
    udp = wanted.first(crossing(exchange(Protocol.UDP)))
    assert only(wanted.answers(udp, 0, tracked=False))["ct_state"] == intervals(3)
    tcp = wanted.answers(wanted.first(crossing(exchange(Protocol.TCP))), 0, tracked=False)
    assert {(box.fields["ct_state"].first, box.fields["tcp_flags"].first) for box in tcp} == {(0, 0x12), (3, 0x10)}


def test_ends_and_their_opposite():
    packets = wanted.first(crossing(exchange(Protocol.UDP, destination_ports=((69, 69),)), in_interfaces=("eth0",)))
    there = wanted.ends(packets)
    assert there == boxes(nfproto=2, saddr=A, daddr=B, iifname=interface_number("eth0"))
    assert wanted.swapped(there) == boxes(nfproto=2, saddr=B, daddr=A, oifname=interface_number("eth0"))
    assert only(wanted.related(packets))["ct_state"] == intervals(2)
    assert "ct_state" not in only(wanted.regardless(packets))
    assert wanted.opposite("dport") == "sport"
    assert wanted.opposite("mark") == "mark"


def test_the_essence_of_a_packet_is_who_and_what():
    udp = wanted.essence(
        wanted.first(crossing(exchange(Protocol.UDP, destination_ports=((69, 69),), source_ports=((1024, 65535),))))
    )
    assert udp == boxes(nfproto=2, l4proto=17, saddr=A, daddr=B, dport=69, ct_state=3)
    echo = wanted.essence(wanted.first(crossing(exchange(Protocol.ICMP, types=((8, 0),)))))
    assert echo == boxes(nfproto=2, l4proto=1, saddr=A, daddr=B, icmp_type=8, icmp_code=0)
