import pytest

from bellrock.diagnosis.on_wire import proxydhcp_unanswered as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import AWAY_IP, GIADDR, proxied, relayed, silent
from tests.diagnosis.wires import (
    ANY,
    NODE,
    NODE2,
    NODE_IP,
    ROUTER,
    ack,
    arp_answers,
    case,
    complaint,
    conversation,
    leased,
    listed,
    offer,
    transfer,
)  # fmt: skip

PROXY = "10.0.0.3"
TO_RELAY = offer(
    0.012, address=ANY, server=PROXY, xid=1, file=b"", options={60: b"PXEClient", 54: listed(PROXY)}, giaddr=GIADDR, destination=GIADDR,
    macs=(NODE2, ROUTER), ports=(67, 67),
)  # fmt: skip
PASSED_ON = offer(
    0.013, address=ANY, server=PROXY, xid=1, file=b"", options={60: b"PXEClient", 54: listed(PROXY)}, giaddr=GIADDR, source=GIADDR,
    point="router-1/eth1",
)  # fmt: skip


def only(*things, **more):
    (found,) = rule.find(case(*things, **more))
    return found


def test_port_4011_is_silent():
    found = only(proxied(answered=False, asks=3))
    assert found.what == f"{NODE} asks {PROXY} on port 4011 for its boot file, and nobody answers"
    assert (found.address, found.client, found.confidence) == (PROXY, NODE, Confidence.LIKELY)


def test_nobody_listens_there():
    found = only(
        proxied(answered=False, asks=3), complaint("port unreachable", (NODE_IP, 68, PROXY, 4011), 0.2, PROXY, NODE_IP)
    )
    assert found.confidence is Confidence.CERTAIN
    assert found.cause.startswith("Nobody listens on port 4011")


def test_the_relay_drops_what_has_no_address():
    found = only(relayed(file=b"", siaddr=ANY), TO_RELAY)
    assert found.what == f"The relay {GIADDR} drops the proxyDHCP answer of {PROXY} to {NODE}"
    assert found.confidence is Confidence.CERTAIN


def test_firmware_that_never_asks():
    said = {60: b"PXEClient", 43: b"\x06\x01\x03"}
    bare = leased(file=b"", siaddr=ANY)
    told = bare, offer(0.012, address=ANY, server=PROXY, file=b"", options=said | {54: listed(PROXY)})
    found = only(told, arp_answers(0.04))
    assert not list(rule.find(case(told)))  # at a port where its own packets are not seen
    assert found.what == f"{NODE} was told to ask {PROXY} for its boot file on port 4011, and never does"
    assert found.confidence is Confidence.LIKELY


MENU = offer(0.012, address=ANY, server=PROXY, file=b"", options={60: b"PXEClient", 54: listed(PROXY)})


@pytest.mark.parametrize(
    ("things", "until"),
    [
        (proxied(answered=False), 3),
        ((relayed(file=b"", siaddr=ANY), TO_RELAY, PASSED_ON, transfer(client=AWAY_IP)), 60),
        (TO_RELAY, 60),
        ((leased(file=b"", siaddr=ANY), MENU, arp_answers(0.04)), 2),
        ((leased(file=b"", siaddr=ANY), MENU, transfer(at=1), arp_answers(0.04)), 60),
        ((leased(file=b"", siaddr=ANY), MENU, conversation(at=1), arp_answers(0.04)), 60),
        ((leased(), MENU, arp_answers(0.04)), 60),
        ((proxied(answered=False), ack(5, xid=9)), 6),
    ],
    ids=[
        "too early",
        "passed on",
        "the server's side alone",
        "too early to ask",
        "fetches",
        "talks",
        "named by DHCP",
        "asked once",
    ],
)
def test_what_is_none(things, until):
    assert not list(rule.find(case(things, until=until)))


def test_healthy_wires():
    assert silent(rule) == {}
