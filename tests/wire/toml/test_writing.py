"""What is written is read as the same values."""

import math
import tomllib
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.toml.writing import written

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
SCALARS = (
    TEXT
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
)
VALUES = st.recursive(SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(TEXT, one, max_size=3))


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_any_document(document):
    assert tomllib.loads(written(document)) == document


def test_as_a_person_would():
    document = {
        "role": {"rack 1": {"ports": [1, 2], "on": True, "at": [{"a": 1.5}, {"b": "x\n\"\\"}]}, "": {}},
        "title": "hall",
        "mixed": [1, {"a": [{}]}],
        "days": [date(2026, 1, 2), time(3, 4), datetime(2026, 1, 2, 3, 4, tzinfo=UTC)],
        "none": [],
    }  # fmt: skip
    assert written(document) == (
        'title = "hall"\n'
        "mixed = [1, {a = [{}]}]\n"
        "days = [2026-01-02, 03:04:00, 2026-01-02T03:04:00+00:00]\n"
        "none = []\n\n"
        "[role]\n\n"
        '[role."rack 1"]\n'
        "ports = [1, 2]\n"
        "on = true\n\n"
        '[[role."rack 1".at]]\n'
        "a = 1.5\n\n"
        '[[role."rack 1".at]]\n'
        'b = "x\\u000A\\"\\\\"\n\n'
        '[role.""]\n'
    )
    assert tomllib.loads(written(document)) == document


def test_no_number_and_no_value():
    assert math.isnan(tomllib.loads(written({"a": math.nan}))["a"])
    assert written({}) == "\n"
    with pytest.raises(TypeError, match="NoneType is no value of TOML"):
        written({"a": None})
