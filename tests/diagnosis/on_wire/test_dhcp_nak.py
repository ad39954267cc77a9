from bellrock.diagnosis.on_wire import dhcp_nak as rule
from bellrock.model import Confidence, Severity
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import (
    NODE,
    NODE_IP,
    RACK_IP,
    STRANGER,
    STRANGER_IP,
    ack,
    case,
    discover,
    lease,
    leased,
    nak,
    offer,
    request,
)

REFUSED = discover(), offer(0.01), request(0.02), nak(0.03, text=b"address in use")


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_an_address_that_was_offered_and_then_refused():
    found = only(REFUSED)
    assert found.what == f"{RACK_IP} refuses {NODE_IP} to {NODE}, and it gets none"
    assert (found.severity, found.confidence, found.address, found.client) == (
        Severity.ERROR,
        Confidence.LIKELY,
        RACK_IP,
        NODE,
    )
    assert "(address in use)" in found.cause
    assert found.proof[-1] == "It says: 'address in use'."


def test_it_gets_one_only_after_asking_anew():
    found = only(REFUSED, leased(8, xid=9))
    assert (found.severity, "only after asking anew" in found.what) == (Severity.WARNING, True)


def test_one_refuses_what_another_was_asked_for():
    found = only(discover(), offer(0.01), request(0.02), nak(0.03, server=STRANGER_IP))
    assert (
        found.cause
        == f"The machine took the offer of {RACK_IP}; {STRANGER_IP} ({STRANGER}) refuses what it was never asked for."
    )
    assert (found.confidence, "authoritative" in found.fix[0]) == (Confidence.CERTAIN, True)


def test_who_was_given_it_before_another_refuses_it_has_it():
    found = only(discover(), offer(0.01), request(0.02), ack(0.03), nak(1.0, server=STRANGER_IP))
    assert found.what == (
        f"{STRANGER_IP} refuses {NODE_IP} to {NODE}, and {RACK_IP} was quicker to give it that: the answer that comes first decides "
        "whether it boots"
    )
    assert found.severity is Severity.WARNING
    assert any("ACK" in text for text in found.proof)


def test_who_is_refused_before_it_is_given_it_has_none_of_that():
    found = only(discover(), offer(0.01), request(0.02), nak(0.03, server=STRANGER_IP))
    assert found.severity is Severity.ERROR


def test_who_does_not_begin_anew_stays_without():
    found = only(request(0, address="192.168.1.5", server=""), nak(0.01))
    assert found.what == f"{RACK_IP} refuses an address to {NODE}, and it gets none"


def test_who_comes_from_elsewhere_is_refused_by_design():
    assert not list(rule.find(case(request(0, address="192.168.1.5", server="", options={}), nak(0.01))))
    assert not list(rule.find(case(request(0, address="192.168.1.5", server=""), nak(0.01), until=9))), "it has time"


def test_the_same_again_is_told_once():
    assert (
        len(list(rule.find(case(REFUSED, discover(9, xid=8), offer(9.1, xid=8), request(9.2, xid=8), nak(9.3, xid=8)))))
        == 1
    )


def test_servers_of_two_networks_refuse_each_others_clients_rightly():
    other = offer(
        0.011,
        address="192.168.1.9",
        server=STRANGER_IP,
        options=lease("192.168.1.9", STRANGER_IP, router="192.168.1.1"),
    )
    assert not list(rule.find(case(discover(), offer(0.01), other, request(0.02), nak(0.03, server=STRANGER_IP))))
    same = offer(0.011, address="10.0.0.99", server=STRANGER_IP)
    assert only(discover(), offer(0.01), same, request(0.02), nak(0.03, server=STRANGER_IP)).address == STRANGER_IP


def test_a_server_of_two_addresses_is_named_by_its_offer():
    offers = offer(0.01), offer(0.011, address="10.0.0.99", server="10.0.0.9", macs=(STRANGER, "ff:ff:ff:ff:ff:ff"))
    assert only(discover(), offers, request(0.02), nak(0.03, server=STRANGER_IP)).address == "10.0.0.9"


def test_where_an_acknowledgement_would_not_be_seen_a_request_tells_of_the_next_offer():
    old = request(0, address="192.168.1.5", server=""), nak(0.01)
    assert not list(rule.find(case(old, discover(0.1, xid=6), request(0.3, xid=6))))


def test_healthy_wires():
    assert silent(rule) == {}
