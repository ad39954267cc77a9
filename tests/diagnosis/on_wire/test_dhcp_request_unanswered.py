import pytest

from bellrock.diagnosis.on_wire import dhcp_request_unanswered as rule
from bellrock.model import Severity
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import (
    NODE,
    NODE_IP,
    RACK,
    RACK_IP,
    ack,
    arp_answers,
    arp_asks,
    case,
    discover,
    get,
    leased,
    nak,
    offer,
    request,
    transfer,
)  # fmt: skip

TIMES = (1.02, 5, 13, 29)
ASKED = (discover(1), offer(1.01), [request(at) for at in TIMES])
TO_IT = arp_answers(100, RACK_IP, NODE_IP)


def renewals(times=(300, 400, 500, 580), **more):
    way = {"source": NODE_IP, "destination": RACK_IP, "macs": (NODE, RACK)} | more
    return [request(at, server="", options={}, ciaddr=NODE_IP, **way) for at in times]


def only(*things, **more):
    (found,) = rule.find(case(*things, **{"until": 90} | more))
    return found


def test_who_asks_for_what_was_offered_in_vain_is_told():
    found = only(ASKED)
    assert found.what == f"{RACK_IP} offers 10.0.0.57 to {NODE}, and does not answer when it asks for it, 4 times"
    assert (found.severity, found.client, found.address) == (Severity.ERROR, NODE, RACK_IP)
    assert found.proof[-1] == "No ACK and no NAK to it is in the capture."


def test_beginning_anew_under_another_number_is_the_same_machine():
    rounds = [(discover(at, xid=at), offer(at + 0.01, xid=at), request(at + 0.02, xid=at)) for at in (1, 5, 13)]
    assert "3 times" in only(rounds).what


def test_a_renewal_that_nobody_answers_is_a_warning():
    found = only(leased(), TO_IT, renewals(), until=3600)
    assert found.what == f"{NODE} asks {RACK_IP} for more time with {NODE_IP}, 4 times, and nobody answers"
    assert (found.severity, found.address) == (Severity.WARNING, RACK_IP)


@pytest.mark.parametrize(
    "things",
    [
        (ASKED, ack(29.03)), (ASKED, nak(29.03)), (ASKED, leased(40, xid=9)), (discover(1), offer(1.01), [request(at) for at in TIMES[:2]]),
        (ASKED, arp_asks(30)), (ASKED, transfer(at=30)), (ASKED, get("/x", 30)), (discover(1), offer(1.01), [request(at, server="10.0.0.3") for at in TIMES]),
        [request(at) for at in TIMES], (leased(), renewals()), (leased(), TO_IT, renewals(), leased(600, xid=9)),
        (leased(), TO_IT, renewals(destination="255.255.255.255")), (leased(), TO_IT, renewals(point="other/eth0")),
    ],
    ids=[
        "acknowledged", "refused", "served later", "asked twice", "it uses the address", "it fetches", "it speaks", "another server is asked",
        "offers are not seen here", "answers are not seen here", "renewed in the end", "to everybody", "where only questions pass",
    ],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(*things, until=3600)))


def test_at_the_end_of_a_capture_it_is_too_early():
    assert not list(rule.find(case(discover(1), offer(1.01), [request(at) for at in (1.1, 1.5, 2)], until=3)))


def test_healthy_wires_and_no_wire_at_all():
    assert silent(rule) == {}
