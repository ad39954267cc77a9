"""The stores that a region may have."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Where a new store is: for each test that asks, once a file that is not there yet, once an empty database."""
    if request.param == "sqlite":
        yield tmp_path / "region.sqlite"
        return
    postgres = request.getfixturevalue("postgres")
    url = postgres.fresh()
    yield url
    postgres.drop(url)
