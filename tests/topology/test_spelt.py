"""The names of ports."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import EvidenceKey, EvidenceKind, Port
from bellrock.topology.facts import Facts
from bellrock.topology.spelt import Spelt, spelt_keys
from tests.topology.worlds import interface, interfaces, ports

VLANS = [
    interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10).interface,
    interface("a", "storage", "vlan", parents=("eth0",), vid=10).interface,
    interface("a", "eth0.10.20", "vlan", parents=("eth0.10",), vid=20).interface,
]
ETH0_10 = {Port("a", "eth0", 10), Port("a", "eth0.10"), Port("a", "storage")}


def test_a_vlan_interface_is_a_name_of_the_port_of_its_lower_device():
    spelt = Spelt("a", [interface("a", "eth0").interface, *VLANS])
    for port in ETH0_10:
        assert {*spelt.names(port)} == ETH0_10
    # VID 20 inside VLAN 10 is a port of eth0.10.
    assert {*spelt.names(Port("a", "eth0.10.20"))} == {Port("a", "eth0.10", 20), Port("a", "eth0.10.20")}
    for port in (Port("a", "eth0"), Port("a", "eth0", 20), Port("a", "eth1")):
        assert [*spelt.names(port)] == [port] == [*Spelt("a", ()).names(port)]


def test_keys_of_one_meaning():
    near, far = [Port("a", "eth0", 10), Port("a", "eth0.10")], [Port("b", "eth0")]
    key = EvidenceKey(EvidenceKind.HEARD, near[0], far[0])
    assert [*spelt_keys(key, near, far)] == [EvidenceKey(EvidenceKind.HEARD, one, far[0]) for one in near]
    alone = EvidenceKey(EvidenceKind.LLDP, near[1], None, "c p")
    assert [*spelt_keys(alone, near, ())] == [EvidenceKey(EvidenceKind.LLDP, one, None, "c p") for one in near]


@given(st.lists(interfaces(), max_size=12), ports)
def test_names_are_what_an_inference_takes_for_one_port(told, port):
    facts = Facts()
    facts.fold(told)
    spelt = Spelt(port.host, facts.interfaces.get(port.host, {}).values())
    assert {*spelt.names(port)} == {*facts.spellings(facts.canonical(port))}
