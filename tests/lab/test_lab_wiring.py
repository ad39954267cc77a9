"""What is plugged into what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.lab.parse import parse
from bellrock.lab.schema import FaultSpec, PortSpec
from bellrock.lab.wiring import Groups, edges, misconfigured, plugs, port_vids, split

LAB = parse(
    b"""
[switch.sw0]
mtu = 9000
port.p1 = { trunk = [10, 20], native = 10, mtu = 1400 }
[switch.sw1]
[host.a]
interface.eth0 = { to = "sw0/p1" }
interface.eth1 = { to = "sw1" }
interface.eth2 = { to = "sw0", access = 30, up = false }
interface.eth3 = {}
interface.eth4 = { vlans = [7] }
bridge.br0 = { members = ["eth0", "eth3"] }
bridge.br1 = { members = ["eth1"], up = false }
[host.a-host-with-a-long-name]
interface.eth0 = { to = "sw0", trunk = [20], vlans = [20] }
interface.eth1 = { to = "sw0", access = 20 }
interface.eth2 = { vlans = [8] }
interface.eth3 = {}
[[link]]
between = ["sw0", "sw1"]
trunk = [20, 30]
native = { sw0 = 10, sw1 = 1 }
[[link]]
between = ["sw0", "sw1"]
trunk = [40]
up = false
[[cable]]
between = ["a/eth4", "a-host-with-a-long-name/eth2"]
[[fault]]
kind = "port-down"
at = "a-host-with-a-long-name/eth1"
""",
    "f",
)
LONG = "a-host-with-a-long-name"


def test_an_interface_is_in_the_port_that_the_switch_or_the_interface_describes():
    found = {(plug.host, plug.interface): plug for plug in plugs(LAB)}
    assert found["a", "eth0"].port == PortSpec(trunk=(10, 20), native=10, mtu=1400)
    assert (found["a", "eth0"].device, found["a", "eth0"].mtu) == ("a.eth0", 1400)
    assert (found["a", "eth1"].port, found["a", "eth1"].mtu) == (PortSpec(), 1500)
    assert found["a", "eth2"].mtu == 9000
    assert found[LONG, "eth0"].device == "port5"
    assert not found[LONG, "eth1"].port.up
    assert ("a", "eth3") not in found
    assert ("a", "eth4") not in found


def test_what_an_interface_carries_nothing_where_it_is_down():
    assert port_vids(LAB) == {
        ("a", "eth0"): [None, 20],
        ("a", "eth1"): [None],
        (LONG, "eth0"): [20],
        ("a", "eth4"): [None, 7, 8],
        (LONG, "eth2"): [None, 7, 8],
    }


def test_edges_are_what_shares_frames():
    found = {(a, b) for a, b, _ in edges(LAB)}
    assert found == {
        (("port", "a", "eth0", None), ("switch", "sw0", 10)),
        (("port", "a", "eth0", 20), ("switch", "sw0", 20)),
        (("port", "a", "eth1", None), ("switch", "sw1", 1)),
        (("port", LONG, "eth0", 20), ("switch", "sw0", 20)),
        (("switch", "sw0", 20), ("switch", "sw1", 20)),
        (("switch", "sw0", 30), ("switch", "sw1", 30)),
        (("switch", "sw0", 10), ("switch", "sw1", 1)),
        *((("port", "a", "eth4", vid), ("port", LONG, "eth2", vid)) for vid in (None, 7, 8)),
        (("port", "a", "br0", None), ("port", "a", "eth0", None)),
        (("port", "a", "br0", 20), ("port", "a", "eth0", 20)),
    }


def test_every_edge_names_the_key_that_makes_it():
    keys = {path for _, _, path in edges(LAB)}
    assert ("link", 0) in keys
    assert ("cable", 0) in keys
    assert ("host", "a", "bridge", "br0", "members", 0) in keys
    assert ("host", "a", "interface", "eth0") in keys


@pytest.mark.parametrize(("text", "names"), [("a/eth0", ("a", "eth0")), ("a", ("a", "")), ("a/b/c", ("a", "b/c"))])
def test_split(text, names):
    assert split(text) == names


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_groups_are_what_hangs_together(pairs):
    groups = Groups()
    joined = sum(groups.join(("n", str(a)), ("n", str(b))) for a, b in pairs)
    found = groups.all()
    named = {number for pair in pairs for number in pair}
    assert sorted(int(node[1]) for group in found for node in group) == sorted(named)
    assert len(found) == len(named) - joined
    assert all(groups.find(("n", str(a))) == groups.find(("n", str(b))) for a, b in pairs)


TRUNK = PortSpec(trunk=(10, 20), native=5)
FAULTS = [
    (TRUNK, FaultSpec(kind="port-down", at="a/b"), PortSpec(trunk=(10, 20), native=5, up=False)),
    (TRUNK, FaultSpec(kind="missing-vid", at="a/b", vid=10), PortSpec(trunk=(20,), native=5)),
    (TRUNK, FaultSpec(kind="extra-vid", at="a/b", vid=30), PortSpec(trunk=(10, 20, 30), native=5)),
    (TRUNK, FaultSpec(kind="native", at="a/b", vid=6), PortSpec(trunk=(10, 20), native=6)),
    (PortSpec(access=10), FaultSpec(kind="native", at="a/b", vid=6), PortSpec(access=6)),
    (TRUNK, FaultSpec(kind="mtu", at="a/b", mtu=1400), TRUNK),
    (TRUNK, FaultSpec(kind="deaf", at="a/b"), TRUNK),
]


@pytest.mark.parametrize(("port", "fault", "found"), FAULTS)
def test_some_faults_are_settings_of_a_port(port, fault, found):
    assert misconfigured(port, fault) == found


def test_the_truth_of_a_trunk_is_what_it_passes_and_not_what_was_meant():
    text = """
[switch.s]
[host.a]
interface.e0 = { to = "s", trunk = [10, 20, 30] }
[[fault]]
kind = "missing-vid"
at = "a/e0"
vid = 20
[[fault]]
kind = "extra-vid"
at = "a/e0"
vid = 40
"""
    assert port_vids(parse(text.encode(), "f")) == {("a", "e0"): [10, 30, 40]}
