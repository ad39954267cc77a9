"""Headers fetched as tables."""

import numpy as np
import pytest

from bellrock.capture.reading.gather import fetch, joined, layout, put

HEADER = layout(4, {"both": (">u4", 0), "low": ("<u2", 2), "one": ("u1", 1)})
OCTETS = np.arange(16, dtype=np.uint8)


def test_fields_at_many_places():
    table = fetch(OCTETS, np.array([0, 5, 12]), HEADER)
    assert table["both"].tolist() == [0x00010203, 0x05060708, 0x0C0D0E0F]
    assert table["low"].tolist() == [0x0302, 0x0807, 0x0F0E]
    assert table["one"].tolist() == [1, 6, 13]


@pytest.mark.parametrize("place", [13, 1000, -1])
def test_a_place_outside_reads_nothing_outside(place):
    (header,) = fetch(OCTETS, np.array([place]), HEADER)["both"].tolist()
    assert header == (0x0C0D0E0F if place > 0 else 0x00010203)


def test_none():
    assert len(fetch(OCTETS, np.array([], np.int64), HEADER)) == 0


def test_putting_and_joining():
    whole = [np.zeros(4, np.int64), np.ones(4, np.int64)]
    put(whole, np.array([1, 3]), [np.array([7, 8]), np.array([9, 9])])
    assert [one.tolist() for one in whole] == [[0, 7, 0, 8], [1, 9, 1, 9]]
    assert [one.tolist() for one in joined(whole, whole)] == [[0, 7, 0, 8] * 2, [1, 9, 1, 9] * 2]
    with pytest.raises(ValueError, match="longer"):
        put(whole, np.array([1]), [np.array([7])] * 3)
