"""Ports come and go, the first burst, Trickle, and what the engine says of its next deadline."""

from itertools import pairwise

from bellrock.beacon import Config
from bellrock.beacon.timers import Alarm
from bellrock.model import Port
from tests.beacon.playbook import ADVERTISEMENT, QUIET, SOLICITATION, Actor, Playbook


def test_a_port_comes_up_with_a_burst_of_solicitations():
    play = Playbook(Config()).port().wait(0.69)
    times = [round(time, 3) for time, _ in play.sent]
    assert times[:4] == [0.0, 0.05, 0.15, 0.4]
    for _ in range(4):
        play.says(SOLICITATION, urgent=True)
    play.forget().wait(0.02)
    play.settled()
    play.nothing_left()


def test_bursts_are_jittered():
    early, late = Playbook(Config(), jitter=0.0).port().wait(0.5), Playbook(Config(), jitter=0.999).port().wait(0.5)
    assert [round(time, 3) for time, _ in early.sent][:4] == [0.0, 0.04, 0.12, 0.32]
    assert [round(time, 3) for time, _ in late.sent][:4] == [0.0, 0.06, 0.18, 0.48]


def test_the_rest_of_the_burst_is_not_urgent_once_everyone_heard_has_confirmed():
    play, them = Playbook(Config()), Actor()
    play.port().wait(0)
    first = play.says(SOLICITATION, urgent=True)
    play.hear(them.advertises(first.beacon.id)).forget().wait(0.2)
    play.says(SOLICITATION, urgent=False)
    play.says(SOLICITATION, urgent=False)
    play.nothing_left()


def test_after_the_burst_a_lone_port_solicits_ever_more_rarely():
    play = Playbook(Config()).port().wait(300)
    steady = [time for time, _ in play.sent[4:]]
    gaps = [later - earlier for earlier, later in pairwise(steady)]
    assert all(b >= a - 1e-9 for a, b in pairwise(gaps))
    assert round(gaps[-1], 6) == 30.0
    assert all(not sent.beacon.extension.urgent for _, sent in play.sent[4:])


def test_a_solicitation_heard_from_another_agent_suppresses_ours():
    play, them = Playbook(Config()), Actor()
    play.port().wait(0.45)
    for _ in range(60):
        play.hear(them.solicits()).wait(2)
    play.forget()
    for _ in range(20):
        play.hear(them.solicits()).wait(14)
    assert len(play.sent) >= 9
    assert all(sent.beacon.type is ADVERTISEMENT for _, sent in play.sent)


def test_a_port_that_does_not_speak_listens_and_settles():
    play, them = Playbook(Config()), Actor()
    play.port(speaks=False).hear(them.solicits(urgent=True))
    play.found("heard", them.port)
    play.wait(10)
    play.settled()
    play.nothing_left()


def test_a_port_that_begins_to_speak_bursts():
    play = Playbook(Config()).port(speaks=False).wait(5)
    play.settled()
    play.port(speaks=True).wait(0)
    play.says(SOLICITATION, urgent=True)


def test_changed_facts_are_told_soon_and_the_same_facts_are_no_news():
    play = Playbook(Config()).port().wait(200).forget()
    before = play.engine.next_deadline()
    play.port()
    assert play.engine.next_deadline() == before
    play.port(ipv4=("10.0.0.1/24",)).wait(0.5)
    assert [sent.family for _, sent in play.sent] == [4, 6]


def test_each_family_of_the_interface_has_its_copy_with_its_own_id():
    play = Playbook(Config()).port(ipv4=("10.0.0.1/24", "10.0.0.2/24"), ipv6=("fe80::1/64", "2001:db8::1/64")).wait(0)
    four, six = play.says(SOLICITATION), play.says(SOLICITATION)
    assert (four.family, four.source_ip, four.beacon.remote.subnet) == (4, "10.0.0.1", "10.0.0.1/24")
    assert (six.family, six.source_ip, six.beacon.remote.subnet) == (6, "fe80::1", "2001:db8::1/64")
    assert four.beacon.id != six.beacon.id
    play.nothing_left()


def test_a_dropped_port_takes_its_evidence_its_learnt_ports_and_its_alarms_with_it():
    play, them, tagged = Playbook(), Actor(), Actor("tagged")
    play.port().hear(them.solicits()).hear(tagged.solicits(), vid=10).forget()
    play.drop()
    play.lost("heard", "port down", tagged.port)
    play.lost("heard", "port down", them.port)
    play.wait(200).nothing_left()
    assert play.engine.next_deadline() is None


def test_dropping_what_is_not_there_is_nothing():
    Playbook().drop("eth7").nothing_left()


def test_own_beacons_of_a_dropped_port_prove_nothing_any_longer():
    play = Playbook(Config()).port("eth0").port("eth1").wait(0)
    sent = play.sent[0][1]
    other = "eth1" if sent.port.interface == "eth0" else "eth0"
    play.hear(sent.beacon, on=other).forget()
    play.drop(sent.port.interface)
    play.lost("own-beacon", "port down", sent.port)


def test_a_tagged_beacon_makes_a_port_for_its_vid_that_lasts_as_long_as_it_is_heard():
    play, them = Playbook(Config(burst=(0.0,), trickle_min=1e6, trickle_max=1e6)), Actor()
    play.port(ipv4=("10.0.0.1/24",)).wait(1).forget()
    play.hear(them.solicits(), vid=10)
    assert play.found("heard", them.port).port == Port("us", "eth0", 10)
    play.wait(0)
    sent = play.says(SOLICITATION, urgent=True)
    assert (sent.port, sent.family, sent.beacon.remote.vid) == (Port("us", "eth0", 10), 6, 10)
    play.forget().hear(them.advertises(sent.beacon.id), vid=10)
    play.found("confirmed", them.port)
    play.wait(80)
    play.lost("heard", "silent", them.port)
    play.lost("confirmed", "silent", them.port)
    play.forget().wait(100).nothing_left()


def test_no_more_vids_are_learnt_than_allowed_and_none_where_it_was_forbidden():
    play, them = Playbook(Config(max_dynamic_vids=2)), Actor()
    play.port().port("eth1", learn_vids=False).forget()
    for vid in (10, 20, 30):
        play.hear(them.solicits(), vid=vid)
    play.found("heard")
    play.found("heard")
    play.refused("too-many")
    play.hear(them.solicits(), on="eth1", vid=10).hear(them.solicits(), on="eth9")
    assert play.events == []


def test_a_learnt_port_that_is_configured_stays():
    play, them = Playbook(Config()), Actor()
    play.port().hear(them.solicits(), vid=10).wait(1).forget()
    play.port(vid=10).wait(100).forget()
    play.drop(vid=10).nothing_left()
    play.port(vid=10).wait(0)
    play.says(SOLICITATION, urgent=True)


def test_a_vlan_interface_is_the_port_of_its_vid():
    play, them = Playbook(), Actor()
    play.port().port(vid=10).hear(them.solicits(), vid=10)
    assert play.found("heard").port == Port("us", "eth0", 10)


def test_deadlines_say_why_and_where():
    play = Playbook(Config()).port(vid=10)
    assert play.engine.next_deadline().why == "next solicitation of the first burst on eth0.10"
    play.refuse().refuse().wait(0.5)
    play.drop(vid=10)
    assert play.engine.next_deadline().why == "report coalesced refusals"


def test_an_idle_engine_with_a_hundred_ports_does_only_what_is_due():
    play = Playbook(QUIET)
    for number in range(100):
        play.port(f"eth{number}")
    handled = []
    play.engine._handlers = {alarm: lambda state, now: handled.append(state) for alarm in play.engine._handlers}
    play.wait(1)
    assert len(handled) == 100  # each settled once, and nothing else rang


def test_refusals_of_the_wire_are_counted_and_told():
    play = Playbook().port().refuse().refuse()
    play.refused("wrong-secret", 1)
    play.wait(0.99).nothing_left()
    play.wait(0.1).refused("wrong-secret", 2)


def test_more_refusals_than_one_second_tells_are_told_in_the_next():
    play = (
        Playbook().port().refuse(mac="a").refuse(mac="a").wait(0.5).refuse(mac="b").refuse(mac="b").forget().wait(0.6)
    )
    assert play.refused("wrong-secret", 2).source_mac == "a"
    play.nothing_left()
    play.wait(0.5)
    assert play.refused("wrong-secret", 2).source_mac == "b"


def test_a_survey_solicits_urgently():
    play = Playbook(QUIET).port().wait(2)
    play.hear(Actor().advertises()).forget().wait(0.1)
    assert any(sent.beacon.type is SOLICITATION and sent.beacon.extension.urgent for _, sent in play.sent)


def test_alarms_of_ports_that_are_gone_ring_for_nobody():
    play = Playbook(QUIET).port().wait(1)
    play.engine._core.timers.set((Port("us", "gone"), Alarm.FADE), 2.0)
    play.wait(2).nothing_left()


def test_what_is_neither_port_nor_frame_is_ignored():
    play = Playbook(QUIET)
    play.engine.receive(object(), play.now)
    play._collect().nothing_left()


def test_time_that_brings_nothing_due_changes_nothing():
    play = Playbook(Config()).port().wait(0).forget()
    due = play.engine.next_deadline()
    play.engine.handle_timeout(play.now)
    play._collect().nothing_left()
    assert play.engine.next_deadline() == due


def test_who_is_introduced_is_named_in_what_is_said_next():
    play = Playbook().port()
    play.engine.introduce(("https://10.0.0.1:5443",), "ab" * 32)
    play.hear(Actor().solicits(urgent=True)).wait(1)
    extension = play.sent[-1][1].beacon.extension
    assert (extension.agent, extension.regions, extension.authority) == ("us", ("https://10.0.0.1:5443",), "ab" * 32)
