import pytest

from bellrock.diagnosis.on_wire import mtu_black_hole as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

FAR = "10.30.0.4"


def stuck(at=1.0, until=30.0, port=40080, **more):
    """The server's large segments are never acknowledged."""
    told = {
        "flow": "apt", "stuck_octets": 1500, "replies_repeated": 6, "largest": 300, "largest_reply": 1500, "ended": "open",
        "dont_fragment": True,
    }  # fmt: skip
    return w.conversation(at=at, until=until, destination=FAR, ports=(port, 80), **(told | more))


def alive(at=30.5, source=w.NODE_IP):
    return w.asked("a.example", at, source)


def test_large_segments_of_the_server_vanish():
    given = w.case(w.leased(), stuck(), stuck(2.0, port=40081), alive())
    assert whats(rule, given) == [
        ("error", "likely", "Packets of 1500 octets from 10.30.0.4 to 10.0.0.57 vanish, and smaller ones arrive")
    ]
    [one] = found(rule, given)
    assert (one.client, one.address, one.flow) == (w.NODE, "10.30.0.4:80", "apt")
    assert one.proof == (
        "A segment of 1500 octets was sent 6 times anew until 30.000 s and never acknowledged (packets 1 to 20); the handshake, in small "
        "packets, passed.",
        "10.0.0.57 was heard after that, so it is there.",
    )


def test_large_segments_of_the_client_vanish():
    given = w.case(
        stuck(repeated=5, replies_repeated=0, largest=1400, largest_reply=60, stuck_octets=1400),
        w.conversation(at=29.8, destination=FAR, ports=(4, 5)),
    )
    [one] = found(rule, given)
    assert one.what == "Packets of 1400 octets from 10.0.0.57 to 10.30.0.4 vanish, and smaller ones arrive"


def test_a_router_says_so_and_the_sender_does_not_heed_it():
    said = w.complaint(
        "fragmentation needed",
        (FAR, 80, w.NODE_IP, 40080),
        1.2,
        w.ROUTER_IP,
        FAR,
        protocol=6,
        mtu=1400,
        point="router-1/eth2",
    )
    [one] = found(rule, w.case(stuck(), said))
    assert one.confidence.value == "certain"
    assert (
        one.cause
        == "10.0.0.1 says that they are too big (1400 octets at most), and 10.30.0.4 does not heed it: ICMP is dropped before it gets there."
    )
    assert one.proof[1] == "10.0.0.1 complained in packet 1 at router-1/eth2, 1.200 s: at most 1400 octets."
    bare = w.complaint("packet too big", (FAR, 80, w.NODE_IP, 40080), 1.2, protocol=6, point="eth2")
    [one] = found(rule, w.case(stuck(), bare))
    assert one.proof[1] == "10.0.0.1 complained in packet 1, 1.200 s."


def test_two_points_show_between_which_the_small_link_is():
    near = stuck(point="node-7/eth0", stuck_octets=0, largest_reply=60, replies_repeated=0)
    [one] = found(rule, w.case(stuck(point="mirror-1/eth0"), near))
    assert one.confidence.value == "certain"
    assert one.cause == "A link between mirror-1/eth0 and node-7/eth0 passes smaller packets only, and nobody says so."
    assert one.proof[1] == "At node-7/eth0 the largest packet of it has 60 octets."


def test_what_passed_before_was_smaller_or_a_router_says_that_it_no_longer_passes():
    assert len(found(rule, w.case(stuck(passed_octets=1400), alive()))) == 1
    said = w.complaint("packet too big", (FAR, 80, w.NODE_IP, 40080), 1.2, protocol=6, point="eth2")
    assert len(found(rule, w.case(stuck(passed_octets=1500), said))) == 1


@pytest.mark.parametrize(
    "things",
    [
        (), (w.conversation(), alive()), stuck(), (stuck(), alive(10.0)), (stuck(stuck_octets=0), alive()), (stuck(stuck_octets=200), alive()),
        (stuck(replies_repeated=2), alive()), (stuck(answered=None), alive()), (stuck(), alive(30.5, FAR)),
        (stuck(), w.complaint("port unreachable", (FAR, 80, w.NODE_IP, 40080), protocol=6)),
        (stuck(), w.complaint("fragmentation needed", ("10.9.9.9", 80, w.NODE_IP, 40080), protocol=6)),
        (stuck(point="a"), stuck(point="b")),
        (stuck(passed_octets=1500), alive()),
        (w.conversation("udp", stuck_octets=1500, repeated=9), alive()),
    ],
    ids=[
        "nothing", "it works", "the receiver may be off", "it was heard before only", "path MTU discovery did its work", "small segments",
        "lost twice", "never connected", "only the sender is heard", "another complaint", "about somebody else's packets", "large at both points",
        "packets as large were acknowledged before", "UDP",
    ],
)  # fmt: skip
def test_no_black_hole(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
