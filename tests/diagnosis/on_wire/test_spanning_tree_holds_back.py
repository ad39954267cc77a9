import pytest

from bellrock.diagnosis.on_wire import spanning_tree_holds_back as rule
from bellrock.wire.stp import BRIDGE_MAC, Bpdu
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

SWITCH = "00:1b:21:0a:0b:0c"


def bpdu(at, forwarding, delay=15.0, **more):
    said = Bpdu(
        version=0 if forwarding is None else 2, root=f"8000.{SWITCH}", bridge=f"8000.{SWITCH}", port=0x8003, message_age=0.0,
        max_age=20.0, hello=2.0, forward_delay=delay, forwarding=forwarding,
    )  # fmt: skip
    return w.packet(said, at, macs=(SWITCH, BRIDGE_MAC), octets=60, **more)


def bpdus(*states, every=2.0):
    return [bpdu(number * every, state) for number, state in enumerate(states)]


ASKS = [w.discover(at) for at in (0.5, 4.5, 12.5)]


def test_the_switch_says_that_its_port_does_not_forward():
    given = w.case(bpdus(False, False, False, False), ASKS, until=28.0)
    [one] = found(rule, given)
    assert one.what == f"{w.NODE} asked for an address for 27.5 s while its switch port let nothing through"
    assert (one.severity.value, one.confidence.value, one.client, one.interface) == (
        "error",
        "certain",
        w.NODE,
        "eth0",
    )
    assert one.cause.endswith("Firmware gives up first.")
    assert one.proof == (
        "It asked 3 times from 0.500 s on (packet 2); nothing but the switch's own frames came until the end of the capture, 27.5 s later.",
        f"Bridge 8000.{SWITCH}, port 3, says that its port does not forward (packet 1); its forward delay is 15 s.",
    )


def test_classic_bpdus_do_not_tell_and_a_late_server_looks_the_same():
    given = w.case(bpdus(*[None] * 15), w.discover(0.5), w.offer(29.0))
    assert whats(rule, given) == [
        (
            "warning",
            "possible",
            f"{w.NODE} asked for an address for 28.5 s, for as long as the spanning tree may hold a port back",
        )
    ]
    [one] = found(rule, given)
    assert one.proof[0].startswith("It asked once")
    assert "until packet 17, 28.5 s after the first question" in one.proof[0]
    assert "the DHCP server answers late by design" in one.cause
    assert "does not tell whether its port forwards" in one.proof[1]


def test_it_is_told_once_for_each_machine():
    again = [bpdu(40 + at, False) for at in range(8)], w.discover(41.0), w.offer(50.0)
    assert len(found(rule, w.case(bpdus(False, False, False, False), w.discover(0.5), w.offer(9.0), again))) == 1


def test_a_reset_of_the_link_later_is_told_although_the_first_dhcp_worked():
    first = (bpdu(0.0, True), w.leased(0.5))
    [one] = found(
        rule,
        w.case(
            first, [bpdu(20.0 + at, False) for at in (0, 2, 4, 6)], w.discover(20.5), w.discover(24.5), w.offer(27.0)
        ),
    )
    assert one.proof[0].startswith("It asked 2 times from 20.500 s on")


@pytest.mark.parametrize(
    "things",
    [
        (bpdus(*[True] * 10), ASKS),
        ASKS,
        (bpdus(False, False, False), w.leased(0.5)),
        (bpdus(False, True, True, True), ASKS),
        (bpdus(*[None] * 15), ASKS),
        (bpdus(*[None] * 15), w.discover(0.5), w.offer(8.0)),
        (bpdus(*[None] * 30), w.discover(0.5), w.offer(59.0)),
        (w.arp_asks(0.1, w.RACK_IP), bpdus(*[None] * 15), w.discover(0.5), w.offer(29.0)),
        ([bpdu(at, False, point="rack-2/eth0") for at in range(20)], ASKS),
        (bpdu(0.0, False), w.discover(30.0), w.discover(34.0), w.discover(42.0)),
        (bpdus(False, False, False, False), [w.discover(at, macs=(w.ROUTER, w.RACK), giaddr=w.ROUTER_IP) for at in (1, 5, 9)]),
    ],
    ids=[
        "it forwards", "no BPDU", "answered at once", "held back for a moment: the server is silent, not the port", "silent until the end",
        "classic, and too soon for a tree", "classic, and too late for a tree", "classic, and others were heard: it passes frames",
        "another port's BPDUs", "a BPDU of long before", "relayed: the machine is not at this port",
    ],
)  # fmt: skip
def test_not_held_back(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
