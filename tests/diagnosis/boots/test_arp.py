"""Step `arp`."""

from msgspec.structs import replace

from bellrock.diagnosis.boots.arp import MAX_TARGETS, steps
from bellrock.diagnosis.packets import Advertisement, Solicitation
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import (
    ANY,
    NODE,
    NODE_IP,
    NODE_LL,
    RACK,
    RACK_IP,
    RACK_LL,
    ROUTER_IP,
    STRANGER,
    arp_answers,
    arp_asks,
    asked,
    discover,
    leased,
    ns,
    packet,
)  # fmt: skip
from tests.diagnosis.wires import Arp as ArpSaid


def told(*things):
    return [(one.step, one.outcome, one.what) for one in steps(part(discover(0), *things))]


def probe(at, target=NODE_IP):
    return packet(ArpSaid(1, NODE, ANY, "00:00:00:00:00:00", target), at, macs=(NODE, "ff:ff:ff:ff:ff:ff"))


def test_a_neighbour_that_answers():
    assert told(arp_asks(1), arp_answers(1.01)) == [("arp", "worked", f"{RACK_IP} is at {RACK}")]
    assert told(arp_asks(1), arp_asks(2), arp_answers(2.01)) == [("arp", "slow", f"{RACK_IP} is at {RACK} at try 2")]


def test_a_neighbour_that_was_asked_again_later_answered_the_first_time():
    assert told(arp_asks(1), arp_answers(1.01), arp_asks(30))[0][1] == "worked"


def test_silence():
    three = arp_asks(1), arp_asks(2), arp_asks(3)
    assert told(*three) == [("arp", "unanswered", f"asked for {RACK_IP} 3 times, no answer")]
    assert told(*three[:2]) == [("arp", "not-seen", f"asked for {RACK_IP} 2 times, no answer was to be seen here")]
    # Who goes on was answered where nobody looked.
    assert told(*three, asked("x", 4))[0][1] == "not-seen"
    assert told(arp_asks(1), arp_answers(1.01, ROUTER_IP), arp_answers(1.02, "10.0.0.77"))[0][1] == "unanswered"


def test_each_program_asks_for_itself():
    one = replace(
        part(discover(0), *(arp_asks(at) for at in (1, 20, 40))),
        stages=((ns(0), "firmware"), (ns(10), "ipxe"), (ns(30), "installer")),
    )
    assert [(step.stage, step.outcome) for step in steps(one)] == [
        ("firmware", "not-seen"),
        ("ipxe", "not-seen"),
        ("installer", "not-seen"),
    ]
    one = replace(
        part(discover(0), *(arp_asks(at) for at in (1, 2, 3))), stages=((ns(0), "firmware"), (ns(10), "ipxe"))
    )
    assert [(step.stage, step.outcome) for step in steps(one)] == [("firmware", "not-seen")]


def test_one_question_at_two_points_is_asked_once():
    assert told(arp_asks(1, point="a"), arp_asks(1.001, point="b"))[0][1] == "not-seen"


def test_probes_and_announcements_ask_for_nobody():
    assert told(probe(1), probe(2)) == [("arp", "worked", f"nobody else says that {NODE_IP} is his")]
    other = packet(ArpSaid(2, STRANGER, NODE_IP, NODE, ANY), 2.01, macs=(STRANGER, NODE))
    assert told(probe(1), probe(2), other) == [("arp", "failed", f"{STRANGER} has {NODE_IP} already")]
    assert told(arp_asks(1, NODE_IP, NODE_IP)) == []


def test_questions_of_others_are_no_step():
    assert told(arp_asks(1, RACK_IP, NODE_IP), arp_answers(1.01, NODE_IP, RACK_IP)) == []


def test_neighbour_discovery_is_the_same():
    asks = packet(Solicitation(RACK_LL), 1, NODE_LL, "ff02::1:ff00:2", macs=(NODE, "33:33:ff:00:00:02"))
    answers = packet(Advertisement(RACK_LL, RACK), 1.01, RACK_LL, NODE_LL, macs=(RACK, NODE))
    alone = packet(Solicitation(NODE_LL), 0.5, "::", "ff02::1:ff00:57", macs=(NODE, "33:33:ff:00:00:57"))
    his = packet(Solicitation(NODE_LL), 0.6, RACK_LL, NODE_LL, macs=(RACK, NODE))
    own = packet(Advertisement(NODE_LL, NODE), 0.7, NODE_LL, RACK_LL, macs=(NODE, RACK))
    assert told(alone, his, own, asks, answers) == [
        ("arp", "worked", f"nobody else says that {NODE_LL} is his"), ("arp", "worked", f"{RACK_LL} is at {RACK}"),
    ]  # fmt: skip


def test_a_sweep_is_not_told_whole():
    assert len(told(leased(0.1), *(arp_asks(1 + at, target=f"10.0.0.{at}") for at in range(100, 130)))) == MAX_TARGETS
