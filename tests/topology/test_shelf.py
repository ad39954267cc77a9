"""A shelf is a table of evidence by key, whatever it holds together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.model import EvidenceKey, EvidenceKind, key_of
from bellrock.topology.shelf import Shelf
from tests.topology.worlds import gone, lldp, port, saw, scripts

KINDS = ("heard", "confirmed", "own-beacon", "loop", "routable")
ENDS = (("a/eth0", "b/eth0"), ("a/eth0", "c/eth0"), ("b/eth0", "a/eth0"), ("a/eth0", "a/eth1"))
PLACES = (*ENDS[:1] * 5, *ENDS)
paired = st.builds(
    lambda kind, ends, since, lag, name, transit: saw(
        kind, *ends, since, since + lag, peer_name=name, transit=transit, version=2
    ).evidence,
    st.sampled_from(("heard", "confirmed") * 3 + KINDS), st.sampled_from(PLACES), st.integers(1, 9).map(float),
    st.integers(0, 3), st.sampled_from(("b", "b", "c")), st.sampled_from((None, None, 0.5)),
)  # fmt: skip
ODD = lldp("a/eth0").evidence
"""Of these, nobody tells those of other kinds; but nothing keeps anybody from it."""
odd = st.sampled_from(
    [
        lldp("a/eth0", port_id="2", seen=9.0).evidence,
        *(replace(ODD, kind=kind) for kind in EvidenceKind),
        *(replace(ODD, kind=kind, peer=port("b/eth0")) for kind in EvidenceKind),
        *(saw(kind, "a/eth0").evidence for kind in KINDS),
    ]
)
some = st.one_of(paired, paired, paired, odd)


@settings(max_examples=300, deadline=None)
@given(scripts(st.tuples(st.sampled_from((True, True, False)), some), 30))
def test_it_holds_what_was_put_there_and_not_taken(script):
    shelf, told, there = Shelf(), {}, []
    for put, evidence in script:
        if put:
            fresh, left = shelf.put(evidence, evidence.port, evidence.peer)
            there += [fresh] if fresh is not None else []
            told[key_of(evidence)] = evidence
        else:
            left = shelf.pop(key_of(evidence))
            told.pop(key_of(evidence), None)
        if left is not None:
            there.remove(left)
        assert {key: held.evidence() for key, held in shelf.items()} == told
        assert len(shelf) == len(told)
        assert {key: held.evidence() for key in told if (held := shelf.find(key)) is not None} == told
        # What is found by its ports is what lies there: each entry once, with what it holds beside itself.
        assert len({id(one) for one in there}) == len(there)
        assert {one.key for held in there for one in (held, held.heard()) if one is not None} == told.keys()


def test_a_hearing_takes_no_room_beside_a_confirmation():
    shelf = Shelf()
    heard, confirmed = (saw(kind, *ENDS[0], peer_name="b").evidence for kind in ("heard", "confirmed"))
    first, _ = shelf.put(heard, heard.port, heard.peer)
    assert shelf.put(confirmed, confirmed.port, confirmed.peer) == (None, None)
    assert shelf[key_of(confirmed)] is first
    assert shelf[key_of(heard)].evidence() == heard
    assert shelf.pop(key_of(confirmed)) is None
    assert shelf[key_of(heard)] is first
    assert shelf.pop(key_of(heard)) is first


def test_a_peer_that_changes_its_name_is_held_twice_for_a_moment():
    shelf = Shelf()
    old = [saw(kind, *ENDS[0], peer_name="b").evidence for kind in ("heard", "confirmed")]
    new = [replace(one, peer_name="z") for one in old]
    moves = [shelf.put(one, one.port, one.peer) for one in (*old, *new)]
    assert moves[0][0] is not None
    beside = moves[2][0]
    assert beside.key == key_of(old[0])
    assert moves[1] == (None, None)
    assert moves[3] == (None, beside)
    assert [held.evidence() for held in shelf.values()] == [new[1], new[0]]


def test_what_is_not_there_is_not_found():
    shelf = Shelf()
    key = gone("heard", *ENDS[0]).key
    assert shelf.find(key) is None
    assert shelf.pop(key) is None
    with pytest.raises(KeyError):
        shelf[key]
    confirmed = saw("confirmed", *ENDS[0]).evidence
    shelf.put(confirmed, confirmed.port, confirmed.peer)
    assert shelf.find(key) is None
    assert shelf.find(EvidenceKey(EvidenceKind.LOOP, key.port)) is None
