import pytest

from bellrock.diagnosis.on_wire import relay_options_unreachable as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import AWAY_IP, GIADDR, relayed, silent
from tests.diagnosis.wires import (
    NODE,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER_IP,
    ack,
    answered,
    arp_answers,
    arp_asks,
    case,
    complaint,
    lease,
    leased,
    listed,
)  # fmt: skip


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_a_router_outside_of_the_subnet():
    found = only(leased(options=lease(router="10.9.0.1")))
    assert found.what == f"{NODE} was given the router (option 3) 10.9.0.1, which cannot be reached from its VLAN"
    assert (found.address, found.confidence) == ("10.9.0.1", Confidence.CERTAIN)
    assert found.proof[1].startswith("10.9.0.1 is outside of 10.0.0.0/24")


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"siaddr": "10.9.0.2"}, "boot server (siaddr, option 66)"), ({"dns": ("10.9.0.2",)}, "DNS server (option 6)"),
        ({"o42": listed("10.9.0.2")}, "NTP server (option 42)"),
    ],
    ids=["boot", "dns", "ntp"],
)  # fmt: skip
def test_a_server_outside_and_no_way_there(more, name):
    siaddr = more.pop("siaddr", None)
    found = only(leased(options=lease(o3=None, **more), siaddr=siaddr))
    assert f"the {name} 10.9.0.2" in found.what
    assert "no router is offered" in found.cause


def test_a_router_says_that_there_is_no_way():
    away = relayed(options=lease(AWAY_IP, router=GIADDR, dns=("192.168.99.2",)))
    found = only(away, complaint("network unreachable", (AWAY_IP, 40053, "192.168.99.2", 53), 3, GIADDR, AWAY_IP))
    assert found.what.endswith(f"by way of relay {GIADDR}, which cannot be reached from its VLAN")
    assert (found.address, found.confidence) == ("192.168.99.2", Confidence.CERTAIN)


def _silent_dns():
    """At a port where answers to the machine are seen."""
    return leased(options=lease(dns=("10.0.0.9",)), destination=NODE_IP, macs=(RACK, NODE))


def test_nobody_has_the_address():
    found = only(_silent_dns(), [arp_asks(at, target="10.0.0.9") for at in (1, 2, 3)])
    assert (found.address, found.confidence) == ("10.0.0.9", Confidence.LIKELY)
    assert found.proof[1] == "Packet 5 and 2 more ask by ARP who has 10.0.0.9, and nobody does."


@pytest.mark.parametrize(
    "things",
    [
        (_silent_dns(), [arp_asks(at, target="10.0.0.9") for at in (1, 2)]),
        (_silent_dns(), [arp_asks(at, target="10.0.0.9") for at in (1, 2, 3)], arp_answers(4, "10.0.0.9")),
        (_silent_dns(), [arp_asks(at, target="10.0.0.9") for at in (1, 2, 3)], answered("a", 4, "10.0.0.9")),
        (leased(options=lease(dns=("10.0.0.9",))), [arp_asks(at, target="10.0.0.9") for at in (1, 2, 3)]),
        (_silent_dns(), [arp_asks(at, target="10.0.0.9") for at in (1, 21, 41)]),
        (_silent_dns(), [arp_asks(at, target="10.0.0.9", point=point) for at in (1, 2) for point in ("a/eth0", "b/eth0")]),
        leased(options=lease(dns=("10.9.0.9",))),
        leased(options=lease(router="10.9.0.1", mask="255.255.255.255")),
        leased(options=lease(mask="255.0.255.0", router="10.9.0.1")),
        (leased(), complaint("port unreachable", (NODE_IP, 1, RACK_IP, 53))),
        (leased(), complaint("host unreachable", (NODE_IP, 1, "10.8.8.8", 53))),
        ack(0, address="0.0.0.0", options=lease(router="10.9.0.1")),
        leased(options=lease(o66=b"tftp.example", router=ROUTER_IP), siaddr="0.0.0.0"),
    ],
    ids=["asked twice", "answered late", "heard otherwise", "another port of the VLAN", "its entry ages", "asked twice, seen twice", "by way of the router", "one address", "no mask", "it is there",
         "another", "no address", "a name"],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


def test_it_is_told_once():
    assert (
        len(
            list(
                rule.find(
                    case(leased(options=lease(router="10.9.0.1")), leased(5, xid=2, options=lease(router="10.9.0.1")))
                )
            )
        )
        == 1
    )


def test_healthy_wires():
    assert silent(rule) == {}
