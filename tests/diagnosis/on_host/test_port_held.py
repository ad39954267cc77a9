import pytest

from bellrock.diagnosis.on_host import port_held
from bellrock.model import Confidence
from bellrock.model.listening import Owner
from tests.diagnosis.sites import case, found, here, listener, probe, whats

MAAS, LIBVIRT = {"pid": 10, "name": "dhcpd"}, {"pid": 20, "name": "dnsmasq"}


def test_two_programs_that_share_a_port():
    given = case(here(listeners=(listener(67, **MAAS), listener(67, **LIBVIRT))))
    assert whats(port_held, given) == [
        ("error", "two programs share udp/67 of rack-1: dhcpd (pid 10) and dnsmasq (pid 20)")
    ]
    [one] = found(port_held, given)
    assert "virsh net-destroy default" in one.fix[0]


def test_two_of_one_name_share_a_port_of_dhcp():
    given = case(here(listeners=(listener(67, 10, "dnsmasq"), listener(67, 20, "dnsmasq"))))
    assert len(found(port_held, given)) == 1


def test_three_programs_at_one_port_are_one_finding():
    given = case(here(listeners=(listener(67, **MAAS), listener(67, **LIBVIRT), listener(67, 30, "kea-dhcp4"))))
    assert len(found(port_held, given)) == 1


def test_on_one_device():
    given = case(
        here(listeners=(listener(53, 10, "named", interface="eth0"), listener(53, 20, "unbound", interface="eth0")))
    )
    [one] = found(port_held, given)
    assert "both on eth0" in one.proof[0]
    assert one.fix[0].startswith("Stop the one")


@pytest.mark.parametrize(
    "listeners",
    [
        None,
        (),
        (listener(67, **MAAS),),
        (listener(67, **MAAS), listener(69, **LIBVIRT)),
        (listener(67, **MAAS), listener(67, **LIBVIRT, interface="virbr0")),
        (listener(67, **MAAS, interface="eth0"), listener(67, **LIBVIRT, interface="virbr0")),
        (listener(53, 10, "named"), listener(53, 20, "dnsmasq", address="192.168.122.1")),
        (listener(53, 10, "named"), listener(53, 20, "unbound", address="::")),
        (listener(53, 10, "unbound", inode=1), listener(53, 10, "unbound", inode=2)),
        (listener(53, 10, "unbound", inode=1), listener(53, 11, "unbound", inode=2)),
        (listener(67, 20, "dnsmasq", inode=1), listener(67, 21, "dnsmasq", inode=1)),
        (listener(5353, 10, "avahi-daemon"), listener(5353, 20, "chromium")),
        (listener(67, **MAAS), listener(67, owners=(), inode=9)),
        (listener(67, **MAAS), listener(67, **LIBVIRT, namespace="vm1")),
        (listener(53, 10, "named", protocol="tcp"), listener(53, 20, "unbound", protocol="tcp")),
    ],
    ids=[
        "unknown", "none", "one", "two ports", "libvirt on its bridge", "each on its own", "an address of its own", "two families",
        "two sockets of one process", "workers", "one socket of two processes", "mDNS", "an owner that may not be seen",
        "another namespace", "TCP gives each its own",
    ],
)  # fmt: skip
def test_healthy(listeners):
    assert found(port_held, case(here(listeners=listeners))) == []


WRONG = probe("dns", "wrong-service", detail="it answers in another protocol")


def test_who_holds_the_port_of_a_service_that_is_another_one():
    held = listener(53, 20, "dnsmasq", owners=(Owner(20, "dnsmasq", "dnsmasq", 4026531999),))
    [one] = found(port_held, case(here(listeners=(held,)), probes=(WRONG, WRONG)))
    assert one.what == "udp/53 of rack-1, where dns should be, is held by dnsmasq (pid 20)"
    assert one.proof[1] == "dnsmasq (pid 20) of network namespace 4026531999 is bound to 0.0.0.0:53."
    assert one.confidence is Confidence.CERTAIN


@pytest.mark.parametrize(
    ("held", "who"),
    [
        (listener(53, address="10.0.0.2", owners=(), uid=112), "a program of user 112"),
        (listener(53, 20, "unbound", address="::", dual=True), "unbound (pid 20)"),
    ],
)
def test_at_its_own_address_and_by_a_socket_of_both_families(held, who):
    [one] = found(port_held, case(here(listeners=(held,)), probes=(WRONG,)))
    assert one.what.endswith(f"is held by {who}")


@pytest.mark.parametrize(
    ("held", "probed"),
    [
        (listener(53), probe("dns", "works")),
        (listener(53), probe("dns", "wrong-service", "10.0.0.99")),
        (listener(54), WRONG),
        (listener(53, protocol="tcp"), WRONG),
        (listener(53, address="127.0.0.1"), WRONG),
        (listener(53, address="::"), WRONG),
        (listener(53, namespace="vm1"), WRONG),
    ],
)
def test_nobody_is_blamed_for_what_is_elsewhere(held, probed):
    assert found(port_held, case(here(listeners=(held,)), probes=(probed,))) == []
    assert found(port_held, case(here(listeners=None), probes=(WRONG,))) == []
