"""The description without a region is the one that a region gives."""

from __future__ import annotations

from bellrock.region.api.document import document
from tests.region.support import asynchronous, region


@asynchronous
async def test_a_region_answers_with_the_same(tmp_path):
    async with region(tmp_path) as running:
        assert await running.get("openapi.json") == document()


def test_it_is_plain_json_and_the_same_each_time():
    first = document()
    assert first["openapi"].startswith("3.1")
    assert first == document()
    first["paths"].clear()
    assert document()["paths"], "what is changed in one must not be in the next"
