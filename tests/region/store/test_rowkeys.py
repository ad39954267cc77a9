"""Rows by what makes them one and the same."""

import json

import msgspec

from bellrock.model import (
    Evidence,
    EvidenceKey,
    EvidenceKind,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
    key_of,
)
from bellrock.region.store import mirrors_of
from bellrock.region.store.rowkeys import key_text, ports_of, refusal_text, seen_of, way_text

A, B = Port("a", "eth0"), Port("b", "eth0", 10)


def test_keys_tell_neighbours_and_refusals_apart():
    switch = Neighbour(protocol="lldp", chassis_id="c", port_id="p")
    key = key_of(Evidence(kind=EvidenceKind.LLDP, port=A, neighbour=switch))
    assert key == EvidenceKey(EvidenceKind.LLDP, A, None, "c p")
    assert json.loads(key_text(key)) == {
        "kind": "lldp", "port": {"host": "a", "interface": "eth0", "vid": None}, "peer": None, "neighbour": "c p",
    }  # fmt: skip
    texts = {refusal_text(RefusalCount(port, mac, reason, 1)) for port in (A, B) for mac in "mn" for reason in "rs"}
    assert len(texts) == 8
    assert refusal_text(RefusalCount(A, "m", "r", 1)) == refusal_text(RefusalCount(A, "m", "r", 2, "detail"))


def test_keys_tell_whose_ports_they_are_about():
    switch = Neighbour(protocol="lldp", chassis_id="c", port_id="p")
    assert ports_of("evidence", key_text(EvidenceKey(EvidenceKind.HEARD, A, B))) == (A, B)
    alone = key_of(Evidence(kind=EvidenceKind.LLDP, port=B, neighbour=switch))
    assert ports_of("evidence", key_text(alone)) == (B, None)
    assert ports_of("mtu", way_text(B, A)) == (B, A)


def test_mirrors():
    key = EvidenceKey(EvidenceKind.HEARD, A, B)
    assert {(one.port, one.peer) for one in mirrors_of(key, Wall(1.0))} == {(B, A)}
    assert mirrors_of(key, Wall(0.0)) == []
    assert mirrors_of(EvidenceKey(EvidenceKind.LLDP, A), Wall(1.0)) == []


def test_when_something_was_seen_is_in_a_column_or_in_the_body():
    body = msgspec.json.encode(MtuSeen(A, B, 1500, MtuLimit.LINK, 9000, seen=Wall(3.0)))
    assert (seen_of(Wall(2.0)), seen_of(body)) == (2.0, 3.0)
