"""Peers that may be gone: asked again, verified when the segment changes, given up after silence."""

from bellrock.beacon import Config
from bellrock.model import Port
from tests.beacon.playbook import ADVERTISEMENT, EPOCH, SOLICITATION, Actor, Playbook, Rack

BURST = Config(burst=(0.0,), trickle_min=1e6, trickle_max=1e6)


def confirmed(*actors, on="eth0", config=BURST):
    """A port with confirmed peers, some seconds later."""
    play = Playbook(config).port(on).wait(0)
    ours = play.says(SOLICITATION).beacon
    for actor in actors:
        play.hear(actor.advertises(ours.id), on=on)
    return play.wait(5).forget()


def times(play, type):
    return [round(time, 2) for time, sent in play.sent if sent.beacon.type is type]


def test_an_unconfirmed_peer_is_asked_again_a_few_times_and_then_only_in_passing():
    play, them = Playbook(BURST), Actor()
    play.port().wait(0).forget()
    play.hear(them.solicits(id="first")).wait(30)
    play.found("heard", them.port)
    asked = [round(time, 1) for time, sent in play.sent]
    assert asked == [0.0, 0.2, 0.6, 2.0, 8.0]
    assert all(sent.beacon.extension.urgent and sent.beacon.extension.acks == ("first",) for _, sent in play.sent)
    play.forget().hear(Actor("other").solicits(id="second", urgent=True)).wait(0.1)
    play.says(ADVERTISEMENT, "second", "first", urgent=True)


def test_each_peer_is_asked_on_its_own_schedule():
    play, early, late = Playbook(BURST), Actor(), Actor("other")
    play.port().wait(0).forget()
    play.hear(early.solicits(id="first")).wait(1)
    play.hear(late.solicits(id="second")).wait(29)
    asked = [round(time, 1) for time, sent in play.sent]
    assert asked == [0.0, 0.2, 0.6, 1.0, 1.2, 1.6, 2.0, 3.0, 8.0, 9.0]
    assert play.sent[-1][1].beacon.extension.acks == ("second", "first")


def test_an_answer_ends_the_asking():
    play, them = Playbook(BURST), Actor()
    play.port().wait(0).forget()
    play.hear(them.solicits()).wait(0.1)
    asking = play.sent[-1][1].beacon
    play.hear(them.advertises(asking.id)).forget().wait(20).nothing_left()


def test_a_peer_that_stays_silent_when_a_newcomer_appears_has_moved_or_we_have():
    them, other, new = Actor(), Actor("other"), Actor("new")
    play = confirmed(them, other)
    play.hear(new.advertises())
    play.found("heard", new.port)
    play.wait(0.2).hear(other.solicits()).wait(1.7)
    lost = play.lost("heard", "moved", them.port)
    assert lost.since == EPOCH + 5
    play.lost("confirmed", "moved", them.port)
    assert play.events == []
    assert play.time < 7


def test_doubted_peers_are_asked_by_name_several_times():
    them, new = Actor(), Actor("new")
    play = confirmed(them)
    play.hear(new.advertises()).wait(1.5)
    asking = [sent for _, sent in play.sent if f"{them.agent}/eth0/boot-1/1" in sent.beacon.extension.acks]
    assert len(asking) >= 4
    assert all(sent.beacon.extension.urgent for sent in asking)


def test_a_newcomer_that_is_not_soliciting_makes_us_survey_the_segment():
    play = confirmed(Actor())
    play.hear(Actor("new").advertises()).wait(0.1)
    assert len(times(play, SOLICITATION)) == 1


def test_a_survey_by_another_agent_makes_ours_unnecessary():
    play = confirmed(Actor())
    play.hear(Actor("new").advertises()).hear(Actor("other").solicits(urgent=True)).wait(1)
    assert times(play, SOLICITATION) == []


def test_those_who_answered_the_same_challenge_are_not_doubted():
    play = Playbook(BURST).port().wait(0)
    ours = play.says(SOLICITATION).beacon
    play.hear(Actor("one").advertises(ours.id)).wait(0.01).hear(Actor("two").advertises(ours.id)).wait(5)
    assert [event.evidence.kind for event in play.events[:4]] == ["heard", "confirmed", "heard", "confirmed"]
    assert times(play, ADVERTISEMENT) == []


def test_a_peer_that_turns_up_on_another_port_is_verified_where_it_was():
    them = Actor()
    play = confirmed(them)
    play.port("eth1").wait(1).forget()
    play.hear(them.solicits(), on="eth1")
    assert play.found("heard", them.port).port == Port("us", "eth1")
    play.wait(2)
    assert play.lost("heard", "moved", them.port).key.port == Port("us", "eth0")
    play.lost("confirmed", "moved", them.port)


def test_a_peer_on_two_of_our_ports_stays_on_both():
    them = Actor()
    play = confirmed(them)
    play.port("eth1").wait(1).forget()
    beacon = them.solicits()
    play.hear(beacon, on="eth1").hear(beacon, on="eth0").wait(3)
    play.found("heard", them.port)
    assert play.events == []


def test_a_lost_peer_comes_back_when_heard():
    them, new = Actor(), Actor("new")
    play = confirmed(them)
    play.hear(new.advertises()).wait(2).forget()
    play.hear(them.solicits())
    play.found("heard", them.port)


def test_a_port_that_does_not_speak_cannot_verify():
    them, new = Actor(), Actor("new")
    play = confirmed(them)
    play.port(speaks=False).hear(new.advertises()).wait(10)
    play.found("heard", new.port)
    assert play.events == []


def test_a_silent_peer_is_asked_for_a_sign_of_life_and_lost_after_its_time():
    them = Actor()
    play = confirmed(them).wait(44.9)
    play.nothing_left()
    play.wait(25)
    asked = times(play, ADVERTISEMENT)
    assert len(asked) >= 5
    assert asked[0] >= 50
    play.wait(0.2)
    lost = play.lost("heard", "silent", them.port)
    assert EPOCH + 50 <= lost.since <= EPOCH + 52
    play.lost("confirmed", "silent", them.port)
    assert round(play.time) == 75


def test_a_sign_of_life_keeps_a_fading_peer():
    them = Actor()
    play = confirmed(them).wait(48)
    assert play.sent
    play.hear(them.advertises(play.sent[-1][1].beacon.id)).forget().wait(40)
    play.nothing_left()


def test_a_fading_rack_is_solicited_and_lost_from_when_it_was_last_heard():
    play, rack = Playbook(BURST), Rack()
    play.port().wait(1).forget().hear(rack.beacon(ADVERTISEMENT)).wait(10).forget()
    play.wait(66)
    assert len(times(play, SOLICITATION)) >= 4
    assert play.lost("heard", "silent").since == EPOCH + 1


def test_fading_own_beacons_and_loops_are_refreshed_by_sending_one():
    play = Playbook(BURST).port("eth0").port("eth1").wait(0)
    first = play.sent[0][1]
    here = first.port.interface
    there = "eth1" if here == "eth0" else "eth0"
    play.hear(first.beacon, on=there).hear(first.beacon, on=here).wait(10).forget().wait(46)
    assert {sent.port.interface for _, sent in play.sent} == {here}
    play.hear(play.sent[-1][1].beacon, on=there).forget().wait(22)
    play.lost("loop", "silent")
    assert play.events == []


def test_own_beacons_of_a_port_that_is_gone_are_not_refreshed():
    play = Playbook(BURST).port("eth0").port("eth1").wait(0)
    play.hear(play.sent[0][1].beacon, on="eth1" if play.sent[0][1].port.interface == "eth0" else "eth0").forget()
    play.wait(80)
    play.lost("own-beacon", "silent")


def test_what_is_only_routable_fades_without_questions():
    play, them = Playbook(BURST), Actor()
    play.port().wait(1).forget().hear_unicast(them.advertises()).forget().wait(74)
    play.nothing_left()
    play.wait(1.1)
    play.lost("routable", "silent", them.port)
    play.nothing_left()
