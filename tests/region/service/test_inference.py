"""Evidence → topology, as it changes."""

from __future__ import annotations

import asyncio
from itertools import count

import msgspec
import pytest

from bellrock.contract import Report
from bellrock.model import (
    Evidence,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostSeen,
    Interface,
    InterfaceSeen,
    Observation,
    Port,
    Wall,
    key_of,
)
from bellrock.region.service import inference as module
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


def test_a_fall_takes_back_what_others_saw_before_it_and_nothing_since(told):
    _, inference = told
    up, down = (InterfaceSeen("b", Interface(name="eth0", index=1, mac="m", carrier=one)) for one in (True, False))
    inference.apply([down, up], Wall(100.0))
    assert members(inference) == {PORT_A, PORT_B}
    inference.apply([down, up], Wall(101.0))
    assert members(inference) == set()


def test_what_is_due_is_concluded_bit_by_bit_beside_other_work(monkeypatch):
    monkeypatch.setattr(module, "BIT", 0.0)
    inference, asked = Inference(State(Loaded()), None), Inference(State(Loaded()), None)
    turns, numbers = [], count()

    def pair(number: int) -> list[Observation]:
        hosts = [Host(f"{end}{number}", f"{end}-{number}") for end in "ab"]
        a, b = (Port(host.id, "eth0") for host in hosts)
        said = Evidence(
            kind=EvidenceKind.CONFIRMED, port=a, peer=b, peer_name=hosts[1].name, since=Wall(1.0), seen=Wall(1.0)
        )
        return [HostSeen(hosts[0], Wall(1.0)), EvidenceSeen(said)]

    async def others() -> None:
        while True:
            turns.append(None)
            more = pair(next(numbers))
            inference.apply(more)
            asked.apply(more)
            await asyncio.sleep(0)

    async def scene() -> float:
        for number in range(-200, 0):
            inference.apply(pair(number))
            asked.apply(pair(number))
        working = asyncio.create_task(others())
        spent = await inference.ready()
        working.cancel()
        return spent

    assert asyncio.run(scene()) > 0.0, "what comes meanwhile does not keep it from ending"
    assert len(turns) >= 3
    assert inference.topology() == asked.topology()
    assert asyncio.run(inference.ready()) == 0.0


def test_it_is_loaded_and_goes_on_bit_by_bit_with_the_names_that_another_gave(told):
    state, inference = told
    inference.rename(inference.topology().fabrics[0].id, "storage")
    other = Inference(state, None, loaded=False)
    state.apply(Accepted(agent=B, report=Report(1, "boot", Wall(101.0), ()), received=Wall(101.0)))
    assert [*other.loading()] == [0, 0, 1, 1, 0]
    assert not other.ahead()
    other.take_over(inference.registry())
    assert other.topology().fabrics[0].name == "storage"
    assert other.identities() == inference.identities()
    assert [*other.heard({"a"})] == [0, 0]
    assert (members(other), other.held(key_of(confirmed(100.0).evidence))) == (set(), None)
    assert [inference.held(key_of(confirmed(at).evidence)) for at in (100.0, 101.0)] == [confirmed(100.0).evidence] * 2
