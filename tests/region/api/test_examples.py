"""Examples are of the shapes that they exemplify, value by value."""

from __future__ import annotations

import msgspec
import pytest

from bellrock.region.api.examples import EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: type(one).__name__)
def test_each_is_what_its_shape_says(example):
    assert msgspec.json.decode(msgspec.json.encode(example), type=type(example)) == example
