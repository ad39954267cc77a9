import pytest

from bellrock.diagnosis.on_wire import dhcp_unanswered as rule
from bellrock.model import Confidence, Severity
from bellrock.wire import dhcp6
from tests.diagnosis.healthy_boots import GIADDR, silent
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
    case,
    complaint,
    discover,
    leased,
    listed,
    offer,
    pxe,
    request,
    six,
)  # fmt: skip

THREE = [discover(at) for at in (0, 0.7, 2.1)]
BY_RELAY = [
    discover(at, giaddr=GIADDR, source=GIADDR, destination=RACK_IP, macs=(ROUTER, RACK), ports=(67, 67)) for at in (0.001, 0.701, 2.101)
]  # fmt: skip


def only(*things, **more):
    (found,) = rule.find(case(*things, **more))
    return found


def test_who_asks_three_times_in_vain_is_told():
    found = only(THREE)
    assert found.what == f"{NODE} (UEFI x64, architecture 7) asks for an address 3 times, and nobody gives it one"
    assert (found.severity, found.client, found.flow, found.confidence) == (
        Severity.ERROR,
        NODE,
        "dhcp",
        Confidence.POSSIBLE,
    )
    assert found.evidence == ("packet 1", "packet 2", "packet 3")
    assert found.proof[0] == f"Packet 1 (0.000 s): DISCOVER from 0.0.0.0 ({NODE}) to 255.255.255.255."
    assert found.recheck == "bellrock probe dhcp --from eth0 -o arch=uefi-x64"


def test_who_does_not_boot_may_be_meant_to_have_none():
    assert only([discover(at, options={}) for at in (0, 1, 3)]).severity is Severity.WARNING


def test_the_vlan_is_that_of_the_clients_link():
    found = only([discover(at, vids=(20,)) for at in (0, 1, 3)])
    assert (found.vid, found.recheck[-10:]) == (20, " -o vid=20")


def test_another_number_each_time_is_the_same_machine():
    assert "4 times" in only([discover(at, xid=xid) for xid, at in enumerate((0, 4, 12, 28))]).what


def test_ipxe_is_left_alone_after_its_firmware_was_served():
    found = only(leased(), [discover(at, xid=8, options=pxe(7, "iPXE")) for at in (5, 6, 8)])
    assert "iPXE) asks" in found.what


def test_only_a_proxy_answers():
    proxy = offer(
        0.1,
        address=ANY,
        server="10.0.0.3",
        file=b"",
        options={60: b"PXEClient", 54: listed("10.0.0.3")},
        macs=(STRANGER, EVERYBODY),
    )
    found = only(THREE, proxy)
    assert found.cause.startswith(f"Only the proxyDHCP server 10.0.0.3 ({STRANGER}) answers")
    assert found.confidence is Confidence.CERTAIN


def test_a_relay_that_hears_nothing_back():
    found = only([discover(at, point="router-1/eth1") for at in (0, 0.7, 2.1)], BY_RELAY)
    assert found.cause.startswith(f"The relay {GIADDR} sends it to {RACK_IP}, and nothing comes back")
    assert "3 times" in found.what


def test_a_relay_that_sends_to_where_nobody_listens():
    found = only(BY_RELAY, complaint("port unreachable", (GIADDR, 67, RACK_IP, 67), 0.01, RACK_IP, GIADDR))
    assert (found.confidence, found.cause[-22:]) == (Confidence.CERTAIN, "says port unreachable.")


def test_a_server_that_answers_others():
    found = only(THREE, leased(1, NODE2, NODE2_IP, xid=5))
    assert found.cause.startswith(f"A DHCP server is there, {RACK_IP}, and answers others")


@pytest.mark.parametrize(
    "things",
    [
        (discover(0), discover(0.7)), (discover(0), request(0.1), discover(1), discover(2)), (THREE, offer(2.2)),
        (discover(59),), (THREE, leased(10, xid=9)),
    ],
    ids=["too early to say", "a request shows an offer", "offered late", "at the end", "served later"],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(*things, until=3.0 if len(things) == 2 else 60)))


SIX = [six(dhcp6.Kind.SOLICIT, at, (dhcp6.CLIENT_ARCH, b"\0\7")) for at in (0, 1, 3)]


def test_who_boots_by_dhcpv6_alone():
    found = only(SIX)
    assert found.what == f"{NODE} asks for an address by DHCPv6 3 times, and nobody gives it one"
    assert (found.flow, found.recheck) == ("dhcpv6", "bellrock probe dhcpv6 --from eth0")


@pytest.mark.parametrize(
    "things",
    [(SIX, leased()), SIX[:1], (SIX, six(dhcp6.Kind.ADVERTISE, 4, answers=True)), [six(dhcp6.Kind.SOLICIT, at) for at in (0, 1, 3)]],
    ids=["has DHCPv4", "asked once", "answered", "a system that always asks"],
)  # fmt: skip
def test_what_is_none_of_dhcpv6(things):
    assert not list(rule.find(case(*things, until=8)))


def test_healthy_wires_and_no_wire_at_all():
    assert silent(rule) == {}
