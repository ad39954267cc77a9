import pytest
from msgspec.structs import replace

from bellrock.flows.lint import HostAddress, Kind, Weight
from bellrock.flows.lint.dhcp import remarks, servers
from bellrock.model.listening import Owner
from tests.flows.lint.scenes import RACK, listener, scene, site

HOST = (
    HostAddress("eth0", "10.20.0.7/24"),
    HostAddress("virbr0", "192.168.122.1/24"),
    HostAddress("eth0", "fd00::7/64"),
)
DNSMASQ = listener("udp", 67, name="dnsmasq", pid=812)


def on_libvirt_host(*listeners, **more):
    return list(remarks(scene(*listeners, roles=("libvirt-host",), addresses=HOST, **more)))


def test_a_rack_with_one_server_is_no_remark():
    assert list(remarks(scene(DNSMASQ))) == []
    assert list(remarks(scene())) == []


def test_libvirts_dnsmasq_on_a_production_vlan():
    [remark] = on_libvirt_host(DNSMASQ)
    assert (remark.kind, remark.weight, remark.flow) == (Kind.FORBIDDEN, Weight.COMPLAINT, "libvirt-dnsmasq")
    assert remark.sentence == (
        "dnsmasq (pid 812, 0.0.0.0:67) answers DHCP: role libvirt-host must not on VLAN 20 (eth0)"
    )
    assert "virsh net-destroy NAME" in remark.advice


@pytest.mark.parametrize(
    "harmless",
    [
        listener("udp", 67, name="dnsmasq", interface="virbr0"),
        listener("udp", 67, "192.168.122.1", name="dnsmasq"),
        listener("udp", 67, "::", name="dnsmasq"),
        listener("tcp", 67, name="dnsmasq"),
        listener("udp", 53, name="dnsmasq"),
        listener("udp", 67, name="dhcrelay"),
    ],
)
def test_where_it_cannot_be_heard_it_harms_nobody(harmless):
    assert on_libvirt_host(harmless) == []


@pytest.mark.parametrize("socket", [replace(DNSMASQ, interface="eth0"), replace(DNSMASQ, address="10.20.0.7")])
def test_bound_to_the_production_side_it_does(socket):
    assert [remark.kind for remark in on_libvirt_host(socket)] == [Kind.FORBIDDEN]


def test_another_server_is_a_rogue():
    [remark] = on_libvirt_host(listener("udp", 67, name="dhcpd", pid=9))
    assert (remark.kind, remark.flow) == (Kind.ROGUE_DHCP, "dhcp")
    assert remark.sentence == "dhcpd (pid 9, 0.0.0.0:67) listens for DHCP on VLAN 20 (eth0), where only rack may answer"
    assert remark.proof == "this host plays libvirt-host, and the socket hears broadcasts there"


def test_also_where_nobody_knows_what_the_host_plays_or_who_the_server_is():
    [remark] = remarks(scene(listener("udp", 67), roles=(), addresses=HOST))
    assert remark.sentence.startswith("a process that this user may not look into (0.0.0.0:67) listens for DHCP")
    assert remark.proof.startswith("this host plays no role")


def test_a_rack_that_is_a_libvirt_host_may_have_its_own_dnsmasq():
    assert list(remarks(scene(DNSMASQ, roles=("rack", "libvirt-host")))) == []


def test_two_servers_on_one_vlan():
    [remark] = remarks(scene(DNSMASQ, listener("udp", 67, name="dhcpd", pid=9, inode=2)))
    assert (remark.kind, remark.weight) == (Kind.TWO_DHCP, Weight.COMPLAINT)
    assert remark.sentence == (
        "two DHCP servers hear VLAN 20 (eth0): dnsmasq (pid 812, 0.0.0.0:67) and dhcpd (pid 9, 0.0.0.0:67)"
    )
    assert remark.proof == "Exactly one DHCP server answers on each VLAN of nodes."


def test_two_servers_on_interfaces_of_their_own():
    addresses = (*RACK, HostAddress("eth1", "10.9.0.2/24"))
    ours = replace(DNSMASQ, interface="eth0")
    theirs = listener("udp", 67, name="dhcpd", pid=9, inode=2, interface="eth1")
    assert list(remarks(scene(ours, theirs, addresses=addresses))) == []
    both = list(remarks(scene(ours, replace(theirs, interface=""), addresses=addresses)))
    assert [remark.kind for remark in both] == [Kind.TWO_DHCP]
    assert "VLAN 20 (eth0)" in both[0].sentence
    assert "eth1" not in both[0].sentence


def test_a_subnet_without_a_vlan_is_named():
    office = scene(
        DNSMASQ, listener("udp", 67, name="dhcpd", pid=9, inode=2), addresses=(HostAddress("eth1", "10.9.0.2/24"),)
    )
    [remark] = remarks(office)
    assert "hear subnet office (eth1)" in remark.sentence


def test_sockets_of_one_process_and_shared_sockets_are_one_server():
    kea = [listener("udp", 67, "10.20.0.2", name="kea-dhcp4", pid=5, inode=inode) for inode in (1, 2)]
    assert len(servers(tuple(kea), frozenset((67,)))) == 1
    helper = replace(DNSMASQ, owners=(Owner(812, "dnsmasq"), Owner(813, "dnsmasq")))
    child = replace(DNSMASQ, owners=(Owner(813, "dnsmasq"),), inode=9)
    between = replace(DNSMASQ, owners=(Owner(814, "dnsmasq"),), inode=10)
    assert len(servers((child, between, helper), frozenset((67,)))) == 2
    nameless = [listener("udp", 67, inode=inode) for inode in (1, 2)]
    assert len(servers(tuple(nameless), frozenset((67,)))) == 2


def test_servers_that_a_third_socket_joins_become_one():
    one, two = (replace(DNSMASQ, owners=(Owner(pid, "dnsmasq"),), inode=pid) for pid in (1, 2))
    both = replace(DNSMASQ, owners=(Owner(1, "dnsmasq"), Owner(2, "dnsmasq")), inode=3)
    [server] = servers((one, two, both), frozenset((67,)))
    assert {it.inode for it in server.listeners} == {1, 2, 3}


def test_a_site_without_dhcp_says_nothing_of_it():
    of = site('[flows]\ndisable = ["dhcp"]')
    assert on_libvirt_host(DNSMASQ, of=of) == []
