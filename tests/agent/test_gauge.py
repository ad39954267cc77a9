"""Measuring from here: two engines over one simulated wire, and what is left when time runs out."""

import asyncio

import pytest

from bellrock.agent import gauge as module
from bellrock.agent.gauge import gauge
from bellrock.agent.settings import Settings
from bellrock.beacon import BY_HAND, EvidenceFound, Identity, MtuMeasured, MtuSearched, Settled
from bellrock.model import Evidence, EvidenceKind, MtuLimit, MtuSeen, Neighbour, Port, Wall
from bellrock.wire.keys import Key, Keyring

ETH0, ETH1, PEER = Port("us", "eth0"), Port("us", "eth1"), Port("them", "eth0")
SWITCH = Evidence(kind=EvidenceKind.LLDP, port=ETH0, neighbour=Neighbour(protocol="lldp", chassis_id="c", port_id="7"))
SEEN = MtuSeen(ETH0, PEER, 1500, MtuLimit.LINK, 9000)
HEARD = Evidence(kind=EvidenceKind.HEARD, port=ETH0, peer=PEER, peer_name="rack-1")
KEYRING = Keyring([Key(b"k" * 32)])


class Senses:
    identity = Identity("us", "here", BY_HAND, "boot")
    network = None

    def __init__(self, make):
        self.monitor = self
        self._interfaces = {2: make("eth0", mtu=9000)}

    def snapshot(self):
        return self._interfaces


@pytest.fixture
def look(monkeypatch, make):
    """Gauge with a scout whose engine says what it is told to, when it is told to measure."""

    class FakeScout:
        def __init__(self, settings, keyring, senses):
            self.listeners, self.engine, self.running = [], self, False
            FakeScout.last = self

        def start(self):
            self.running = True

        def stop(self):
            self.running = False

        def kick(self):
            for event in FakeScout.events:
                for listener in self.listeners:
                    listener(event)

        def measure(self, port, now, *, interface):
            FakeScout.asked = interface
            return FakeScout.ports

    monkeypatch.setattr(module, "Scout", FakeScout)

    def run(ports, events, interface=""):
        FakeScout.ports, FakeScout.events = ports, events
        settings = Settings(state_dir="/nonexistent")
        found = asyncio.run(gauge(settings, KEYRING, Senses(make), interface=interface, listen=0.0, within=0.05))
        assert FakeScout.asked == interface
        assert not FakeScout.last.running
        return found

    return run


def test_what_was_measured_and_who_was_heard(look):
    events = [EvidenceFound(HEARD), EvidenceFound(SWITCH), MtuMeasured(SEEN), MtuSearched(ETH0), Settled(ETH0)]
    found = look((ETH0,), events, "eth0")
    assert (found.seen, found.names, found.switches, found.finished) == ((SEEN,), {"them": "rack-1"}, (SWITCH,), True)
    assert [interface.name for interface in found.interfaces] == ["eth0"]


def test_a_port_that_does_not_come_to_an_end_is_told(look):
    found = look((ETH0, ETH1), [MtuMeasured(SEEN), MtuSearched(ETH0)])
    assert (found.seen, found.finished) == ((SEEN,), False)


def test_no_port_is_no_measurement(look):
    found = look((), [])
    assert (found.ports, found.seen, found.finished) == ((), (), True)


def test_the_latest_measurement_of_a_pair_counts(look):
    later = MtuSeen(ETH0, PEER, 9000, MtuLimit.INTERFACE, 9000, seen=Wall(2.0))
    assert look((ETH0,), [MtuMeasured(SEEN), MtuMeasured(later), MtuSearched(ETH0)]).seen == (later,)
