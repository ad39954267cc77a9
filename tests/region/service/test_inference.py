"""Evidence → topology, as it changes."""

from __future__ import annotations

import msgspec
import pytest

from bellrock.contract import Report
from bellrock.model import Evidence, EvidenceKind, EvidenceSeen, Host, HostSeen, Port, Wall
from bellrock.region.service.inference import Inference
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded
from bellrock.topology import Registry

A, B = Host("a", "rack1"), Host("b", "rack2")
PORT_A, PORT_B = Port("a", "eth0"), Port("b", "eth0")


def confirmed(at: float) -> EvidenceSeen:
    return EvidenceSeen(Evidence(kind=EvidenceKind.CONFIRMED, port=PORT_A, peer=PORT_B, since=Wall(at), seen=Wall(at)))


@pytest.fixture
def told():
    """A state in which rack1 confirmed rack2 at 100, and its inference."""
    state = State(Loaded())
    state.apply(Accepted(agent=A, report=Report(1, "boot", Wall(100.0), (confirmed(100.0),)), received=Wall(100.0)))
    return state, Inference(state, None)


def members(inference: Inference) -> set[Port]:
    return {one.port for fabric in inference.topology().fabrics for vlan in fabric.vlans for one in vlan.members}


def test_begins_with_all_that_the_state_holds(told):
    _, inference = told
    assert members(inference) == {PORT_A, PORT_B}


def test_the_revision_grows_with_what_is_said_and_not_with_time(told):
    _, inference = told
    assert [inference.advanced(), inference.advanced()] == [True, False]
    inference.apply([HostSeen(A, Wall(150.0))])
    assert not inference.advanced()
    inference.rename(inference.topology().fabrics[0].id, "storage")
    assert inference.advanced()
    assert inference.revision == 2


def test_silence_lapses_and_word_brings_back(told):
    _, inference = told
    assert not inference.lapse("b")
    assert members(inference) == {PORT_A, PORT_B}
    assert inference.lapse("a")
    assert members(inference) == set()
    assert inference.lapsed == {"a"}
    assert not inference.lapse("a")
    assert not inference.alive(B, Wall(200.0))
    assert inference.alive(A, Wall(200.0))
    assert members(inference) == {PORT_A, PORT_B}
    assert inference.lapsed == set()
    assert not inference.alive(A, Wall(201.0))


def test_names_live_on_in_the_registry(told):
    state, inference = told
    fabric = inference.topology().fabrics[0].id
    inference.rename(fabric, "storage")
    kept = inference.registry()
    assert msgspec.json.decode(kept, type=Registry).fabrics.live[0].name == "storage"
    again = Inference(state, kept)
    assert (again.topology().fabrics[0].id, again.topology().fabrics[0].name) == (fabric, "storage")
    with pytest.raises(ValueError, match="no fabric or VLAN"):
        again.rename("none", "x")


def test_explain(told):
    _, inference = told
    found = inference.explain(PORT_A, PORT_B)
    assert (found.verdict, len(found.chain)) == ("same-vlan", 1)
