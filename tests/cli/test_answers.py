"""Answers of the region: more may be in them, what is needed must be."""

import msgspec
import pytest

from bellrock.cli.answers import Explanation, Interface, Refusal, Step


def test_what_is_not_needed_is_ignored():
    answer = {"verdict": "same-vlan", "chain": [{"sentence": "a hears b", "age": 1, "kind": "heard"}], "new": 1}
    assert msgspec.convert(answer, Explanation) == Explanation("same-vlan", (Step("a hears b", 1.0),), "")


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ({}, Explanation),
        ({"verdict": 1}, Explanation),
        ({"verdict": "x", "chain": [{"age": 1}]}, Explanation),
        ({"verdict": "x", "chain": [{"sentence": "", "age": "old"}]}, Explanation),
        ([], Interface),
        ({"host": "a", "name": "eth0"}, Interface),
        ({"interface": "eth0", "source_mac": "", "reason": "skew", "count": "many"}, Refusal),
    ],
)
def test_what_is_needed_must_be_there_and_of_its_type(answer, shape):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(answer, shape)
