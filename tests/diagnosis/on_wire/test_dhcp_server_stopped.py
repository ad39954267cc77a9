from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import dhcp_server_stopped as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import (
    NODE,
    NODE2,
    NODE2_IP,
    NODE_IP,
    RACK,
    RACK_IP,
    ROUTER,
    ROUTER_IP,
    agreed,
    case,
    complaint,
    discover,
    leased,
    offer,
    request,
    transfer,
)  # fmt: skip

AGAIN = [discover(at, xid=2) for at in (10, 11, 13)]
OTHER = [discover(at, NODE2, xid=3) for at in (11, 12, 14)]
BESIDE = (
    agreed({}, 1, macs=(RACK, NODE)), agreed({}, 1.1, destination=NODE2_IP, macs=(RACK, NODE2)),
    agreed({}, 1.2, source=ROUTER_IP, destination=RACK_IP, macs=(ROUTER, RACK)),
)  # fmt: skip
"""Unicast of several machines, each with the rack: the point is the rack's own interface."""


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_two_machines_in_vain():
    found = only(leased(), AGAIN, OTHER)
    assert (
        found.what
        == f"The DHCP server {RACK_IP} has answered, and answers no more: {NODE}, {NODE2} asked 6 times in vain"
    )
    assert (found.address, found.client, found.confidence) == (RACK_IP, "", Confidence.LIKELY)
    assert found.proof[0].startswith(f"Packet 4 (0.030 s): ACK of {NODE_IP} from {RACK_IP}")


def test_one_that_was_served_before_where_the_server_is():
    assert only(leased(), BESIDE, AGAIN).client == NODE


def test_icmp_says_that_nobody_listens():
    found = only(leased(), discover(9, xid=2), request(9.5, server="", xid=5, source=NODE_IP, destination=RACK_IP), AGAIN,
                 complaint("port unreachable", (NODE_IP, 68, RACK_IP, 67), 9.6, RACK_IP, NODE_IP))  # fmt: skip
    assert found.confidence is Confidence.CERTAIN
    assert found.proof[-1].endswith(f"{RACK_IP} says port unreachable of {RACK_IP}:67.")


def test_it_absorbs_what_follows_from_it():
    (found,) = [one for one in judge(case(leased(), transfer(), AGAIN, OTHER)) if one.id.startswith("dhcp")]
    assert (found.id, len(found.symptoms)) == ("dhcp-server-stopped", 2)


def test_one_machine_alone_may_be_held_back_by_its_own_port():
    assert not list(rule.find(case(leased(), AGAIN)))


def test_a_new_machine_may_be_left_without_because_it_is_new():
    assert not list(rule.find(case(leased(), BESIDE, OTHER)))


def test_two_new_machines_may_both_find_no_address_left():
    third = leased(0, "00:16:3e:00:00:59", "10.0.0.59", xid=9)
    assert not list(rule.find(case(third, AGAIN, OTHER)))


def test_another_identifier_is_another_client():
    again = [discover(at, xid=2, options={61: b"other"}) for at in (10, 11, 13)]
    assert not list(rule.find(case(leased(), BESIDE, again)))
    as_installer = leased(5, xid=6, asks={61: b"other"})
    assert not list(rule.find(case(leased(), as_installer, BESIDE, AGAIN)))


def test_a_server_that_goes_on_for_others_has_not_stopped():
    assert not list(rule.find(case(leased(), BESIDE, AGAIN, leased(20, NODE2, NODE2_IP, xid=4))))


def test_requests_where_the_server_was_never_heard_tell_nothing():
    elsewhere = [
        discover(at, mac, xid=7, point="rack-2/eth0")
        for at, mac in ((10, NODE), (11, NODE), (13, NODE), (10, NODE2), (11, NODE2), (13, NODE2))
    ]
    assert not list(rule.find(case(leased(), elsewhere)))


def test_an_offer_is_an_answer():
    assert not list(rule.find(case(leased(), AGAIN, offer(13.1, xid=2), OTHER[:1])))


def test_healthy_wires():
    assert silent(rule) == {}
