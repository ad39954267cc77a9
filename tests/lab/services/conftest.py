"""The world of servers, one for each module of tests."""

import pytest

from tests.lab.services.world import World


@pytest.fixture(scope="module")
def world():
    with World() as one:
        yield one


@pytest.fixture(autouse=True)
def _unblocked(request):
    """No rules of one test are left for the next."""
    yield
    if "world" in request.fixturenames:
        request.getfixturevalue("world").unblock()
