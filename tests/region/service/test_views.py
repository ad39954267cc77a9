"""What the region knows, in the shapes of the API."""

from __future__ import annotations

import pytest

from bellrock.model import (
    Conflict,
    ConflictKind,
    Evidence,
    EvidenceKey,
    EvidenceKind,
    Fabric,
    Host,
    Interface,
    InterfaceKind,
    Member,
    Neighbour,
    Port,
    RefusalCount,
    Strength,
    Topology,
    Unknown,
    Vlan,
    Wall,
)
from bellrock.region.service.filters import InterfacesWanted
from bellrock.region.service.places import Registrar
from bellrock.region.service.shapes import EndView
from bellrock.region.service.slices import WHOLE, Span
from bellrock.region.service.state import State
from bellrock.region.service.views import NO_EVIDENCE, UNSETTLED, Views, unique_names
from bellrock.region.store import AgentRow, InterfaceRow, Loaded
from bellrock.region.store.packed import pack_values
from bellrock.topology import Explanation, Step, Verdict

NOW = Wall(1000.0)
A, B = Port("id-a", "eth0"), Port("id-b", "eth0", 10)
SEEN = Evidence(kind=EvidenceKind.CONFIRMED, port=A, peer=B, round_trip=0.002, since=Wall(900.0), seen=Wall(950.0))
SWITCH = Neighbour(protocol="lldp", chassis_id="c", port_id="p1", system_name="sw1", pvid=7)
LLDP = Evidence(kind=EvidenceKind.LLDP, port=A, neighbour=SWITCH, seen=Wall(990.0))


def nic(name: str, index: int = 1, **facts) -> InterfaceRow:
    return InterfaceRow("id-a", Interface(**({"name": name, "index": index, "mac": "m", "settled": True} | facts)), 1)


def views(topology: Topology | None = None, *interfaces: InterfaceRow, lapsed: tuple[str, ...] = ()) -> Views:
    agents = (AgentRow(host=Host("id-a", "rack"), seen=Wall(980.0), offset=0.5), AgentRow(host=Host("id-b", "rack")))
    refusals = (
        (RefusalCount(A, "m1", "skew", 1, seen=Wall(10.0)), 1),
        (RefusalCount(A, "m2", "skew", 2, seen=Wall(20.0)), 1),
    )
    loaded = Loaded(
        agents=agents, peers=(Host("peer-x", "maas"),), interfaces=interfaces, refusals=refusals,
        told={"id-a": pack_values([SEEN, LLDP], [1, 1], [], [])},
    )  # fmt: skip
    return Views(State(loaded), topology or Topology(), ["id-a"], NOW, lapsed)


def test_topology_names_hosts_and_says_in_sentences_what_speaks_for_it():
    held = EvidenceKey(EvidenceKind.CONFIRMED, A, B)
    lost = EvidenceKey(EvidenceKind.HEARD, B, A)
    member = Member(port=A, strength=Strength.CONFIRMED, evidence=(held, lost), seen=Wall(990.0))
    vlan = Vlan(id="v", name="pxe", vid=10, members=(member,), subnets=("10.0.0.0/24",))
    conflict = Conflict(kind=ConflictKind.LOOP, where=(A,), proof="loop")
    found = views(
        Topology(
            fabrics=(Fabric(id="f", name="fab", vlans=(vlan,)),), conflicts=(conflict,),
            unknown=(Unknown(host="id-a", interface="eth9", why="no carrier"),), names={"id-z": "zed"},
        )
    ).topology(5)  # fmt: skip
    (one,) = found.fabrics[0].vlans[0].members
    assert (one.host, one.interface, one.vid, one.strength, one.age) == ("rack-id-a", "eth0", None, "confirmed", 10.0)
    assert one.evidence == (
        "rack-id-b/eth0.10 acknowledged a fresh beacon of rack-id-a/eth0 on the link that it was sent on within 2 ms.",
        "rack-id-b/eth0.10 heard a beacon that rack-id-a/eth0 sent.",
    )
    assert (found.revision, found.fabrics[0].vlans[0].subnets) == (5, ("10.0.0.0/24",))
    assert [(one.kind, one.where[0].host) for one in found.conflicts] == [("loop", "rack-id-a")]
    assert [(one.host, one.why) for one in found.unknown] == [("rack-id-a", "no carrier")]
    assert found.names == {"id-a": "rack-id-a", "id-b": "rack-id-b", "peer-x": "maas", "id-z": "zed"}


def test_hosts():
    a, b = views().hosts()
    assert (a.name, a.connected, a.seen_age, a.clock_offset) == ("rack-id-a", True, 20.0, 0.5)
    assert (b.connected, b.seen_age) == (False, None)


@pytest.mark.parametrize(
    ("facts", "unknown"),
    [
        ({}, NO_EVIDENCE),
        ({"settled": False}, UNSETTLED),
        ({"settled": False, "carrier": False}, NO_EVIDENCE),
        ({"settled": False, "up": False}, NO_EVIDENCE),
        ({"settled": False, "speaks": False}, NO_EVIDENCE),
    ],
)
def test_why_an_interface_has_no_place(facts, unknown):
    (one,) = views(None, nic("eth0", **facts)).interfaces(Registrar([], str))
    assert (one.vlans, one.unknown, one.registered) == ((), unknown, None)


def test_interfaces_by_index_with_their_neighbours():
    first, second = views(None, nic("eth1", 3), nic("eth0", 2)).interfaces(Registrar([], str))
    assert (first.name, second.name) == ("eth0", "eth1")
    assert (first.neighbour.system, first.neighbour.port, first.neighbour.pvid, first.neighbour.age) == (
        "sw1",
        "p1",
        7,
        10.0,
    )
    assert second.neighbour is None


def test_evidence_is_as_fresh_as_its_agents_word_until_that_lapses():
    confirmed, lldp = views().evidence(None, None)
    assert (confirmed.age, confirmed.since_age, confirmed.lapsed) == (20.0, 100.0, False)
    assert (lldp.peer, lldp.age) == (None, 10.0)
    assert [one.lapsed for one in views(lapsed=("id-a",)).evidence("id-a", "eth0")] == [True, True]
    assert views().evidence("rack-id-a", "eth1") == []
    assert views().evidence("rack-id-b", None) == []


def test_refusals_the_most_recent_first():
    assert [(one.source_mac, one.age) for one in views().refusals()] == [("m2", 980.0), ("m1", 990.0)]


def test_explanation():
    steps = (
        Step(a=A, b=B, kind="confirmed", sentence="said", seen=Wall(999.0)),
        Step(a=B, b=A, kind="configured", sentence="so"),
    )
    found = views().explanation(Explanation(verdict=Verdict.SAME_VLAN, chain=steps))
    assert (found.verdict, found.missing) == ("same-vlan", "")
    assert [(one.a.host, one.b.vid, one.age) for one in found.chain] == [
        ("rack-id-a", 10, 1.0),
        ("rack-id-b", None, None),
    ]


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        ({}, {}),
        ({"1": "a", "2": "b"}, {"1": "a", "2": "b"}),
        ({"x1111": "a", "x2222": "a"}, {"x1111": "a-1111", "x2222": "a-2222"}),
        ({"aaaa1111": "a", "bbbb1111": "a"}, {"aaaa1111": "a-1111", "bbbb1111": "a-bbbb1111"}),
        ({"x1111": "a", "x2222": "a", "z": "a-1111"}, {"x1111": "a-x1111", "x2222": "a-2222", "z": "a-1111"}),
    ],
)
def test_names_are_unique(names, unique):
    assert unique_names(names) == unique


@pytest.mark.parametrize("placed", [True, False])
def test_pages_that_find_little_end_early_and_together_are_the_list(monkeypatch, placed):
    monkeypatch.setattr("bellrock.region.service.views.MOST_LOOKED_AT", 3)
    agents = tuple(AgentRow(host=Host(f"id-{number}", f"rack{number}")) for number in range(10))
    interfaces = tuple(
        InterfaceRow(f"id-{number}", Interface(name="eth0", index=1, mac="m", settled=True), 1) for number in range(10)
    )
    members = tuple(Member(port=Port(f"id-{number}", "eth0"), strength=Strength.HEARD, seen=NOW) for number in (0, 9))
    fabric = Fabric(id="f", name="f", vlans=(Vlan(id="v", name="v", vid=None, members=members, subnets=()),))
    found = Views(State(Loaded(agents=agents, interfaces=interfaces)), Topology(fabrics=(fabric,)), (), NOW)
    wanted, registrar = InterfacesWanted(placed=placed), Registrar([], lambda: "id")
    whole = found.some_interfaces(registrar, wanted, WHOLE)
    assert len(whole.rows) == (2 if placed else 8)
    pages, at, asked = [], None, 0
    while asked == 0 or at is not None:
        page = found.some_interfaces(registrar, wanted, Span(at, 5))
        assert page.total is None
        pages, at, asked = [*pages, *page.rows], page.last, asked + 1
    assert pages == [*whole.rows]
    assert asked == 5
    assert (
        found.some_interfaces(registrar, InterfacesWanted(host="rack9", placed=placed), Span(None, 5)).total == placed
    )


def test_the_interfaces_of_ports_and_what_is_not_there():
    tagged = nic("eth0.10", 2, kind=InterfaceKind.VLAN, vid=10, parents=("eth0",))
    found = views(Topology(), nic("eth0"), tagged, nic("eth1", 3))
    registrar = Registrar([], lambda: "id")
    ports = [Port("id-a", "eth0", 10), Port("id-a", "eth9"), Port("nobody", "eth0")]
    rows, gone = found.interfaces_at(registrar, ports)
    assert sorted(one.name for one in rows) == ["eth0", "eth0.10"]
    assert gone == [EndView("rack-id-a", "eth9")]
    assert [one.name for one in found.interfaces_at(registrar, [Port("id-a", "eth1")])[0]] == ["eth1"]


def test_members_can_be_told_without_what_speaks_for_them():
    held = EvidenceKey(EvidenceKind.CONFIRMED, A, B)
    member = Member(port=A, strength=Strength.CONFIRMED, evidence=(held,), seen=Wall(990.0))
    fabric = Fabric(id="f", name="f", vlans=(Vlan(id="v", name="v", vid=None, members=(member,), subnets=()),))
    found = views(Topology(fabrics=(fabric,)))
    bare, proved = (found.topology(1, proved=proved).fabrics[0].vlans[0].members[0] for proved in (False, True))
    assert (bare.evidence, bare.strength, len(proved.evidence)) == ((), "confirmed", 1)
