"""Ids sent and heard, and the window over a sender's numbers."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.beacon.ids import REMEMBER_SENT, SeenIds, SentIds, Window
from bellrock.model import Port
from tests.beacon.playbook import at

ETH0, ETH1 = Port("us", "eth0"), Port("us", "eth1")


def test_sent_ids_are_known_with_port_and_time():
    sent = SentIds(10)
    sent.add("a", ETH0, at(1.0))
    assert (sent.get("a").port, sent.get("a").at) == (ETH0, at(1.0))
    assert sent.get("b") is None


def test_the_newest_of_several_ids_on_a_port_is_found():
    sent = SentIds(10)
    sent.add("old", ETH0, at(1.0))
    sent.add("new", ETH0, at(2.0))
    sent.add("elsewhere", ETH1, at(3.0))
    assert sent.newest(("new", "old", "elsewhere", "theirs"), ETH0)[0] == "new"
    assert sent.newest(("theirs", "elsewhere"), ETH0) is None


def test_sent_ids_are_bounded_in_number_and_age():
    sent = SentIds(3)
    for number in range(5):
        sent.add(str(number), ETH0, at(0.0))
    assert (len(sent), sent.get("1")) == (3, None)
    sent.add("late", ETH0, at(REMEMBER_SENT + 1))
    assert len(sent) == 1


def test_seen_ids_are_accepted_once_per_port_and_bounded():
    seen = SeenIds(2)
    assert seen.accept(ETH0, "a")
    assert seen.accept(ETH1, "a")
    assert not seen.accept(ETH0, "a")
    assert seen.knows(ETH0, "a")
    assert not seen.knows(ETH0, "b")
    assert seen.accept(ETH0, "b")
    assert len(seen) == 2


def test_a_window_accepts_each_number_once_and_late_ones_within_its_size():
    window = Window()
    assert [window.accept(n) for n in (5, 3, 5, 3, 6, 0)] == [True, True, False, False, True, True]
    assert window.accept(6 + Window.SIZE)
    assert not window.accept(6)
    assert window.accept(7)
    assert window.accept(10**18)
    assert not window.accept(6 + Window.SIZE)


@given(st.lists(st.integers(0, 4000)))
def test_a_window_is_a_set_as_far_back_as_it_reaches(numbers):
    window, accepted = Window(), set()
    for number in numbers:
        fresh = number not in accepted and (not accepted or number > max(accepted) - Window.SIZE)
        assert window.accept(number) is fresh
        if fresh:
            accepted.add(number)
    assert window._bitmap < 1 << Window.SIZE
