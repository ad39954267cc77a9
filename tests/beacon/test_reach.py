"""What a row of a scan means, and how VIDs are written."""

import pytest

from bellrock.beacon.reach import How, Met, judge, runs
from bellrock.beacon.scanner import Reached


def a(vid, outer=None):
    return Reached("a", "eth1", vid, outer)


B = Reached("b", "eth2", None)
TABLE = [
    ("silent", {5: ()}, {5: ()}),
    ("reaches", {5: (a(5),)}, {5: (Met(a(5), How.REACHES),)}),
    ("an access port", {5: (B,), 6: ()}, {5: (Met(B, How.UNTAGGED),), 6: ()}),
    ("sent untagged, received so", {0: (B,)}, {0: (Met(B, How.REACHES),)}),
    ("native here", {0: (a(7),), 7: (a(7),)}, {0: (Met(a(7), How.NATIVE),), 7: (Met(a(7), How.REACHES),)}),
    ("translated", {5: (a(6),), 6: ()}, {5: (Met(a(6), How.TRANSLATED),), 6: ()}),
    (
        "two run into one",
        {10: (a(20),), 20: (a(20),)},
        {10: (Met(a(20), How.MISMATCH, (20,)),), 20: (Met(a(20), How.MISMATCH, (10,)),)},
    ),
    (
        "two run into one, untagged",
        {10: (B,), 20: (B,)},
        {10: (Met(B, How.MISMATCH, (20,)),), 20: (Met(B, How.MISMATCH, (10,)),)},
    ),
    (
        "swapped is translated",
        {5: (a(6),), 6: (a(5),)},
        {5: (Met(a(6), How.TRANSLATED),), 6: (Met(a(5), How.TRANSLATED),)},
    ),
]


@pytest.mark.parametrize(("row", "meaning"), [pytest.param(*line[1:], id=line[0]) for line in TABLE])
def test_meaning(row, meaning):
    assert judge(row) == meaning


def test_behind_a_service_tag_it_must_come_out_behind_the_same():
    row = {5: (a(5, 100), a(5), a(5, 200))}
    assert [met.how for met in judge(row, 100)[5]] == [How.REACHES, How.TRANSLATED, How.TRANSLATED]


@pytest.mark.parametrize(
    ("vids", "text"), [([], ""), ([5], "5"), ([1, 2, 3], "1-3"), ([1, 3, 4, 5, 9], "1, 3-5, 9"), ([7, 8], "7-8")]
)
def test_runs(vids, text):
    assert runs(vids) == text
