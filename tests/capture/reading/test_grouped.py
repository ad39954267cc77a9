"""Conversations put together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading.explained import Explained
from bellrock.capture.reading.grouped import asked, groups
from bellrock.capture.reading.register import Ends
from bellrock.capture.reading.tally import Ways


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 9)), max_size=40), st.integers(1, 5))
def test_groups_are_those_with_the_same_keys(rows, most):
    keys = [np.array([row[at] for row in rows], np.int64) for at in (0, 1)]
    packets = np.array([row[2] for row in rows], np.int64)
    found, more = groups(keys, packets, most)
    told = [{rows[at][:2] for at in group.tolist()} for group in found]
    assert all(len(one) == 1 for one in told)
    distinct = {row[:2] for row in rows}
    assert len(found) + more == len(distinct)
    assert len({key for one in told for key in one}) == len(found)
    sums = [int(packets[group].sum()) for group in found]
    everywhere = sorted((sum(row[2] for row in rows if row[:2] == key) for key in distinct), reverse=True)
    assert sums == everywhere[:most]
    if not more:
        assert sorted(at for group in found for at in group.tolist()) == list(range(len(rows)))


def test_who_asks_comes_first():
    word, small = np.array([1, 1], np.uint64), np.array([0, 0], np.int32)
    ends = Ends(
        small + 4,
        word * 0,
        word,
        word * 0,
        word + 1,
        small + 17,
        small + 53,
        small + 1000,
        small,
        small,
        small,
        small,
        small,
    )
    two = np.array([[1, 1], [10, 10]])
    ways = Ways(two, two * 100, np.array([[5, 5], [3, 9]]), np.array([[7, 7], [8, 6]]), two.astype(np.int32), two)
    turned = np.array([True, False])
    found = asked(ends, ways, Explained(small, small, small, turned))
    assert found.source_low.tolist() == [2, 1]
    assert found.destination_low.tolist() == [1, 2]
    assert found.port.tolist() == [53, 1000]
    assert (found.packets.tolist(), found.replies.tolist()) == ([10, 1], [1, 10])
    assert (found.octets.tolist(), found.reply_octets.tolist()) == ([1000, 100], [100, 1000])
    assert (found.first.tolist(), found.last.tolist()) == ([3, 5], [8, 7])
