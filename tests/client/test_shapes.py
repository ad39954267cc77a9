"""The shapes take what the region's own say, and say what it takes."""

from __future__ import annotations

import msgspec
import pytest

from bellrock.client import shapes
from bellrock.region.api.examples import EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: type(one).__name__)
def test_each_example_survives_the_way_through_the_client(example):
    body = msgspec.json.encode(example)
    read = msgspec.json.decode(body, type=getattr(shapes, type(example).__name__))
    assert msgspec.json.decode(msgspec.json.encode(read), type=type(example)) == example
