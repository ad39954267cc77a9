"""Parts of lists, by keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.region.service.slices import BREAK, WHOLE, Span, cut, taken


def key(row: int) -> tuple[int]:
    return (row,)


def test_whole():
    found = cut([1, 2, 3], key, WHOLE, str)
    assert (found.rows, found.total, found.last) == (["1", "2", "3"], 3, None)


def test_only_what_is_shown_is_rendered():
    rendered = []
    found = cut(range(100), key, Span((4,), 2), rendered.append)
    assert rendered == [5, 6]
    assert (found.total, found.last) == (100, (6,))


def test_the_last_page_has_no_next():
    assert cut([1, 2], key, Span(None, 2), str).last is None
    assert cut([1, 2], key, Span((2,), 2), str) == cut([], key, Span(None, 2), str).__class__([], 2, None)


def test_rows_that_come_one_by_one_are_not_asked_for_in_vain():
    asked = []

    def rows():
        for number in range(1000):
            asked.append(number)
            yield (number,), number

    assert taken(rows(), None, Span((9,), 3), str).rows == ["10", "11", "12"]
    assert asked[-1] == 13


def test_a_key_of_another_list_is_no_key():
    with pytest.raises(TypeError):
        cut([1, 2], key, Span(("a",), 1), str)
    for other in ((1, 2), ()):
        with pytest.raises(TypeError):
            cut([1, 2], key, Span(other, 1), str)


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.integers(1, 9))
def test_whoever_walks_the_pages_sees_each_row_that_stays_once(stay, go, come, limit):
    """Whatever comes and goes between two pages."""
    seen, after, turn = [], None, 0
    while True:
        there = sorted(stay | (go if turn == 0 else come))
        found = cut(there, key, Span(after, limit), int)
        seen += found.rows
        if found.last is None:
            break
        after, turn = found.last, turn + 1
    assert sorted(set(seen)) == seen
    assert stay <= set(seen)


def test_a_part_ends_where_looking_for_more_would_take_long_and_goes_on_behind_that():
    def rows():
        for number in range(10):
            yield (number,), number if number in (0, 7) else BREAK

    first = taken(rows(), None, Span(None, 5), str)
    assert (first.rows, first.last) == (["0"], (1,))
    seen, at = list(first.rows), first.last
    while at is not None:
        page = taken(rows(), None, Span(at, 5), str)
        seen, at = [*seen, *page.rows], page.last
    assert seen == ["0", "7"]
    assert taken(rows(), None, WHOLE, str).rows == ["0", "7"]
