"""How a lab is wired, and what of it beacons can show."""

from pathlib import Path

import pytest

from bellrock.lab.parse import load, parse
from bellrock.lab.truth import truth
from bellrock.model import Topology

EXAMPLES = Path(__file__).parents[2] / "examples"


def domains(topology: Topology) -> list[list[tuple[int | None, set[str]]]]:
    """Per fabric its VLANs, as (VID, ports)."""
    return [
        [(vlan.vid, {_text(member.port) for member in vlan.members}) for vlan in fabric.vlans]
        for fabric in topology.fabrics
    ]


def _text(port):
    return f"{port.host}/{port.interface}" + (f".{port.vid}" if port.vid is not None else "")


def of(text: str):
    return truth(parse(text.encode(), "f"))


TWO = '[switch.s]\n[host.a]\nrole = "region"\ninterface.e0 = {}\n[host.b]\nrole = "rack"\ninterface.e0 = {}\n'


def two(a: str, b: str, more: str = "") -> str:
    """Two hosts with agents, each with one interface in switch s."""
    return (
        f'[switch.s]\n[host.a]\nrole = "region"\ninterface.e0 = {{ to = "s", {a} }}\n'
        f'[host.b]\nrole = "rack"\ninterface.e0 = {{ to = "s", {b} }}\n{more}'
    )


def test_access_ports_of_one_vlan_are_one_domain_whose_vid_no_agent_sees():
    found = of(two("access = 10", "access = 10"))
    assert domains(found.wired) == [[(10, {"a/e0", "b/e0"})]]
    assert domains(found.knowable) == [[(None, {"a/e0", "b/e0"})]]


def test_different_vlans_are_different_domains_and_fabrics_that_no_beacon_shows():
    found = of(two("access = 10", "access = 20"))
    assert domains(found.wired) == [[(10, {"a/e0"})], [(20, {"b/e0"})]]
    assert domains(found.knowable) == []
    assert [(it.host, it.why) for it in found.knowable.unknown] == [
        ("a", "no beacon can show where it is"),
        ("b", "no beacon can show where it is"),
    ]


def test_a_trunk_learns_the_vid_of_an_access_port_that_speaks():
    found = of(two("access = 10", "trunk = [10, 20]"))
    assert domains(found.wired) == [[(10, {"a/e0", "b/e0.10"}), (20, {"b/e0.20"})]]
    assert domains(found.knowable) == [[(10, {"a/e0", "b/e0.10"})]]


def test_two_trunks_on_which_nobody_speaks_show_nothing():
    found = of(two("trunk = [10]", "trunk = [10]"))
    assert domains(found.wired) == [[(10, {"a/e0.10", "b/e0.10"})]]
    assert domains(found.knowable) == []


def test_one_that_was_told_a_vid_shows_it_to_all():
    found = of(two("trunk = [10, 20], vlans = [20]", "trunk = [10, 20]"))
    assert domains(found.knowable) == [[(20, {"a/e0.20", "b/e0.20"})]]


def test_native_and_tagged_vlans_of_one_trunk_are_one_fabric():
    found = of(two("trunk = [10, 20], native = 10, vlans = [20]", "trunk = [10, 20]"))
    assert domains(found.knowable) == [[(10, {"a/e0", "b/e0.10"}), (20, {"a/e0.20", "b/e0.20"})]]


def test_hosts_without_an_agent_are_wired_but_not_told():
    text = two("access = 10", "access = 10").replace('role = "rack"', "agent = false")
    assert domains(of(text).wired) == [[(10, {"a/e0"})]]


def test_a_bridge_is_one_with_its_members_and_says_nothing_by_itself():
    text = two("access = 10", "access = 10", "[host.c]\nrole = 'rack'\ninterface.e0 = {to = 's', access = 20}\n")
    text = text.replace("[host.b]\n", "[host.b]\nbridge.br0 = { members = ['e0'], addresses = ['10.0.0.1/8'] }\n")
    found = of(text + "bridge.br0 = { members = ['e0'] }\n")
    assert domains(found.knowable) == [[(None, {"a/e0", "b/e0", "b/br0"})]]
    assert found.knowable.fabrics[0].vlans[0].subnets == ("10.0.0.0/8",)
    assert domains(found.wired)[1] == [(20, {"c/e0", "c/br0"})]


def test_two_interfaces_of_one_host_show_that_they_share_a_segment():
    text = "[switch.s]\n[host.a]\nrole = 'node'\ninterface.e0 = { to = 's' }\ninterface.e1 = { to = 's' }\n"
    assert domains(of(text).knowable) == [[(None, {"a/e0", "a/e1"})]]


def test_a_loop_cable_joins_two_interfaces_of_a_host():
    text = "[host.a]\nrole = 'node'\ninterface.e0 = {}\ninterface.e1 = {}\n[[cable]]\nbetween = ['a/e0', 'a/e1']\n"
    assert domains(of(text).knowable) == [[(None, {"a/e0", "a/e1"})]]


def test_a_native_mismatch_is_one_domain_with_two_vids():
    text = (
        two("access = 10", "access = 10")
        .replace("[switch.s]", "[switch.s]\n[switch.t]")
        .replace('to = "s", access = 10 }\n[host.b]', 'to = "s", trunk = [10] }\n[host.b]')
    )
    text = text.replace(
        'rack"\ninterface.e0 = { to = "s", access = 10', 'rack"\ninterface.e0 = { to = "t", trunk = [20], vlans = [20]'
    )
    text += "[[link]]\nbetween = ['s', 't']\ntrunk = []\nnative = { s = 10, t = 20 }\n"
    found = of(text)
    assert domains(found.wired) == [[(10, {"a/e0.10", "b/e0.20"})]]
    assert domains(found.knowable) == [[(10, {"a/e0.10", "b/e0.20"})]]


def test_links_between_switches_make_a_fabric_that_agents_cannot_know():
    text = "[switch.s]\n[switch.t]\n[[link]]\nbetween = ['s', 't']\ntrunk = [10, 20]\n"
    for name, vid in (("a", 10), ("b", 20)):
        text += f"[host.{name}]\nrole = 'node'\n"
        text += "".join(f"interface.e{n} = {{ to = '{s}', access = {vid} }}\n" for n, s in enumerate("st"))
    found = of(text)
    assert domains(found.wired) == [[(10, {"a/e0", "a/e1"}), (20, {"b/e0", "b/e1"})]]
    assert domains(found.knowable) == [[(None, {"a/e0", "a/e1"})], [(None, {"b/e0", "b/e1"})]]


FAULTS = [
    ("mute", [[(None, {"a/e0", "b/e0"})]]),
    ("deaf", [[(None, {"a/e0", "b/e0"})]]),
    ("port-down", []),
]


@pytest.mark.parametrize(("kind", "shown"), FAULTS)
def test_one_direction_is_enough(kind, shown):
    fault = f"[[fault]]\nkind = '{kind}'\nat = 'b/e0'\n"
    assert domains(of(two("access = 10", "access = 10", fault)).knowable) == shown


def test_two_that_hear_nothing_show_nothing():
    faults = "".join(f"[[fault]]\nkind = 'deaf'\nat = '{host}/e0'\n" for host in "ab")
    assert domains(of(two("access = 10", "access = 10", faults)).knowable) == []


def test_what_is_down_or_without_a_cable_says_so():
    text = "[switch.s]\n[host.a]\nrole = 'node'\ninterface.e0 = {}\ninterface.e1 = { to = 's', up = false }\n"
    found = of(text + "bridge.br0 = { members = ['e0'] }\n")
    assert {it.interface: it.why for it in found.wired.unknown} == {
        "e0": "it has no carrier",
        "e1": "it is down",
        "br0": "no cable",
    }


def test_the_example_with_three_racks():
    found = truth(load(EXAMPLES / "three-racks.toml"))
    assert [[vid for vid, _ in fabric] for fabric in domains(found.wired)] == [[10, 20, 30], [1]]
    assert [[vid for vid, _ in fabric] for fabric in domains(found.knowable)] == [[10, 20, 30], [None]]
    (storage,) = [ports for vid, ports in domains(found.knowable)[0] if vid == 30]
    assert storage == {"node-3/eth1", "node-4/eth1", "rack-1/eth1.30"}
    assert [(it.host, it.interface) for it in found.knowable.unknown] == [("node-4", "eth2")]
    assert found.wired.names["rack-1"] == "rack-1"
