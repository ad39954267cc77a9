"""The same packet, transfer or conversation seen at several points is one."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.boots.once import conversations, numbers, once, transfers
from tests.diagnosis.wires import arp_asks, conversation, discover, transfer, wire


def seen(*packets):
    return once(wire(packets).packets, lambda one: one.said.xid if hasattr(one.said, "xid") else "arp")


def test_a_packet_at_two_points_is_one_and_at_one_point_it_was_sent_twice():
    both = seen(arp_asks(1.0, point="a"), arp_asks(1.001, point="b"))
    assert [[one.point for one in group] for group in both] == [["a", "b"]]
    assert len(seen(arp_asks(1.0, point="a"), arp_asks(1.001, point="a"))) == 2


def test_what_comes_much_later_is_another_packet():
    assert len(seen(arp_asks(1.0, point="a"), arp_asks(2.5, point="b"))) == 2


def test_a_relay_and_a_router_pass_a_packet_on_under_another_guise():
    assert len(seen(discover(1.0), discover(1.01, giaddr="10.1.0.1"))) == 1
    assert len(seen(arp_asks(1.0, vids=(10,)), arp_asks(1.01, vids=(20,)))) == 1
    assert len(seen(arp_asks(1.0, hop_limit=64), arp_asks(1.01, hop_limit=63))) == 1


def test_numbers_are_of_all_packets_in_order():
    assert numbers(seen(arp_asks(1.0, point="b"), arp_asks(1.001, point="a"), arp_asks(5, point="b"))) == (1, 2, 3)


def test_of_a_transfer_the_whole_view_counts_then_the_one_that_saw_least():
    (group,) = transfers([transfer(at=1, point="a", ended="open", octets=9), transfer(at=1.01, point="b")])
    assert [one.point for one in group] == ["b", "a"]
    (group,) = transfers(
        [transfer(at=1, point="a", ended="open", octets=9), transfer(at=1, point="b", ended="open", octets=2)]
    )
    assert [one.octets for one in group] == [2, 9]
    assert len(transfers([transfer(at=1), transfer("other", at=1)])) == 2


def test_of_a_conversation_the_point_counts_that_sees_what_comes_to_the_client():
    views = [
        conversation(at=1, point="a", replies=9),
        conversation(at=1, point="b", replies=0),
        conversation(at=1, point="c", replies=3),
    ]
    assert [one.point for one in conversations(views, (frozenset("ac"),))] == ["c"]
    assert [one.point for one in conversations(views, ())] == ["b"]
    assert [one.point for one in conversations(views, (frozenset("a"), frozenset("c")))] == ["a"]


def test_what_was_sent_twice_is_twice_at_each_point():
    groups = seen(
        arp_asks(1.0, point="a"), arp_asks(1.1, point="a"), arp_asks(1.2, point="b"), arp_asks(1.3, point="b")
    )
    assert [[one.point for one in group] for group in groups] == [["a", "b"], ["a", "b"]]
    assert [[one.number for one in group] for group in groups] == [[1, 3], [2, 4]]


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc"), st.sampled_from((0, 10))), max_size=30))
def test_nothing_is_lost_and_no_group_has_one_guise_twice(given_):
    packets = [arp_asks(at / 100, point=point, vids=(vid,) if vid else ()) for at, point, vid in given_]
    groups = seen(*packets)
    assert sorted(numbers(groups)) == list(range(1, len(packets) + 1))
    for group in groups:
        assert len({(one.point, one.vids) for one in group}) == len(group)
        assert group[-1].at - group[0].at <= 1_000_000_000
