import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading.cells import grouped


def of(*numbers):
    return np.array(numbers, np.int64)


def test_groups():
    groups = grouped(of(7, 3, 7, 3, 9))
    assert groups.cells.tolist() == [3, 7, 9]
    assert groups.order.tolist() == [1, 3, 0, 2, 4]
    assert groups.begins.tolist() == [0, 2, 4]
    assert groups.ends.tolist() == [1, 3, 4]
    assert groups.sizes.tolist() == [2, 2, 1]
    assert groups.which.tolist() == [0, 0, 1, 1, 2]
    assert groups.continues.tolist() == [False, True, False, True, False]
    assert groups.sums(of(1, 2, 3, 4, 5)).tolist() == [3, 7, 5]
    assert groups.most(of(1, 2, 9, 4, 5)).tolist() == [2, 9, 5]


def test_among_others():
    groups = grouped(of(7, 3), of(10, 20))
    assert groups.order.tolist() == [20, 10]


def test_nothing():
    groups = grouped(of())
    assert (len(groups.order), len(groups.begins), len(groups.cells)) == (0, 0, 0)


@pytest.mark.parametrize("kinds", [3, 40_000])
def test_few_and_many_kinds(kinds):
    cells = np.arange(100_000) * 7919 % kinds
    groups = grouped(cells)
    assert (np.diff(cells[groups.order]) >= 0).all()
    assert groups.cells.tolist() == list(range(kinds))


@given(st.lists(st.integers(0, 1000)))
def test_each_group_keeps_the_order_of_the_chunk(numbers):
    groups = grouped(of(*numbers))
    found = {}
    for cell, begin, end in zip(groups.cells.tolist(), groups.begins.tolist(), (groups.ends + 1).tolist(), strict=True):
        found[cell] = groups.order[begin:end].tolist()
    assert found == {one: [at for at, number in enumerate(numbers) if number == one] for one in numbers}
