"""What is kept of a piece of evidence; and of a confirmation, that it is a hearing as well."""

import pytest
from msgspec.structs import replace

from bellrock.model import EvidenceKind, key_of
from bellrock.topology.held import held_of, pieces
from tests.topology.worlds import lldp, saw

WORDS = {"peer_name": "node-b", "peer_mac": "02:00:00:00:00:0b", "version": 2}
HEARD = saw("heard", "a/eth0", "b/eth0", since=1.0, seen=5.0, **WORDS).evidence
CONFIRMED = saw("confirmed", "a/eth0", "b/eth0", since=2.0, seen=4.0, round_trip=0.5, transit=0.25, **WORDS).evidence


@pytest.mark.parametrize("told", [HEARD, CONFIRMED, lldp("a/eth0").evidence, saw("loop", "a/eth0", "a/eth0").evidence])
def test_all_that_is_said_of_evidence_is_kept(told):
    held = held_of(replace(told, proof=("01HZX",), source_mac="02:00:00:00:00:0c"))
    assert held.evidence() == told
    assert held.key == key_of(told)
    assert held.plain == (told in (HEARD, CONFIRMED))
    assert held.heard() is None


def test_it_keeps_the_ports_that_it_is_given():
    port, peer = replace(HEARD.port), replace(HEARD.peer)
    held = held_of(HEARD, port, peer)
    assert held.port is port
    assert held.peer is peer


def test_what_was_heard_is_confirmed_and_is_no_longer():
    held = held_of(HEARD)
    assert held.fits(CONFIRMED)
    held.confirm(CONFIRMED)
    assert [one.evidence() for one in pieces([held])] == [CONFIRMED, HEARD]
    held.unconfirm()
    assert [one.evidence() for one in pieces([held])] == [HEARD]
    held.unconfirm()
    assert held.evidence() == HEARD


def test_where_a_moment_is_no_other_there_is_one_number():
    held = held_of(replace(CONFIRMED, seen=CONFIRMED.since))
    assert held.ended is None
    held.hear(1.0, 1.0)
    assert held.ended is None
    held.hear(1.0, 3.0)
    assert (held.since, held.seen, held.heard_since, held.heard().seen) == (2.0, 2.0, 1.0, 3.0)
    held.unhear()
    assert (held.heard_since, held.seen, held.ended) == (None, 2.0, None)
    held.hear(1.0, 1.0)
    held.unhear()
    assert held.evidence() == replace(CONFIRMED, seen=CONFIRMED.since)


@pytest.mark.parametrize("seen", [None, 2.0, 4.0])
@pytest.mark.parametrize("hearing", [None, (1.0, 1.0), (1.0, 3.0), (2.0, 2.0), (4.0, 5.0)])
def test_the_latest_word_is_that_of_any_of_its_pieces(seen, hearing):
    held = held_of(replace(CONFIRMED, seen=CONFIRMED.since if seen is None else seen))
    if hearing is not None:
        held.hear(*hearing)
    assert held.latest == max(one.seen for one in pieces([held]))


@pytest.mark.parametrize(("transit", "round_trip"), [(None, None), (0.25, None), (None, 0.5), (0.0, 0.5)])
def test_what_was_not_measured_is_unknown(transit, round_trip):
    told = replace(CONFIRMED, transit=transit, round_trip=round_trip)
    assert held_of(told).evidence() == told


def test_a_confirmation_that_was_seen_later_than_it_began_is_no_hearing_of_that_moment():
    held = held_of(CONFIRMED)
    assert held.heard_since is None
    held.hear(2.0, 2.0)
    assert [one.evidence() for one in pieces([held])] == [CONFIRMED, replace(HEARD, since=2.0, seen=2.0)]
    held.unhear()
    assert pieces([held]) == [held]
    assert held.evidence() == CONFIRMED


def test_what_a_peer_says_of_itself_is_shared():
    assert held_of(HEARD).words is held_of(CONFIRMED).words


@pytest.mark.parametrize(
    "changed",
    [{"peer_name": "other"}, {"peer_mac": ""}, {"version": 1}, {"transit": 0.25}, {"round_trip": 0.25}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_hearing_that_says_something_else_does_not_fit(changed):
    other = replace(HEARD, **changed)
    assert other.kind is EvidenceKind.HEARD
    assert not held_of(CONFIRMED).fits(other)
    assert not held_of(other).fits(CONFIRMED)
