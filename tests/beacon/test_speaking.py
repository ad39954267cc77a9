"""Answers: one advertisement for many, not too often, not too big; and unicast replies within limits."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from bellrock.beacon import BY_HAND, Config
from bellrock.beacon.speaking import FRAMES_AT_ONCE
from bellrock.beacon.transit import read_held
from bellrock.model import Wall
from bellrock.wire.beacon import encode
from bellrock.wire.keys import derive
from tests.beacon.playbook import ADVERTISEMENT, QUIET, SOLICITATION, Actor, Playbook, Rack

BURST = Config(burst=(0.0,), trickle_min=1e6, trickle_max=1e6)


def test_one_advertisement_answers_all_who_solicited_within_its_window():
    play = Playbook().port()
    for number in range(5):
        play.hear(Actor(f"agent-{number}").solicits(id=f"id-{number}", urgent=True)).wait(0.002)
    play.forget().wait(0.04)
    play.says(ADVERTISEMENT, "id-0", "id-1", "id-2", "id-3", "id-4")
    play.nothing_left()


def test_the_newest_beacon_of_a_peer_speaks_for_those_before_it():
    play, them = Playbook().port(), Actor()
    play.hear(them.solicits(id="a", urgent=True)).hear(them.solicits(id="b", urgent=True)).forget().wait(0.05)
    play.says(ADVERTISEMENT, "b")


def test_what_does_not_fit_follows_and_small_links_hold_less():
    play = Playbook(QUIET).port(mtu=1280)
    for number in range(40):
        play.hear(Actor(f"agent-{number}").solicits(id=f"id-{number}", urgent=True))
    play.forget().wait(0.05)
    first, second = (sent.beacon.extension.acks for _, sent in play.sent)
    assert len(first) == (1280 - 48 - 600) // 24
    assert len({*first, *second}) == 40


def test_a_flood_of_solicitations_is_answered_in_portions():
    play = Playbook(QUIET).port()
    for number in range(300):
        play.hear(Actor(f"agent-{number}").solicits(urgent=True))
    play.forget().wait(0.03)
    assert len(play.sent) == FRAMES_AT_ONCE
    assert all(len(sent.beacon.extension.acks) == 32 for _, sent in play.sent)
    play.wait(0.15)
    assert len({ack for _, sent in play.sent for ack in sent.beacon.extension.acks}) > 128


def test_an_advertisement_says_how_long_it_held_what_it_acknowledges():
    play = Playbook(QUIET, jitter=0.0).port()
    play.hear(Actor("one").solicits(id="first", urgent=True))
    play.wait(0.002).hear(Actor("two").solicits(id="second", urgent=True))
    play.wait(0.01)
    extension = play.says(ADVERTISEMENT, "first", "second").beacon.extension
    assert [round(read_held(extension.held, number), 4) for number in (0, 1)] == [0.005, 0.003]


def test_a_steady_solicitation_is_answered_only_after_a_rest():
    play, them = Playbook(BURST), Actor()
    play.port().wait(0)
    ours = play.says(SOLICITATION).beacon
    play.hear(them.advertises(ours.id)).forget()
    play.wait(20).hear(them.solicits()).wait(1).nothing_left()
    play.wait(4).hear(them.solicits(id="late")).wait(0.1)
    play.says(ADVERTISEMENT, "late", urgent=False)
    play.wait(1).hear(them.solicits(id="urgent", urgent=True)).wait(0.1)
    play.says(ADVERTISEMENT, "urgent")
    play.nothing_left()


def test_answers_in_demand_are_spaced_ever_wider_and_relax():
    play, them = Playbook(QUIET).port(), Actor()
    for _ in range(100):
        play.hear(them.solicits(urgent=True)).wait(0.02)
    times = [time for time, _ in play.sent]
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps[-1] == pytest.approx(0.2, abs=0.03)
    assert min(gaps) >= 0.039
    assert len(times) < 15
    play.wait(3).forget().hear(them.solicits(urgent=True)).wait(0.03)
    assert len(play.sent) == 1


def test_nothing_is_answered_on_a_port_that_does_not_speak():
    play = Playbook().port(speaks=False)
    play.hear(Actor().solicits(urgent=True)).hear(Rack().beacon()).wait(1)
    assert play.sent == []


@pytest.mark.parametrize("source", ["::", "", "0.0.0.0", "10.0.0.9"])
def test_a_rack_that_cannot_be_answered_is_not(source):
    """No address to answer to, or an IPv4 one where we have none."""
    play = Playbook().port()
    play.hear(Rack().beacon(), source_ip=source).forget().wait(0)
    play.nothing_left()


def test_a_rack_is_answered_from_an_address_of_its_family_or_from_none():
    play = Playbook().port(ipv4=("10.0.0.1/24",), ipv6=())
    play.hear(Rack().beacon(), source_ip="10.0.0.9")
    four = play.says(ADVERTISEMENT)
    play.hear(Rack().beacon(ADVERTISEMENT)).hear(Rack("02:00:00:00:00:bb").beacon())
    six = play.says(ADVERTISEMENT)
    assert (four.family, four.source_ip) == (4, "10.0.0.1")
    assert (six.family, six.source_ip) == (6, None)


def test_unicast_replies_are_limited():
    play, rack = Playbook().port(), Rack()
    for _ in range(200):
        play.hear(rack.beacon())
    assert len(play.sent) == 64
    play.wait(1).forget()
    for _ in range(200):
        play.hear(rack.beacon())
    assert len([sent for _, sent in play.sent if sent.unicast]) == 16


def test_a_unicast_solicitation_is_answered_by_unicast_alone():
    play = Playbook().port()
    play.hear_unicast(Rack().beacon(), source_ip="fe80::aa").forget()
    play = Playbook().port()
    play.hear_unicast(Rack().beacon(), source_ip="2001:db8::aa").wait(1)
    assert [sent.unicast is not None for _, sent in play.sent] == [True]


def test_the_biggest_beacon_fits_into_its_link():
    """32 ULIDs whose digits are random, a long host name and three regions: still one packet of 1500 octets."""
    import random

    draw = random.Random(1)
    ulid = lambda: "01" + "".join(draw.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(24))  # noqa: E731
    play = Playbook(QUIET)
    play.engine._core.composer._new_id = lambda version, wall: ulid()
    play.port(ipv6=("fe80::1/64", "2001:db8:1234:5678:9abc:def0:1234:5678/64"))
    for number in range(32):
        play.hear(Actor(f"agent-{number}").solicits(id=ulid(), urgent=True))
    play.wait(0.1)
    beacon = play.sent[0][1].beacon
    assert len(beacon.extension.acks) == 32
    assert len(encode(beacon, derive(b"secret"), Wall(1.8e9), bytes(16))) <= 1500 - 48


def test_a_solicitation_that_is_not_urgent_leaves_a_survey_in_place():
    play = Playbook(BURST).port().wait(2)
    play.forget().hear(Actor().advertises())
    speaker, state = play.engine._speaker, next(iter(play.engine._core.ports))
    speaker.solicit(state, False, play.now)
    play._collect().says(SOLICITATION, urgent=False)
    play.wait(0.1)
    assert any(sent.beacon.extension.urgent and sent.beacon.type is SOLICITATION for _, sent in play.sent)


def test_four_full_advertisements_leave_nothing_pending():
    play = Playbook(QUIET).port()
    for number in range(FRAMES_AT_ONCE * 32):
        play.hear(Actor(f"agent-{number}").solicits(urgent=True))
    play.forget().wait(0.03)
    assert len(play.sent) == FRAMES_AT_ONCE
    assert not next(iter(play.engine._core.ports)).pending


def by_hand(id, agent="hand"):
    """What `bellrock beacon` solicits with: a Bellrock beacon whose sender is gone the next moment."""
    beacon = Actor(agent).solicits(id=id)
    return replace(beacon, extension=replace(beacon.extension, role=BY_HAND))


def test_people_are_answered_in_one_advertisement_and_asked_nothing():
    play = Playbook().port().forget()
    play.hear(by_hand("first", agent="one")).wait(0.002).hear(by_hand("second", agent="two")).forget().wait(0.05)
    play.says(ADVERTISEMENT, "first", "second", urgent=False)
    play.wait(20).nothing_left()


def test_a_person_is_not_answered_on_a_port_that_does_not_speak():
    play = Playbook().port(speaks=False).hear(by_hand("first")).wait(1)
    assert play.sent == []
