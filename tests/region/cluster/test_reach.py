"""Since when a process does not reach the database, and what its log says."""

from __future__ import annotations

import logging

import pytest

from bellrock.region.cluster.process import member
from bellrock.region.cluster.reach import Reach
from bellrock.region.store import StoreAway

ERROR = StoreAway("connection refused")


class World:
    def __init__(self):
        self.now = 100.0
        self.reach = Reach(member("01J", "region-b", ()), lambda: self.now)


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, "bellrock")
    return lambda: [(one.levelname, one.getMessage()) for one in caplog.records]


def test_it_tells_for_how_long_it_is_without_and_how_it_goes_on():
    world = World()
    world.now += 2
    assert world.reach.away() == (
        "This process has not reached the region's database for 2 s; it tries again all the while, "
        "and agents keep what they report until it does."
    )
    world.reach.ends()  # to have tried once more in vain is no new beginning
    world.now += 3
    assert "for 5 s;" in world.reach.away()
    world.reach.begins()
    assert (world.reach.away(), world.reach.stands.is_set()) == ("", True)
    world.now += 60
    world.reach.ends()
    world.now += 1
    assert (world.reach.stands.is_set(), "for 1 s;" in world.reach.away()) == (False, True)


def test_of_a_round_that_lost_its_connection_no_more_is_said_than_is_so(said):
    world = World()
    world.reach.begins()
    world.reach.met(ERROR, "Mailbox.run")
    (_, lost) = said()
    assert lost[0] == "WARNING"
    assert lost[1].startswith("member-cut-off ")
    assert "this round is tried again; if it lasts, this process follows nobody and leads nobody" in lost[1]
    assert "work=Mailbox.run" in lost[1]
    world.reach.beats()
    assert said()[2][0] == "WARNING", "who read of the one reads of the other"
    world.reach.beats()
    assert len(said()) == 3


def test_without_its_connections_it_is_cut_off(said):
    world = World()
    world.reach.met(ERROR)
    world.reach.met(ERROR, "Outbox.run")
    (lost,) = said()
    assert "tried again" not in lost[1]
    assert "this process follows nobody and leads nobody" in lost[1]


def test_that_more_is_lost_than_the_round_that_met_it_first_is_said_at_once(said):
    world = World()
    world.reach.begins()
    for work in ("Outbox.run", "Mailbox.run"):
        world.reach.met(ERROR, work)
    world.reach.ends()
    world.reach.met(ERROR)
    world.reach.met(ERROR)
    _, round_lost, cut_off = said()
    assert "this round is tried again" in round_lost[1]
    assert "tried again" not in cut_off[1]
    assert "this process follows nobody and leads nobody" in cut_off[1]
