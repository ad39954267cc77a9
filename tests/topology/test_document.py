"""The shape that scripts read."""

import json

import pytest

from bellrock.model import Wall, key_of
from bellrock.topology.batch import infer
from bellrock.topology.diff import diff
from bellrock.topology.document import DocumentError, as_document, from_document, unique_names
from tests.topology.worlds import host, interface, saw

HEARD = saw("heard", "a/eth0.10", "b/eth0", seen=90.0, peer_name="other")
WORLD = [
    host("a", "rack-1", seen=100.0),
    host("b", "node-1", seen=100.0),
    HEARD,
    saw("loop", "a/eth0", "a/eth0"),
    interface("b", "eth0", addresses=("10.0.0.1/24",)),
    interface("b", "eth1", carrier=False),
]


def test_the_shape():
    assert as_document(infer(WORLD), Wall(103.5)) == {
        "fabrics": [
            {
                "id": "fabric-1",
                "name": "fabric-1",
                "vlans": [
                    {
                        "id": "vlan-1",
                        "name": "VLAN 10",
                        "vid": 10,
                        "members": [
                            {
                                "host": "node-1",
                                "interface": "eth0",
                                "vid": None,
                                "strength": "heard",
                                "age": 3.5,
                                "evidence": ["rack-1/eth0.10 heard a beacon that node-1/eth0 sent."],
                            },
                            {
                                "host": "rack-1",
                                "interface": "eth0",
                                "vid": 10,
                                "strength": "heard",
                                "age": 3.5,
                                "evidence": ["rack-1/eth0.10 heard a beacon that node-1/eth0 sent."],
                            },
                        ],
                        "subnets": ["10.0.0.0/24"],
                    }
                ],
            }
        ],
        "conflicts": [
            {
                "kind": "loop",
                "where": [{"host": "rack-1", "interface": "eth0", "vid": None}],
                "proof": "rack-1/eth0 receives its own beacons: a loop behind it sends them back.",
            }
        ],
        "unknown": [{"host": "node-1", "interface": "eth1", "why": "no carrier: no cable, or its other end is down"}],
        "names": {"a": "rack-1", "b": "node-1"},
    }


def test_with_the_evidence_sentences_have_ages():
    document = as_document(infer(WORLD), Wall(103.5), {key_of(HEARD.evidence): HEARD.evidence})
    assert document["fabrics"][0]["vlans"][0]["members"][0]["evidence"] == [
        "rack-1/eth0.10 heard a beacon that node-1/eth0 sent (3 s ago)."
    ]


def test_ages_are_never_negative():
    assert as_document(infer(WORLD), Wall(0.0))["fabrics"][0]["vlans"][0]["members"][0]["age"] == 0


def test_names_are_made_unique():
    assert unique_names({"id-0001": "n", "id-0002": "n", "x": "m"}) == {
        "id-0001": "n-0001",
        "id-0002": "n-0002",
        "x": "m",
    }
    document = as_document(infer([*WORLD, host("a-42", "node-1"), host("b-43", "node-1")]), Wall(100.0))
    assert document["unknown"][0]["host"] == "node-1-b"


def test_there_and_back():
    topology = infer(WORLD)
    document = json.loads(json.dumps(as_document(topology, Wall(100.0))))
    back = from_document(document)
    assert diff(topology, back) == ()
    assert as_document(back, Wall(0.0))["conflicts"] == document["conflicts"]
    assert as_document(back, Wall(0.0))["unknown"] == document["unknown"]


def test_little_is_required():
    members = [{"host": "a", "interface": "eth0"}, {"host": "b", "interface": "eth0", "vid": 7}]
    back = from_document({"fabrics": [{"vlans": [{"vid": 7, "members": members}]}]})
    assert back.names == {"a": "a", "b": "b"}
    assert [m.strength for m in back.fabrics[0].vlans[0].members] == ["configured", "configured"]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ([], "Expected `object`"),
        ({"fabrics": 3}, "fabrics"),
        ({}, "fabrics"),
        ({"fabrics": [{"vlans": [{"vid": "x"}]}]}, "vid"),
    ],
)
def test_what_is_no_topology_is_refused(document, where):
    with pytest.raises(DocumentError, match=where):
        from_document(document)
