"""Whose offers are dnsmasq's: three servers' real ones, by the order of their options."""

import pytest

from bellrock.link.libvirtnet import Dnsmasq
from bellrock.model import Monotonic, Verdict
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

    def has(*processes, interface=""):
        monkeypatch.setattr(libvirt_dnsmasq, "dnsmasqs", lambda: processes)
        monkeypatch.setattr(libvirt_dnsmasq, "owner_of", lambda _: interface)

    has()
    return has


def process(pid, **fields):
    return Dnsmasq(**({"pid": pid, "interface": "", "address": "0.0.0.0", "namespace": "", "network": ""} | fields))


def judged(*offers):
    return judge(offers, planned("libvirt-dnsmasq"), Script(None))


def test_nobody(machine):
    found = judged()
    assert (found.verdict, found.detail) == (Verdict.FILTERED, "no dnsmasq answers on eth0, and no other DHCP server")


def test_another(machine):
    found = judged(offered(KEA))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "DHCP is served by 10.9.0.1 (52:54:00:00:00:01), whose offers look otherwise" in found.detail


def test_libvirts_is_told_before_another_dnsmasq(machine):
    found = judged(offered(DNSMASQ), offered(LIBVIRT))
    assert found.verdict is Verdict.WORKS
    assert (
        found.detail
        == "192.168.122.1 (52:54:00:00:00:01) offers 192.168.122.7 on eth0: it looks like dnsmasq as libvirt sets it up"
    )
    assert found.facts["libvirt"] is True
    assert judged(offered(DNSMASQ)).facts["libvirt"] is False


def test_with_its_process_where_that_is_here(machine):
    machine(process(7, address="192.168.122.1", network="default"), process(8))
    found = judged(offered(LIBVIRT))
    assert found.detail.endswith("it is pid 7, libvirt's network default: `virsh net-destroy default` ends it")
    assert found.facts["ended_by"] == "virsh net-destroy default"


@pytest.mark.parametrize(
    ("processes", "interface", "pid"),
    [
        ((process(7, interface="virbr0"), process(8)), "virbr0", 7),
        ((process(7, interface="virbr0"),), "", None),
        ((process(7, interface="virbr0", namespace="blue"),), "", 7),
        ((process(7, namespace="blue"), process(8, namespace="red")), "", None),
        ((process(7),), "virbr0", 7),
        ((), "virbr0", None),
    ],
    ids=["by interface", "not its address", "the only one elsewhere", "one of two", "bound to any", "none"],
)
def test_a_process_is_named_only_where_there_is_no_doubt(machine, processes, interface, pid):
    machine(*processes, interface=interface)
    assert judged(offered(LIBVIRT)).facts.get("pid") == pid
