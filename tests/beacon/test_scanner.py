"""A scan from its first call to its last answer, against engines behind a switch that passes some VIDs and turns others into others."""

import itertools

import msgspec
import pytest

from bellrock.beacon import BY_HAND, Arrival, Engine, Identity
from bellrock.beacon import scanner as module
from bellrock.beacon.scan import reception
from bellrock.beacon.scanner import BURST, GONE, Phase, Plan, Reached, Scanner
from bellrock.model import Port
from bellrock.wire.beacon import ScanAnswer, ScanCall
from bellrock.wire.errors import Reason
from bellrock.wire.ethernet import Tag
from tests.beacon.playbook import ADVERTISEMENT, QUIET, Actor, Rack, at, facts

SERVICE = Tag(0x88A8, 100)
ME = Identity("us", "scanner", BY_HAND, "boot")


class World:
    """A scanner, and engines that hear what `passes(host, outer, vid)` lets through: tags there, or None."""

    def __init__(
        self,
        plan,
        passes=lambda host, outer, vid: (outer, vid),
        hosts=("a",),
        ports=("eth0",),
        ipv4=(),
        back=lambda vid: True,
    ):
        self.time, self.count = 0.0, 0
        self.passes, self.back = passes, back
        self.scanner = Scanner(ME, self.new_id, plan, [facts(name, ipv4=ipv4) for name in ports], at(0))
        self.engines = {
            host: Engine(Identity(host, host, "rack", f"boot-{host}"), self.new_id, lambda: 0.5, QUIET)
            for host in hosts
        }
        for host, engine in self.engines.items():
            there = facts("eth9", mac="02:00:00:00:00:0a", ipv4=("10.0.0.2/24",))
            engine.receive(msgspec.structs.replace(there, port=Port(host, "eth9")), at(0))
        self.sent = []

    def new_id(self, version, wall):
        self.count += 1
        return f"{version}-{self.count:06}"

    @property
    def calls(self):
        """(time, VID) of calls so far."""
        return [(when, sent.beacon.extension.scan.vid) for when, sent in self.sent if sent.beacon.extension.scan]

    def step(self):
        """To the next moment at which somebody wants to do something."""
        due = [engine.next_deadline().at for engine in self.engines.values() if engine.next_deadline()]
        if (own := self.scanner.next_deadline()) is not None:
            due.append(own)
        self.time = max(self.time, min(due))
        for engine in self.engines.values():
            engine.handle_timeout(at(self.time))
        self.scanner.handle_timeout(at(self.time))
        self.deliver()

    def deliver(self):
        while (sent := self.scanner.poll_transmit()) is not None:
            self.sent.append((self.time, sent))
            for host, engine in self.engines.items():
                came = self.passes(host, sent.outer, sent.port.vid)
                if came is not None:
                    engine.receive(self.arrival(sent, Port(host, "eth9", came[1]), outer=came[0]), at(self.time))
        for engine in self.engines.values():
            while (sent := engine.poll_transmit()) is not None:
                if sent.beacon.extension.scanned and self.back(sent.port.vid):
                    self.hear(sent.beacon, vid=sent.port.vid, multicast=False, hop_limit=64)

    def arrival(self, sent, port, **more):
        return Arrival(
            **{
                "port": port, "beacon": sent.beacon, "source_mac": "02:00:00:00:00:01", "source_ip": sent.source_ip or "fe80::1",
                "source_port": 5240, "hop_limit": 1, "multicast": True, "received": at(self.time), **more,
            }
        )  # fmt: skip

    def hear(self, beacon, on="eth0", vid=None, **more):
        """The scanner hears a beacon."""
        told = {
            "port": Port("us", on, vid), "beacon": beacon, "source_mac": "02:00:00:00:00:0a", "source_ip": "fe80::2",
            "source_port": 5240, "hop_limit": 1, "multicast": True, "received": at(self.time),
        }  # fmt: skip
        self.scanner.receive(Arrival(**(told | more)), at(self.time))

    def run(self, until=60.0):
        while not self.scanner.over:
            self.step()
            assert self.time < until
        assert self.scanner.next_deadline() is None
        return self.scanner.result("eth0")


COUNT = itertools.count()


def other(scan="1-000000", host="somebody", **more):
    """A call of somebody else's scan, with an id of its own."""
    plain = Actor(host).beacon(id=f"call {next(COUNT)}")
    call = ScanCall(**({"id": scan, "vid": 5, "seconds": 2.0} | more))
    return msgspec.structs.replace(plain, extension=msgspec.structs.replace(plain.extension, host=host, scan=call))


def answer(scan, heard, host="b"):
    plain = Actor(host, "eth9").advertises()
    said = ScanAnswer(id=scan, heard=heard)
    return msgspec.structs.replace(plain, extension=msgspec.structs.replace(plain.extension, host=host, scanned=said))


def ends(vid, *hosts, outer=None):
    return tuple(Reached(host, "eth9", vid, outer) for host in hosts)


def test_every_vid_is_called_once_at_the_pace_asked_for():
    world = World(Plan(vids=tuple(range(1, 101)), rate=100.0))
    found = world.run()
    assert [vid for _, vid in world.calls] == list(range(101))
    times = [when for when, _ in world.calls]
    assert times[0] >= 0.25
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.05)
    assert found == {0: ends(None, "a")} | {vid: ends(vid, "a") for vid in range(1, 101)}
    assert world.scanner.calls == (101, 0)
    assert (world.scanner.peers, world.scanner.why, world.scanner.refused) == (1, "", {})


def test_no_burst_makes_good_a_long_pause():
    world = World(Plan(vids=tuple(range(1, 1001)), untagged=False))
    while not world.calls:
        world.step()
    world.time += 0.5
    before = len(world.calls)
    world.step()
    assert len(world.calls) - before <= BURST * 1000 + 1


def test_each_end_is_told_apart_and_silent_vids_are_asked_twice_the_other_way():
    def passes(host, outer, vid):
        return {("a", 10): (None, 10), ("b", 10): (None, None), ("b", 20): (None, 21), ("a", None): (None, 7)}.get(
            (host, vid)
        )

    world = World(Plan(vids=(10, 20, 30)), passes, ("a", "b"), ipv4=("10.0.0.9/24",))
    found = world.run()
    assert found == {0: ends(7, "a"), 10: ends(10, "a") + ends(None, "b"), 20: ends(21, "b"), 30: ()}
    assert [(s.beacon.extension.scan.vid, s.family) for _, s in world.sent] == [
        (0, 4),
        (10, 4),
        (20, 4),
        (30, 4),
        (30, 6),
    ]


@pytest.mark.parametrize(
    ("again", "sure", "second"), [(1, frozenset(), 0), (1, frozenset({2, 9}), 1), (5, frozenset(), 5)]
)
def test_many_silent_vids_are_not_asked_twice_but_those_that_matter(again, sure, second):
    world = World(Plan(vids=(1, 2, 3, 4, 5), untagged=False, again=again, sure=sure), lambda *_: None)
    assert world.run() == dict.fromkeys((1, 2, 3, 4, 5), ())
    assert len(world.calls) == 5 + second


def test_a_call_that_was_lost_is_found_by_the_second():
    lost = [3, 4]

    def passes(host, outer, vid):
        if vid in lost:
            lost.remove(vid)
            return None
        return None, vid

    world = World(Plan(vids=(1, 2, 3, 4), untagged=False), passes)
    assert all(world.run().values())


def test_where_only_some_vids_lead_back_the_answer_comes_on_one_of_them():
    world = World(Plan(vids=tuple(range(1, 50)), untagged=False), back=lambda vid: vid in (12, 48))
    assert all(world.run().values())


def test_behind_a_service_tag_nothing_is_sent_untagged():
    def passes(host, outer, vid):
        return {"a": (outer, vid), "b": (None, vid), "c": (Tag(0x88A8, 200), vid)}[host]

    world = World(Plan(vids=(5,), outer=SERVICE), passes, ("a", "b", "c"))
    assert world.run() == {5: ends(5, "a", outer=100) + ends(5, "b") + ends(5, "c", outer=200)}
    assert {s.outer for _, s in world.sent} == {SERVICE}


def test_several_interfaces_are_called_one_after_the_other_and_kept_apart():
    world = World(
        Plan(vids=(5, 6), untagged=False),
        lambda host, outer, vid: (None, vid) if vid == 5 else None,
        ports=("eth0", "eth1"),
    )
    world.run()
    for name in ("eth0", "eth1"):
        assert world.scanner.result(name) == {5: ends(5, "a"), 6: ()}
    assert [s.port.interface for _, s in world.sent][:4] == ["eth0", "eth0", "eth1", "eth1"]


def test_a_plain_rack_counts_by_the_call_that_it_names():
    world = World(Plan(vids=(5, 6), untagged=False), lambda *_: None)
    rack = Rack(name="eno1", vid=5)
    while not world.scanner.over:
        before = len(world.sent)
        world.step()
        for _, sent in world.sent[before:]:
            if sent.port.vid == 5:
                reply = rack.beacon(acks=sent.beacon.id)
                world.hear(reply, multicast=False, hop_limit=64)
    assert world.scanner.result("eth0") == {5: (Reached(rack.mac, "eno1", 5),), 6: ()}


def test_a_call_that_comes_in_on_another_interface_of_ours_reaches_it():
    world = World(Plan(vids=(5,), untagged=False), lambda *_: None, ports=("eth0", "eth1"))
    while not world.sent:
        world.step()
    (_, first), *_ = world.sent
    world.scanner.echo(first.beacon.id, Port("us", "eth1", 5), 0, at(world.time))
    world.scanner.echo("of nobody", Port("us", "eth1", 5), 0, at(world.time))
    assert world.run() == {5: (Reached("scanner", "eth1", 5),)}


def test_a_call_that_did_not_go_out_says_nothing_of_its_vid():
    world = World(Plan(vids=(5, 6), untagged=False), lambda *_: None)
    while not world.sent:
        world.step()
    world.scanner.unsent(world.sent[0][1].beacon.id)
    world.scanner.unsent("of nobody")
    assert world.run() == {6: ()}


def test_our_own_beacons_and_those_of_other_kinds_are_passed_over():
    world = World(Plan(vids=(5,), untagged=False), lambda *_: None)
    world.hear(Actor("us").solicits())
    world.hear(Actor().advertises("x"))
    world.hear(Rack().beacon())
    world.hear(answer("another scan", "5"))
    assert world.run() == {5: ()}
    assert world.scanner.refused == {}


@pytest.mark.parametrize(
    ("beacon", "how", "reason"),
    [
        (answer("2-000001", "5-1"), {}, Reason.MALFORMED),
        (answer("2-000001", "5"), {"hop_limit": 9}, Reason.OFF_LINK),
        (other(), {"hop_limit": 9}, Reason.OFF_LINK),
        (other(), {"multicast": False, "hop_limit": 64}, Reason.OFF_LINK),
    ],
)
def test_what_cannot_be_believed_is_counted(beacon, how, reason):
    world = World(Plan(vids=(5,), untagged=False), lambda *_: None)
    world.hear(beacon, **how)
    assert world.scanner.refused == {reason: 1}
    assert world.run() == {5: ()}


def test_tables_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_PEERS", 2)
    monkeypatch.setattr(module, "MAX_PAIRS", 4)
    monkeypatch.setattr(module, "MAX_CALLED", 2)
    world = World(Plan(vids=(5, 6, 7), untagged=False), lambda *_: None)
    for host, heard in (("b", "5-6"), ("c", "5"), ("d", "5"), ("b", "5-6"), ("c", "5-9")):
        world.hear(answer("2-000001", heard, host))
    assert world.scanner.refused == {"too-many": 2}
    assert world.run() == {5: ends(5, "b", "c"), 6: ends(6, "b"), 7: ()}
    world.scanner.echo(world.sent[0][1].beacon.id, Port("us", "eth1", 5), 0, at(99))
    assert len(world.scanner._called) == 2


def test_another_scan_is_waited_for():
    world = World(Plan(vids=(5,), untagged=False))
    world.hear(other(seconds=2.0), vid=5)
    assert world.scanner.waits_for(at(0)) == ("somebody", 2.0)
    world.time = 1.0
    world.hear(other(seconds=3.0), vid=6)
    world.run()
    assert world.calls[0][0] >= 4.0
    assert world.scanner.why == ""


def test_another_scan_that_says_farewell_is_waited_for_no_longer():
    world = World(Plan(vids=(5,), untagged=False))
    world.hear(other(seconds=30.0))
    world.hear(other(seconds=0.0))
    world.run()
    assert world.calls[0][0] < 1.0


def test_a_call_that_was_caught_and_is_said_again_keeps_nobody_waiting():
    world = World(Plan(vids=(5,), untagged=False))
    caught = other(seconds=4.0)
    for time in (0.0, 3.0, 3.5):
        world.time = time
        world.hear(caught)
        world.hear(caught, vid=7)
    world.run()
    assert 4.0 <= world.calls[0][0] < 4.5
    assert world.scanner.refused == {Reason.REPLAY: 5}


def test_a_call_that_is_heard_on_two_interfaces_is_no_replay():
    world = World(Plan(vids=(5,)), ports=("eth0", "eth1"))
    call = other(seconds=0.0)
    world.hear(call)
    world.hear(call, on="eth1")
    assert world.scanner.refused == {}


def test_patience_ends():
    world = World(Plan(vids=(5,), untagged=False, patience=10.0))
    world.hear(other(seconds=30.0))
    world.time = 6.0
    world.hear(other(seconds=24.0))
    assert world.run() == {}
    assert world.scanner.why == "somebody is scanning this segment for another 20 s"
    assert world.sent == []


def test_a_scan_that_is_heard_no_more_is_not_waited_for_to_its_end():
    world = World(Plan(vids=(5,), untagged=False))
    world.hear(other(seconds=3600.0))
    world.run()
    assert GONE <= world.calls[0][0] < GONE + 1


@pytest.mark.parametrize(("scan", "yields"), [("1-older", True), ("3-younger", False)])
def test_of_two_that_began_at_once_the_younger_waits(scan, yields):
    world = World(Plan(vids=tuple(range(1, 501)), untagged=False))
    while len(world.calls) < 100:
        world.step()
    began = world.time
    world.hear(other(scan, seconds=5.0), vid=3)
    assert (world.scanner.phase is Phase.LISTENING) is yields
    assert all(world.run().values())
    assert len(world.calls) == 500
    assert (world.time - began > 5.0) is yields


def test_the_scans_of_others_are_remembered_within_bounds():
    world = World(Plan(vids=(5,), untagged=False, patience=0.1))
    for number in range(100):
        world.hear(other(f"x{number}", seconds=1.0))
    assert len(world.scanner._others) == module.MAX_OTHERS


def test_it_stops_when_it_is_asked_to_and_says_so():
    world = World(Plan(vids=tuple(range(1, 501)), untagged=False))
    while len(world.calls) < 100:
        world.step()
    world.hear(other("of another", stop=True))
    assert world.scanner.why == ""
    called = len(world.calls)
    world.hear(other("2-000001", stop=True), vid=7)
    world.hear(other("2-000001", stop=True))
    found = world.run()
    assert world.scanner.why == "stopped by somebody"
    assert len(found) == called
    untagged, tagged, *acks = [sent for _, sent in world.sent[called:]]
    for farewell, vid in ((untagged, None), (tagged, called)):
        assert (farewell.port.vid, farewell.beacon.type) == (vid, ADVERTISEMENT)
        assert farewell.beacon.extension.scan == ScanCall(id="2-000001", vid=vid or 0)
    assert [(s.port.vid, s.beacon.extension.scanned) for s in acks] == [
        (7, ScanAnswer(id="2-000001", heard="")),
        (None, ScanAnswer(id="2-000001", heard="")),
    ]


def test_ended_before_it_began_it_says_nothing():
    world = World(Plan(vids=(5,)))
    world.scanner.end("interrupted", at(0))
    world.scanner.end("again", at(0))
    assert (world.scanner.over, world.scanner.why, world.scanner.poll_transmit()) == (True, "interrupted", None)


def test_an_end_in_the_midst_says_farewell_where_it_has_called():
    world = World(Plan(vids=tuple(range(1, 101)), untagged=False), ports=("eth0", "eth1"))
    while len(world.calls) < 10:
        world.step()
    world.scanner.end("interrupted", at(world.time))
    world.deliver()
    farewells = [s for _, s in world.sent if not s.beacon.extension.scan.seconds]
    assert [(s.port.interface, s.port.vid) for s in farewells] == [("eth0", None), ("eth0", 10)]
    found = world.run()
    assert found == {vid: ends(vid, "a") for vid in range(1, 11)}
    assert world.scanner.result("eth1") == {}


def test_news_prolongs_the_wait_for_answers_to_a_bound():
    world = World(Plan(vids=(5,), untagged=False, again=0), lambda *_: None)
    while not world.calls:
        world.step()
    number = 0
    while not world.scanner.over:
        number += 1
        world.hear(answer("2-000001", "5", f"h{number}"))
        world.time += 0.15
        world.scanner.handle_timeout(at(world.time))
    assert 1.5 <= world.time - world.calls[-1][0] <= 1.7


def test_a_reception_tells_both_tags():
    assert reception(100, 7) == 100 * 4096 + 7


def test_behind_a_service_tag_the_farewell_is_where_the_calls_are():
    world = World(Plan(vids=tuple(range(1, 101)), outer=SERVICE))
    while len(world.calls) < 10:
        world.step()
    world.scanner.end("interrupted", at(world.time))
    world.deliver()
    [farewell] = [s for _, s in world.sent if not s.beacon.extension.scan.seconds]
    assert (farewell.outer, farewell.port.vid, farewell.beacon.type) == (SERVICE, 10, ADVERTISEMENT)
    assert farewell.beacon.extension.scan == ScanCall(id="2-000001", vid=10, outer=100)
    assert set(world.run()) == set(range(1, 11))
