"""The truth in the shape of `topology show --json`."""

from bellrock.lab.parse import parse
from bellrock.lab.shape import document
from bellrock.lab.truth import truth
from bellrock.model import Conflict, ConflictKind, Port, Topology

TEXT = b"""
[switch.s]
[host.a]
role = "region"
interface.e0 = { to = "s", access = 10, addresses = ["10.0.0.1/24", "fe80::1/64"] }
interface.e1 = {}
[host.b]
role = "rack"
interface.e0 = { to = "s", trunk = [10] }
"""


def test_the_document():
    assert document(truth(parse(TEXT, "f")).wired) == {
        "fabrics": [
            {
                "id": "wired-1",
                "name": "wired-1",
                "vlans": [
                    {
                        "id": "wired-1.10",
                        "name": "10",
                        "vid": 10,
                        "members": [
                            {"host": "a", "interface": "e0", "vid": None, "strength": "configured"},
                            {"host": "b", "interface": "e0", "vid": 10, "strength": "configured"},
                        ],
                        "subnets": ["10.0.0.0/24"],
                    }
                ],
            }
        ],
        "conflicts": [],
        "unknown": [{"host": "a", "interface": "e1", "why": "it has no carrier"}],
    }


def test_conflicts_are_shown_with_their_proof():
    conflict = Conflict(kind=ConflictKind.LOOP, where=(Port("a", "e0"),), proof="a hears itself")
    assert document(Topology(conflicts=(conflict,)))["conflicts"] == [
        {"kind": "loop", "where": [{"host": "a", "interface": "e0", "vid": None}], "proof": "a hears itself"}
    ]
