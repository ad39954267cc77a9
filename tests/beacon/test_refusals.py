"""Refusals: the first is told at once, then at most one event per second and key, in bounded memory."""

from bellrock.beacon.refusals import EVERY, IDLE, LIMIT, OTHERS, Refusals
from bellrock.model import Port
from tests.beacon.playbook import Playbook, at

ETH0 = Port("us", "eth0")
KEY = (ETH0, "02:00:00:00:00:66", "skew")


def test_the_first_is_told_at_once_and_the_rest_once_a_second():
    play = Playbook().port().refuse(skew=3600.0)
    first = play.refused("wrong-secret", 1)
    assert (first.port, first.source_mac, first.detail, first.skew) == (ETH0, "02:00:00:00:00:66", "not ours", 3600.0)
    for _ in range(100):
        play.refuse().wait(0.005)
    assert play.events == []
    play.wait(0.6).refused("wrong-secret", 101)
    assert play.events == []
    play.wait(2).refuse().refused("wrong-secret", 102)


def test_sources_and_reasons_are_counted_apart():
    refusals = Refusals()
    assert refusals.count(KEY, "", None, at(0)).count == 1
    assert refusals.count((ETH0, "02:00:00:00:00:67", "skew"), "", None, at(0)).count == 1
    assert refusals.count((ETH0, "02:00:00:00:00:66", "replay"), "", None, at(0)).count == 1


def test_all_are_counted_by_reason_however_many_there_are():
    refusals = Refusals()
    for number in range(2 * LIMIT):
        refusals.count((ETH0, f"source {number}", "skew"), "", None, at(0))
    refusals.count((*KEY[:2], "replay"), "", None, at(0), 5)
    assert refusals.totals == {"skew": 2 * LIMIT, "replay": 5}


def test_the_engine_tells_how_many_were_refused():
    play = Playbook().port().refuse().refuse()
    assert play.engine.refused == {"wrong-secret": 2}


def test_the_latest_detail_and_skew_are_told():
    refusals = Refusals()
    refusals.count(KEY, "old", 1.0, at(0))
    assert refusals.due is None
    assert refusals.count(KEY, "new", 2.0, at(0.5)) is None
    assert refusals.due == EVERY
    assert refusals.flush(at(0.9)) == []
    [told] = refusals.flush(at(1.0))
    assert (told.count, told.detail, told.skew, told.seen) == (2, "new", 2.0, at(0.5).wall)
    assert refusals.due is None


def test_a_flood_of_sources_is_counted_together_once_the_table_is_full():
    refusals = Refusals()
    for number in range(LIMIT + 500):
        refusals.count((ETH0, str(number), "wrong-secret"), "", None, at(0))
    assert len(refusals) == LIMIT + 1
    told = refusals.flush(at(1.0))
    assert [(event.source_mac, event.count) for event in told] == [(OTHERS, 500)]


def test_the_longest_idle_makes_room():
    refusals = Refusals()
    for number in range(LIMIT):
        refusals.count((ETH0, str(number), "wrong-secret"), "", None, at(0))
    assert refusals.count(KEY, "", None, at(IDLE + 1)).source_mac == KEY[1]
    assert len(refusals) == LIMIT


def test_events_are_bounded_under_a_flood():
    play = Playbook().port()
    for number in range(3000):
        play.refuse(mac=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
    assert len(play.events) == LIMIT + 1
    play.forget().wait(1)
    assert len(play.events) == 1
