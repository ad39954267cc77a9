"""Where packets die between two real agents, with a real router between them and a region that judges."""

import pytest

from tests.lab.paths import FAULTS, VARIANTS, WAYS, scene, tried, wrong

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def place():
    with scene() as one:
        yield one


@pytest.fixture(autouse=True)
def _unblocked(place):
    yield
    place.world.unblock()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.a)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_of_twelve_faults_is_found_where_it_is(place, fault, way):
    found = tried(place, fault, way)
    assert {one["variant"] for one in found["walks"]} == set(VARIANTS)
    assert not [told for one in found["walks"] if (told := wrong(fault, way, one))]
    assert (found["died_at"], found["verdict"], found["exit"]) == (fault.died_at, fault.verdict, 1)


def test_it_works_before_any_service_is_there(place):
    found = place.walk("near", "far", "dns")
    assert (found["verdict"], found["died_at"], found["exit"]) == ("works", "", 0), found
    assert {one["variant"] for one in found["walks"]} == set(VARIANTS)
    by_name = {one["variant"]: one["hops"] for one in found["walks"]}
    for variant, gate in ((VARIANTS[0], "10.1.0.1"), (VARIANTS[3], "fd01::1")):
        assert [hop["address"] for hop in by_name[variant]][1:-1] == [gate]
        assert all(hop["request"] for hop in by_name[variant])
