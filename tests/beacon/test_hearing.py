"""What an arrival means: who sent it, whether it is on-link, new, ours; and who is confirmed by it."""

import msgspec
import pytest

from bellrock.beacon import BY_HAND, Arrival, Config, Identity
from bellrock.beacon.hearing import is_on_link, sender
from bellrock.beacon.transit import ENOUGH, write_held
from bellrock.model import Port
from tests.beacon.playbook import ADVERTISEMENT, EPOCH, QUIET, SOLICITATION, Actor, Playbook, Rack, at, facts

BURST = Config(burst=(0.0,), trickle_min=1e6, trickle_max=1e6)
"""One solicitation when a port comes up, and nothing more unasked."""


def challenge(play, **more):
    """A port comes up and solicits: the solicitation."""
    play.port(**more).wait(0)
    return play.says(SOLICITATION, urgent=True).beacon


def test_a_solicitation_is_heard_and_acknowledged():
    play, them = Playbook(), Actor()
    play.port().hear(them.solicits(id="theirs", urgent=True))
    evidence = play.found("heard", them.port)
    assert evidence.port == Port("us", "eth0")
    assert (evidence.peer_name, evidence.peer_mac, evidence.source_mac, evidence.version) == (
        "host-them",
        them.mac,
        them.mac,
        2,
    )
    assert (evidence.since, evidence.seen, evidence.proof, evidence.round_trip) == (EPOCH, EPOCH, ("theirs",), None)
    play.wait(0.04)
    answer = play.says(ADVERTISEMENT, "theirs", urgent=True)
    assert answer.unicast is None
    received = answer.beacon.extension.received
    assert (received.interface, received.vid, received.hops) == ("eth0", None, 1)
    play.nothing_left()


def test_a_fresh_acknowledgement_confirms():
    play, them = Playbook(BURST), Actor()
    ours = challenge(play)
    play.wait(0.02).hear(them.advertises(ours.id, id="theirs"))
    play.found("heard", them.port)
    evidence = play.found("confirmed", them.port)
    assert evidence.round_trip == pytest.approx(0.02)
    assert evidence.proof == (ours.id, "theirs")
    play.nothing_left()


def held_for(seconds, beacon):
    """The same beacon, saying that its one acknowledgement was held for so long."""
    return msgspec.structs.replace(
        beacon, extension=msgspec.structs.replace(beacon.extension, held=write_held([seconds]))
    )


def test_the_way_there_and_back_is_told_once_it_is_known_and_the_peer_is_no_newcomer():
    play, them = Playbook(Config(burst=(0.0, 10.0), trickle_min=1e6, trickle_max=1e6)), Actor()
    play.port().wait(0)
    early = play.says(SOLICITATION, urgent=True).beacon
    play.wait(0.03).hear(held_for(0.02, them.advertises(early.id)))
    for _ in range(ENOUGH):
        play.wait(0.01).hear(held_for(0.02, them.advertises(early.id)))
    play.forget().wait(9.94)  # 10 s after the start
    ours = play.says(SOLICITATION).beacon
    for _ in range(ENOUGH - 1):
        play.wait(0.02).hear(held_for(0.0195, them.advertises(ours.id)))
    assert play.events == []
    play.wait(0.01).hear(held_for(0.0, them.advertises(ours.id)))
    evidence = play.found("confirmed", them.port)
    assert evidence.transit == pytest.approx(0.0006, abs=2e-4)
    play.wait(0.5).hear(held_for(0.001, them.advertises(ours.id)))
    assert play.events == []


def test_who_does_not_say_how_long_it_held_is_not_measured():
    play, them = Playbook(BURST), Actor()
    play.wait(10)
    ours = challenge(play)
    play.hear(them.advertises(ours.id)).wait(1.0)
    for _ in range(ENOUGH):
        play.hear(them.advertises(ours.id))
    assert play.found("heard", them.port).transit is None
    assert play.found("confirmed", them.port).transit is None
    assert play.events == []


def test_repetition_is_no_event():
    play, them = Playbook(BURST), Actor()
    ours = challenge(play)
    play.hear(them.advertises(ours.id)).forget()
    for _ in range(5):
        play.wait(0.1).hear(them.advertises(ours.id))
    play.nothing_left()


@pytest.mark.parametrize(
    ("wait", "more", "acks"),
    [
        (2.1, {}, None),
        (0.1, {}, "an id that we never sent"),
        (0.1, {"hops": 64}, None),
    ],
    ids=["too late", "not ours", "heard by the peer through a router"],
)
def test_other_acknowledgements_confirm_nothing(wait, more, acks):
    play, them = Playbook(BURST), Actor()
    ours = challenge(play)
    play.wait(wait).hear(them.advertises(acks or ours.id, **more))
    play.found("heard", them.port)
    assert play.events == []


def test_an_acknowledgement_on_another_port_confirms_nothing():
    play, them = Playbook(BURST), Actor()
    ours = challenge(play)
    play.port("eth1").hear(them.advertises(ours.id), on="eth1")
    play.found("heard", them.port)
    assert play.events == []


def test_an_acknowledgement_by_unicast_confirms_nothing():
    play, them = Playbook(BURST), Actor()
    ours = challenge(play)
    play.hear_unicast(them.advertises(ours.id), hop_limit=1, source_ip="fe80::2")
    play.found("routable", them.port)
    assert play.events == []


def test_an_agent_that_asks_us_is_acknowledged_at_once_and_others_are_not_bothered():
    play, them, other = Playbook(BURST), Actor(), Actor("other")
    ours = challenge(play)
    play.hear(them.advertises(ours.id)).hear(other.advertises(ours.id)).wait(1).forget()
    play.hear(them.advertises("someone else's", urgent=True)).wait(1).nothing_left()
    play.hear(them.advertises(ours.id, urgent=True, id="asking")).wait(0.04)
    play.says(ADVERTISEMENT, "asking", urgent=False)
    play.nothing_left()


def test_changed_particulars_are_an_event_once_a_second():
    play, them = Playbook(BURST), Actor()
    ours = challenge(play)
    play.hear(them.advertises(ours.id)).forget()
    them.mac = "02:00:00:00:00:03"
    play.wait(0.5).hear(them.solicits())
    assert play.events == []
    play.wait(0.6).hear(them.solicits())
    assert play.found("heard").source_mac == "02:00:00:00:00:03"
    assert play.found("confirmed").source_mac == "02:00:00:00:00:03"
    assert play.events == []


def test_a_v1_copy_does_not_make_an_agent_a_v1_peer():
    play, them = Playbook(QUIET), Actor()
    play.port().hear(them.solicits()).forget().wait(2)
    them.version = 1
    play.hear(them.solicits(urgent=True))
    assert play.events == []
    play.forget().wait(0.1)
    assert {sent.beacon.version for _, sent in play.sent} == {2}


OFF_LINK = [
    ({"hop_limit": 2}, False),
    ({"hop_limit": 64, "source_ip": "10.0.0.9"}, False),
    ({"source_ip": "2001:db8::9"}, False),
    ({"source_ip": "fec0::9"}, False),
    ({"multicast": False}, False),
    ({"source_ip": "10.0.0.9"}, True),
    ({"source_ip": "FE80::9"}, True),
    ({"source_ip": "febf::9"}, True),
    ({"source_ip": "::"}, True),
]


@pytest.mark.parametrize(("more", "on_link"), OFF_LINK)
def test_on_link_is_what_no_router_can_have_passed_on(more, on_link):
    told = {
        "port": Port("us", "eth0"), "beacon": Actor().solicits(), "source_mac": "02:00:00:00:00:02", "source_ip": "fe80::2",
        "source_port": 5240, "hop_limit": 1, "multicast": True, "received": at(0),
    }  # fmt: skip
    assert is_on_link(Arrival(**(told | more))) is on_link


def test_an_off_link_multicast_is_refused():
    play, them = Playbook(), Actor()
    play.port().hear(them.solicits(), hop_limit=63)
    assert "hop limit 63" in play.refused("off-link").detail
    play.wait(1).nothing_left()


def test_an_id_is_accepted_once_per_port():
    play, them = Playbook(), Actor()
    beacon = them.solicits()
    play.port().port("eth1").hear(beacon).forget()
    play.hear(beacon)
    assert "number 1" in play.refused("replay").detail
    play.hear(beacon, on="eth1")
    play.found("heard", them.port)
    play.hear(them.solicits(id=beacon.id))
    assert play.events == []
    play.wait(1.1).refused("replay", 2)


def test_a_plain_beacon_is_accepted_once_per_port():
    play, rack = Playbook(), Rack()
    beacon = rack.beacon()
    play.port().hear(beacon).forget().hear(beacon)
    assert "its id was heard here before" in play.refused("replay").detail


def test_a_restarted_peer_begins_anew_and_its_former_life_is_over():
    play, them = Playbook(BURST), Actor()
    ours = challenge(play)
    play.hear(them.advertises(ours.id)).forget()
    again = Actor(boot="boot-2")
    play.hear(again.solicits(urgent=True))
    assert play.lost("confirmed", "restarted", them.port).since == 0
    play.found("heard", them.port)
    play.forget().hear(them.solicits(seq=99))
    assert "restart" in play.refused("replay").detail


def test_a_restarted_peer_known_by_unicast_stays_routable():
    play = Playbook()
    play.port().hear_unicast(Actor().advertises())
    play.found("routable")
    play.wait(2).hear_unicast(Actor(boot="boot-2").advertises())
    play.found("routable")
    play.nothing_left()


def test_unicast_is_routable_and_never_on_link():
    play, them = Playbook(), Actor()
    play.port().hear_unicast(them.advertises())
    evidence = play.found("routable", them.port)
    assert evidence.port == Port("us", "eth0")
    play.nothing_left()
    play.hear(them.solicits())
    play.found("heard", them.port)


def test_own_beacons_on_another_port_show_one_segment():
    play = Playbook(BURST)
    ours = challenge(play)
    play.port("eth1").forget().hear(ours, on="eth1")
    evidence = play.found("own-beacon", Port("us", "eth0"))
    assert evidence.port == Port("us", "eth1")
    assert evidence.proof == (ours.id,)
    assert play.events == []


def test_own_beacons_on_their_own_port_are_a_loop():
    play = Playbook(BURST)
    ours = challenge(play)
    play.hear(ours)
    evidence = play.found("loop", Port("us", "eth0"))
    assert evidence.port == evidence.peer
    assert play.events == []


def test_own_beacons_that_the_kernel_returned_are_no_loop():
    play = Playbook(BURST)
    ours = challenge(play, hears_itself=True)
    play.port("eth1", hears_itself=True).forget()
    play.hear(ours).nothing_left()
    play.hear(ours, on="eth1").found("own-beacon")


def test_own_beacons_are_known_by_their_id_also_without_the_extension():
    play = Playbook(BURST)
    ours = msgspec.structs.replace(challenge(play), extension=None)
    play.hear(ours)
    play.found("loop")


def test_own_beacons_come_back_at_once_or_are_a_replay():
    play = Playbook(BURST)
    ours = challenge(play)
    play.port("eth1").wait(3).forget().hear(ours, on="eth1")
    assert "sent 3.0 s ago on eth0" in play.refused("replay").detail


def test_own_beacons_by_unicast_say_nothing():
    play = Playbook(BURST)
    ours = challenge(play)
    play.hear_unicast(ours).nothing_left()


def test_own_beacons_twice_are_a_replay_and_on_unknown_ports_nothing():
    play = Playbook(BURST)
    ours = challenge(play, vid=None)
    play.hear(ours, on="eth9").nothing_left()
    play.hear(ours).forget().hear(ours)
    play.refused("replay")


def own_agent(boot, sent):
    actor = Actor("us", boot=boot)
    return actor.solicits(sent_us=int((EPOCH + sent) * 1e6))


@pytest.mark.parametrize(
    ("boot", "sent", "reason", "says"),
    [
        ("our-boot", 0.0, "replay", "too long ago"),
        ("earlier-boot", -5.0, "replay", "before this start"),
        ("other-boot", 30.0, "duplicate-agent", "cloned"),
    ],
)
def test_our_agent_id_on_beacons_that_we_did_not_send(boot, sent, reason, says):
    play = Playbook().port().wait(30)
    play.hear(own_agent(boot, sent))
    assert says in play.refused(reason).detail
    play.wait(1).nothing_left()


def test_a_full_table_refuses_newcomers_and_keeps_those_it_knows():
    play = Playbook(Config(burst=(), trickle_min=1e6, trickle_max=1e6, max_peers=2))
    one, two, three = Actor("one"), Actor("two"), Actor("three")
    play.port().hear(one.solicits()).hear(two.solicits()).forget()
    play.hear(three.solicits())
    play.refused("too-many")
    play.hear(one.solicits()).hear_unicast(three.solicits())
    assert play.events == []


def test_plain_peers_are_named_by_their_mac_and_their_vlan_interfaces_by_the_lower_device():
    assert sender(Rack().beacon()) == Port("peer-02:00:00:00:00:aa", "eno1")
    tagged = Rack(name="eno1.10", type="vlan", parents=("eno1",), vid=10)
    assert sender(tagged.beacon()) == Port("peer-02:00:00:00:00:aa", "eno1", 10)
    reply = Rack(vid=20)
    assert sender(reply.beacon()) == Port("peer-02:00:00:00:00:aa", "eno1", 20)
    priority = Rack(vid=0)
    assert sender(priority.beacon()) == Port("peer-02:00:00:00:00:aa", "eno1")
    assert sender(Actor(interface="").solicits()).interface == ""


def test_a_plain_rack_is_answered_at_once_by_unicast_in_its_own_version():
    for version in (1, 2):
        play, rack = Playbook(), Rack(version=version)
        play.port(vid=10).hear(rack.beacon(), vid=10, source_ip="fe80::aa", source_port=5241)
        play.found("heard", Port("peer-02:00:00:00:00:aa", "eno1"))
        reply = play.says(ADVERTISEMENT)
        assert reply.unicast == (rack.mac, "fe80::aa", 5241)
        assert (reply.beacon.version, reply.beacon.acks) == (version, f"rack-{rack.mac}-1")
        assert (reply.beacon.remote.vid, reply.beacon.remote.subnet, reply.source_ip) == (10, None, "fe80::1")


def test_a_plain_rack_causes_a_multicast_round_every_five_to_ten_seconds():
    play, rack = Playbook(), Rack()
    play.port()
    rounds = []
    for _ in range(40):
        play.hear(rack.beacon()).wait(1)
    rounds = [time for time, sent in play.sent if sent.unicast is None and sent.beacon.type is ADVERTISEMENT]
    assert len(rounds) == 5  # every 7.5 s with the draws of this play, on the next solicitation


def test_v1_copies_are_sent_while_v1_racks_are_heard_or_configured():
    play, rack = Playbook(BURST), Rack(version=1)
    play.port().hear(rack.beacon(ADVERTISEMENT)).wait(0.2).forget()
    play.hear(Actor().solicits(urgent=True)).wait(0.1)
    assert [sent.beacon.version for _, sent in play.sent] == [2, 1]
    play.wait(100).forget()
    play.hear(Actor("late").solicits(urgent=True)).wait(0.1)
    assert [sent.beacon.version for _, sent in play.sent] == [2]
    always = Playbook(Config(burst=(0.0,), speak_v1=True)).port().wait(0)
    assert [sent.beacon.version for _, sent in always.sent] == [2, 1]


def test_a_plain_newcomer_makes_the_port_verify_its_peers():
    play, them, rack = Playbook(BURST), Actor(), Rack()
    ours = challenge(play)
    play.hear(them.advertises(ours.id)).wait(5).forget()
    play.hear(rack.beacon(ADVERTISEMENT)).wait(2)
    play.found("heard")
    play.lost("heard", "moved", them.port)
    play.lost("confirmed", "moved", them.port)


def test_regions_and_sender_travel_with_every_beacon():
    identity = Identity("us", "name", "region", "boot", ("http://a:5240", "http://b:5240"))
    play = Playbook(BURST, identity=identity)
    extension = challenge(play, ipv6=facts().ipv6).extension
    assert (extension.agent, extension.host, extension.role, extension.boot) == ("us", "name", "region", "boot")
    assert extension.regions == ("http://a:5240", "http://b:5240")
    assert extension.sent_us == int(EPOCH * 1e6)


def test_vids_are_learnt_within_their_limit():
    play = (
        Playbook(Config(burst=(), trickle_min=1e6, trickle_max=1e6, max_dynamic_vids=1))
        .port()
        .port("eth1", learn_vids=False)
    )
    play.hear(Actor().solicits(), vid=10)
    assert play.found("heard").port == Port("us", "eth0", 10)
    play.hear(Actor().solicits(), vid=20)
    assert "1 VIDs are learnt" in play.refused("too-many").detail
    play.hear(Actor().solicits(), on="eth1", vid=10).hear_unicast(Actor().solicits(), vid=30)
    assert play.events == []


def test_all_ports_together_hold_no_more_than_a_number_of_peers():
    play = Playbook(Config(burst=(), trickle_min=1e6, trickle_max=1e6, max_peers_together=2)).port().port("eth1")
    play.hear(Actor("one").solicits()).hear(Actor("two").solicits(), on="eth1").forget()
    play.hear(Actor("three").solicits(), on="eth1")
    assert "no room" in play.refused("too-many").detail
    assert play.events == []


def by_hand(beacon):
    return msgspec.structs.replace(beacon, extension=msgspec.structs.replace(beacon.extension, role=BY_HAND))


def test_who_asks_by_hand_is_answered_once_and_is_no_evidence():
    play, person = Playbook(QUIET), Actor("person")
    asks = by_hand(person.solicits(id="asked", urgent=True))
    play.port().hear(asks).hear(asks)
    assert play.wait(0.04).says(ADVERTISEMENT, "asked").unicast is None
    play.refused("replay")
    play.nothing_left()


def test_what_a_hand_advertises_is_nothing_to_answer():
    play, person = Playbook(QUIET), Actor("person")
    play.port().hear(by_hand(person.advertises(id="said"))).wait(1)
    play.nothing_left()


def test_a_port_that_only_listens_does_not_answer_a_hand():
    play, person = Playbook(QUIET), Actor("person")
    play.port(speaks=False).hear(by_hand(person.solicits(id="asked"))).wait(1)
    play.nothing_left()


def test_a_tag_that_is_reserved_makes_no_port():
    play, them = Playbook(), Actor(vid=4095)
    play.port().hear(them.solicits(urgent=True), vid=4095)
    refused = play.refused("malformed")
    assert refused.detail == "tagged with VID 4095, which is reserved"
    play.nothing_left()
