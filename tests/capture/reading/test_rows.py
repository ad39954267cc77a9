import numpy as np

from bellrock.capture.reading.rows import Rows

FIELDS = {"count": (np.int64, 0, 1), "last": (np.int32, -1, 2)}


def test_new_cells_have_their_beginning():
    rows = Rows(FIELDS)
    assert rows.grow(2) == 0
    assert list(rows.each()) == [{"count": 0, "last": [-1, -1]}] * 2


def test_what_was_written_stays_while_they_grow():
    rows = Rows(FIELDS)
    rows.grow(3)
    rows["count"][2], rows["last"][5] = 7, 9
    assert rows.grow(5000) == 3
    assert rows.count == 5003
    told = list(rows.each())
    assert len(told) == 5003
    assert told[2] == {"count": 7, "last": [-1, 9]}
    assert told[5002] == {"count": 0, "last": [-1, -1]}
    assert len(rows["last"]) >= 2 * 5003


def test_growing_by_nothing():
    rows = Rows(FIELDS)
    assert rows.grow(0) == 0
    assert rows.count == 0
    assert list(rows.each()) == []


def test_numbers_are_pythons_own():
    rows = Rows(FIELDS)
    rows.grow(1)
    (found,) = rows.each()
    assert type(found["count"]) is int
    assert [type(one) for one in found["last"]] == [int, int]
