import pytest

from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import dhcp_duplicate_offer as rule
from bellrock.model import Confidence, Severity
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import (
    NODE,
    NODE2,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER_IP,
    STRANGER,
    STRANGER_IP,
    ack,
    arp_answers,
    arp_asks,
    asked,
    case,
    decline,
    discover,
    lease,
    leased,
    nak,
    offer,
    pxe,
    request,
)  # fmt: skip


def only(*things):
    (found,) = rule.find(case(*things))
    return found


GOES_ON = asked("a", 20)
"""Of the one that had the address first."""


def test_two_cards_of_one_machine_have_one_reservation():
    found = only(leased(), asked("a", 4), leased(5, NODE2, NODE_IP, xid=2, asks={61: b"\xff1234"}))
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.POSSIBLE)
    assert found.cause.endswith(
        f"Or both are one machine with two network cards: {NODE} says nothing from {NODE_IP} after that."
    )


def test_whoever_asks_arp_from_it_uses_it_still():
    found = only(leased(), leased(5, NODE2, NODE_IP, xid=2), arp_asks(9))
    assert (found.severity, found.confidence) == (Severity.ERROR, Confidence.CERTAIN)


def test_one_lease_for_two_machines():
    found = only(leased(), leased(5, NODE2, NODE_IP, xid=2), GOES_ON)
    assert found.what == f"{NODE_IP} is offered to {NODE2} while {NODE} has it"
    assert (found.client, found.address, found.confidence) == (NODE2, "", Confidence.CERTAIN)
    assert found.cause.startswith(f"{RACK_IP} has lost or never had the lease of {NODE}")
    assert found.recheck.endswith("-o second=yes")


TWICE = leased(), leased(5, NODE2, NODE_IP, xid=2)


def clash(address, mac, other, at=6.0):
    """A question that both answer."""
    asks = arp_asks(at, ROUTER_IP, address)
    return asks, *(arp_answers(at + 0.001 * n, address, ROUTER_IP, who) for n, who in enumerate((mac, other), 1))


def test_that_both_use_it_follows():
    told = judge(case(TWICE, clash(NODE_IP, NODE, NODE2)))
    assert [one.id for one in told] == ["dhcp-duplicate-offer"]
    assert f"{NODE_IP} is used by two machines, {NODE} and {NODE2}" in told[0].symptoms


def test_a_clash_about_another_address_does_not():
    told = {one.id for one in judge(case(TWICE, clash(RACK_IP, RACK, STRANGER)))}
    assert told >= {"dhcp-duplicate-offer", "duplicate-address"}


def test_two_servers_with_overlapping_ranges():
    found = only(leased(), leased(5, NODE2, NODE_IP, STRANGER_IP, xid=2), GOES_ON)
    assert found.cause == f"{RACK_IP} and {STRANGER_IP} lease from overlapping ranges, and do not know of each other."


def test_offered_to_both_and_refused_to_the_second():
    found = only(
        discover(), discover(0.001, NODE2, xid=2), offer(0.01), offer(0.011, NODE2, NODE_IP, xid=2), request(0.02), ack(0.03),
        request(0.04, NODE2, NODE_IP, xid=2), nak(0.05, NODE2, xid=2),
    )  # fmt: skip
    assert (found.client, found.confidence) == (NODE2, Confidence.CERTAIN)
    assert any("NAK" in one for one in found.proof)


def test_offered_while_a_lease_runs_is_likely():
    again = discover(5, NODE2, xid=2), offer(5.1, NODE2, NODE_IP, xid=2), request(5.2, NODE2, NODE_IP, xid=2)
    assert only(leased(), again, GOES_ON).confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    "second",
    [
        (decline(1), leased(5, NODE2, NODE_IP, xid=2)),
        (leased(2, address="10.0.0.99", xid=3), leased(5, NODE2, NODE_IP, xid=2)),
        leased(50, NODE2, NODE_IP, xid=2),
        leased(5, NODE2, "10.0.0.58", xid=2),
        leased(5, xid=2),
        (discover(5, NODE2, xid=2), offer(5.1, NODE2, NODE_IP, xid=2)),
    ],
    ids=["declined", "has another by now", "run out", "another address", "itself", "not asked for"],
)
def test_what_is_none(second):
    assert not list(rule.find(case(leased(options=lease(seconds=30)), second)))


def test_one_machine_by_its_uuid():
    uuid = pxe() | {97: b"\0" + b"u" * 16}
    assert not list(rule.find(case(leased(asks=uuid), leased(5, NODE2, NODE_IP, xid=2, asks=uuid))))


def test_healthy_wires():
    assert silent(rule) == {}
