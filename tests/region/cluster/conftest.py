"""A database for the processes of a region."""

from __future__ import annotations

import pytest


@pytest.fixture
def url(postgres):
    """A fresh database of a region."""
    made = postgres.fresh()
    yield made
    postgres.drop(made)
