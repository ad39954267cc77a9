"""Finding the region to join, by a cable of queues: as soon as it is sure, and no sooner."""

import pytest
from msgspec import structs

from bellrock.agent.outcomes import NoRegion, WrongSecret
from bellrock.agent.seek import seek
from bellrock.link.clock import read
from bellrock.model import Wall
from bellrock.wire.keys import Key, Keyring
from tests.agent.test_scout import cabled, looking, play

__all__ = ["cabled"]
OTHER = Keyring([Key(b"o" * 32)])
A = "ab" * 32
REGION = {"regions": ("https://10.0.0.1:5443",), "authority": A, "role": "region"}


def test_a_region_that_is_heard_is_found_soon(tmp_path, cabled):
    async def scene():
        a, b = cabled(**REGION)
        async with looking(tmp_path, b), looking(tmp_path, a) as look:
            (found,) = await seek(look, "", 10)
            assert (found.authority, found.urls, found.names) == (A, ("https://10.0.0.1:5443",), ("host-2",))
            assert await seek(look, "host-2", 10) == [found]
            other = await seek(look, "host-3", 0.05)
            assert isinstance(other, NoRegion)
            assert other.sentence == (
                "no region heard within 0.05 s is called host-3; there is host-2 at https://10.0.0.1:5443 (authority "
                "abababababababab, told by host-2 on eth0); tried eth0"
            )

    play(scene)


def test_a_wrong_secret_is_told_once_everybody_had_his_say(tmp_path, cabled):
    async def scene():
        a, b = cabled(**REGION)
        async with looking(tmp_path, b, OTHER), looking(tmp_path, a) as look:
            found = await seek(look, "", 10)
            assert isinstance(found, WrongSecret)
            assert "one machine beacons on eth0 (52:54:00:00:00:02)" in found.sentence
            assert "not clock skew, which is" in found.sentence

    play(scene)


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_a_clock_that_is_off_hides_no_region(tmp_path, cabled, ahead):
    def clock():
        clocks = read()
        return structs.replace(clocks, wall=Wall(clocks.wall + ahead))

    async def scene():
        a, b = cabled(**REGION)
        async with looking(tmp_path, b), looking(tmp_path, a, clock=clock) as look:
            (found,) = await seek(look, "", 10)
            assert found.skew == pytest.approx(-ahead, abs=2)
            assert look.sight.beacons == ()
            assert look.sight.evidence == {}, "what is not fresh is evidence of nothing"

    play(scene)


def test_nobody_there_is_told_with_a_hint(tmp_path, cabled):
    async def scene():
        a, _ = cabled()
        async with looking(tmp_path, a) as look:
            found = await seek(look, "", 0.05, "this process may be deaf")
            assert found.sentence == (
                "no region heard within 0.05 s: tried eth0; nobody was heard; this process may be deaf"
            )

    play(scene)
