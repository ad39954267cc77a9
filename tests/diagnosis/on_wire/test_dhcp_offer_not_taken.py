import pytest

from bellrock.diagnosis.on_wire import dhcp_offer_not_taken as rule
from bellrock.model import Confidence, Severity
from tests.diagnosis.healthy_boots import GIADDR, silent
from tests.diagnosis.wires import (
    ANY,
    NODE,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER,
    case,
    discover,
    lease,
    leased,
    nak,
    offer,
    pxe,
    request,
)  # fmt: skip

TIMES = (1, 5, 13, 29)


def loop(times=TIMES, *, asks=None, offers=None):
    return [(discover(at, **(asks or {})), offer(at + 0.01, **(offers or {}))) for at in times]


def only(*things, **more):
    (found,) = rule.find(case(*things, **{"until": 90} | more))
    return found


def test_who_is_offered_an_address_on_and_on_is_told():
    found = only(loop())
    assert found.what == f"{NODE} is offered 10.0.0.57 by {RACK_IP}, and asks anew, 4 times, without ever taking it"
    assert (found.severity, found.confidence, found.client, found.address) == (
        Severity.ERROR,
        Confidence.LIKELY,
        NODE,
        RACK_IP,
    )
    assert "DHCP snooping" in found.cause
    assert found.recheck == "bellrock probe dhcp --from eth0 -o arch=uefi-x64"


def test_who_does_not_boot_is_a_warning():
    assert only(loop(asks={"options": {}})).severity is Severity.WARNING


def test_at_the_server_the_relay_is_named():
    way = {"giaddr": GIADDR, "source": GIADDR, "destination": RACK_IP, "macs": (ROUTER, RACK), "ports": (67, 67)}
    back = {"giaddr": GIADDR, "destination": GIADDR, "macs": (RACK, ROUTER), "ports": (67, 67)}
    assert f"between the relay {GIADDR} and the machine" in only(loop(asks=way, offers=back)).cause


def test_offers_that_name_nothing_to_boot_are_passed_over():
    assert only(loop(offers={"file": b"", "siaddr": ANY, "options": lease()})).cause.startswith(
        "The offers name nothing to boot"
    )


def test_an_offer_to_one_where_a_broadcast_was_asked_for():
    found = only(loop(asks={"broadcast": True}, offers={"destination": NODE_IP, "macs": (RACK, NODE)}))
    assert "asks for a broadcast" in found.cause


@pytest.mark.parametrize(
    ("things", "until"),
    [
        ((loop(), request(29.02)), 90), ((loop(), nak(30)), 90), ((loop(), leased(40, xid=4)), 90), (loop((1, 5)), 90),
        (loop((1, 2, 3)), 8), (loop((0, 60, 120, 180)), 240), ([discover(at) for at in TIMES], 90),
        ((*[discover(at) for at in TIMES[1:]], loop((1,))), 90), (loop(asks={"options": pxe(7, "iPXE")}, times=(1, 2, 4)), 9),
    ],
    ids=["taken", "refused", "taken later", "asked twice", "too early to say", "a monitor", "no offer", "one offer", "iPXE that still gathers"],
)  # fmt: skip
def test_what_is_none(things, until):
    assert not list(rule.find(case(*things, until=until)))


def test_a_pause_begins_anew():
    assert "3 times" in only(loop((0,)), loop((100, 104, 112), asks={"xid": 2}, offers={"xid": 2}), until=190).what


def test_healthy_wires_and_no_wire_at_all():
    assert silent(rule) == {}
