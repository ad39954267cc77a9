"""Whose offers are dnsmasq's: three servers' real ones, by the order of their options."""

import pytest

from bellrock.link.libvirtnet import Dnsmasq
from bellrock.model import Interface, InterfaceKind, Monotonic, Verdict
from bellrock.probe import libvirt_dnsmasq
from bellrock.probe.dhcp_offers import Offer
from bellrock.probe.libvirt_dnsmasq import judge, like_dnsmasq, like_libvirt
from bellrock.wire import dhcp
from tests.probe.dhcp_offered import Script, planned

# What dnsmasq 2.90, kea 2.2 and ISC dhcpd 4.4 put behind the message type, in their order.
LIBVIRT = "3604c0a87a01 330400000e10 3a0400000708 3b0400000c4e 0104ffffff00 1c04c0a87aff 0604c0a87a01 0304c0a87a01"
DNSMASQ = "36040a090003 330400000e10 430a7078656c696e75782e30 3a0400000708 3b0400000c4e 0104ffffff00 1c040a0900ff 03040a090003"
KEA = "0104ffffff00 03040a090001 330400000e10 36040a090001"
ISC = "36040a090001 330400000e10 0104ffffff00 03040a090001"


def offered(options, address="192.168.122.7", source="192.168.122.1"):
    codes = dict(dhcp._walk(bytes.fromhex(options), "options"))
    message = dhcp.Message(op=2, xid=1, kind=2, yiaddr=address, options=codes)
    return Offer(message=message, mac="52:54:00:00:00:01", source=source, at=Monotonic(1.0), after=0.5)


@pytest.mark.parametrize(
    ("options", "dnsmasq", "libvirt"),
    [(LIBVIRT, True, True), (DNSMASQ, True, False), (KEA, False, False), (ISC, False, False)],
    ids=["libvirt", "dnsmasq", "kea", "isc"],
)
def test_how_offers_look(options, dnsmasq, libvirt):
    assert like_dnsmasq(offered(options)) is dnsmasq
    assert like_libvirt(offered(options)) is libvirt


def test_a_host_that_is_not_the_first_of_its_subnet_is_no_libvirt():
    assert not like_libvirt(offered(LIBVIRT.replace("c0a87a01", "c0a87a02")))


@pytest.fixture
def machine(monkeypatch):
    """Who runs here, and who has the server's address."""

    def has(*processes, interface="", mac="52:54:00:00:00:01"):
        monkeypatch.setattr(libvirt_dnsmasq, "dnsmasqs", lambda: processes)
        owner = Interface(index=2, name=interface, mac=mac, kind=InterfaceKind.BRIDGE) if interface else None
        monkeypatch.setattr(libvirt_dnsmasq, "interface_with", lambda _: owner)

    has()
    return has


ITS = frozenset({"127.0.0.1", "192.168.122.1"})


def process(pid, **fields):
    return Dnsmasq(**({"pid": pid, "interface": "", "address": "0.0.0.0", "namespace": "", "network": ""} | fields))


def judged(*offers, **options):
    return judge(offers, planned("libvirt-dnsmasq", **options), Script(None))


def test_nobody(machine):
    found = judged()
    assert (found.verdict, found.detail) == (Verdict.FILTERED, "no dnsmasq answers on eth0, and no other DHCP server")


def test_another(machine):
    found = judged(offered(KEA))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert found.detail == "no dnsmasq of libvirt's answers on eth0; DHCP is served by 10.9.0.1 (52:54:00:00:00:01)"


def test_libvirts_is_told_before_another_dnsmasq(machine):
    found = judged(offered(DNSMASQ), offered(LIBVIRT))
    assert found.verdict is Verdict.WORKS
    assert (
        found.detail
        == "192.168.122.1 (52:54:00:00:00:01) offers 192.168.122.7 on eth0: it looks like dnsmasq as libvirt sets it up"
    )
    assert found.facts["server"] == "192.168.122.1"


def test_the_dnsmasq_of_a_rack_is_not_libvirts(machine):
    """Many racks and routers serve DHCP by it, and nobody is told to end them."""
    machine(process(7), interface="eth0")
    found = judged(offered(DNSMASQ))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert found.detail.endswith("DHCP is served by 10.9.0.3 (52:54:00:00:00:01), a dnsmasq set up otherwise")
    assert "pid" not in found.facts


@pytest.mark.parametrize("option", ["servers", "rack"])
def test_who_is_to_serve_here_is_not_suspected(machine, option):
    machine(process(7), interface="eth0")
    found = judged(offered(LIBVIRT), **{option: "192.168.122.1"})
    assert (found.verdict, "ends it" in found.detail) == (Verdict.WRONG_SERVICE, False)


def test_libvirts_own_by_its_process_however_it_is_set_up(machine):
    machine(process(7, network="isolated"), interface="virbr1")
    found = judged(offered(DNSMASQ))
    assert found.verdict is Verdict.WORKS
    assert found.detail.endswith("it looks like dnsmasq; it is pid 7, libvirt's network isolated: `virsh net-destroy isolated` ends it")  # fmt: skip


def test_with_its_process_where_that_is_here(machine):
    machine(process(7, interface="virbr0", network="default"), process(8, interface="br1"), interface="virbr0")
    found = judged(offered(LIBVIRT))
    assert found.detail.endswith(
        "it is pid 7 on virbr0, libvirt's network default: `virsh net-destroy default` ends it"
    )
    assert found.facts["ended_by"] == "virsh net-destroy default"


@pytest.mark.parametrize(
    ("processes", "interface", "pid"),
    [
        ((process(7, interface="virbr0"), process(8)), "virbr0", 7),
        ((process(7, interface="virbr0"),), "", None),
        ((process(7, interface="virbr0", namespace="blue"),), "", None),
        ((process(7, namespace="blue", local=ITS), process(8, namespace="red")), "", 7),
        ((process(7, namespace="blue", local=ITS), process(8, namespace="red", local=ITS)), "", None),
        ((process(7),), "virbr0", 7),
        ((), "virbr0", None),
    ],
    ids=[
        "by interface",
        "not its address",
        "the only one elsewhere, of another address",
        "by address elsewhere",
        "one of two",
        "bound to any",
        "none",
    ],
)
def test_a_process_is_named_only_where_there_is_no_doubt(machine, processes, interface, pid):
    machine(*processes, interface=interface)
    assert judged(offered(LIBVIRT)).facts.get("pid") == pid


def test_the_same_address_at_another_machine_is_not_ours(machine):
    """Every host with libvirt has 192.168.122.1."""
    machine(process(7, network="default"), interface="virbr0", mac="52:54:00:00:00:02")
    assert "pid" not in judged(offered(LIBVIRT)).facts
