import pytest

from bellrock.diagnosis.findings import absorbed
from bellrock.diagnosis.on_wire import forwarding_loop
from bellrock.diagnosis.packets import Solicitation
from bellrock.model import Finding, Severity
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

FAR = "192.0.2.7"


def copies(make, count=20, every=0.002, begin=0.0):
    return [make(begin + number * every) for number in range(count)]


def circle():
    return (copies(w.discover), copies(lambda at: w.arp_asks(at, w.RACK_IP, w.NODE_IP)))


def rounds(limits=(63, 61, 59, 57, 55), every=0.001, flags="S", seq=(1,) * 9):
    return [
        w.segment(flags, number * every, w.NODE_IP, FAR, hop_limit=limit, seq=seq[number])
        for number, limit in enumerate(limits)
    ]


def symptom(rule):
    return Finding(id=rule, severity=Severity.ERROR, what=rule, proof=("seen",), client=w.NODE)


@pytest.mark.parametrize("rule", ["dhcp-unanswered", "metadata-unanswered", "never-arrived", "arp-storm"])
def test_a_circle_explains_that_packets_lack_or_come_again(rule):
    assert [one.id for one in absorbed([*found(forwarding_loop, w.case(circle())), symptom(rule)])] == [
        "forwarding-loop"
    ]


@pytest.mark.parametrize(
    "rule", ["mirror-stale", "service-refused", "metadata-refused", "tls-expired", "tftp-answered-from-elsewhere"]
)
def test_a_circle_explains_nothing_that_an_answer_tells(rule):
    assert len([*absorbed([*found(forwarding_loop, w.case(circle())), symptom(rule)])]) == 2


def test_frames_of_several_machines_that_come_again_go_round_in_a_circle():
    [one] = found(forwarding_loop, w.case(circle()))
    assert one.what == "Frames go round in a circle between switches; rack-1/eth0 sees each many times"
    assert (one.severity.value, one.interface) == ("error", "eth0")
    assert one.proof[0] == f"The frame of packet 1, from {w.NODE}, was seen 20 times within 0.038 s."
    assert one.proof[-1] == "Frames of 2 machines come again like this, so it is none of them that repeats itself."


def test_a_circle_that_several_points_see_is_one():
    there = [w.discover(0.0005 + n * 0.002, point="router-1/eth0") for n in range(20)]
    more = [w.arp_asks(0.0005 + n * 0.002, w.RACK_IP, w.NODE_IP, point="router-1/eth0") for n in range(20)]
    assert len(found(forwarding_loop, w.case(circle(), there, more))) == 1


def test_neighbour_solicitations_count_as_well():
    asks = copies(
        lambda at: w.packet(
            Solicitation("fe80::1"), at, w.RACK_LL, "ff02::1:ff00:1", macs=(w.RACK, "33:33:ff:00:00:01")
        )
    )
    assert len(found(forwarding_loop, w.case(asks, copies(w.discover)))) == 1


def test_a_packet_whose_hop_limit_falls_goes_round_between_routers():
    [one] = found(forwarding_loop, w.case(rounds(), rounds(every=0.002)))
    assert one.what == f"Routers send packets for {FAR} to each other and back"
    assert one.proof == ("The packet of packet 1 came by 5 times, with hop limits 63, 61, 59, 57, 55.",)
    gone = w.complaint("time exceeded", (w.NODE_IP, 40080, FAR, 80), protocol=6)
    [one] = found(forwarding_loop, w.case(rounds(), gone))
    assert one.proof[1] == "10.0.0.1 gave it up: time exceeded (packet 6)."


@pytest.mark.parametrize(
    "things",
    [
        w.leased(),
        copies(w.discover),
        (copies(w.discover, every=1.0), copies(w.arp_asks, every=1.0)),
        (copies(w.discover, 8), copies(w.discover, 8, begin=4.0), copies(lambda at: w.arp_asks(at, w.RACK_IP), 3)),
        (copies(lambda at: w.discover(at, point="a"), 3), copies(lambda at: w.arp_asks(at, point="b"), 3)),
        [w.discover(at / 1000, w.raw(w.NODE)[:4].hex(":") + f":00:{at:02x}") for at in range(40)],
        (copies(w.rrq, 30), copies(lambda at: w.arp_answers(at), 30)),
        copies(lambda at: w.packet(Solicitation("fe80::1"), at, w.NODE_LL, macs=(w.NODE, "33:33:ff:00:00:01"))),
        (rounds(limits=(64, 63)), rounds(limits=(64,) * 9)),
        rounds(limits=(60, 61, 62, 63, 64)),
        rounds(every=1.0),
        rounds(seq=range(9)),
        rounds(limits=(None,) * 5),
        copies(lambda at: w.asked("a.example", at, destination="224.0.0.251", macs=(w.NODE, "01:00:5e:00:00:fb"))),
    ],
    ids=[
        "a lease", "one machine that has gone wild", "machines that ask again each second", "bursts", "some copies at several points",
        "many machines that boot at once", "frames for one machine", "one that solicits", "both sides of a router", "another way each time",
        "asked again each second", "different packets", "no hop limits", "other groups",
    ],
)  # fmt: skip
def test_no_loop(things):
    assert whats(forwarding_loop, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(forwarding_loop.find(type(given)(now=given.now))) == []


def test_copies_of_a_mirror_of_many_ports_are_no_circle():
    """They come all at once, and no more after them."""
    many = [
        copies(make, 22, 0.000_001, begin)
        for begin in (0.0, 3.0)
        for make in (w.discover, lambda at: w.arp_asks(at, w.RACK_IP, w.NODE_IP))
    ]
    assert found(forwarding_loop, w.case(many)) == []
