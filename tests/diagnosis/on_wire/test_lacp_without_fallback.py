import pytest

from bellrock.diagnosis.on_wire import lacp_without_fallback as rule
from bellrock.wire.lacp import ACTIVITY, AGGREGATION, COLLECTING, DISTRIBUTING, SLOW_MAC, Lacpdu, Party
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

SWITCH, SWITCH2 = "00:1b:21:0a:0b:0c", "00:1b:21:0a:0b:0d"
WAITS, PASSES = ACTIVITY | AGGREGATION, ACTIVITY | AGGREGATION | COLLECTING | DISTRIBUTING
NOBODY = "00:00:00:00:00:00"


def pdu(at, state=WAITS, system=SWITCH, partner=NOBODY, **more):
    actor = Party(system=system, system_priority=1, key=15, port=3, port_priority=255, state=state)
    other = Party(system=partner, system_priority=0, key=0, port=0, port_priority=0, state=0)
    return w.packet(Lacpdu(actor, other), at, macs=(more.pop("mac", system), SLOW_MAC), **more)


ASKS = [w.discover(at) for at in (1.0, 5.0, 13.0)]
PDUS = [pdu(at) for at in (0, 1, 2, 3)]


def test_the_switch_waits_for_a_bundle_and_the_machine_makes_none():
    [one] = found(rule, w.case(PDUS, ASKS, until=31.0))
    assert (
        one.what == f"{w.NODE} is not let through: its switch port waits for a bundle (LACP) that firmware cannot make"
    )
    assert (one.severity.value, one.confidence.value, one.client, one.interface) == (
        "error",
        "certain",
        w.NODE,
        "eth0",
    )
    assert one.proof == (
        f"System {SWITCH}, port 3, key 15, says that it aggregates and neither collects nor distributes; it heard no partner (packet 5).",
        f"{w.NODE} asked for an address 3 times from 1.000 s on (packet 3), sent no LACPDU, and got nothing but the switch's own frames for "
        "30.0 s, until the end of the capture.",
    )


def test_where_something_came_in_the_end_it_is_likely():
    [one] = found(rule, w.case([pdu(at, partner=w.RACK) for at in range(5)], w.discover(1.0), w.offer(20.0)))
    assert one.confidence.value == "likely"
    assert f"its partner was {w.RACK}" in one.proof[0]
    assert one.proof[1].endswith("for 19.0 s, until packet 7.")


def test_once_for_each_machine():
    assert len(found(rule, w.case(PDUS, w.discover(1.0), w.offer(20.0), w.discover(30.0, xid=9)))) == 1


@pytest.mark.parametrize(
    "things",
    [
        ASKS,
        ([pdu(at, PASSES) for at in range(4)], ASKS),
        ([pdu(at, ACTIVITY) for at in range(4)], ASKS),
        (PDUS, w.leased(1.0)),
        (PDUS, [pdu(at, system=w.NODE) for at in range(4)], ASKS),
        (PDUS, [pdu(at, system=SWITCH2) for at in range(4)], ASKS),
        ([pdu(at, point="rack-2/eth0") for at in range(4)], ASKS),
    ],
    ids=[
        "no LACP", "it falls back", "not aggregating", "answered at once", "the machine bundles as well", "between two switches",
        "another port's LACP",
    ],
)  # fmt: skip
def test_let_through(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
