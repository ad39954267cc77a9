"""Which interface belongs where, and registrations that keep their ids."""

from __future__ import annotations

import itertools

import pytest

from bellrock.model import Fabric, Host, Interface, InterfaceKind, Member, Port, Strength, Topology, Vlan, Wall
from bellrock.region.service import places as places_module
from bellrock.region.service.places import Registrar, places_at, places_of, port_of
from bellrock.region.service.state import Account
from bellrock.region.store import AgentRow

NOW = Wall(100.0)


def nic(name: str = "eth0", mac: str = "02:00:00:00:00:01", **facts) -> Interface:
    return Interface(**({"name": name, "index": 1, "mac": mac, "settled": True} | facts))


TAGGED = nic("eth0.10", kind=InterfaceKind.VLAN, vid=10, parents=("eth0",))


def topology(*vlans: tuple[str, int | None, Port]) -> Topology:
    made = tuple(
        Vlan(id=name, name=name, vid=vid, members=(Member(port=port, strength=Strength.CONFIRMED),), subnets=())
        for name, vid, port in vlans
    )
    return Topology(fabrics=(Fabric(id="fabric-1", name="f", vlans=made),))


def account(*interfaces: Interface) -> Account:
    made = Account(AgentRow(host=Host("h", "h")))
    made.interfaces = {interface.name: (interface, 1) for interface in interfaces}
    return made


@pytest.fixture
def registrar():
    numbers = itertools.count(1)
    return Registrar([], lambda: f"if-{next(numbers)}")


def test_port_of_a_vlan_interface_is_its_lower_devices():
    assert port_of("h", TAGGED) == Port("h", "eth0", 10)
    assert port_of("h", nic()) == Port("h", "eth0")
    assert port_of("h", nic("odd", kind=InterfaceKind.VLAN, vid=10)) == Port("h", "odd")


def test_a_trunk_is_in_all_its_vlans_and_a_vlan_interface_in_one():
    found = places_of(topology(("vlan-10", 10, Port("h", "eth0", 10)), ("vlan-1", 1, Port("h", "eth0"))))
    assert [place.vlan for place in places_at(found, "h", nic())] == ["vlan-1", "vlan-10"]
    assert [place.vlan for place in places_at(found, "h", TAGGED)] == ["vlan-10"]
    assert places_at(found, "other", nic()) == []


def test_an_unsettled_interface_waits(registrar):
    there = account(nic(settled=False))
    assert registrar.update([there], {}, NOW) == ([], [])
    there.interfaces["eth0"] = (nic(), 1)
    changed, gone = registrar.update([there], {}, NOW)
    assert ([one.id for one in changed], gone) == (["if-1"], [])
    assert changed[0].since == NOW
    assert registrar.update([there], {}, NOW) == ([], [])


def test_a_place_is_recorded_moves_and_outlives_its_evidence(registrar):
    there = account(nic())
    first = places_of(topology(("vlan-1", None, Port("h", "eth0"))))
    (one,), _ = registrar.update([there], first, NOW)
    assert one.vlans == (("fabric-1", "vlan-1", None),)
    assert registrar.update([there], {}, NOW) == ([], [])
    (two,), _ = registrar.update([there], places_of(topology(("vlan-2", None, Port("h", "eth0")))), Wall(200.0))
    assert (two.id, two.since, two.vlans) == (one.id, NOW, (("fabric-1", "vlan-2", None),))


def test_identity_is_the_permanent_mac_then_the_name(registrar):
    there = account(nic("eth0", permanent_mac="p"))
    registrar.update([there], {}, NOW)
    there.interfaces = {"lan0": (nic("lan0", mac="02:00:00:00:00:99", permanent_mac="p"), 1)}
    (renamed,), _ = registrar.update([there], {}, NOW)
    assert (renamed.id, renamed.name) == ("if-1", "lan0")
    assert registrar.find("h", nic("eth0", permanent_mac="p")) is None
    there.interfaces["vlan"] = (nic("vlan", permanent_mac="p"), 1)
    (other,), _ = registrar.update([there], {}, NOW)
    assert other.id == "if-2", "two interfaces that are there at once are two, whatever MAC they share"


def test_an_interface_that_comes_back_is_the_same(registrar):
    there = account(nic())
    registrar.update([there], {}, NOW)
    there.interfaces = {}
    assert registrar.update([there], {}, NOW) == ([], [])
    there.interfaces = {"eth0": (nic(), 1)}
    assert registrar.update([there], {}, NOW) == ([], [])
    assert registrar.find("h", nic()).id == "if-1"


def test_absent_ones_are_kept_within_a_bound_the_oldest_go_first(registrar, monkeypatch):
    monkeypatch.setattr(places_module, "MAX_ABSENT", 2)
    there = account()
    given_up = []
    for number in range(5):
        there.interfaces = {f"veth{number}": (nic(f"veth{number}", mac=f"m{number}"), 1)} if number < 4 else {}
        given_up += registrar.update([there], {}, Wall(NOW + number))[1]
    assert given_up == ["if-1", "if-2"]
    again = Registrar([registrar.find("h", nic("veth3", mac="m3"))], lambda: "if-x")
    assert again.find("h", nic("veth3", mac="m3")).id == "if-4"
