"""The identity of evidence."""

import pytest

from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Neighbour, Port, Wall, key_of

HERE, THERE = Port("a", "eth0", 10), Port("b", "eth1")
SWITCH = Neighbour(protocol="lldp", chassis_id="sw1", port_id="Eth 1", pvid=10)


@pytest.mark.parametrize(
    ("evidence", "key"),
    [
        (
            Evidence(kind=EvidenceKind.HEARD, port=HERE, peer=THERE, seen=Wall(7.0)),
            EvidenceKey(EvidenceKind.HEARD, HERE, THERE),
        ),
        (
            Evidence(kind=EvidenceKind.LLDP, port=HERE, neighbour=SWITCH),
            EvidenceKey(EvidenceKind.LLDP, HERE, None, "sw1 Eth 1"),
        ),
    ],
)
def test_key_of(evidence, key):
    assert key_of(evidence) == key
