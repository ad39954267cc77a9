"""What is kept from one answer to the next, and what brings it up to date."""

from __future__ import annotations

import pytest

from bellrock.model import Fabric, Host, Interface, InterfaceKind, Member, Port, Strength, Topology, Unknown, Vlan, Wall
from bellrock.region.service.index import Index, host_names, unique_names
from bellrock.region.service.state import Account, State
from bellrock.region.store import AgentRow, Loaded

ETH0 = Interface(name="eth0", index=2, mac="m")
TAGGED = Interface(name="eth0.10", index=3, mac="m", kind=InterfaceKind.VLAN, vid=10, parents=("eth0",))


def state(**names: str) -> State:
    agents = tuple(AgentRow(host=Host(identity, name, "rack")) for identity, name in names.items())
    return State(Loaded(agents=agents, peers=(Host("peer", "heard"),)))


def member(host: str, interface: str, vid: int | None = None) -> Member:
    return Member(port=Port(host, interface, vid), strength=Strength.HEARD, seen=Wall(1.0))


def vlan(identity: str, *members: Member, name: str = "", vid: int | None = None) -> Vlan:
    return Vlan(id=identity, name=name or identity, vid=vid, members=members, subnets=())


def topology(*vlans: Vlan, **facts) -> Topology:
    return Topology(fabrics=(Fabric(id="f1", name="storage", vlans=vlans),), **facts)


def test_hosts_are_in_the_order_of_their_names():
    index = Index()
    index.see(state(a="rack2", b="rack1", c="rack3"), Topology())
    assert index.order == [("rack1", "b"), ("rack2", "a"), ("rack3", "c")]
    assert [index.called(name) for name in ("rack1", "rack3", "rack", "rack4", "heard")] == ["b", "c", None, None, None]


def test_names_are_of_agents_peers_and_what_the_topology_knows():
    seen = host_names(state(a="new"), Topology(names={"a": "old", "z": "gone"}))
    assert seen == {"a": "new", "peer": "heard", "z": "gone"}


def test_a_name_is_seen_when_it_changes_and_kept_when_nothing_does():
    index, held, claims = Index(), state(a="rack1"), Topology()
    index.see(held, claims)
    before = index.names
    index.see(held, claims)
    index.see(held, Topology())
    assert index.names is before
    held.accounts["b"] = Account(AgentRow(host=Host("b", "rack0", "rack")))
    index.see(held, claims)
    assert index.order == [("rack0", "b"), ("rack1", "a")]
    held.accounts["b"].host = Host("b", "rack9", "rack")
    held.named += 1
    index.see(held, claims)
    assert index.order == [("rack1", "a"), ("rack9", "b")]
    index.see(held, Topology(names={"z": "zed"}))
    assert index.names["z"] == "zed"
    index.see(state(c="rack3"), Topology(names={"z": "zed"}))
    assert index.order == [("rack3", "c")]


def test_places_follow_the_topology():
    index, held = Index(), state(a="rack1")
    index.see(
        held,
        topology(vlan("v10", member("a", "eth0", 10), vid=10), vlan("v0", member("a", "eth0"), member("b", "eth0"))),
    )
    assert [(one.vlan, one.vid, one.fabric) for one in index.places("a", ETH0)] == [
        ("v0", None, "f1"),
        ("v10", 10, "f1"),
    ]
    assert [one.vlan for one in index.places("a", TAGGED)] == ["v10"]
    assert index.places("a", Interface(name="eth1", index=4, mac="m")) == []
    assert [one.vlan for one in index.places("b", ETH0)] == ["v0"]
    index.see(held, topology(vlan("v10", member("a", "eth0", 10), vid=10), vlan("v0", member("a", "eth0"))))
    assert index.places("b", ETH0) == []
    assert [one.vlan for one in index.places("a", ETH0)] == ["v0", "v10"]
    index.see(held, Topology())
    assert index.places("a", ETH0) == []


def test_why_nothing_is_known_is_of_the_topology_of_now():
    index, held = Index(), state(a="rack1")
    index.see(held, Topology(unknown=(Unknown(host="a", interface="eth0", why="no carrier"),)))
    assert index.why == {("a", "eth0"): "no carrier"}
    index.see(held, Topology())
    assert index.why == {}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ((None, None, None), ["v1", "v2"]),
        (("v1", None, None), ["v1"]),
        (("pxe", None, None), ["v2"]),
        ((None, "f1", None), ["v1", "v2"]),
        ((None, "storage", 20), ["v2"]),
        ((None, "f2", None), []),
        ((None, None, 10), ["v1"]),
        (("pxe", None, 10), []),
    ],
    ids=str,
)
def test_vlans_by_what_they_are_called_and_where_they_are(asked, found):
    index = Index()
    index.see(state(a="rack1"), topology(vlan("v1", vid=10), vlan("v2", name="pxe", vid=20)))
    assert [*index.vlans(*asked)] == found


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        ({"0001": "a", "0002": "b"}, {"0001": "a", "0002": "b"}),
        ({"x-0001": "a", "x-0002": "a"}, {"x-0001": "a-0001", "x-0002": "a-0002"}),
        ({"10000001": "a", "20000001": "a"}, {"10000001": "a-0001", "20000001": "a-20000001"}),
        ({"1": "a", "2": "a", "3": "a-1"}, {"1": "a-1", "2": "a-2", "3": "a-1"}),
        ({"1": "a-0001", "20001": "a", "30002": "a"}, {"1": "a-0001", "20001": "a-20001", "30002": "a-0002"}),
    ],
    ids=str,
)
def test_shared_names_get_as_much_of_the_id_as_tells_them_apart(names, unique):
    assert unique_names(names) == unique


def test_what_changed_is_told_part_by_part_and_once():
    index, held = Index(), state(a="rack1", b="rack2")
    index.see(held, topology(vlan("v", member("a", "eth0"), member("b", "eth0")), vlan("w", member("c", "eth0"))))
    assert ("f1",) in index.changed
    index.changed, index.moved = set(), set()
    strong = Member(port=Port("a", "eth0"), strength=Strength.CONFIRMED, seen=Wall(1.0))
    later = Member(port=Port("b", "eth0"), strength=Strength.HEARD, seen=Wall(9.0))
    claims = topology(vlan("v", strong, later), vlan("x", member("c", "eth0")))
    index.see(held, claims)
    a, c = Port("a", "eth0"), Port("c", "eth0")
    assert index.changed == {("f1", "v", a), ("f1", "w"), ("f1", "w", c), ("f1", "x"), ("f1", "x", c)}
    assert index.moved == {a, c}
    index.changed, index.moved = set(), set()
    index.see(held, claims)
    index.see(held, Topology(fabrics=claims.fabrics))
    assert (index.changed, index.moved) == (set(), set())


def test_a_vlan_that_goes_to_another_fabric_is_in_that_one():
    index, held = Index(), state(a="rack1")
    one = vlan("v", member("a", "eth0"))
    for fabric in ("f1", "f2", "f1"):
        index.see(held, Topology(fabrics=(Fabric(id=fabric, name=fabric, vlans=(one,)),)))
        assert [place.fabric for place in index.places("a", ETH0)] == [fabric]
        found = index.member(Port("a", "eth0"))
        assert found is not None
        assert (found[0].id, found[1]) == (fabric, one)
        assert index.vlan("v") == found
    assert index.member(Port("a", "eth0", 7)) is None
    assert index.vlan("w") is None
    renamed = Topology(fabrics=(Fabric(id="f1", name="storage", vlans=(one,)),))
    index.see(held, renamed)
    assert [*index.vlans(None, "storage", None)] == ["v"]


def test_ports_of_which_nothing_is_known_any_more_or_for_another_reason_have_moved():
    index, held = Index(), state(a="rack1")
    unknown = [Unknown(host="a", interface="eth0", why=why) for why in ("no carrier", "silent")]
    for one in unknown:
        index.moved = set()
        index.see(held, Topology(unknown=(one,)))
        assert index.moved == {Port("a", "eth0")}
    index.moved = set()
    index.see(held, Topology())
    assert index.moved == {Port("a", "eth0")}


def test_vlans_are_in_the_order_of_their_ids():
    index, held = Index(), state(a="rack1")
    assert index.vlans_in_order == []
    index.see(held, topology(vlan("v2"), vlan("v10")))
    before = index.vlans_in_order
    assert before == ["v10", "v2"]
    same = topology(vlan("v2"), vlan("v10"))
    index.see(held, Topology(fabrics=tuple(index.fabrics.values()), names=same.names))
    assert index.vlans_in_order is before
    index.see(held, topology(vlan("v2"), vlan("v1")))
    assert index.vlans_in_order == ["v1", "v2"]


@pytest.mark.parametrize(
    ("members", "untagged", "tagged"),
    [((), False, False), ((("a", "eth0", None),), True, False), ((("a", "eth0", 10),), True, True), ((("b", "eth0", 10),), False, False)],
    ids=["nowhere", "untagged", "tagged", "another"],
)  # fmt: skip
def test_whether_an_interface_is_anywhere(members, untagged, tagged):
    index, held = Index(), state(a="rack1")
    index.see(held, topology(vlan("v1", *(member(*one) for one in members))))
    for interface, placed in ((ETH0, untagged), (TAGGED, tagged)):
        assert index.placed("a", interface) is placed is bool(index.places("a", interface))
    index.see(held, topology(vlan("v1")))
    assert not index.placed("a", ETH0)
