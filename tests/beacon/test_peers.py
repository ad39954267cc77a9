"""The table of one port's peers: evidence found and lost by the table's transitions, ordered by silence."""

import pytest

from bellrock.beacon.peers import RETIRED_BOOTS, Peer, Peers
from bellrock.beacon.states import Cause, State
from bellrock.beacon.transit import ENOUGH
from bellrock.beacon.values import Arrival, EvidenceFound, EvidenceLost
from bellrock.model import Port, Wall
from tests.beacon.playbook import EPOCH, Actor, at

OURS = Port("us", "eth0")


def arrival(actor, time=0.0, **more):
    return Arrival(
        port=OURS, beacon=actor.solicits(**more), source_mac=actor.mac, source_ip="fe80::2", source_port=5240, hop_limit=1,
        multicast=True, received=at(time),
    )  # fmt: skip


def table():
    events = []
    return Peers(OURS, events.append), events


def heard(peers, actor, time=0.0, cause=Cause.BEACON):
    peer = peers.get(actor.port, cause is not Cause.UNICAST) or Peer(actor.port, False, at(time))
    peers.hear(peer, arrival(actor, time), cause)
    return peer


def test_a_measured_way_is_told_of_a_peer_that_is_confirmed_and_of_no_other():
    peers, events = table()
    peer = heard(peers, Actor())
    for _ in range(ENOUGH):
        peer.transit.add(0.021, 0.02)
    peers.measured(peer)
    assert [event.evidence.kind for event in events] == ["heard"]
    peers.move(peer, Cause.ACK, at(1), "")
    peers.measured(peer)
    told = [event.evidence for event in events[1:]]
    assert [one.kind for one in told] == ["confirmed", "confirmed"]
    assert [one.transit for one in told] == [pytest.approx(0.001)] * 2


def test_evidence_is_found_and_lost_as_the_states_say():
    peers, events = table()
    peer = heard(peers, Actor())
    peers.move(peer, Cause.ACK, at(1), "")
    peers.move(peer, Cause.DOUBT, at(2), "")
    peers.move(peer, Cause.SILENCE, at(3), "moved", Wall(EPOCH + 2))
    told = [
        (type(e), e.evidence.kind if isinstance(e, EvidenceFound) else (e.key.kind, e.why, e.since)) for e in events
    ]
    assert told == [
        (EvidenceFound, "heard"),
        (EvidenceFound, "confirmed"),
        (EvidenceLost, ("heard", "moved", EPOCH + 2)),
        (EvidenceLost, ("confirmed", "moved", EPOCH + 2)),
    ]
    assert len(peers) == 0
    assert peers.get(peer.port) is None


def test_loss_without_a_better_time_is_told_with_now():
    peers, events = table()
    peers.move(heard(peers, Actor()), Cause.DOWN, at(7), "port down")
    assert events[-1].since == EPOCH + 7


def test_indices_follow_the_states():
    peers, _ = table()
    peer = heard(peers, Actor())
    assert list(peers.unconfirmed.values()) == [peer]
    peers.move(peer, Cause.ACK, at(1), "")
    assert (list(peers.unconfirmed), list(peers.doubted)) == ([], [])
    peers.move(peer, Cause.DOUBT, at(1), "")
    assert list(peers.doubted.values()) == [peer]
    heard(peers, Actor())
    assert (peer.state, list(peers.doubted)) == (State.CONFIRMED, [])


def test_plain_peers_are_not_waited_for():
    peers, _ = table()
    peer = Peer(Port("peer-x", "eno1"), True, at(0))
    peers.hear(peer, arrival(Actor()), Cause.BEACON)
    assert not peers.unconfirmed


def test_the_most_silent_come_first():
    peers, _ = table()
    one, two = Actor("one"), Actor("two")
    heard(peers, one, 1)
    heard(peers, two, 2)
    heard(peers, one, 3)
    assert [peer.port.host for peer in peers] == ["two", "one"]
    assert [peer.port.host for peer in peers.silent(2.5)] == ["two"]
    assert peers.silent(1.0) == []


def test_routable_and_on_link_are_two_entries():
    peers, events = table()
    heard(peers, Actor())
    peer = heard(peers, Actor(), cause=Cause.UNICAST)
    assert len(peers) == 2
    peers.move(peer, Cause.SILENCE, at(1), "silent")
    assert len(peers) == 1
    assert [e.key.kind for e in events if isinstance(e, EvidenceLost)] == ["routable"]


def test_a_cause_that_the_table_does_not_know_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        Peer(OURS, False, at(0)).step(Cause.ACK)


def test_superseded_boots_are_remembered_up_to_a_number():
    peer = Peer(OURS, False, at(0))
    for number in range(10):
        peer.restarted(f"boot-{number}", at(number))
    assert peer.boot == "boot-9"
    assert peer.retired == tuple(f"boot-{number}" for number in range(9 - RETIRED_BOOTS, 9))


def test_proof_names_at_most_two_beacons():
    peers, events = table()
    peer = heard(peers, Actor())
    heard(peers, Actor(boot="boot-2"), 2)
    peer.proof = ("ours", "theirs")
    peers.move(peer, Cause.ACK, at(3), "")
    assert events[-1].evidence.proof == ("ours", "theirs")
    assert len(events[0].evidence.proof) == 1


def test_changed_particulars_are_found_again_in_every_kind_that_is_held():
    peers, events = table()
    actor = Actor()
    peers.move(heard(peers, actor), Cause.ACK, at(0), "")
    events.clear()
    actor.mac = "02:00:00:00:00:03"
    heard(peers, actor, 2)
    assert [(e.evidence.kind, e.evidence.source_mac) for e in events] == [
        ("heard", actor.mac),
        ("confirmed", actor.mac),
    ]
