"""Ids and names that survive recomputation."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Fabric, Member, Port, Strength, Vlan, Wall
from bellrock.topology.batch import infer
from bellrock.topology.naming import LONGEST_NAME, MOST_RETIRED, Naming, Registry, Sketch, carry, rename, sketch_of
from tests.topology.worlds import interface, saw


def chain(*hosts, vid=""):
    return [saw("heard", f"{a}/eth0{vid}", f"{b}/eth0{vid}") for a, b in pairwise(hosts)]


def ids(topology):
    return {"".join(m.port.host for m in vlan.members): vlan.id for f in topology.fabrics for vlan in f.vlans}


def play(*worlds):
    """Carries one world after the other; returns the ids after each."""
    registry, told = Registry(), []
    for world in worlds:
        registry, topology = carry(registry, infer(world))
        told.append(ids(topology))
    return told


def test_ids_stay_while_members_come_and_go():
    assert play(chain(*"abc"), chain(*"abcd"), chain(*"bcd"), chain(*"cdef")) == [
        {"abc": "vlan-1"},
        {"abcd": "vlan-1"},
        {"bcd": "vlan-1"},
        {"cdef": "vlan-1"},
    ]


def test_of_a_split_the_larger_part_keeps_the_id():
    told = play(chain(*"abcde"), chain(*"ab") + chain(*"cde"))
    assert told[1] == {"cde": "vlan-1", "ab": "vlan-2"}


def test_of_a_merger_the_larger_id_stays_and_the_other_comes_back():
    apart = chain(*"ab") + chain(*"cde")
    told = play(apart, chain(*"abcde"), apart)
    assert told[0] == {"ab": "vlan-1", "cde": "vlan-2"}
    assert told[1] == {"abcde": "vlan-2"}
    assert told[2] == told[0]


def test_equal_halves_come_back_as_they_were():
    apart = chain(*"ab") + chain(*"cd")
    told = play(apart, chain(*"abcd"), apart)
    assert told[1] == {"abcd": "vlan-1"}
    assert told[2] == told[0] == {"ab": "vlan-1", "cd": "vlan-2"}


def test_what_vanished_comes_back_under_its_id():
    told = play(
        chain(*"ab") + chain(*"cd"), chain(*"cd"), [], chain(*"cd") + chain(*"ef"), chain(*"abx") + chain(*"cd")
    )
    assert told[3] == {"cd": "vlan-2", "ef": "vlan-3"}
    assert told[4] == {"abx": "vlan-1", "cd": "vlan-2"}


def test_live_ids_go_before_retired_ones():
    told = play(chain(*"ab"), [], chain(*"cdab"), chain(*"ab"))
    assert told[2] == {"abcd": "vlan-1"}
    told = play(chain(*"ab") + chain(*"cde"), chain(*"abcde"), chain(*"abc"))
    assert told[2] == {"abc": "vlan-2"}


def test_carrying_twice_changes_nothing():
    found = infer(chain(*"abc") + chain(*"de", vid=".10"))
    registry, topology = carry(Registry(), found)
    assert carry(registry, found) == (registry, topology)
    assert carry(registry, topology) == (registry, topology)


def test_default_names():
    def names(*observations):
        return [vlan.name for f in infer(observations).fabrics for vlan in f.vlans]

    assert names(*chain(*"ab", vid=".10")) == ["VLAN 10"]
    assert names(*chain(*"ab")) == ["untagged"]
    assert names(*chain(*"ab"), interface("a", "eth0", addresses=("10.0.0.1/24",))) == ["untagged 10.0.0.0/24"]
    assert names(*chain(*"ab"), interface("a", "eth0", addresses=("10.0.0.1/24", "10.1.0.1/24"))) == ["untagged"]
    assert infer(chain(*"ab")).fabrics[0].name == "fabric-1"


def test_names_given_by_people_survive():
    registry, topology = carry(Registry(), infer(chain(*"ab")))
    registry = rename(rename(registry, "fabric-1", " core "), "vlan-1", "pxe")
    for world in (chain(*"abc"), [], chain(*"ab", vid=".10") + chain(*"ab")):
        registry, topology = carry(registry, infer(world))
    assert topology.fabrics[0].name == "core"
    assert [vlan.name for vlan in topology.fabrics[0].vlans] == ["VLAN 10", "pxe"]
    registry = rename(registry, "fabric-1", "")
    assert carry(registry, topology)[1].fabrics[0].name == "fabric-1"


@pytest.mark.parametrize(("id", "name"), [("fabric-9", "x"), ("vlan-1", "x" * (LONGEST_NAME + 1)), ("vlan-1", "a\nb")])
def test_bad_names_are_refused(id, name):
    registry, _ = carry(Registry(), infer(chain(*"ab")))
    with pytest.raises(ValueError, match="no fabric or VLAN|at most"):
        rename(registry, id, name)


def test_a_registry_goes_through_json():
    registry, _ = carry(Registry(), infer(chain(*"ab")))
    registry, _ = carry(rename(registry, "vlan-1", "pxe"), infer(chain(*"cd")))
    assert msgspec.json.decode(msgspec.json.encode(registry), type=Registry) == registry


def test_memory_of_the_retired_is_bounded_and_keeps_what_people_named():
    registry, _ = carry(Registry(), infer(chain("named", "other")))
    registry = rename(registry, "vlan-1", "pxe")
    world = [saw("heard", f"h{n}/eth0", f"h{n}/eth1") for n in range(MOST_RETIRED + 5)]
    registry, _ = carry(registry, infer(world))
    registry, _ = carry(registry, infer([]))
    assert len(registry.vlans.retired) == MOST_RETIRED
    assert registry.vlans.last == MOST_RETIRED + 6
    _, topology = carry(registry, infer(chain("named", "other")))
    assert topology.fabrics[0].vlans[0].name == "pxe"


PORTS = tuple(Port(host, "eth0") for host in "abcdefgh")


def sketch(ports: tuple[Port, ...]) -> Sketch:
    """A fabric of one VLAN with these ports; each time another object."""
    members = tuple(Member(port=port, strength=Strength.CONFIRMED, seen=Wall(0.0)) for port in ports)
    return sketch_of(Fabric(id="", name="", vlans=(Vlan(id="", name="", vid=None, members=members, subnets=()),)))


def groups(*words: str) -> list[tuple[Port, ...]]:
    return [tuple(Port(host, "eth0") for host in word) for word in words]


def named(registry: Registry) -> list[tuple[str, str]]:
    return [(entry.id, "".join(port.host for port in entry.ports)) for entry in registry.fabrics.live]


def test_what_is_the_same_object_in_the_same_place_is_not_looked_at():
    naming, sketches = Naming(), [sketch(ports) for ports in groups("ab", "cd", "e")]
    registry, before = naming.carry(Registry(), sketches)
    again, after = naming.carry(registry, sketches)
    assert (again.fabrics is registry.fabrics, again.vlans is registry.vlans) == (True, True)
    assert [one is other for one, other in zip(before, after, strict=True)] == [True] * 3
    sketches[1] = sketch(*groups("cdf"))
    registry, last = naming.carry(again, sketches)
    assert named(registry) == [("fabric-1", "ab"), ("fabric-2", "cdf"), ("fabric-3", "e")]
    assert [one is other for one, other in zip(after, last, strict=True)] == [True, False, True]
    assert [entry is other for entry, other in zip(again.vlans.live, registry.vlans.live, strict=True)] == [True, False, True]  # fmt: skip


@pytest.mark.parametrize(
    ("then", "found", "retired"),
    [
        (("cd", "ab", "e"), [("fabric-2", "cd"), ("fabric-1", "ab"), ("fabric-3", "e")], []),
        (("abcd", "x", "e"), [("fabric-1", "abcd"), ("fabric-4", "x"), ("fabric-3", "e")], ["fabric-2"]),
        (("x", "cd", "ab"), [("fabric-4", "x"), ("fabric-2", "cd"), ("fabric-1", "ab")], ["fabric-3"]),
        (("a", "b", "cde"), [("fabric-1", "a"), ("fabric-4", "b"), ("fabric-2", "cde")], ["fabric-3"]),
    ],
    ids=["swapped", "merged, and one new", "one new, one moved", "split, and merged"],
)
def test_as_many_as_before_and_not_the_same(then, found, retired):
    kept = {ports: sketch(ports) for ports in groups("ab", "cd", "e")}
    naming = Naming()
    registry, _ = naming.carry(Registry(), [*kept.values()])
    before = {entry.ports: entry for entry in registry.fabrics.live}
    registry, _ = naming.carry(registry, [kept.get(ports) or sketch(ports) for ports in groups(*then)])
    assert named(registry) == found
    assert all(before.get(entry.ports, entry) is entry for entry in registry.fabrics.live), "who moves stays the object"
    assert [entry.id for entry in registry.fabrics.retired] == retired


MOVES = st.dictionaries(st.integers(0, len(PORTS) - 1), st.integers(-1, 4), max_size=3)


@given(st.lists(st.tuples(MOVES, st.booleans()), max_size=12))
def test_what_is_kept_as_an_object_is_named_as_what_is_made_anew(steps):
    naming, registry, anew = Naming(), Registry(), Registry()
    home = dict.fromkeys(range(len(PORTS)), 0)
    kept: dict[tuple[Port, ...], Sketch] = {}
    for moves, backwards in steps:
        home |= moves
        now = [tuple(PORTS[at] for at in home if home[at] == number) for number in range(5)]
        now = [ports for ports in (reversed(now) if backwards else now) if ports]
        kept = {ports: kept.get(ports) or sketch(ports) for ports in now}
        registry, fabrics = naming.carry(registry, [*kept.values()])
        anew, others = Naming().carry(anew, [sketch(ports) for ports in now])
        assert (registry, fabrics) == (anew, others)
