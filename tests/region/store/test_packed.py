"""What an agent told is the same packed and unpacked, and what is said of it without unpacking is right."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Evidence, EvidenceKind, MtuLimit, MtuSeen, Neighbour, Port, Wall, key_of
from bellrock.region.store.packed import NOTHING, Told, pack, pack_values

texts = st.text(max_size=8)
times = st.floats(0.0, 4e9).map(Wall)
own = st.builds(Port, st.just("a"), st.sampled_from(["eth0", "eth1"]), st.sampled_from([None, 10]))
others = st.builds(
    Port, st.sampled_from(["a", "b", "c"]), st.sampled_from(["eth0", "eth1"]), st.sampled_from([None, 10])
)
neighbours = st.builds(
    Neighbour, protocol=st.just("lldp"), chassis_id=texts, port_id=texts, pvid=st.none() | st.integers(0, 4095)
)
evidence = st.builds(
    Evidence, kind=st.sampled_from(EvidenceKind), port=own, peer=st.none() | others, peer_name=texts, peer_mac=texts,
    source_mac=texts, version=st.integers(0, 2), round_trip=st.none() | st.floats(0.0, 9.0),
    transit=st.none() | st.floats(0.0, 9.0), neighbour=st.none() | neighbours, since=times, seen=times,
    proof=st.lists(texts, max_size=2).map(tuple),
)  # fmt: skip
passes = st.builds(
    MtuSeen, own, others, st.integers(0, 65_535), st.sampled_from(MtuLimit), st.integers(0, 65_535), seen=times
)
numbers = st.integers(0, 2**63 - 1)


@st.composite
def all_told(draw) -> Told:
    seen = draw(st.lists(st.tuples(evidence, numbers), max_size=8))
    ways = draw(st.lists(st.tuples(passes, numbers), max_size=8))
    return Told({key_of(one): (one, of) for one, of in seen}, {(one.port, one.peer): (one, of) for one, of in ways})


@given(all_told())
def test_packed_is_the_same_in_the_same_order(told):
    packed = pack(told)
    unpacked = packed.unpack()
    assert unpacked == told
    assert [*unpacked.evidence] == [*told.evidence]
    assert [*unpacked.mtu] == [*told.mtu]
    assert packed.all_evidence() == [one for one, _ in told.evidence.values()]
    assert packed.all_mtu() == [one for one, _ in told.mtu.values()]


@given(all_told())
def test_what_is_said_without_unpacking_is_right(told):
    packed, seen, ways = pack(told), [one for one, _ in told.evidence.values()], [one for one, _ in told.mtu.values()]
    assert (packed.evidence, packed.mtu) == (len(seen), len(ways))
    assert packed.newest == max((one.since for one in seen), default=0.0)
    assert packed.devices == {one.port.interface: one for one in seen if one.neighbour}
    counted = Counter({(kind, *where): n for kind, some in packed.by_kind().items() for *where, n in some})
    assert counted == Counter((one.kind.value, one.port.interface, one.port.vid) for one in seen)
    peers = {one.peer.host for one in seen if one.peer} - {"a"} | {one.peer.host for one in ways}
    assert sorted(packed.peers) == sorted(peers)


def test_nothing_takes_no_room():
    assert pack(Told({}, {})) is NOTHING is pack_values([], [], [], [])
    assert NOTHING.unpack() == Told({}, {})
    assert NOTHING.all_evidence() == NOTHING.all_mtu() == []


def test_agents_that_have_the_same_share_what_is_said_of_it():
    one, other = (
        pack_values([Evidence(kind=EvidenceKind.HEARD, port=Port(host, "eth0"), peer=Port("z", "eth0"))], [1], [], [])
        for host in ("a", "b")
    )
    assert one.kinds is other.kinds
    assert one.peers[0] is other.peers[0]


def test_some_of_it_is_taken_back():
    seen = Evidence(kind=EvidenceKind.HEARD, port=Port("a", "eth0"), peer=Port("b", "eth0"))
    passing = MtuSeen(Port("a", "eth0"), Port("b", "eth0"), 1500, MtuLimit.LINK, 9000)
    told = Told({key_of(seen): (seen, 1)}, {(passing.port, passing.peer): (passing, 1)})
    told.forget([key_of(seen)], [(passing.port, passing.peer)])
    assert told == Told({}, {})
