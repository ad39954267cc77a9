from bellrock.diagnosis import readings_port
from bellrock.wire.lacp import SLOW_MAC, Lacpdu, Party
from bellrock.wire.stp import BRIDGE_MAC, Bpdu
from tests.diagnosis import wires as w

SWITCH = "00:1b:21:0a:0b:0c"
PARTY = Party(system=SWITCH, system_priority=1, key=15, port=3, port_priority=255, state=5)


def bpdu(at):
    said = Bpdu(version=2, root="", bridge="", port=3, message_age=0.0, max_age=20.0, hello=2.0, forward_delay=15.0)
    return w.packet(said, at, macs=(SWITCH, BRIDGE_MAC))


def lacpdu(at):
    return w.packet(Lacpdu(PARTY, PARTY), at, macs=(SWITCH, SLOW_MAC))


def test_a_wait_ends_with_the_first_frame_of_somebody_else():
    [one] = readings_port.waits(
        w.wire(bpdu(0.0), w.discover(1.0), lacpdu(2.0), w.discover(5.0), bpdu(6.0), w.offer(9.5))
    )
    assert (one.client, one.point, len(one.asked), one.seconds) == (w.NODE, w.POINT, 2, 8.5)
    assert one.passed is not None
    assert one.passed.number == 6


def test_a_wait_may_last_until_the_end():
    [one] = readings_port.waits(w.wire(w.discover(1.0), until=31.0))
    assert (one.passed, one.seconds) == (None, 30.0)


def test_two_machines_hear_each_other_and_later_ones_wait_again():
    found = [
        *readings_port.waits(
            w.wire(w.discover(1.0), w.discover(2.0, w.NODE2), w.discover(3.0, w.NODE2), w.arp_asks(4.0))
        )
    ]
    assert [(one.client, len(one.asked), one.seconds) for one in found] == [(w.NODE, 1, 1.0), (w.NODE2, 2, 2.0)]


def test_relayed_questions_and_other_points_do_not_count():
    relayed = w.discover(1.0, macs=(w.ROUTER, w.RACK))
    assert [*readings_port.waits(w.wire(relayed, w.request(2.0), w.arp_asks(3.0)))] == []
    two = [*readings_port.waits(w.wire(w.discover(1.0, point="a"), w.offer(2.0, point="b")))]
    assert [(one.point, one.passed) for one in two] == [("a", None)]


def test_frames_that_a_switch_makes_for_the_cable():
    assert readings_port.own_of_switch(bpdu(0.0))
    assert readings_port.own_of_switch(w.packet(PARTY, macs=(SWITCH, "01:80:c2:00:00:0e")))
    assert readings_port.own_of_switch(w.packet(PARTY, macs=(SWITCH, "01:00:0c:cc:cc:cc")))
    assert not readings_port.own_of_switch(w.discover())


def test_pdus_of_a_point():
    wire = w.wire(bpdu(0.0), lacpdu(1.0))
    assert [packet.number for packet, _said in readings_port.bpdus(wire, w.POINT)] == [1]
    assert [packet.number for packet, _said in readings_port.lacpdus(wire, w.POINT)] == [2]
    assert readings_port.bpdus(wire, "elsewhere") == readings_port.lacpdus(wire, "elsewhere") == []


def test_who_is_held_back_long_and_why_once():
    wire = w.wire(w.discover(1.0), w.offer(3.0), w.discover(10.0), w.offer(20.0), w.discover(30.0), w.offer(45.0))
    [(wait, why)] = readings_port.held_back(wire, 4.0, lambda seen, wait: (seen is wire, wait.seconds))
    assert (wait.asked[0].number, why) == (3, (True, 10.0))
    [(wait, why)] = readings_port.held_back(wire, 4.0, lambda _wire, wait: wait.seconds if wait.seconds > 12 else None)
    assert (wait.asked[0].number, why) == (5, 15.0)
    assert [*readings_port.held_back(wire, 4.0, lambda _wire, _wait: None)] == []
