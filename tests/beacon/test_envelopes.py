import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.beacon.envelopes import (
    LEAST_PART,
    MAX_OWED,
    MAX_PART,
    PER_SENDER,
    REMEMBERED,
    TOGETHER,
    Arrivals,
    Box,
    Posted,
    Receipt,
    cut,
    part_size,
)
from bellrock.beacon.ports import Bucket
from bellrock.model import Host, Port
from bellrock.wire.document import MAX_LETTER, MAX_PARTS

ETH0, THEM = Port("us", "eth0"), Host("them", "host-them")


def posted(parts=3) -> Posted:
    return Posted("L", "", ("YQ==",) * parts, 0.25, 10.0)


@pytest.mark.parametrize(
    ("mtu", "size"), [(68, LEAST_PART), (576, LEAST_PART), (1280, 752), (1500, MAX_PART), (65535, MAX_PART)]
)
def test_how_large_a_part_may_be(mtu, size):
    assert part_size(mtu) == size
    assert size <= MAX_LETTER


@given(st.binary(min_size=1, max_size=50_000), st.integers(68, 9216))
def test_parts_decode_one_by_one_and_make_the_whole(octets, mtu):
    parts = cut(octets, mtu)
    if parts:
        assert b"".join(base64.b64decode(part, validate=True) for part in parts) == octets
        assert len(parts) <= MAX_PARTS
    else:
        assert len(octets) > part_size(mtu) // 4 * 3 * MAX_PARTS


def test_nothing_makes_no_parts():
    assert cut(b"", 1500) == ()


def test_a_posted_letter_is_due_at_once_then_again_then_at_its_end():
    letter = posted()
    assert letter.due() == float("-inf")
    letter.unsent.clear()
    letter.again_at = 0.3
    assert letter.due() == 0.3
    letter.again_at = 11.0
    assert letter.due() == 10.0


def test_pauses_double_up_to_the_longest():
    letter, pauses = posted(), []
    for _ in range(4):
        letter.repeat(1.0)
        pauses.append(letter.pause)
    assert pauses == [0.5, 1.0, 1.0, 1.0]
    assert letter.turn == 4
    assert list(letter.unsent) == [0, 1, 2]


def test_what_the_best_receiver_lacks_is_repeated():
    letter = posted()
    assert not letter.acknowledge("a", (0,), 5.0)
    assert not letter.acknowledge("b", (1, 2), 5.0)
    letter.repeat(1.0)
    assert list(letter.unsent) == [0]
    assert letter.acknowledge("b", (0,), 5.0)


def test_what_two_receivers_have_between_them_is_the_whole_of_nothing():
    letter = posted()
    letter.unsent.popleft()
    assert not letter.acknowledge("a", (0, 1), 5.0)
    assert not letter.acknowledge("b", (2,), 5.0)
    assert list(letter.unsent) == [2], "a lacks it"
    assert letter.due() == float("-inf")


def test_a_letter_with_nothing_left_to_send_is_tried_again():
    letter = Posted("L", "", ("YQ==",) * 4, 0.25, 10.0)
    letter.acknowledge("a", (0, 1), 5.0)
    assert not letter.acknowledge("b", (0, 2, 3), 6.0)
    assert (list(letter.unsent), letter.due()) == ([], 6.0)
    letter.acknowledge("b", (0,), 9.0)
    assert letter.due() == 6.0, "what is due is not put off"
    letter.repeat(1.0)
    assert list(letter.unsent) == [1]


def test_only_so_many_receivers_are_kept_apart():
    letter = posted()
    for number in range(PER_SENDER):
        assert not letter.acknowledge(f"agent-{number}", (), 5.0)
    assert not letter.acknowledge("one more", (0, 1, 2), 5.0)
    assert letter.acknowledge("agent-0", (0, 1, 2), 5.0)


def test_a_box_is_due_when_the_first_of_what_is_in_it_is():
    box = Box(Bucket(4, 20, 0))
    assert box.due() == float("inf")
    box.receipts["them", "L"] = Receipt("them", 1, (0,), 5.0)
    assert box.due() == 5.0
    box.letters["M"] = posted()
    assert box.due() == float("-inf")


def test_a_box_owes_so_much_to_one_sender_and_so_much_to_all():
    box = Box(Bucket(4, 20, 0))
    for number in range(PER_SENDER):
        assert box.owes_more(("them", f"L{number}"))
        box.receipts["them", f"L{number}"] = Receipt("them", 1, (0,), 5.0)
    assert not box.owes_more(("them", "one more"))
    assert box.owes_more(("them", "L0")), "it says more in the same receipt"
    for number in range(MAX_OWED - PER_SENDER):
        assert box.owes_more((f"agent-{number}", "L"))
        box.receipts[f"agent-{number}", "L"] = Receipt(f"agent-{number}", 1, (0,), 5.0)
    assert not box.owes_more(("one more", "L"))


def test_arrivals_have_bounds():
    arrivals = Arrivals()
    for number in range(TOGETHER):
        assert arrivals.open((f"agent-{number}", "L"), ETH0, THEM, 2, float(number))
    assert arrivals.open(("one more", "L"), ETH0, THEM, 2, 99.0) is None
    assert arrivals.open(("agent-0", "L"), ETH0, THEM, 2, 99.0) is not None
    assert arrivals.open(("agent-0", "L"), ETH0, THEM, 3, 99.0) is None
    arrivals.expire(10.0)
    assert len(arrivals) == TOGETHER - 10


def test_letters_that_came_are_remembered_within_bounds():
    arrivals = Arrivals()
    for number in range(REMEMBERED + 1):
        key = ("them", f"L{number}")
        arrivals.open(key, ETH0, THEM, 1, 0.0).texts[0] = b"x"
        assert arrivals.finish(key) == b"x"
    assert arrivals.finished(("them", "L0")) == 0
    assert arrivals.finished(key) == 1
    assert len(arrivals) == 0
