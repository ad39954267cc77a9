"""What the engine's parts share: chance within bounds, alarms, refusals."""

from bellrock.beacon.core import Core
from bellrock.beacon.timers import Alarm
from bellrock.beacon.values import Config, Identity
from bellrock.model import Port
from tests.beacon.playbook import at, facts


def core(draw=0.5, config=None):
    return Core(Identity("us", "host", "rack", "boot"), lambda version, wall: "id", lambda: draw, config or Config())


def test_chance_stays_within_its_bounds():
    assert core(0.0).between(2, 4) == 2
    assert core(0.5).between(2, 4) == 3
    assert core(0.0).around(10) == 8
    assert round(core(0.9999).around(10), 2) == 12


def test_an_alarm_is_armed_for_the_earlier_moment():
    shared = core()
    state = shared.new_port(facts(), False, at(0))
    shared.arm(state, Alarm.FADE, 9.0)
    shared.arm(state, Alarm.FADE, 12.0)
    assert shared.timers.at((state.port, Alarm.FADE)) == 9.0


def test_a_refusal_is_told_at_once_and_then_promised():
    shared = core()
    port = Port("us", "eth0")
    for _ in range(2):
        shared.refuse(port, "02:00:00:00:00:66", "skew", "an hour", at(0), 3600.0)
    assert [event.count for event in shared.events] == [1]
    assert shared.timers.at((None, Alarm.REFUSALS)) == 1.0


def test_memory_for_ids_is_shared_by_sent_and_seen():
    shared = core(config=Config(max_ids=10))
    port = Port("us", "eth0")
    for number in range(20):
        shared.sent.add(str(number), port, at(0))
        shared.seen.accept(port, str(number))
    assert len(shared.sent) + len(shared.seen) == 10
