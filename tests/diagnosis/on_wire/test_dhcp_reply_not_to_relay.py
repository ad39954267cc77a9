import pytest

from bellrock.diagnosis.on_wire import dhcp_reply_not_to_relay as rule
from tests.diagnosis.healthy_boots import AWAY_IP, GIADDR, relayed, silent
from tests.diagnosis.wires import ANY, EVERYBODY, NODE, RACK, RACK_IP, ROUTER, case, discover, offer

ASK = discover(giaddr=GIADDR, source=GIADDR, destination=RACK_IP, macs=(ROUTER, RACK), ports=(67, 67))


def reply(at=0.01, **more):
    return offer(at, address=AWAY_IP, **({"giaddr": GIADDR, "macs": (RACK, EVERYBODY)} | more))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(), f"carries giaddr {GIADDR}, but went to 255.255.255.255:68"),
        (reply(destination=AWAY_IP, macs=(RACK, ROUTER)), f"carries giaddr {GIADDR}, but went to {AWAY_IP}:68"),
        (reply(destination=GIADDR, macs=(RACK, ROUTER)), f"carries giaddr {GIADDR}, but went to port 68"),
        (reply(giaddr=ANY), "carries no giaddr"),
    ],
    ids=["broadcast", "to the client", "wrong port", "no giaddr"],
)
def test_an_answer_that_the_relay_does_not_get(answer, said):
    (found,) = rule.find(case(ASK, answer))
    assert found.what == f"The answer of {RACK_IP} to {NODE} {said}: the relay does not get it"
    assert (found.client, found.address, found.evidence) == (NODE, RACK_IP, ("packet 1", "packet 2"))
    assert found.recheck == f"bellrock probe dhcp --to {RACK_IP}"


def test_it_is_told_once_for_each_client():
    assert len(list(rule.find(case(ASK, reply(), reply(1), discover(2, giaddr=GIADDR, source=GIADDR, destination=RACK_IP, macs=(ROUTER, RACK)), reply(2.1))))) == 1  # fmt: skip


@pytest.mark.parametrize(
    "answers",
    [
        (reply(), reply(0.02, destination=GIADDR, macs=(RACK, ROUTER), ports=(67, 67))),
        (reply(macs=(ROUTER, EVERYBODY)),),
        (reply(source=GIADDR),),
        (reply(point="router-1/eth1"),),
        (reply(-1),),
        (reply(destination=GIADDR, macs=(RACK, ROUTER), ports=(67, 67)),),
    ],
    ids=[
        "and to the relay as well",
        "by the relay",
        "by the relay's address",
        "elsewhere",
        "before",
        "as it should be",
    ],
)
def test_what_is_none(answers):
    assert not list(rule.find(case(ASK, answers)))


def test_a_relay_may_wait_on_another_port():
    ask = discover(giaddr=GIADDR, source=GIADDR, destination=RACK_IP, macs=(ROUTER, RACK), ports=(4467, 67))
    assert not list(rule.find(case(ask, reply(destination=GIADDR, macs=(RACK, ROUTER), ports=(67, 4467)))))


def test_healthy_wires():
    assert list(rule.find(case(relayed()))) == []
    assert silent(rule) == {}
