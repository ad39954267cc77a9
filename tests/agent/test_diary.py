"""What an operator reads: who came and went, who was refused; bounded."""

import logging

import pytest

from bellrock.agent import diary as module
from bellrock.agent.diary import Diary
from bellrock.beacon import EvidenceFound, EvidenceLost, Refused, Settled
from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Port, Wall

HERE, THERE = Port("us", "eth0", 10), Port("01ABC", "eth1")


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    diary = Diary()

    def note(*events):
        for event in events:
            diary.note(event)
        return [f"{record.levelname} {record.message}" for record in caplog.records]

    return note


def found(kind, peer=THERE, name="rack-2"):
    return EvidenceFound(Evidence(kind=kind, port=HERE, peer=peer, peer_name=name))


def lost(peer=THERE):
    return EvidenceLost(EvidenceKey(EvidenceKind.CONFIRMED, HERE, peer), "silent", Wall(0.0))


def refused(mac, count=1, reason="wrong-secret"):
    return Refused(HERE, mac, reason, "no key of ours made its signature", count, None, Wall(0.0))


def test_peers_come_and_go_by_name(lines):
    assert lines(found(EvidenceKind.CONFIRMED), lost()) == [
        "INFO rack-2/eth1 confirms that it shares a segment with eth0.10",
        "INFO rack-2/eth1 is no longer on the segment of eth0.10: silent",
    ]


def test_a_peer_without_name_goes_by_its_id(lines):
    assert lines(lost()) == ["INFO 01ABC/eth1 is no longer on the segment of eth0.10: silent"]


def test_a_loop_is_a_warning(lines):
    assert lines(found(EvidenceKind.LOOP, HERE)) == ["WARNING interface=eth0: hears its own beacons, there is a loop"]


def test_weaker_evidence_and_settling_are_nothing_to_tell(lines):
    gone = EvidenceLost(EvidenceKey(EvidenceKind.HEARD, HERE, THERE), "silent", Wall(0.0))
    assert lines(found(EvidenceKind.HEARD), gone, Settled(HERE)) == []


def test_a_refusal_is_told_once_per_source_and_reason(lines):
    assert lines(refused("aa"), refused("aa", count=9)) == [
        "WARNING eth0.10: a beacon of aa was refused (wrong-secret): no key of ours made its signature"
    ]


def test_ever_new_sources_are_bounded(lines, monkeypatch):
    monkeypatch.setattr(module, "MAX_REFUSALS", 2)
    monkeypatch.setattr(module, "MAX_NAMES", 0)
    told = lines(*(refused(str(number)) for number in range(9)), found(EvidenceKind.CONFIRMED))
    assert told[2:] == [
        "WARNING beacons of ever more sources are refused; from now on they are only counted",
        "INFO 01ABC/eth1 confirms that it shares a segment with eth0.10",
    ]
