"""How much the region keeps."""

from __future__ import annotations

import pytest

from bellrock.contract import Report
from bellrock.model import (
    Evidence,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostGone,
    HostSeen,
    Interface,
    InterfaceSeen,
    MtuLimit,
    MtuSeen,
    Observation,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.service import quota as module
from bellrock.region.service.quota import OF_ALL, OF_ONE, Quota
from bellrock.region.service.state import State
from bellrock.region.size import USUAL, Size
from bellrock.region.store import Accepted, Loaded


def told(agent: str, number: int) -> dict[str, Observation]:
    port = Port(agent, f"eth{number}")
    return {
        "peers": HostSeen(Host(f"peer-{agent}-{number}", "maas"), Wall(1.0)),
        "interfaces": InterfaceSeen(agent, Interface(name=port.interface, index=1, mac="m")),
        "evidence": EvidenceSeen(Evidence(kind=EvidenceKind.LOOP, port=port)),
        "refusals": RefusalCount(port, "m", "skew", 1),
        "mtu": MtuSeen(port, Port("z", "eth0"), 1500, MtuLimit.LINK, 9000),
    }


def commit(state: State, agent: str, *observations: Observation) -> None:
    report = Report(1, "boot", Wall(1.0), observations)
    state.apply(Accepted(agent=Host(agent, agent), report=report, received=Wall(1.0)))


@pytest.mark.parametrize("kind", ["peers", "interfaces", "evidence", "refusals"])
def test_one_agent_and_all_together_are_bounded_within_a_batch_and_over_batches(kind, monkeypatch):
    monkeypatch.setattr(module, "MOST_OF_ONE", module.MOST_OF_ONE | {kind: 2})
    monkeypatch.setattr(Size, "kept", USUAL.kept | {kind: 3})
    state = State(Loaded())
    quota = Quota(state)
    first, second, third = (told("a", number)[kind] for number in range(3))
    quota.begin()
    assert [quota.excess("a", one) for one in (first, first, second, third)] == ["", "", "", OF_ONE]
    commit(state, "a", first, second)
    quota.begin()
    assert [quota.excess("a", one) for one in (third, second)] == [OF_ONE, ""]
    assert [quota.excess("b", told("b", number)[kind]) for number in range(2)] == ["", OF_ALL]


def test_what_was_not_committed_does_not_count_and_what_is_gone_makes_room(monkeypatch):
    monkeypatch.setattr(module, "MOST_OF_ONE", module.MOST_OF_ONE | {"peers": 1})
    state = State(Loaded())
    quota = Quota(state)
    first, second = (told("a", number)["peers"] for number in range(2))
    quota.begin()
    assert quota.excess("a", first) == ""
    quota.begin()
    assert quota.excess("a", second) == ""
    commit(state, "a", second)
    quota.begin()
    assert quota.excess("a", first) == OF_ONE
    commit(state, "a", HostGone("peer-a-1"))
    quota.begin()
    assert quota.excess("a", first) == ""


def test_an_agents_own_word_and_what_takes_back_always_find_room(monkeypatch):
    monkeypatch.setattr(Size, "kept", dict.fromkeys(USUAL.kept, 0))
    quota = Quota(State(Loaded()))
    quota.begin()
    assert quota.excess("a", HostSeen(Host("a", "a"), Wall(1.0))) == ""
    assert quota.excess("a", HostGone("peer-x")) == ""


def test_peers_of_a_flood_are_cut_at_the_bound_of_one_agent():
    state = State(Loaded())
    quota = Quota(state)
    quota.begin()
    taken = [number for number in range(19_600) if not quota.excess("a", told("a", number)["peers"])]
    assert len(taken) == module.MOST_OF_ONE["peers"] == 1000


@pytest.mark.parametrize("kind", ["peers", "interfaces", "evidence", "refusals", "mtu"])
def test_what_other_processes_take_in_counts_for_the_bound_on_all(kind, monkeypatch):
    monkeypatch.setattr(Size, "kept", USUAL.kept | {kind: 4})
    state = State(Loaded())
    quota = Quota(state)
    quota.begin()
    assert quota.excess("a", told("a", 0)[kind]) == ""
    commit(state, "a", told("a", 0)[kind])
    quota.begin()
    for _ in range(2):  # what is repeated is counted exactly when it matters
        elsewhere = Report(1, "boot", Wall(1.0), tuple(told("b", number)[kind] for number in range(2)))
        accepted = Accepted(agent=Host("b", "b"), report=elsewhere, received=Wall(1.0))
        quota.also([accepted])
        state.apply(accepted)
    assert [quota.excess("c", told("c", number)[kind]) for number in range(2)] == ["", OF_ALL]


def test_what_others_take_in_before_anything_was_counted_is_counted_with_all(monkeypatch):
    monkeypatch.setattr(Size, "kept", USUAL.kept | {"evidence": 1})
    state = State(Loaded())
    quota = Quota(state)
    quota.begin()
    elsewhere = Report(1, "boot", Wall(1.0), (told("b", 0)["evidence"], HostGone("peer-x")))
    accepted = Accepted(agent=Host("b", "b"), report=elsewhere, received=Wall(1.0))
    quota.also([accepted])
    state.apply(accepted)
    assert quota.excess("c", told("c", 0)["evidence"]) == OF_ALL
    quota.also([accepted])
    quota.begin()
    assert quota.excess("c", told("c", 0)["evidence"]) == OF_ALL
