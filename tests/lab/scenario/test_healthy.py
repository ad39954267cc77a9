"""Random worlds are the same for the same seed, differ otherwise, and are sound as a lab, a world and a site."""

import pytest

from bellrock.flows import site_file
from bellrock.flows.site import Site
from bellrock.lab.check import check
from bellrock.lab.scenario.check import check_together, check_world
from bellrock.lab.scenario.healthy import healthy

SEEDS = range(120)


@pytest.fixture(scope="module")
def made():
    return [healthy(seed) for seed in SEEDS]


def test_each_is_sound(made):
    for scenario, world in made:
        assert check(world.lab) == []
        assert check_world(world) == []
        assert check_together(scenario.file, world) == []
        assert scenario.file.expect == ()


def test_a_seed_is_a_world(made):
    assert [healthy(seed) for seed in SEEDS] == made
    assert len({repr(world.lab) for _, world in made}) > 100


def test_they_differ_in_everything_that_matters(made):
    worlds = [world for _, world in made]
    assert {len(world.lab.switch) for world in worlds} == {1, 2, 3}
    assert {len(world.client) for world in worlds} == {1, 2, 3}
    assert {world.service["dhcp"].kind for world in worlds} == {"dhcpd", "kea", "dnsmasq"}
    assert {"relay" in world.service for world in worlds} == {True, False}
    assert {client.settings.arch for world in worlds for client in world.client.values()} == {0, 7, 11, 16}
    assert {
        any(
            ":" in text for host in world.lab.host.values() for one in host.interface.values() for text in one.addresses
        )
        for world in worlds
    } == {True, False}


def test_the_site_file_is_one(made):
    for _, world in made[:20]:
        assert isinstance(site_file.parse(world.site.encode(), "site.toml"), Site)
