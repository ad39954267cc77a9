"""Whoever begins to speak with another secret hears soon that others are here, and no more than that."""

from itertools import pairwise

import msgspec
import pytest

from bellrock.beacon.strangers import LIMIT, Strangers
from bellrock.wire.beacon import BeaconType
from bellrock.wire.errors import Reason
from tests.beacon.playbook import QUIET, Actor, Playbook

BURST = (0.0, 0.05, 0.15, 0.4)
SPEAKS_UP = msgspec.structs.replace(QUIET, stranger_delay=(0.05, 0.3), stranger_rest=10.0)


def quiet_port(**more):
    play = Playbook(SPEAKS_UP).port(**more)
    play.wait(5)
    return play.forget()


def begins(play, mac="02:00:00:00:00:66", reason=Reason.WRONG_SECRET, copies=2):
    """A source says its first burst, each word in so many copies; what we said meanwhile."""
    last = 0.0
    for after in BURST:
        play.wait(after - last)
        last = after
        for _ in range(copies):
            play.refuse(reason, mac=mac)
    play.wait(0.6)
    return [(sent.beacon.type, sent.beacon.extension.urgent) for _, sent in play.sent]


def test_a_stranger_that_begins_hears_one_solicitation_which_nobody_need_answer():
    assert begins(quiet_port()) == [(BeaconType.SOLICITATION, False)]


def test_it_hears_it_before_its_first_burst_has_settled():
    play = quiet_port()
    began = play.time
    begins(play)
    assert 0.05 <= play.sent[0][0] - began <= 0.15 + 0.3


def test_at_most_once_in_ten_seconds_however_many_begin():
    play = quiet_port()
    assert len(begins(play)) == 1
    for number in range(20):
        begins(play, mac=f"02:00:00:00:01:{number:02x}")
    said = [at for at, _ in play.sent]
    assert len(said) >= 2
    assert all(later - earlier >= 10 for earlier, later in pairwise(said))
    play.forget().wait(10)
    assert len(begins(play)) == 1


def test_whoever_is_long_there_and_speaks_once_in_a_while_is_no_reason_to_speak():
    play = quiet_port()
    for _ in range(20):
        play.refuse().refuse().wait(2)
    assert play.sent == []


def test_somebody_of_ours_who_spoke_first_was_heard_by_the_stranger_too():
    friend = Actor()
    play = quiet_port().hear(friend.advertises()).wait(5)
    play.forget()
    for after in (0.0, 0.03, 0.03):
        play.wait(after).refuse()
    play.hear(friend.advertises()).wait(1)
    assert play.sent == []


def test_a_unicast_of_ours_was_not_heard_by_the_stranger():
    friend = Actor()
    play = quiet_port().hear(friend.advertises()).wait(5)
    play.forget()
    for after in (0.0, 0.03, 0.03):
        play.wait(after).refuse()
    play.hear_unicast(friend.advertises()).wait(1)
    assert len(play.sent) == 1


def test_what_this_port_itself_said_meanwhile_is_enough():
    # Trickle speaks at 0.75, 1.75, …; the stranger is noticed at 5.66 and would be answered at 5.835.
    play = Playbook(msgspec.structs.replace(SPEAKS_UP, trickle_min=1.0, trickle_max=1.0)).port()
    play.wait(5.6).forget()
    for after in (0.0, 0.03, 0.03):
        play.wait(after).refuse()
    play.wait(0.5)
    assert [round(at, 2) for at, _ in play.sent] == [5.75]


def test_a_port_that_goes_takes_its_word_along():
    play = quiet_port()
    for after in (0.0, 0.03, 0.03):
        play.wait(after).refuse()
    play.drop().forget().wait(1)
    assert play.sent == []


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.WRONG_SECRET])
def test_other_refusals_say_nothing_of_another_secret(reason):
    assert begins(quiet_port(), reason=reason) == []


def test_a_port_that_does_not_speak_stays_silent():
    assert begins(quiet_port(speaks=False)) == []


def test_sources_are_watched_in_bounded_memory():
    play = quiet_port()
    strangers: Strangers = play.engine._strangers
    for number in range(LIMIT + 50):
        play.refuse(mac=f"{number:012x}")
    assert len(strangers._spoke) == LIMIT
