from ipaddress import IPv4Network

from bellrock.diagnosis.on_wire import dhcp_two_servers as rule
from bellrock.flows.addresses import collected
from bellrock.flows.site import Members, Site
from bellrock.flows.values import Role
from bellrock.model import Confidence, Severity
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import (
    ANY,
    EVERYBODY,
    NODE,
    NODE2,
    NODE2_IP,
    RACK,
    RACK_IP,
    ROUTER,
    STRANGER,
    STRANGER_IP,
    ack,
    case,
    discover,
    lease,
    leased,
    listed,
    numbered,
    offer,
    request,
)  # fmt: skip

VIRT = "192.168.122.1"
OWN = listed(VIRT)
OF_LIBVIRT = {
    54: OWN, 51: numbered(3600), 58: numbered(1800), 59: numbered(3150), 1: listed("255.255.255.0"), 28: listed("192.168.122.255"),
    3: OWN, 6: OWN,
}  # fmt: skip
SITE = Site(roles={Role.RACK: Members(addresses=collected([IPv4Network(f"{RACK_IP}/32")]))})


def stranger(at=0.015, server=STRANGER_IP, address="192.168.1.9", *, client=NODE, mac=STRANGER, options=None, **more):
    given = options or lease(address, server, router="192.168.1.254")
    return offer(
        at, client, address, server, macs=(mac, EVERYBODY), options=given, **({"file": b"", "siaddr": ANY} | more)
    )


def only(*things, **more):
    (found,) = rule.find(case(*things, **more))
    return found


def test_who_tells_nothing_to_boot_is_likely_the_stranger():
    found = only(leased(), stranger())
    assert (
        found.what
        == f"Two DHCP servers answer on this link: {RACK_IP} ({RACK}) and {STRANGER_IP} ({STRANGER}), which should not"
    )
    assert (found.address, found.client, found.confidence) == (STRANGER_IP, NODE, Confidence.LIKELY)
    assert f"MAC {STRANGER}" in found.fix[0]
    assert "router 192.168.1.254" in "".join(found.proof)


def test_a_site_knows_who_should_be_there():
    found = only(leased(), stranger(file=b"other.efi", mac=ROUTER), site=SITE)
    assert (found.address, found.confidence) == (STRANGER_IP, Confidence.CERTAIN)


def test_libvirts_dnsmasq_is_named_and_ended():
    found = only(leased(), stranger(server=VIRT, address="192.168.122.57", options=OF_LIBVIRT, mac="fe:54:00:aa:bb:cc"))
    assert "libvirt’s dnsmasq" in found.what
    assert "virsh net-destroy default" in found.fix[0]
    assert (found.address, found.confidence) == (VIRT, Confidence.LIKELY)


def test_a_guest_that_runs_dnsmasq_is_told_by_its_mac():
    options = OF_LIBVIRT | {6: listed(VIRT, "9.9.9.9")}
    assert (
        "libvirt’s" in only(leased(), stranger(server=VIRT, address="192.168.122.57", options=options, file=b"x")).what
    )


def test_a_home_router_is_way_out_and_server_in_one():
    options = lease("192.168.1.9", "192.168.1.254", router="192.168.1.254")
    found = only(leased(), stranger(server="192.168.1.254", options=options, file=b"x", mac=ROUTER))
    assert found.address == "192.168.1.254"


def test_nothing_tells_them_apart():
    found = only(leased(), stranger(server="10.0.0.99", mac=ROUTER, file=b"x"))
    assert (found.confidence, found.what[-34:]) == (Confidence.POSSIBLE, ", and send machines different ways")
    assert found.severity is Severity.WARNING, "two subnets of one link look the same"


def test_two_servers_that_list_two_routers_in_another_order_spread_load():
    one, other = (lease(o3=listed(*routers)) for routers in (("10.0.0.1", "10.0.0.254"), ("10.0.0.254", "10.0.0.1")))
    second = stranger(
        server="10.0.0.3", address="10.0.0.99", options=other | {54: listed("10.0.0.3")}, file=b"bootx64.efi"
    )
    assert not list(rule.find(case(leased(options=one), second)))


def test_one_finding_for_all_machines_of_a_vlan():
    found = only(
        leased(vids=(10,)),
        stranger(vids=(10,)),
        leased(5, NODE2, NODE2_IP, xid=6, vids=(10,)),
        stranger(5.1, client=NODE2, xid=6, vids=(10,)),
    )
    assert (found.client, found.vid, "VLAN 10" in found.what) == ("", 10, True)
    assert found.proof[-1] == f"Seen by 2 machines: {NODE}, {NODE2}."


def test_one_subnet_and_only_one_of_both_tells_what_to_boot():
    options = lease("10.0.0.99", STRANGER_IP)
    assert only(leased(), stranger(address="10.0.0.99", options=options)).address == STRANGER_IP


def test_an_ack_of_another_server_counts_as_well():
    assert only(discover(), offer(0.01), request(0.02), ack(0.03, address="192.168.1.9", server=STRANGER_IP, file=b"",
                options=lease("192.168.1.9", STRANGER_IP, router="192.168.1.254"))).address == STRANGER_IP  # fmt: skip


def test_a_second_server_of_the_same_way_out_is_none():
    options = lease("10.0.0.99", "10.0.0.3", dns=("10.0.0.3", RACK_IP))
    assert not list(
        rule.find(
            case(leased(), stranger(server="10.0.0.3", address="10.0.0.99", options=options, file=b"bootx64.efi"))
        )
    )


def test_what_does_not_boot_may_be_served_by_one_that_knows_nothing_of_booting():
    plain = {60: b"udhcp"}
    options = lease("10.0.0.99", "10.0.0.3")
    things = discover(options=plain), offer(0.01), stranger(server="10.0.0.3", address="10.0.0.99", options=options)
    assert not list(rule.find(case(things)))


def test_healthy_wires():
    assert silent(rule) == {}
