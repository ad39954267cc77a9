import pytest

from bellrock.diagnosis.on_wire import nothing_after_dhcp as rule
from bellrock.model import Confidence, Severity
from tests.diagnosis.healthy_boots import by_http, relayed, silent
from tests.diagnosis.wires import (
    ANY,
    NODE,
    NODE_IP,
    POINT,
    RACK,
    RACK_IP,
    ROUTER_IP,
    arp_answers,
    arp_asks,
    case,
    conversation,
    get,
    lease,
    leased,
    point,
    transfer,
)  # fmt: skip

TO_IT = arp_answers(0.5, RACK_IP, NODE_IP)
OTHERS = arp_asks(60, ROUTER_IP, RACK_IP)


def only(*things, **more):
    (found,) = rule.find(case(*things, **{"until": 90} | more))
    return found


def test_a_machine_that_is_not_heard_again_is_told():
    found = only(leased(1), TO_IT)
    assert found.what == f"{NODE} is given {NODE_IP} and 'bootx64.efi' to boot, and is not heard again"
    assert (found.severity, found.confidence, found.client, found.address) == (
        Severity.WARNING,
        Confidence.POSSIBLE,
        NODE,
        RACK_IP,
    )


@pytest.mark.parametrize(
    "more", [{"mac": RACK}, {"addresses": (f"{RACK_IP}/24",)}], ids=["its MAC address", "its address"]
)
def test_at_the_boot_servers_own_interface_it_would_be_seen(more):
    assert only(leased(1), OTHERS, points=[point(POINT, last=90, **more)])


def test_a_name_that_is_too_long_is_named():
    long = b"a" * 130
    assert only(leased(1, file=b"", options=lease(o67=long)), TO_IT).cause.startswith("The file's name has 130 octets")


@pytest.mark.parametrize(
    "things",
    [
        leased(1), (leased(1), OTHERS), (leased(1), TO_IT, arp_asks(2)), (leased(1), TO_IT, transfer(at=2)), (leased(1), TO_IT, get("/x", 2)),
        (leased(1), TO_IT, conversation("udp", 2)), (leased(80), TO_IT), (leased(1, file=b"", siaddr=ANY), TO_IT),
        (by_http()[:4], TO_IT), (leased(1, asks={1: b"x"}), TO_IT), (relayed(1), OTHERS),
        (leased(1, file=b"http://10.0.0.2/x"), TO_IT),
    ],
    ids=[
        "nothing but DHCP was captured", "it would not be seen", "asks for a neighbour", "fetches", "speaks TCP", "speaks UDP", "at the end",
        "no file", "HTTP boot", "does not boot", "beyond a relay", "a URL",
    ],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(*things, until=90)))


def test_a_server_of_another_address_is_not_the_boot_server():
    here = [point(POINT, last=90, mac=RACK)]
    assert not list(rule.find(case(leased(1, siaddr="10.0.0.3"), OTHERS, until=90, points=here)))


def test_healthy_wires_and_no_wire_at_all():
    assert silent(rule) == {}
