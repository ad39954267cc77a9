import pytest

from bellrock.diagnosis.on_wire import asymmetric_route as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

FAR, NEARER, VIRTUAL = "10.20.0.2", "00:16:3e:00:00:22", "00:00:5e:00:01:01"


def handshake(*again, back=NEARER, there=w.ROUTER, seq=7, point=w.POINT, port=40080, destination=FAR):
    """A SYN by the router; answers from elsewhere, at these times."""
    ends = {"ports": (port, 80), "point": point}
    return (
        w.segment("S", 1.0, w.NODE_IP, destination, macs=(w.NODE, there), **ends),
        [
            w.segment(
                "SA", at, destination, w.NODE_IP, ports=(80, port), macs=(back, w.NODE), seq=seq, ack=2, point=point
            )
            for at in again
        ],
    )


def test_answers_by_another_machine_that_are_sent_again():
    given = w.case(w.leased(), handshake(1.01, 2.01, 4.01), handshake(1.01, 2.01, port=40081))
    assert whats(rule, given) == [
        (
            "error",
            "likely",
            f"Answers from 10.20.0.2:80 to {w.NODE} come another way than questions go, and no connection comes about",
        )
    ]
    [one] = found(rule, given)
    assert one.proof == (
        f"The SYN of packet 5 went to {w.ROUTER}; the answer of packet 7 came from {NEARER}.",
        "The answer was sent 3 times, until 4.010 s: what the client sent next did not arrive.",
    )


def test_a_router_that_sees_only_half():
    seen = w.conversation(destination=FAR, ports=(40080, 80), ended="open", replies=2)
    half = w.conversation(
        destination=FAR, ports=(40080, 80), replies=0, last_reply=None, answered=None, packets=4, point="router-1/eth1", ended="open"
    )  # fmt: skip
    given = w.case(handshake(1.01, 2.01, back=w.ROUTER), seen, half)
    [one] = found(rule, given)
    assert (one.confidence.value, one.proof[0]) == (
        "certain",
        "router-1/eth1 saw the client's segments and none of the answers.",
    )


@pytest.mark.parametrize(
    "things",
    [
        (), handshake(1.01), handshake(1.01, 2.01, back=w.ROUTER), handshake(1.01, 2.01, there=VIRTUAL), handshake(1.01, 2.01, back=VIRTUAL),
        (handshake(1.01, seq=7), handshake(2.01, seq=8)), handshake(1.01, 2.01)[1], handshake(1.01, 2.01, back=""),
        (handshake(1.01, 2.01, back=w.ROUTER), w.conversation(destination=FAR, ports=(40080, 80))),
        (handshake(1.01, 2.01, back=w.ROUTER), w.conversation(destination=FAR, ports=(40080, 80), answered=None, replies=0)),
    ],
    ids=[
        "nothing", "it works, by two ways", "one way", "routers that stand in for each other", "the same, back", "two connections", "no SYN seen",
        "no MAC addresses", "one point", "unanswered",
    ],
)  # fmt: skip
def test_symmetric_or_working(things):
    assert whats(rule, w.case(things)) == []


def test_other_segments_do_not_count():
    given = w.case(handshake(1.01), w.segment("F", 3.0), w.segment("R", 3.1))
    assert whats(rule, given) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []


def test_both_sides_of_one_router_in_one_capture():
    """A router on a stick: each packet is there twice, by other MAC addresses and in another VLAN."""
    server = "00:16:3e:00:00:99"
    ends = {"ports": (80, 40080), "seq": 7, "ack": 2}
    given = w.case(
        w.segment("S", 1.0, w.NODE_IP, FAR, macs=(w.NODE, w.ROUTER), vids=(10,)),
        w.segment("S", 1.00001, w.NODE_IP, FAR, macs=(w.ROUTER, server), vids=(20,)),
        w.segment("SA", 1.001, FAR, w.NODE_IP, macs=(server, w.ROUTER), vids=(20,), **ends),
        w.segment("SA", 1.00101, FAR, w.NODE_IP, macs=(w.ROUTER, w.NODE), vids=(10,), **ends),
        w.conversation(destination=FAR, ports=(40080, 80), packets=2, replies=2, ended="open"),
    )
    assert found(rule, given) == []


def test_a_server_that_waits_for_data_before_it_takes_the_connection():
    """TCP_DEFER_ACCEPT, or one lost acknowledgement: the answer is sent again, and all goes well."""
    for more in ({"ended": "closed"}, {"ended": "open", "replies": 9}):
        seen = w.conversation(destination=FAR, ports=(40080, 80), **more)
        assert found(rule, w.case(handshake(1.001, 2.001), seen)) == []
