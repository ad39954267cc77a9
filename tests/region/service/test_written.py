"""The registry's JSON, of which only what is new is made."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Port
from bellrock.region.service import written as module
from bellrock.region.service.written import Written
from bellrock.topology.naming import Entry, Registry, Shelf

ports = st.lists(st.builds(Port, st.sampled_from("ab"), st.sampled_from(["eth0", 'é"'])), max_size=3).map(tuple)


def shelves(prefix: str):
    entries = st.lists(
        st.builds(Entry, st.integers(1, 9).map(lambda number: f"{prefix}-{number}"), ports, st.sampled_from(["", "core"])),
        max_size=6, unique_by=lambda one: one.id,
    )  # fmt: skip
    return st.tuples(st.integers(0, 9), entries, st.integers(0, 6)).map(
        lambda drawn: Shelf(drawn[0], tuple(drawn[1][: drawn[2]]), tuple(drawn[1][drawn[2] :]))
    )


@given(st.lists(st.builds(Registry, shelves("fabric"), shelves("vlan")), max_size=6))
def test_it_is_what_would_be_made_at_once(registries):
    written = Written()
    for registry in registries:
        assert written.of(registry) == msgspec.json.encode(registry)


def test_only_what_is_new_is_made(monkeypatch):
    made = []

    def encode(one: object) -> bytes:
        made.append(one)
        return msgspec.json.encode(one)

    written = Written()
    here, there = Entry("vlan-1", (Port("a", "eth0"),)), Entry("vlan-2", (Port("b", "eth0"),))
    written.of(Registry(vlans=Shelf(2, (here, there))))
    monkeypatch.setattr(module, "msgspec", SimpleNamespace(json=SimpleNamespace(encode=encode)))
    again = Entry("vlan-2", (Port("b", "eth0"),))
    moved = Entry("vlan-2", (Port("b", "eth1"),))
    written.of(Registry(vlans=Shelf(2, (here, again))))
    written.of(Registry(vlans=Shelf(2, (here, moved))))
    assert [one for one in made if isinstance(one, Entry)] == [moved]


@pytest.mark.parametrize("last", [2, 3])
def test_what_says_the_same_is_the_same_object(last):
    written = Written()
    first = written.of(Registry(vlans=Shelf(2, (Entry("vlan-1", (Port("a", "eth0"),)),))))
    second = written.of(Registry(vlans=Shelf(last, (Entry("vlan-1", (Port("a", "eth0"),)),))))
    assert (first is second) == (last == 2)
