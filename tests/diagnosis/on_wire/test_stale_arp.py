import pytest

from bellrock.diagnosis.on_wire import stale_arp
from bellrock.diagnosis.packets import Arp, Echo
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

OLD = "00:16:3e:00:00:50"
FAR = "192.0.2.7"
VIRTUAL = "00:00:5e:00:01:01"


def announce(at=0.0, mac=w.NODE):
    return w.packet(Arp(1, mac, w.NODE_IP, "00:00:00:00:00:00", w.NODE_IP), at, macs=(mac, w.EVERYBODY))


def astray(*times, to=OLD, **more):
    """The router passes on answers for the node, to another MAC address than it has."""
    return [w.segment("SA", at, FAR, w.NODE_IP, ports=(80, 40080), macs=(w.ROUTER, to), **more) for at in times]


def test_the_router_sends_to_whom_had_it_before():
    given = w.case(w.leased(), astray(2.0, 3.0, 5.0))
    [one] = found(stale_arp, given)
    assert one.what == (f"{w.ROUTER} sends what is meant for 10.0.0.57 to {OLD}, and the address belongs to {w.NODE}")
    assert (one.severity.value, one.confidence.value, one.client, one.address) == (
        "error",
        "certain",
        w.NODE,
        "",
    )
    assert one.proof == (
        f"At 0.030 s DHCP gave it to {w.NODE} (packet 4).",
        f"From 2.000 s on, 3 packets for 10.0.0.57 went to {OLD}; the first is packet 5.",
        f"{OLD} sent nothing since, and nothing for 10.0.0.57 went to {w.NODE}.",
    )


def test_announced_by_arp_it_is_likely():
    assert [row[1] for row in whats(stale_arp, w.case(announce(), astray(2.0, 3.0, 5.0)))] == ["likely"]


def mended(at):
    return w.packet(Echo(True, 1, 1), at, FAR, w.NODE_IP, macs=(w.ROUTER, w.NODE))


@pytest.mark.parametrize(
    "things",
    [
        (w.leased(), astray(2.0, 3.0, 5.0, to=w.NODE)),
        (w.leased(), astray(0.5, 0.6, 0.7)),
        (w.leased(), astray(2.0, 3.0)),
        (w.leased(), astray(2.0, 3.0, 5.0), w.arp_answers(4.0, w.NODE_IP, w.ROUTER_IP, mac=OLD, macs=(OLD, w.ROUTER))),
        (w.leased(), astray(2.0, 3.0, 5.0), mended(6.0)),
        (w.leased(), astray(2.0, 3.0, 5.0, to=VIRTUAL)),
        (w.leased(), astray(2.0, 3.0, 5.0, to="33:33:00:00:00:01")),
        (w.leased(macs=(w.RACK, w.ROUTER)), astray(2.0, 3.0, 5.0)),
        (w.leased(), [w.segment("S", at, w.NODE_IP, w.NODE_IP, macs=(w.NODE, OLD)) for at in (2, 3, 4)]),
        (w.leased(vids=(10,)), astray(2.0, 3.0, 5.0, vids=(20,))),
        (announce(0.0, VIRTUAL), astray(2.0, 3.0, 5.0)),
        (announce(0.0, OLD), astray(2.0, 3.0, 5.0), announce(6.0)),
        astray(2.0, 3.0, 5.0),
        (w.leased(), announce(1.0), announce(1.5), astray(2.0, 3.0)),
        (w.arp_answers(0.0, w.NODE_IP, w.ROUTER_IP, mac=OLD), w.arp_answers(1.0, w.NODE_IP, w.RACK_IP), astray(3.0, 6.0, 9.0)),
        (announce(), astray(2.0, 3.0, 5.0), w.conversation(at=1.9, source=FAR, destination=w.NODE_IP, last_reply=8.0)),
    ],
    ids=[
        "sent to its owner", "on their way when it moved", "two packets", "the other one is alive", "the entry was mended", "a virtual router",
        "a group", "a lease seen beyond the relay: frames there go to the router", "its own frames", "another VLAN", "a virtual owner",
        "sent while it was true", "no owner known",
        "an owner that says so again", "a bond that tells each asker another address", "what is sent is answered",
    ],
)  # fmt: skip
def test_not_stale(things):
    assert whats(stale_arp, w.case(things)) == []


def test_a_second_wrong_address_does_not_count_for_the_first():
    mixed = (*astray(2.0, 3.0), *astray(4.0, to="00:16:3e:00:00:51"))
    assert whats(stale_arp, w.case(w.leased(), mixed)) == []


def test_without_a_wire():
    given = w.case()
    assert list(stale_arp.find(type(given)(now=given.now))) == []
