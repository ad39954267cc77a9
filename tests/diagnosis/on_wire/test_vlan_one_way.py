import pytest

from bellrock.diagnosis.on_wire import vlan_one_way as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

HERE, THERE = "node-7/eth0", "rack-1/eth0"


def asks(at, vids=(20,), answered=True, back=False, asker=w.NODE_IP):
    """A question of the node in a VLAN, as both points see it, and its answer."""
    return (
        w.arp_asks(at, asker, point=HERE, vids=vids), w.arp_asks(at + 0.001, asker, point=THERE),
        w.arp_answers(at + 0.002, target=asker, point=THERE) if answered else None,
        w.arp_answers(at + 0.003, target=asker, point=HERE, vids=vids) if back else None,
    )  # fmt: skip


def own(at=9.0):
    """Ordinary traffic of the node in another VLAN, by which its interface is known."""
    return w.arp_answers(at, point=HERE, vids=(10,)), w.segment("S", at + 0.1, point=HERE, vids=(10,))


def test_questions_go_out_and_nothing_comes_back():
    [one] = found(rule, w.case(asks(1.0), asks(2.0), own()))
    assert one.what == "node-7/eth0: VLAN 20 passes out and not back in"
    assert (one.host, one.interface, one.vid, one.confidence.value) == ("node-7", "eth0", 20, "certain")
    assert one.proof == (
        "2 ARP questions left node-7/eth0 (the first: packet 1); rack-1/eth0 saw them and the answers (packet 3).",
        f"Nothing for {w.NODE} came to node-7/eth0 in VLAN 20, while frames of other VLANs did.",
    )
    assert one.recheck == "bellrock vlan scan eth0"


def test_untagged_frames_that_do_not_come_back():
    sent = w.segment("S", 5.0, point=HERE)
    [one] = found(rule, w.case(asks(1.0, ()), asks(2.0, ()), sent))
    assert one.what == "node-7/eth0: the untagged VLAN passes out and not back in"
    assert (one.vid, one.confidence.value) == (None, "likely")


@pytest.mark.parametrize(
    ("things", "more"),
    [
        ((asks(1.0, back=True), asks(2.0, back=True), own()), {}),
        ((asks(1.0), asks(2.0, back=True), own()), {}),
        ((asks(1.0), own()), {}),
        ((asks(1.0, answered=False), asks(2.0, answered=False), own()), {}),
        ((asks(1.0), asks(2.0)), {}),
        ((asks(1.0), asks(2.0), own(), w.segment("S", 9.5, w.NODE2_IP, w.RACK_IP, point=HERE)), {}),
        ((asks(1.0), asks(2.0), own()), {"points": (w.point(HERE, dropped=7), w.point(THERE))}),
        ([asks(at)[0] for at in (1.0, 2.0)], {}),
        ((w.arp_asks(1.0, point=HERE), w.arp_asks(2.0, point=HERE), w.arp_answers(9.0, point=THERE), own()), {}),
    ],
    ids=[
        "both ways", "one answer came back", "one question only", "nobody answers", "the point may be anybody's", "a mirror port",
        "the point lost packets", "one point", "an answer to something else",
    ],
)  # fmt: skip
def test_both_ways_or_unknown(things, more):
    assert whats(rule, w.case(things, **more)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []


def test_two_cards_of_one_machine_that_share_the_work():
    """A bond sends by one card and is answered by the other."""
    asked = [w.arp_asks(at, w.NODE_IP, point="node-7/eth0", vids=()) for at in (1.0, 2.0)]
    came = [
        (
            w.arp_asks(at + 0.001, w.NODE_IP, point="node-7/eth1"),
            w.arp_answers(at + 0.002, target=w.NODE_IP, point="node-7/eth1"),
        )
        for at in (1.0, 2.0)
    ]
    assert found(rule, w.case(asked, came, w.segment("S", 5.0, point="node-7/eth0"))) == []
