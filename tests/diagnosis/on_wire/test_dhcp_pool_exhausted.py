import pytest

from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import dhcp_pool_exhausted as rule
from bellrock.model import Confidence
from bellrock.wire import dhcp6
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, NODE2, NODE2_IP, RACK_IP, RACK_LL, case, discover, leased, six

FIRST = leased(0, NODE2, NODE2_IP, xid=1)
IN_VAIN = [discover(at, xid=2) for at in (5, 6, 8)]
AGAIN = leased(7, NODE2, NODE2_IP, xid=3)
NONE = b"\0\2no addresses left"


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_a_new_machine_gets_none_while_an_old_one_is_served():
    found = only(FIRST, IN_VAIN, AGAIN)
    assert found.what == f"{RACK_IP} gives {NODE} no address, and goes on serving machines that have one"
    assert (found.client, found.address, found.confidence) == (NODE, RACK_IP, Confidence.LIKELY)
    assert found.proof[-1] == f"{RACK_IP} gave 1 address in this capture: {NODE2_IP}; none to anybody new since."


def test_it_absorbs_the_silence():
    (found,) = judge(case(FIRST, IN_VAIN, AGAIN))
    assert (found.id, len(found.symptoms)) == ("dhcp-pool-exhausted", 1)


@pytest.mark.parametrize(
    "things",
    [
        (FIRST, IN_VAIN),
        (IN_VAIN, AGAIN),
        (FIRST, IN_VAIN, AGAIN, leased(9, "00:16:3e:00:00:59", "10.0.0.59", xid=4)),
        (FIRST, IN_VAIN, leased(7, NODE2, "10.0.0.70", xid=3)),
        (leased(xid=9), FIRST, IN_VAIN, AGAIN),
        (FIRST, [discover(at, xid=2, point="node-1/eth0") for at in (5, 6, 8)], AGAIN),
    ],
    ids=[
        "nobody served since",
        "a new one was",
        "another new one was",
        "an address more",
        "it had one itself",
        "seen elsewhere",
    ],
)
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


@pytest.mark.parametrize(
    "option",
    [(dhcp6.STATUS, NONE), (dhcp6.IA_NA, bytes(12) + b"\0\x0d" + len(NONE).to_bytes(2, "big") + NONE)],
    ids=["of the message", "of the association"],
)
def test_dhcpv6_says_so(option):
    found = only(six(dhcp6.Kind.ADVERTISE, 1, option, answers=True), six(dhcp6.Kind.ADVERTISE, 2, option, answers=True))
    assert (found.client, found.address, found.confidence) == (NODE, RACK_LL, Confidence.CERTAIN)
    assert found.proof == ("Packet 1 says NoAddrsAvail: no addresses left.",)


@pytest.mark.parametrize("option", [(dhcp6.STATUS, b"\0\1"), (dhcp6.IA_NA, b"short"), (dhcp6.IA_NA, bytes(12))])
def test_other_statuses_and_damage_are_none(option):
    assert not list(rule.find(case(six(dhcp6.Kind.REPLY, 1, option, answers=True))))


def test_healthy_wires():
    assert silent(rule) == {}
