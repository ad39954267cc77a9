"""Answers that are kept: of one moment, and within a bound."""

from __future__ import annotations

import pytest

from bellrock.region.api.kept import LARGEST, OVERHEAD, Answer, Kept, Place, answer_in, keep_in, note, use


def place(path="/a", moment=(1,), operation="vlans", right="viewer"):
    return Place(operation, moment, (path, b"limit=1", right))


def answer(body=b"[]"):
    return Answer(b'"x"', [], body)


def test_an_answer_is_of_its_moment_its_query_and_its_right():
    kept = Kept()
    kept.keep(place(), answer())
    assert kept.find(place()) == answer()
    for other in (place("/b"), place(moment=(2,)), place(right="admin"), place(operation="fabrics")):
        assert kept.find(other) is None


def test_those_of_earlier_moments_go_with_the_first_of_a_later_one():
    kept = Kept()
    for path in ("/a", "/b"):
        kept.keep(place(path), answer())
    kept.keep(place("/c", operation="fabrics"), answer())
    octets = kept.octets
    kept.keep(place("/d", (2,)), answer())
    assert kept.octets == octets - (OVERHEAD + 2 + 7 + 2)
    assert [kept.find(place(path, (2,))) is not None for path in ("/a", "/b", "/d")] == [False, False, True]
    assert kept.find(place("/c", operation="fabrics")) is not None
    assert kept.find(place("/a")) is None


def test_what_was_asked_for_last_is_kept_within_the_bound():
    kept = Kept(3 * (OVERHEAD + 9 + 100))
    for number in range(3):
        kept.keep(place(f"/{number}"), answer(bytes(100)))
    assert kept.find(place("/0"))
    for number in range(3, 1000):
        kept.keep(place(f"/{number % 10}"), answer(bytes(100)))
        assert kept.octets <= 3 * (OVERHEAD + 9 + 100)
    assert sum(kept.find(place(f"/{number}")) is not None for number in range(10)) == 3
    kept.keep(place("/9"), answer(bytes(10_000)))  # larger than all that may be kept
    assert (kept.octets, kept.find(place("/9"))) == (0, None)
    kept.keep(place("/9"), answer(b""))
    kept.keep(place("/9"), answer(b"[1]"))
    assert (kept.octets, kept.find(place("/9"))) == (OVERHEAD + 9 + 3, answer(b"[1]"))


@pytest.mark.parametrize(
    ("tag", "body", "held"),
    [(b'"x"', b"[]", True), (b'W/"x"', b"[]", False), (b'"x"', bytes(LARGEST + 1), False)],
    ids=["still", "moving", "large"],
)
def test_a_body_that_moves_by_itself_or_is_large_is_not_kept(tag, body, held):
    kept, scope = Kept(), {}
    keep_in(scope, tag, [], body)  # nobody wished for it
    assert note(scope, kept, place()) is None
    keep_in(scope, tag, [(b"x", b"y")], body)
    assert kept.find(place()) == Answer(tag, [(b"x", b"y")], body if held else None)
    assert answer_in(scope) is None
    use(scope, answer())
    assert answer_in(scope) == answer()
