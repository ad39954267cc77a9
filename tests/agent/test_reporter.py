"""Only changes are told; a boot begins and completes its account once; a stuck spool loses nothing that holds."""

import pytest

from bellrock.agent import reporter as reporter_module
from bellrock.agent.reporter import Reporter, with_state
from bellrock.agent.spool import Spool
from bellrock.beacon import EvidenceFound, EvidenceLost, MtuMeasured, MtuSearched, MtuUnanswered, Refused, Settled
from bellrock.contract import MAX_OBSERVATIONS
from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    HostSeen,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
)

PEER = Port("P", "eth0")


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite")
    yield spool
    spool.close()


@pytest.fixture
def reporter(host, spool):
    return Reporter(host, "BOOT", spool)


def told(spool, after=0):
    """All observations in the spool, in order."""
    return [observation for report in spool.after(after, limit=1000) for observation in report.observations]


def heard(host, peer=PEER, **rest) -> Evidence:
    return Evidence(kind=EvidenceKind.HEARD, port=Port(host.id, "eth0"), peer=peer, **rest)


def key_of(evidence: Evidence) -> EvidenceKey:
    return EvidenceKey(evidence.kind, evidence.port, evidence.peer)


def test_nothing_to_tell_is_not_told(reporter, spool):
    assert not reporter.owes
    assert reporter.flush(Wall(1.0))
    assert spool.last == 0


def test_an_interface_is_told_when_it_appears_changes_and_goes(reporter, spool, host, make):
    reporter.interfaces([make("eth0"), make("eth1")])
    reporter.flush(Wall(1.0))
    reporter.interfaces([make("eth0"), make("eth1")])
    assert not reporter.owes
    reporter.interfaces([make("eth0", carrier=False)])
    reporter.flush(Wall(2.0))
    assert told(spool) == [
        HostSeen(host, Wall(1.0)),
        InterfaceSeen(host.id, make("eth0")),
        InterfaceSeen(host.id, make("eth1")),
        InterfaceGone(host.id, "eth1"),
        InterfaceSeen(host.id, make("eth0", carrier=False)),
    ]


def test_evidence_is_told_and_taken_back(reporter, spool, host):
    evidence = heard(host)
    reporter.event(EvidenceFound(evidence))
    reporter.event(EvidenceLost(key_of(evidence), "silent", Wall(3.0)))
    reporter.event(EvidenceLost(key_of(evidence), "silent", Wall(3.0)))
    reporter.event(Settled(evidence.port))
    reporter.flush(Wall(4.0))
    assert told(spool)[1:] == [EvidenceSeen(evidence), EvidenceGone(key_of(evidence), "silent", Wall(3.0))]


def test_a_neighbour_is_taken_back_by_its_own_key(reporter, spool, host):
    neighbour = Neighbour(protocol="lldp", chassis_id="c", port_id="p")
    evidence = Evidence(kind=EvidenceKind.LLDP, port=Port(host.id, "eth0"), neighbour=neighbour)
    key = EvidenceKey(EvidenceKind.LLDP, evidence.port, None, "c p")
    reporter.event(EvidenceFound(evidence))
    reporter.event(EvidenceLost(key, "its time to live passed", Wall(3.0)))
    reporter.flush(Wall(4.0))
    assert told(spool)[-1] == EvidenceGone(key, "its time to live passed", Wall(3.0))


def test_refusals_are_told_with_their_count(reporter, spool, host):
    port = Port(host.id, "eth0")
    reporter.event(Refused(port, "aa:aa:aa:aa:aa:aa", "wrong-secret", "no key opens it", 7, None, Wall(1.0)))
    reporter.flush(Wall(2.0))
    assert told(spool)[1] == RefusalCount(
        port, "aa:aa:aa:aa:aa:aa", "wrong-secret", 7, "no key opens it", None, Wall(1.0)
    )


def refuse(reporter, host, source, *, interface="eth0", count=1, seen=1.0):
    reporter.event(Refused(Port(host.id, interface), source, "malformed", "", count, None, Wall(seen)))


def test_of_refusals_from_ever_new_sources_the_longest_quiet_are_forgotten(reporter, spool, host, monkeypatch):
    monkeypatch.setattr(reporter_module, "MAX_REFUSALS", 3)
    for source in ("a", "b", "c"):
        refuse(reporter, host, source)
    refuse(reporter, host, "a", count=2)
    refuse(reporter, host, "d")
    reporter.flush(Wall(2.0))
    assert [o.source_mac for o in told(spool)[1:]] == ["a", "b", "c", "a", "d"], "a newcomer is told, too"
    last = spool.last
    reporter.begin_anew()
    reporter.flush(Wall(3.0))
    assert [(o.source_mac, o.count) for o in told(spool, last)[1:]] == [("c", 1), ("a", 2), ("d", 1)]


def test_refusals_go_with_their_interface(reporter, spool, host, make):
    reporter.interfaces([make("eth0"), make("eth1")])
    refuse(reporter, host, "a", interface="eth0")
    refuse(reporter, host, "b", interface="eth1")
    reporter.interfaces([make("eth1")])
    reporter.begin_anew()
    reporter.flush(Wall(2.0))
    assert [o.source_mac for o in told(spool) if isinstance(o, RefusalCount)] == ["b"]


def test_a_boot_begins_and_completes_once(reporter, spool, host, make):
    reporter.interfaces([make("eth0")])
    reporter.flush(Wall(1.0))
    reporter.event(EvidenceFound(heard(host)))
    reporter.complete()
    reporter.flush(Wall(2.0))
    reporter.event(EvidenceFound(heard(host, Port("Q", "eth0"))))
    reporter.flush(Wall(3.0))
    marks = [(report.seq, report.begin, report.complete) for report in spool.after(0)]
    assert marks == [(1, True, False), (2, False, True), (3, False, False)]


def test_completion_is_told_even_when_nothing_else_is(reporter, spool):
    reporter.complete()
    reporter.flush(Wall(1.0))
    assert [(report.begin, report.complete) for report in spool.after(0)] == [(True, True)]
    assert not reporter.owes


def test_much_to_tell_goes_into_several_reports_of_which_the_last_completes(reporter, spool, make):
    reporter.interfaces([make(f"eth{n}", index=n) for n in range(MAX_OBSERVATIONS + 1)])
    reporter.complete()
    reporter.flush(Wall(1.0))
    reports = spool.after(0)
    assert [report.complete for report in reports] == [False, True]
    assert sum(isinstance(o, InterfaceSeen) for report in reports for o in report.observations) == MAX_OBSERVATIONS + 1


def test_a_region_without_memory_is_told_what_holds_and_nothing_else(reporter, spool, host, make):
    gone, holds = heard(host), heard(host, Port("Q", "eth0"))
    reporter.interfaces([make("eth0")])
    reporter.event(EvidenceFound(gone))
    reporter.event(EvidenceFound(holds))
    reporter.event(EvidenceLost(key_of(gone), "silent", Wall(0.0)))
    reporter.complete()
    reporter.flush(Wall(1.0))
    last = spool.last
    reporter.begin_anew()
    reporter.flush(Wall(2.0))
    (report,) = spool.after(last)
    assert (report.begin, report.complete, report.boot != "BOOT") == (True, True, True)
    assert set(report.observations[1:]) == {InterfaceSeen(host.id, make("eth0")), EvidenceSeen(holds)}


def test_while_the_spool_is_full_changes_wait_and_then_go(reporter, spool, host, make, monkeypatch, caplog):
    monkeypatch.setattr(reporter_module, "MAX_REPORTS", 2)
    for number in range(4):
        reporter.event(EvidenceFound(heard(host, Port(f"P{number}", "eth0"))))
        reporter.flush(Wall(float(number)))
    assert spool.waiting == 2
    assert [r.message for r in caplog.records] == [
        "spool full: 2 reports wait for the region; further changes wait in memory"
    ]
    spool.acknowledge(2)
    assert reporter.flush(Wall(9.0))
    assert len(told(spool, after=2)) == 2


def test_too_much_waiting_in_memory_becomes_one_account(reporter, spool, host, monkeypatch, caplog):
    monkeypatch.setattr(reporter_module, "MAX_PENDING", 10)
    evidence = heard(host)
    for _ in range(30):
        reporter.event(EvidenceFound(evidence))
        reporter.event(EvidenceLost(key_of(evidence), "silent", Wall(0.0)))
    reporter.event(EvidenceFound(evidence))
    assert reporter.collapsed > 1
    assert caplog.text.count("changes wait in memory") == reporter.collapsed
    assert 0 < reporter.pending <= 11
    reporter.flush(Wall(1.0))
    assert reporter.pending == 0
    (report,) = spool.after(0)
    assert report.begin
    assert len(report.observations) <= 11
    assert report.observations[-1] == EvidenceSeen(evidence)


@pytest.mark.parametrize("waiting", [8, 9, 10])
def test_what_vanishes_while_memory_overflows_is_not_told_as_present(reporter, spool, host, make, monkeypatch, waiting):
    """The overflow falls on the third, the second or the first word of the change."""
    monkeypatch.setattr(reporter_module, "MAX_PENDING", 10)
    reporter.interfaces([make("eth0"), make("eth1"), make("eth2")])
    lost, holds = heard(host), Evidence(kind=EvidenceKind.HEARD, port=Port(host.id, "eth1"), peer=PEER)
    reporter.event(EvidenceFound(lost))
    reporter.event(EvidenceFound(holds))
    reporter.complete()
    reporter.flush(Wall(1.0))
    last = spool.last
    for _ in range(waiting):
        refuse(reporter, host, "a", interface="eth1")
    reporter.interfaces([make("eth1", carrier=False)])
    reporter.flush(Wall(2.0))
    present = {}
    for report in spool.after(last):
        if report.begin:
            present = {}
        for one in report.observations:
            if isinstance(one, InterfaceSeen):
                present[one.interface.name] = one.interface.carrier
            assert not (isinstance(one, InterfaceGone) and one.interface in present)
            assert one != EvidenceSeen(lost)
    assert present == {"eth1": False}


def test_a_full_disk_keeps_what_is_owed(reporter, spool, host):
    spool._db.execute("PRAGMA max_page_count = 1")
    for number in range(200):
        reporter.event(EvidenceFound(heard(host, Port(f"P{number}", "eth0"), peer_name="x" * 200)))
    assert not reporter.flush(Wall(1.0))
    assert reporter.owes
    spool._db.execute("PRAGMA max_page_count = 10000")
    assert reporter.flush(Wall(2.0))
    assert sum(isinstance(o, EvidenceSeen) for o in told(spool)) == 200


def test_what_the_agent_adds_to_an_interface(make):
    assert with_state(make("eth0"), settled=True, speaks=False, vids=(10,)) == make(
        "eth0", settled=True, speaks=False, vids=(10,)
    )


def passes(host, mtu=1500, at=1.0, peer=PEER) -> MtuSeen:
    return MtuSeen(Port(host.id, "eth0"), peer, mtu, MtuLimit.LINK, 9000, mtu + 1, 9000, Wall(at))


def test_what_passes_is_told_when_it_is_news(reporter, spool, host):
    for at, mtu in ((1.0, 1500), (2.0, 1500), (3.0, 9000)):
        reporter.event(MtuMeasured(passes(host, mtu, at)))
    reporter.event(MtuSearched(Port(host.id, "eth0")))
    reporter.flush(Wall(4.0))
    assert told(spool)[1:] == [passes(host, 1500, 1.0), passes(host, 9000, 3.0)]


def test_what_passed_to_a_peer_that_is_lost_is_taken_back(reporter, spool, host):
    reporter.event(MtuMeasured(passes(host)))
    for kind in (EvidenceKind.CONFIRMED, EvidenceKind.HEARD, EvidenceKind.HEARD):
        reporter.event(EvidenceLost(EvidenceKey(kind, Port(host.id, "eth0"), PEER), "silent", Wall(3.0)))
    reporter.flush(Wall(4.0))
    assert told(spool)[1:] == [passes(host), MtuGone(Port(host.id, "eth0"), PEER, "silent")]


def test_what_passed_to_a_peer_that_answers_nothing_is_taken_back_once(reporter, spool, host):
    eth0, why = Port(host.id, "eth0"), "it answered nothing when it was measured again"
    reporter.event(MtuUnanswered(eth0, PEER))
    reporter.event(MtuMeasured(passes(host)))
    reporter.event(MtuUnanswered(eth0, PEER))
    reporter.event(MtuUnanswered(eth0, PEER))
    reporter.flush(Wall(4.0))
    assert told(spool)[1:] == [passes(host), MtuGone(eth0, PEER, why)]


def test_a_new_account_repeats_what_passes_where_the_interface_is_still_there(reporter, spool, host, make):
    reporter.interfaces([make("eth0")])
    reporter.event(MtuMeasured(passes(host)))
    reporter.begin_anew()
    reporter.flush(Wall(4.0))
    assert passes(host) in told(spool)
    reporter.interfaces([])
    reporter.begin_anew()
    last = spool.last
    reporter.flush(Wall(5.0))
    assert passes(host) not in told(spool, last)
