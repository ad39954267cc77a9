"""A neighbour is told once, kept as long as it asked, and taken back when it leaves."""

import pytest

from bellrock.agent import neighbours as module
from bellrock.agent.neighbours import Neighbours
from bellrock.beacon import EvidenceFound, EvidenceLost, Now
from bellrock.model import EvidenceKey, EvidenceKind, Monotonic, Neighbour, Port, Wall

PORT = Port("H", "eth0")
SWITCH = Neighbour(protocol="lldp", chassis_id="52:54:00:00:00:01", port_id="ge-0/0/1", system_name="sw1", ttl=120)
KEY = EvidenceKey(EvidenceKind.LLDP, PORT, None, "52:54:00:00:00:01 ge-0/0/1")


def at(seconds: float) -> Now:
    return Now(Monotonic(seconds), Wall(1000 + seconds))


@pytest.fixture
def table() -> Neighbours:
    return Neighbours()


def test_a_neighbour_is_told_once_until_it_changes(table):
    (found,) = table.hear(PORT, "aa", SWITCH, at(0))
    assert isinstance(found, EvidenceFound)
    assert (found.evidence.peer_name, found.evidence.since) == ("sw1", 1000)
    assert table.hear(PORT, "aa", SWITCH, at(30)) == []
    moved = Neighbour(protocol="lldp", chassis_id=SWITCH.chassis_id, port_id=SWITCH.port_id, pvid=20)
    (changed,) = table.hear(PORT, "aa", moved, at(60))
    assert (changed.evidence.since, changed.evidence.seen) == (1000, 1060)


def test_it_is_forgotten_when_its_time_to_live_passes(table):
    assert table.next_deadline() is None
    table.hear(PORT, "aa", SWITCH, at(0))
    table.hear(PORT, "aa", SWITCH, at(30))
    assert table.next_deadline() == 150
    assert table.expire(at(149)) == []
    (lost,) = table.expire(at(150))
    assert (lost.key, lost.since) == (KEY, 1150)
    assert table.next_deadline() is None


def test_it_takes_itself_back(table):
    goodbye = Neighbour(protocol="lldp", chassis_id=SWITCH.chassis_id, port_id=SWITCH.port_id, ttl=0)
    assert table.hear(PORT, "aa", goodbye, at(0)) == []
    table.hear(PORT, "aa", SWITCH, at(0))
    (lost,) = table.hear(PORT, "aa", goodbye, at(1))
    assert isinstance(lost, EvidenceLost)
    assert lost.key == KEY


def test_a_port_that_goes_down_takes_its_own_along(table):
    table.hear(PORT, "aa", SWITCH, at(0))
    table.hear(Port("H", "eth1"), "aa", SWITCH, at(0))
    assert [lost.key for lost in table.drop_interface("eth0", at(1))] == [KEY]
    assert table.drop_interface("eth0", at(2)) == []


def test_ever_new_neighbours_are_bounded(table, monkeypatch):
    monkeypatch.setattr(module, "MAX_NEIGHBOURS", 3)
    found = [
        event
        for number in range(5)
        for event in table.hear(PORT, "aa", Neighbour(protocol="cdp", chassis_id=str(number), port_id="1"), at(0))
    ]
    assert len(found) == 3
