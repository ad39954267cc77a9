"""Measuring what passes: when it begins, what goes out, who answers what, and what is told in the end."""

from msgspec.structs import replace

from bellrock.beacon import BY_HAND, Config, Identity, MtuMeasured, MtuSearched, MtuUnanswered, TooBig
from bellrock.beacon.mtu import MAX_PEERS
from bellrock.beacon.search import PRESENCE
from bellrock.model import InterfaceKind, MtuLimit, Port
from tests.beacon.playbook import ADVERTISEMENT, QUIET, Actor, Playbook, Rack, facts

ETH0 = Port("us", "eth0")


class Ways(Playbook):
    """A stage on which one neighbour acknowledges what is small enough."""

    def pass_to(self, them, limit, mtu=0, seconds=10.0, fragments=0):
        """Let time pass; the neighbour acknowledges, and says which arrived in fragments, 50 ms late."""
        end, self.probes = self.time + seconds, []
        while self.time < end:
            self.wait(0.05)
            probes = [one for _, one in self.sent if one.padded]
            self.probes += probes
            self.sent = []
            whole = [one.beacon.id for one in probes if one.padded <= limit]
            pieces = [one.beacon.id for one in probes if limit < one.padded <= fragments]
            if whole or pieces:
                self.hear(them.confirms(*whole, mtu=mtu, fragmented=pieces))
        return self

    def measured(self):
        return [event.seen for event in self.events if isinstance(event, MtuMeasured)]

    def searched(self):
        return [event.port for event in self.events if isinstance(event, MtuSearched)]


def acquainted(config=QUIET, **more):
    """Us and a neighbour that has confirmed that it hears us."""
    play, them = Ways(config, **more).port(mtu=9000), Actor()
    play.hear(them.solicits(urgent=True)).wait(0.05)
    ours = play.sent[-1][1].beacon.id
    play.hear(them.advertises(ours)).forget()
    return play, them


def test_a_search_tells_what_passes_and_what_was_lost():
    play, them = acquainted()
    assert play.engine.measure(None, play.now) == (ETH0,)
    play.pass_to(them, 1500, mtu=9000)
    (seen,) = play.measured()
    assert (seen.port, seen.peer, seen.mtu, seen.limit) == (ETH0, them.port, 1500, MtuLimit.LINK)
    assert (seen.tried, seen.lost, seen.peer_mtu) == (9000, 1501, 9000)
    assert play.searched() == [ETH0]


def test_the_probes_tell_their_size_and_our_mtu():
    play, them = acquainted()
    play.engine.measure(ETH0, play.now)
    play.pass_to(them, 9000)
    assert [one.padded for one in play.probes] == [1280, 9000]
    for one in play.probes:
        assert (one.beacon.extension.padded, one.beacon.extension.mtu, one.unicast) == (one.padded, 9000, None)
    assert play.measured()[0].limit == MtuLimit.INTERFACE


def test_every_address_family_carries_the_probes():
    play = Ways().port(ipv4=("192.0.2.1/24",), mtu=1280)
    them = Actor()
    play.hear(them.solicits(urgent=True)).forget()
    play.engine.measure(ETH0, play.now)
    play.pass_to(them, 1280)
    assert sorted(one.family for one in play.probes) == [4, 6]


def test_a_neighbours_own_mtu_explains_the_limit():
    play, them = acquainted()
    play.engine.measure(ETH0, play.now)
    play.pass_to(them, 1500, mtu=1500)
    assert play.measured()[0].limit == MtuLimit.PEER


def test_fragments_are_told_apart():
    play, them = acquainted()
    play.engine.measure(ETH0, play.now)
    play.pass_to(them, 1500, fragments=9000)
    assert (play.measured()[0].mtu, play.measured()[0].limit) == (1500, MtuLimit.FRAGMENTS)


def test_an_icmp_message_explains_and_does_not_decide():
    play, them = acquainted()
    play.engine.receive(TooBig(port=ETH0, size=9000), play.now)
    play.engine.measure(ETH0, play.now)
    play.engine.receive(TooBig(port=ETH0, size=9000), play.now)
    play.pass_to(them, 1500)
    assert (play.measured()[0].mtu, play.measured()[0].limit) == (1500, MtuLimit.ICMP)


def test_an_interface_of_ours_is_a_neighbour_too():
    play = Ways().port(mtu=9000).port("eth1", mac="02:00:00:00:00:09", mtu=1500)
    play.engine.measure(ETH0, play.now)
    assert play._collect().searched() == [ETH0]  # nobody there yet
    play.forget()
    Playbook.wait(play, 0)
    first = play.engine._core.composer  # a beacon of eth1 that eth0 hears
    beacon = first.multicast(
        facts("eth1"), play.engine._core.ports.get(Port("us", "eth1")).copies[0], 2, ADVERTISEMENT, (), False, play.now
    )
    play.engine._core.sent.add(beacon.id, Port("us", "eth1"), play.now)
    play.hear(beacon).forget()
    play.engine.measure(ETH0, play.now)
    for _ in range(60):
        play.wait(0.05)
        probes, play.sent = [one for _, one in play.sent if one.padded], []
        for one in probes:
            if one.padded <= 1500 and one.port == ETH0:
                play.hear(one.beacon, on="eth1")
    (seen,) = [one for one in play.measured() if one.port == ETH0]
    assert (seen.peer, seen.mtu, seen.limit) == (Port("us", "eth1"), 1500, MtuLimit.PEER)


def test_a_plain_rack_answers_by_unicast():
    play, rack = Ways().port(mtu=1500), Rack()
    play.hear(rack.beacon()).forget()
    play.engine.measure(ETH0, play.now)
    probes = [one for _, one in play._collect().sent if one.padded]
    play.wait(0.05)
    probes = [one for _, one in play.sent if one.padded]
    for one in probes:
        play.hear_unicast(rack.beacon(ADVERTISEMENT, acks=one.beacon.id))
    play.hear_unicast(rack.beacon(ADVERTISEMENT, acks="something-else")).wait(1)
    (seen,) = play.measured()
    assert (seen.mtu, seen.peer.host) == (1500, f"peer-{rack.mac}")


def test_silence_is_no_black_hole_unless_the_neighbour_is_known_to_hear_us():
    play, them = acquainted()
    heard = Actor("other", mac="02:00:00:00:00:03")
    play.hear(heard.solicits()).forget()
    play.engine.measure(ETH0, play.now)
    play.pass_to(them, 1279)
    (seen,) = play.measured()
    assert (seen.peer, seen.mtu, seen.lost) == (them.port, 0, 1280)


def test_a_neighbour_that_has_just_left_says_nothing_about_the_link():
    play, them = acquainted()
    play.engine.measure(ETH0, play.now)
    play.pass_to(them, 0)
    assert (play.searched(), play.measured()) == ([ETH0], [])
    assert min(one.padded for one in play.probes) == PRESENCE


def test_a_neighbour_that_goes_away_during_a_search_is_no_black_hole():
    play, them = acquainted()
    play.engine.measure(None, play.now)
    play.pass_to(them, 1500, mtu=9000, seconds=0.3).wait(20)
    assert play.searched() == [ETH0]
    assert play.measured() == []


def test_a_neighbour_that_left_since_it_was_measured_is_told_to_answer_nothing():
    play, them = acquainted()
    play.engine.measure(ETH0, play.now)
    play.pass_to(them, 9000)
    assert [seen.mtu for seen in play.measured()] == [9000]
    play.forget()
    play.engine.measure(ETH0, play.now)
    play.wait(5)
    unanswered = [event for event in play.events if isinstance(event, MtuUnanswered)]
    assert (play.measured(), unanswered, play.searched()) == ([], [MtuUnanswered(ETH0, them.port)], [ETH0])


def test_what_asks_twice_is_measured_once():
    play, them = acquainted()
    assert play.engine.measure(ETH0, play.now) == play.engine.measure(ETH0, play.now) == (ETH0,)
    assert play.engine.measure(Port("us", "eth7"), play.now) == ()
    play.pass_to(them, 9000)
    assert (len(play.measured()), len(play.searched())) == (1, 1)


def test_a_port_that_goes_away_ends_its_search():
    play, _ = acquainted()
    play.engine.measure(ETH0, play.now)
    play.drop()
    assert play.searched() == [ETH0]
    assert play.measured() == []
    play.wait(5)
    assert play.measured() == []


def test_a_neighbour_that_goes_away_is_not_judged():
    play, _ = acquainted(replace(QUIET, peer_ttl=1.0, fade_after=0.5))
    play.engine.measure(ETH0, play.now)
    play.wait(3)
    assert (play.measured(), play.searched()) == ([], [ETH0])


def test_a_port_that_does_not_speak_measures_nothing():
    play, them = Ways(measures=True).port(speaks=False), Actor()
    play.hear(them.solicits(urgent=True)).wait(10)
    play.engine.measure(ETH0, play.now)
    play._collect()
    assert (play.searched(), play.sent) == ([ETH0], [])


SOON = Config(burst=(), trickle_min=1e6, trickle_max=1e6, mtu_every=600.0)


def test_a_newcomer_is_measured_after_five_seconds_and_again_in_ten_minutes():
    play, them = acquainted(SOON, measures=True)
    play.pass_to(them, 9000, seconds=4.8)
    assert play.probes == []
    play.pass_to(them, 9000, seconds=1.0)
    assert len(play.measured()) == 1
    play.forget()
    hearing = 0
    while hearing < 620:  # it stays alive, and answers nothing else
        play.pass_to(them, 9000, seconds=20).hear(them.advertises())
        hearing += 20
    assert len(play.measured()) == 1


def test_changes_are_measured_but_not_time_and_again():
    play, them = acquainted(SOON, measures=True)
    play.pass_to(them, 9000, seconds=7)
    play.forget().port(mtu=1500)
    play.pass_to(them, 9000, seconds=20)
    assert play.measured() == []
    play.pass_to(them, 9000, seconds=20)
    assert [seen.mtu for seen in play.measured()] == [1500]


def test_a_change_during_a_search_makes_another_follow():
    play, them = acquainted(SOON, measures=True)
    play.engine.measure(ETH0, play.now)
    play.port(mtu=4000)
    play.pass_to(them, 9000, seconds=3)
    play.forget().pass_to(them, 9000, seconds=40)
    assert [seen.mtu for seen in play.measured()] == [4000]


def test_a_neighbour_that_tells_another_mtu_is_measured_again():
    play, them = acquainted(SOON, measures=True)
    play.pass_to(them, 9000, mtu=9000, seconds=7)
    play.forget().hear(them.confirms(mtu=1500))
    play.pass_to(them, 1500, mtu=1500, seconds=45)
    (seen,) = play.measured()
    assert (seen.mtu, seen.limit, seen.peer_mtu) == (1500, MtuLimit.PEER, 1500)


def test_nothing_is_measured_unasked_where_that_is_switched_off():
    play, them = acquainted(replace(SOON, mtu_every=0.0), measures=True)
    play.port(mtu=1500)
    play.pass_to(them, 9000, seconds=30)
    assert play.probes == []


def test_all_padded_solicitations_are_acknowledged_each_of_them():
    play, them = acquainted()
    play.hear(them.probes(9000, id="big")).hear(them.probes(1280, id="small")).wait(0.1)
    sent = play.says(ADVERTISEMENT, "big", "small")
    assert sent.beacon.extension.mtu == 9000
    play.nothing_left()


def test_a_probe_of_an_unknown_agent_makes_it_known():
    play = Ways().port(mtu=1500)
    play.hear(Actor().probes(1280, id="probe")).wait(0.05)
    assert "probe" in play.sent[0][1].beacon.extension.acks
    play.found("heard", Actor().port)


def test_a_person_who_measures_is_answered_and_no_peer():
    play = Ways().port()
    hand = Actor("hand")
    beacon = hand.probes(1280, id="probe")
    beacon = replace(beacon, extension=replace(beacon.extension, role=BY_HAND))
    play.hear(beacon).wait(0.1)
    play.says(ADVERTISEMENT, "probe")
    play.nothing_left()


def test_fragments_of_a_probe_are_told_to_its_sender_and_nobody_else():
    play, them = acquainted()
    play.hear(them.probes(9000, id="pieces"), fragment=True).hear(them.probes(9000, id="pieces"), fragment=True).wait(
        0.1
    )
    assert play.says(ADVERTISEMENT).beacon.extension.fragmented == ("pieces",)
    play.nothing_left()
    play.hear(them.solicits(id="no probe"), fragment=True)
    play.refused("fragment")


def test_a_piece_that_comes_ahead_of_a_probe_makes_no_replay_of_it():
    play, them = acquainted()
    probe = them.probes(9000, id="probe")
    play.hear(probe, fragment=True).hear(probe).wait(0.1)
    assert play.events == []
    assert play.says(ADVERTISEMENT, "probe").beacon.extension.fragmented == ()
    play.hear(probe, fragment=True).refused("replay")
    play.wait(0.1).nothing_left()


def test_what_is_acknowledged_at_once_is_bounded():
    play, them = acquainted()
    for number in range(700):
        play.hear(them.probes(1280, id=f"probe-{number}"))
    play.wait(5)
    acknowledged = {ack for _, sent in play.sent for ack in sent.beacon.extension.acks}
    assert len(acknowledged) == 512


def test_a_search_judges_a_bounded_number_of_neighbours():
    play = Ways().port(mtu=1280)
    for number in range(MAX_PEERS + 1):
        play.hear(Actor(f"agent-{number}").solicits())
    play.engine.measure(ETH0, play.now)
    assert len(play.engine._mtu._runs[ETH0].search.peers) == MAX_PEERS


def test_a_bridge_is_measured_like_any_other():
    identity = Identity("us", "host-us", "rack", "our-boot")
    play, them = Ways(identity=identity).port("br0", kind=InterfaceKind.BRIDGE, mtu=1500), Actor()
    play.hear(them.solicits(), on="br0").forget()
    assert play.engine.measure(None, play.now) == (Port("us", "br0"),)


def test_a_probe_that_comes_back_on_its_own_port_measures_nothing():
    play = Ways().port(mtu=1500).port("eth1", mac="02:00:00:00:00:09")
    play.engine._mtu.arrived(ETH0, Port("us", "eth1"), "not under way", play.now)
    play.engine._mtu.too_big(ETH0, 1500)
    play.engine.measure(Port("us", "eth1"), play.now)
    assert play._collect().searched() == [Port("us", "eth1")]
    assert play.measured() == []


def test_acknowledgements_of_other_beacons_do_not_end_a_round():
    play, them = acquainted()
    play.engine.measure(ETH0, play.now)
    play._collect().hear(them.confirms("something-else", fragmented=["something-else"]))
    assert play.searched() == []
    play.pass_to(them, 1279)
    assert play.measured()[0].mtu == 0
