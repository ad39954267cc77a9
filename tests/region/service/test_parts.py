"""Parts of the topology."""

from __future__ import annotations

import pytest

from bellrock.model import Conflict, ConflictKind, Fabric, Host, Member, Port, Strength, Topology, Unknown, Vlan, Wall
from bellrock.region.service.filters import VlansWanted
from bellrock.region.service.parts import Parts
from bellrock.region.service.slices import WHOLE, Span
from bellrock.region.service.state import State
from bellrock.region.service.views import Views
from bellrock.region.store import AgentRow, Loaded


def member(host: str, interface: str, vid: int | None = None) -> Member:
    return Member(port=Port(host, interface, vid), strength=Strength.CONFIRMED, seen=Wall(90.0))


TAGGED = Vlan(
    id="v2",
    name="pxe",
    vid=10,
    members=(member("id-b", "eth1", 10), member("id-a", "eth0", 10)),
    subnets=("10.0.0.0/24",),
)
FABRICS = (
    Fabric(id="f2", name="storage", vlans=(TAGGED, Vlan(id="v3", name="bmc", vid=20, members=(), subnets=()))),
    Fabric(id="f1", name="storage-b", vlans=(Vlan(id="v1", name="pxe", vid=None, members=(member("id-a", "eth0"),), subnets=()),)),
)  # fmt: skip
CONFLICTS = (
    Conflict(kind=ConflictKind.LOOP, where=(Port("id-b", "eth1"),), proof="second"),
    Conflict(kind=ConflictKind.LOOP, where=(Port("id-a", "eth0"),), proof="first"),
    *(Conflict(kind=kind, where=(), proof="other") for kind in ConflictKind if kind is not ConflictKind.LOOP),
)
UNKNOWN = tuple(
    Unknown(host=host, interface=interface, why=why)
    for host, interface, why in (
        ("id-b", "eth9", "no carrier"),
        ("id-a", "eth9", "down"),
        ("id-gone", "eth0", "silent"),
    )
)


@pytest.fixture
def parts() -> Parts:
    agents = (AgentRow(host=Host("id-a", "rack1", "rack")), AgentRow(host=Host("id-b", "rack2", "rack")))
    topology = Topology(fabrics=FABRICS, conflicts=CONFLICTS, unknown=UNKNOWN)
    return Parts(Views(State(Loaded(agents=agents)), topology, [], Wall(100.0)))


def test_fabrics_by_id(parts):
    found = parts.fabrics(None, WHOLE)
    assert [(one.id, one.name, one.vlans) for one in found.rows] == [("f1", "storage-b", 1), ("f2", "storage", 2)]
    assert [one.id for one in parts.fabrics("storage", WHOLE).rows] == ["f2"]
    assert parts.fabrics("none", WHOLE).rows == []
    assert parts.fabric("f2") == found.rows[1]
    assert parts.fabric("storage") is None


def test_a_part_of_a_list_goes_on_where_it_ended(parts):
    first = parts.vlans(VlansWanted(), Span(None, 2))
    assert ([one.id for one in first.rows], first.total, first.last) == (["v1", "v2"], 3, ("v2",))
    rest = parts.vlans(VlansWanted(), Span(first.last, 2))
    assert ([one.id for one in rest.rows], rest.total, rest.last) == (["v3"], 3, None)


def test_a_page_begins_behind_a_vlan_that_has_gone_since(parts):
    for after, wanted, found, total in (
        (("v1a",), VlansWanted(), ["v2", "v3"], 3),
        (("v2a",), VlansWanted(fabric="f2"), ["v3"], 2),
        (("v9",), VlansWanted(), [], 3),
        (("",), VlansWanted(), ["v1", "v2", "v3"], 3),
    ):
        rest = parts.vlans(wanted, Span(after, 2 if len(found) < 3 else 3))
        assert ([one.id for one in rest.rows], rest.total, rest.last) == (found, total, None)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["v1", "v2", "v3"]),
        ({"fabric": "f2"}, ["v2", "v3"]),
        ({"fabric": "storage-b"}, ["v1"]),
        ({"name": "pxe"}, ["v1", "v2"]),
        ({"vid": 10}, ["v2"]),
        ({"name": "pxe", "vid": 20}, []),
        ({"fabric": "f1", "vid": 10}, []),
    ],
    ids=str,
)
def test_vlans_that_are_asked_for(parts, asked, found):
    assert [one.id for one in parts.vlans(VlansWanted(**asked), WHOLE).rows] == found


def test_a_vlan_says_where_it_is_and_what_is_in_it(parts):
    one = parts.vlan("v2")
    assert one is not None
    assert (one.name, one.vid, one.fabric, one.members, one.subnets) == ("pxe", 10, "f2", 2, ("10.0.0.0/24",))
    assert parts.vlan("pxe") is None


def test_members_by_host(parts):
    found = parts.members("v2", None, None, WHOLE)
    assert found is not None
    assert [(one.host, one.interface, one.vid, one.age) for one in found.rows] == [("rack1", "eth0", 10, 10.0), ("rack2", "eth1", 10, 10.0)]  # fmt: skip
    assert parts.members("v4", None, None, WHOLE) is None
    empty = parts.members("v3", None, None, WHOLE)
    assert empty is not None
    assert (empty.rows, empty.total) == ([], 0)


def test_conflicts_by_kind_and_place(parts):
    everything = parts.conflicts(None, WHOLE).rows
    assert [one.kind for one in everything] == sorted([*ConflictKind, "loop"])
    assert [one.proof for one in parts.conflicts("loop", WHOLE).rows] == ["first", "second"]
    assert parts.conflicts("loop", WHOLE).rows[0].where[0].host == "rack1"


@pytest.mark.parametrize(
    ("host", "found"),
    [
        (None, [("rack1", "eth9"), ("rack2", "eth9"), ("id-gone", "eth0")]),
        ("rack2", [("rack2", "eth9")]),
        ("id-b", [("rack2", "eth9")]),
        ("id-gone", [("id-gone", "eth0")]),
        ("nobody", []),
    ],
)
def test_unknown_of_a_host_by_either_name(parts, host, found):
    assert [(one.host, one.interface) for one in parts.unknown(host, WHOLE).rows] == found
