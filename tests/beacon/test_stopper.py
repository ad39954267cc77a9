"""Somebody else's scan is asked to end, on the way its calls come, until it says that it has."""

import msgspec
import pytest

from bellrock.beacon import Arrival, Identity
from bellrock.beacon.stopper import AGAIN, Stopper
from bellrock.model import Port
from bellrock.wire.beacon import BeaconType, ScanAnswer, ScanCall
from bellrock.wire.ethernet import Tag
from tests.beacon.playbook import Actor, Rack, at, facts

SERVICE = Tag(0x88A8, 100)


def said(host="busy", **more):
    plain = Actor(host).solicits()
    return msgspec.structs.replace(plain, extension=msgspec.structs.replace(plain.extension, host=host, **more))


def call(scan="s1", host="busy", **more):
    return said(host, scan=ScanCall(id=scan, vid=5, seconds=2.0, **more))


class Play:
    def __init__(self, within=3.0):
        count = iter(range(1000))
        self.stopper = Stopper(
            Identity("us", "me", "hand", "boot"), lambda v, w: f"id-{next(count)}", [facts()], within, at(0)
        )

    def hear(self, beacon, time=0.0, vid=None, on="eth0", **more):
        told = {
            "port": Port("us", on, vid), "beacon": beacon, "source_mac": "", "source_ip": "fe80::2", "source_port": 5240,
            "hop_limit": 1, "multicast": True, "received": at(time),
        }  # fmt: skip
        self.stopper.receive(Arrival(**(told | more)), at(time))

    def wishes(self):
        found = []
        while (sent := self.stopper.poll_transmit()) is not None:
            assert sent.beacon.type is BeaconType.ADVERTISEMENT
            wish = sent.beacon.extension.scan
            assert wish.stop
            found.append((wish.id, sent.outer, sent.port.vid))
        return found


def test_it_asks_the_way_the_call_came_and_without_tag():
    play = Play()
    play.hear(call(), vid=7)
    assert play.wishes() == [("s1", None, None), ("s1", None, 7)]
    assert play.stopper.scan == ("s1", "busy")
    play.hear(call(), AGAIN / 2, vid=8)
    assert play.wishes() == []
    play.hear(call(), AGAIN, vid=8, outer=SERVICE)
    assert play.wishes() == [("s1", None, None), ("s1", SERVICE, 8)]
    play.hear(call(), AGAIN * 2)
    assert play.wishes() == [("s1", None, None)]


def test_the_answer_of_who_scans_ends_it():
    play = Play()
    play.hear(said(scanned=ScanAnswer(id="s1", heard="")))
    play.hear(call(), vid=7)
    play.hear(said("other", scanned=ScanAnswer(id="s1", heard="")))
    play.hear(said(scanned=ScanAnswer(id="s2", heard="")))
    assert (play.stopper.over, play.stopper.stopped) == (False, False)
    assert play.stopper.next_deadline() == 3.0
    play.hear(said(scanned=ScanAnswer(id="s1", heard="")))
    assert (play.stopper.over, play.stopper.stopped, play.stopper.next_deadline()) == (True, True, None)


def test_time_ends_it_too():
    play = Play(within=1.0)
    play.stopper.handle_timeout(at(0.9))
    assert not play.stopper.over
    play.stopper.handle_timeout(at(1.0))
    assert (play.stopper.over, play.stopper.stopped, play.stopper.scan) == (True, False, None)


@pytest.mark.parametrize(
    ("beacon", "how"),
    [
        (Rack().beacon(), {}),
        (Actor().solicits(), {}),
        (call(stop=True), {}),
        (call(), {"hop_limit": 7}),
        (call(), {"multicast": False}),
        (call(), {"on": "eth1"}),
    ],
    ids=["plain", "no scan", "a wish of another", "through a router", "unicast", "elsewhere"],
)
def test_nothing_else_is_a_scan(beacon, how):
    play = Play()
    play.hear(beacon, **how)
    assert (play.wishes(), play.stopper.scan) == ([], None)


def test_one_scan_is_stopped_at_a_time():
    play = Play()
    play.hear(call())
    play.wishes()
    play.hear(call("s2", "also busy"), 1.0)
    assert play.wishes() == []
