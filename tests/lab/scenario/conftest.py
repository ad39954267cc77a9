"""A running world, for tests of what happens in one."""

import pytest

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.ground import ground


@pytest.fixture(scope="module")
def made(request):
    with ground(parse.world("boot"), f"ground-{abs(hash(request.module.__name__)) % 10_000}") as one:
        one.start()
        yield one
