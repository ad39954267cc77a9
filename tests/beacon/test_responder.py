"""Calls of a scan come in: what was heard of them goes back to the scanner, and nothing else changes."""

import msgspec
import pytest

from bellrock.beacon import BY_HAND
from bellrock.beacon.responder import FORGET, MAX_MORE, MAX_SCANS, MAX_SCANS_TOGETHER, MAX_TEXTS, HeardScan
from bellrock.beacon.scan import read_heard, reception
from bellrock.model import Port
from bellrock.wire.beacon import ScanAnswer, ScanCall
from bellrock.wire.errors import Reason
from bellrock.wire.ethernet import Tag
from tests.beacon.playbook import Actor, Playbook

SERVICE = Tag(0x88A8, 100)
SCANNER = ("02:00:00:00:00:02", "fe80::2", 5240)


class Caller(Actor):
    """Somebody who scans."""

    def call(self, vid, scan="scan", **more):
        plain = self.solicits()
        call = ScanCall(id=scan, vid=vid, **more)
        return msgspec.structs.replace(
            plain, extension=msgspec.structs.replace(plain.extension, role=BY_HAND, scan=call)
        )


def answers(play):
    """[(VID sent with, what it says)] of what was sent, which must be answers to the scanner alone."""
    found = []
    for _, sent in play.sent:
        extension = sent.beacon.extension
        assert sent.unicast == SCANNER
        assert (extension.acks, extension.scanned.id) == ((), "scan")
        assert (sent.port.vid, sent.beacon.remote.vid) == (extension.vid, extension.vid)
        found.append((sent.port.vid, extension.scanned.heard))
    play.sent.clear()
    return found


def test_calls_are_answered_as_a_whole_while_they_come_and_once_at_the_end():
    play, them = Playbook(), Caller()
    play.port()
    for vid in range(1, 101):
        play.hear(them.call(vid), vid=vid).wait(0.005)
    spoken = {heard for _, heard in answers(play)}
    assert 2 <= len(spoken) <= 5
    assert all(read_heard(heard) <= {(vid, vid) for vid in range(1, 101)} for heard in spoken)
    play.wait(0.3)
    assert answers(play)[-5:] == [(vid, "1-100") for vid in (None, 97, 98, 99, 100)]
    play.wait(FORGET * 3).nothing_left()


def test_a_call_makes_no_port_no_peer_and_no_evidence():
    play, them = Playbook(), Caller()
    play.port().hear(them.call(20), vid=20).wait(1)
    assert [vid for vid, _ in answers(play)] == [None, 20] * 2
    play.hear(Actor().advertises(), vid=30).found("heard")
    play.wait(FORGET + 1)
    assert {state.port.vid for state in play.engine._core.ports} == {None, 30}


@pytest.mark.parametrize(
    ("sent", "on", "outer", "text"),
    [
        ({"vid": 20}, {"vid": 20}, None, "20"),
        ({"vid": 20}, {}, None, "20>0"),
        ({"vid": 0}, {}, None, "0"),
        ({"vid": 0}, {"vid": 7}, None, "0>7"),
        ({"vid": 20}, {"vid": 21}, None, "20>21"),
        ({"vid": 20, "outer": 100}, {"vid": 20}, SERVICE, "20"),
        ({"vid": 20, "outer": 100}, {"vid": 20}, None, "20>20"),
        ({"vid": 20, "outer": 100}, {"vid": 20}, Tag(0x88A8, 200), "20>200.20"),
    ],
)
def test_it_is_told_how_a_call_came(sent, on, outer, text):
    play, them = Playbook(), Caller()
    play.port().hear(them.call(**sent), outer=outer, **on).wait(1)
    ways = {(s.outer, s.port.vid) for _, s in play.sent}
    assert ways == {(None, None), (outer, on.get("vid"))}
    assert {heard for _, heard in answers(play)} == {text}


def test_a_call_that_came_on_two_vids_is_told_twice():
    play, them = Playbook(), Caller()
    call = them.call(10)
    play.port().hear(call, vid=10).hear(call, vid=20).wait(1)
    assert {heard for _, heard in answers(play)} == {"10,10>20"}


@pytest.mark.parametrize("tags", [{"vid": 4095}, {"vid": 5, "outer": Tag(0x88A8, 4095)}], ids=["VID", "service VID"])
def test_a_call_with_the_reserved_vid_is_refused_and_not_answered(tags):
    play, them = Playbook(), Caller()
    play.port().hear(them.call(4095), **tags).refused(Reason.MALFORMED)
    play.wait(1)
    assert answers(play) == []


def test_a_replayed_call_is_refused_and_says_nothing():
    play, them = Playbook(), Caller()
    call = them.call(10)
    play.port().hear(call, vid=10).wait(1).forget()
    play.hear(call, vid=10).wait(1)
    play.refused(Reason.REPLAY)
    play.nothing_left()


@pytest.mark.parametrize("how", [{"hop_limit": 2}, {"multicast": False, "hop_limit": 64}, {"source_ip": "2001:db8::1"}])
def test_a_call_that_may_have_crossed_a_router_is_refused(how):
    play, them = Playbook(), Caller()
    play.port().hear(them.call(10), vid=10, **how).wait(1)
    play.refused(Reason.OFF_LINK)
    play.nothing_left()


def test_answers_of_others_calls_of_our_own_and_wishes_to_stop_are_no_calls():
    play, them = Playbook(), Caller()
    answer = them.advertises()
    answer = msgspec.structs.replace(
        answer, extension=msgspec.structs.replace(answer.extension, scanned=ScanAnswer(id="s", heard="1"))
    )
    play.port().hear(answer, vid=10).hear(them.call(0, stop=True)).hear(Caller(agent="us").call(5), vid=5)
    play.wait(10).nothing_left()
    assert len(play.engine._responder) == 0


def test_where_nobody_listens_or_speaks_nothing_is_said():
    play, them = Playbook(), Caller()
    play.hear(them.call(5), vid=5).wait(1).nothing_left()
    play.port(speaks=False).hear(them.call(6), vid=6).wait(1).nothing_left()
    play.port().hear(them.call(7), vid=7).drop().wait(10).nothing_left()
    assert len(play.engine._responder) == 0


def test_a_second_round_is_answered_too():
    play, them = Playbook(), Caller()
    play.port().hear(them.call(10), vid=10).wait(1).forget()
    play.hear(them.call(11), vid=11).wait(1)
    assert answers(play)[-1] == (11, "10-11")


def test_an_agent_without_raw_frames_answers_everybody_from_the_ports_it_has():
    play, them = Playbook(), Caller()
    play.port(hears_itself=True).port(vid=10, hears_itself=True)
    for vid in (10, 20):
        play.hear(them.call(vid), vid=vid)
    play.hear(them.call(30), vid=30, outer=SERVICE).wait(0.4)
    assert {(s.unicast, s.port.vid, s.outer, s.beacon.remote.name) for _, s in play.sent} == {
        (None, None, None, "eth0"),
        (None, 10, None, "eth0.10"),
    }


def test_ipv4_is_answered_by_ipv4_and_where_there_is_none_by_ipv6_to_all():
    them = Caller()
    for ipv4, expected in (
        (("10.0.0.1/24",), (4, "10.0.0.1", ("02:00:00:00:00:02", "10.0.0.9", 5240))),
        ((), (6, "fe80::1", None)),
    ):
        play = Playbook()
        play.port(ipv4=ipv4).hear(them.call(0), source_ip="10.0.0.9").wait(1)
        assert {(s.family, s.source_ip, s.unicast) for _, s in play.sent} == {expected}


def test_scans_are_bounded_per_port_and_together():
    play = Playbook()
    play.port()
    for number in range(MAX_SCANS + 1):
        play.hear(Caller(agent=f"a{number}").call(5), vid=5)
    play.refused("too-many")
    play.forget().wait(FORGET * 2).forget()
    assert len(play.engine._responder) == 0
    for number in range(1, MAX_SCANS_TOGETHER + 2):
        play.port(f"eth{number}").forget()
        play.hear(Caller(agent=f"a{number}").call(5), vid=5, on=f"eth{number}")
    play.refused("too-many")
    assert len(play.engine._responder) == MAX_SCANS_TOGETHER


def test_scans_that_are_over_make_room_for_others():
    play = Playbook()
    play.port()
    for number in range(MAX_SCANS + 1):
        play.hear(Caller(agent=f"a{number}").call(5), vid=5).wait(0.5)
    assert play.events == []
    for number in range(1, MAX_SCANS_TOGETHER + 2):
        play.port(f"eth{number}").hear(Caller(agent=f"b{number}").call(5), vid=5, on=f"eth{number}")
        if number == 100:
            play.wait(0.5)
    assert play.events == []
    assert len(play.engine._responder) == MAX_SCANS_TOGETHER - 100 + 1


def test_what_one_answer_says_is_bounded():
    play, them = Playbook(), Caller()
    play.port()
    for vid in range(4095):
        play.hear(them.call(vid, scan="scan"), vid=4094 - vid if vid != 4094 else 1)
    play.wait(3).forget()
    scan = HeardScan(ScanCall(id="s", vid=0))
    arrival = None

    class Arrived:
        def __init__(self, vid):
            self.port, self.outer = Port("us", "eth0", vid), None
            self.source_mac = self.source_ip = ""
            self.source_port = 0

    for vid in range(1, 4095, 2):
        for got in (4095 - vid, 4094 - vid, vid, 1, 2, 3, 4):
            arrival = Arrived(got)
            scan.hear(arrival, vid, play.now)
    assert len(scan._more) == MAX_MORE
    assert max(map(len, scan._more.values())) <= MAX_SCANS
    assert len(scan.texts()) == MAX_TEXTS
    assert reception(0, 4) == 4
