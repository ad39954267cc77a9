from bellrock.diagnosis import readings_arp
from tests.diagnosis import wires as w

OTHER = "00:16:3e:00:00:03"


def question(at=0.0):
    return w.arp_asks(at), w.arp_answers(at + 0.001), w.arp_answers(at + 0.002, mac=OTHER)


def test_two_answers_to_one_question():
    [twice] = readings_arp.answered_twice(w.wire(question()))
    assert (twice.address, twice.macs) == (w.RACK_IP, (w.RACK, OTHER))
    assert [packet.number for packet in twice] == [1, 2, 3]


def test_a_question_anew_forgets_the_answers_before():
    assert [
        *readings_arp.answered_twice(
            w.wire(w.arp_asks(), w.arp_answers(0.1), w.arp_asks(0.2), w.arp_answers(0.3, mac=OTHER))
        )
    ] == []


def test_the_same_answer_twice_is_one_machine():
    assert [*readings_arp.answered_twice(w.wire(w.arp_asks(), w.arp_answers(0.1), w.arp_answers(0.2)))] == []


def test_crossed():
    macs = (w.RACK, OTHER)
    sent = w.asked("a.example", 1.0, macs=(w.NODE, OTHER))
    back = w.answered("a.example", 1.1, macs=(w.RACK, w.NODE))
    assert readings_arp.crossed(w.wire(sent, back), w.RACK_IP, macs) is not None
    straight = w.answered("a.example", 1.1, macs=(OTHER, w.NODE))
    late = w.answered("a.example", 9.0, macs=(w.RACK, w.NODE))
    elsewhere = w.answered("a.example", 1.1, macs=(w.RACK, w.NODE), ports=(53, 9))
    for other in (straight, late, elsewhere):
        assert readings_arp.crossed(w.wire(sent, other), w.RACK_IP, macs) is None


def test_addresses_that_both_answer_for():
    wire = w.wire(
        question(),
        w.arp_answers(3.0, "10.0.0.3", mac=w.RACK),
        w.arp_answers(3.0, "10.0.0.3", mac=OTHER),
        w.arp_answers(4.0, "10.0.0.4"),
    )
    assert readings_arp.shared(wire) == {((w.POINT, ()), w.RACK, OTHER): {w.RACK_IP, "10.0.0.3"}}


def test_one_machine():
    [twice] = readings_arp.answered_twice(w.wire(question()))
    assert readings_arp.one_machine(w.wire(question()), twice) is None
    both = w.wire(question(), w.arp_answers(3.0, "10.0.0.3", mac=w.RACK), w.arp_answers(3.0, "10.0.0.3", mac=OTHER))
    text, packets = readings_arp.one_machine(both, twice)
    assert text == "Both answer for 10.0.0.2 and for 10.0.0.3, as one machine with two interfaces does."
    assert packets == ()


def test_values_that_are_no_arp_say_nothing():
    packet = w.discover()
    assert readings_arp.Twice(packet, packet, packet).address == ""


def test_what_is_sent_to_either_of_them_is_one_machine():
    sent = w.asked("a.example", 1.0, macs=(w.NODE, OTHER))
    wire = w.wire(question(), sent, w.answered("a.example", 1.1, macs=(w.RACK, w.NODE)))
    [twice] = readings_arp.answered_twice(wire)
    text, packets = readings_arp.one_machine(wire, twice)
    assert text.startswith(f"Packet 4 went to {w.RACK_IP} at {OTHER}, and packet 5 answered it from {w.RACK}")
    assert [packet.number for packet in packets] == [4, 5]


def test_late_answers_belong_to_no_question():
    late = w.arp_asks(), w.arp_answers(5.0), w.arp_answers(5.1, mac=OTHER)
    assert [*readings_arp.answered_twice(w.wire(late))] == []


def asks(*times, **more):
    return [w.packet(None, at, **more) for at in times]


def test_whoever_gets_no_answer_asks_again_soon():
    assert readings_arp.insists(asks(1, 2, 3), 3)
    assert readings_arp.insists(asks(1, 100, 102, 106), 3)
    assert not readings_arp.insists(asks(1, 20, 40), 3)
    assert not readings_arp.insists(asks(1, 2), 3)
    assert not readings_arp.insists([], 2)
    assert not readings_arp.insists([*asks(1, point="a/eth0"), *asks(1, point="b/eth0")], 2)


def test_whoever_answers_for_several_machines_stands_in_for_them():
    hosts = [("10.0.0.58", "00:16:3e:00:01:01"), ("10.0.0.59", "00:16:3e:00:01:02")]
    asked = [
        (w.arp_asks(at, target=one), w.arp_answers(at, one, mac=mac), w.arp_answers(at + 0.1, one, mac=w.ROUTER))
        for at, (one, mac) in enumerate(hosts)
    ]
    both = w.wire(asked)
    assert [readings_arp.proxy(both, twice) for twice in readings_arp.answered_twice(both)] == [True, True]
    [alone] = readings_arp.answered_twice(only := w.wire(asked[0]))
    assert not readings_arp.proxy(only, alone)


def test_a_double_among_machines_with_a_proxy_is_a_double():
    double = w.arp_answers(0.2, "10.0.0.58", mac=w.STRANGER)
    asked = w.arp_asks(0, target="10.0.0.58"), w.arp_answers(0.1, "10.0.0.58", mac=w.NODE2), double
    again = w.arp_asks(5, target="10.0.0.58"), w.arp_answers(5.1, "10.0.0.58", mac=w.NODE2)
    wire = w.wire(asked, again, w.arp_answers(5.2, "10.0.0.58", mac=w.ROUTER))
    assert not any(readings_arp.proxy(wire, twice) for twice in readings_arp.answered_twice(wire))
