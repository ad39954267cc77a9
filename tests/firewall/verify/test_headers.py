from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.box import Box
from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.headers import NEEDS, projected
from tests.firewall.verify.rules import boxes


def shape(packets):
    return {tuple(sorted(box.fields)) for box in packets}


def test_what_has_all_its_fields_stays_as_it_is():
    packets = boxes(nfproto=2, l4proto=6, dport=22, saddr=1)
    assert projected(packets) is packets
    assert projected(Boxes.nothing()) == Boxes.nothing()


def test_fields_of_another_family_and_protocol_go():
    assert projected(boxes(nfproto=10, saddr=(0, 9))) == boxes(nfproto=10)
    assert projected(boxes(nfproto=2, l4proto=1, dport=(0, 79), icmp_type=8)) == boxes(
        nfproto=2, l4proto=1, icmp_type=8
    )
    assert projected(boxes(nfproto=2, l4proto=6, icmp_type=0, dport=22)) == boxes(nfproto=2, l4proto=6, dport=22)
    assert projected(boxes(nfproto=2, ct_state=0, ct_mark=3)) == boxes(nfproto=2, ct_state=0)
    assert projected(boxes(nfproto=2, ether_type=0x0800)) == boxes(nfproto=2)
    assert projected(boxes(nfproto=2, vlan_type=0, vlan_id=4)) == boxes(nfproto=2, vlan_type=0)


def test_a_box_whose_packets_have_a_field_in_part_is_cut():
    found = projected(boxes(nfproto=[2, 10], saddr=(0, 9)))
    assert found == boxes(nfproto=2, saddr=(0, 9)) | boxes(nfproto=10)
    found = projected(boxes(nfproto=2, l4proto=[1, 6], dport=22))
    assert found == boxes(nfproto=2, l4proto=6, dport=22) | boxes(nfproto=2, l4proto=1)


def test_what_is_equal_then_is_joined():
    packets = Boxes((
        *boxes(nfproto=10, l4proto=6, saddr=(0, 9), dport=22), *boxes(nfproto=10, l4proto=6, saddr=(10, 99), dport=22),
        *boxes(nfproto=10, l4proto=6, saddr=(100, 2**32 - 1), dport=[22, 23]),
    ))  # fmt: skip
    assert projected(packets).boxes == boxes(nfproto=10, l4proto=6, dport=[22, 23]).boxes


def real(packet):
    """A packet as the field tables have it: 0 where it has no such field."""
    return {
        name: value
        for name, value in packet.items()
        if all(packet[on] in some for on, some in NEEDS.get(name, {}).items())
    }


SMALL = {"nfproto": (2, 10, 3), "l4proto": (1, 6, 17, 58, 47), "saddr": (0, 1), "saddr6": (0, 1), "dport": (0, 1, 2), "icmp_type": (0, 8), "icmpv6_type": (0, 1)}  # fmt: skip


@st.composite
def rule(draw):
    """A match as a reader makes it: with a field comes what a packet needs to have it."""
    box = Boxes.of(nfproto=Intervals.of(2, 10, 3))
    for name, values in SMALL.items():
        if draw(st.booleans()):
            needs = Boxes.of(**NEEDS.get(name, {}))
            box &= Boxes.of(**{name: Intervals.of(*draw(st.sets(st.sampled_from(values), min_size=1)))}) & needs
    return box


@given(
    st.lists(rule(), min_size=1, max_size=4),
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in SMALL.items()}),
)
@settings(max_examples=300, deadline=None)
def test_of_what_rules_leave_no_packet_is_lost_or_won(rules, packet):
    left = rules[0]
    for other in rules[1:]:
        left = left - other
    found = projected(left)
    assert (real(packet) in found) == (packet in left)
    for box in found:
        for name in box.fields:
            assert all(box.get(on).issubset(some) for on, some in NEEDS.get(name, {}).items())
    assert all(not one.meets(other) for at, one in enumerate(found.boxes) for other in found.boxes[:at])


def test_every_field_that_is_named_is_a_field():
    assert set(NEEDS) <= set(FIELDS)
    assert all(box.fields for box in projected(boxes(nfproto=10, dport=3)))
    assert shape(projected(Boxes((Box({"sport": Intervals.of(1)}),)))) >= {("l4proto", "nfproto", "sport")}
