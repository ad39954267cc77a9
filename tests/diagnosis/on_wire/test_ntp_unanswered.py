import pytest

from bellrock.diagnosis.on_wire import ntp_unanswered as rule
from bellrock.wire import ntp
from tests.diagnosis import wires as w
from tests.diagnosis.many import rounds
from tests.diagnosis.sound import found, whats


def asks(*times, server=w.RACK_IP, client=w.NODE_IP, **more):
    return [
        w.packet(ntp.Packet(transmit=1000 + round(at)), at, client, server, ports=(40123, 123), **more) for at in times
    ]


def answers(at, server=w.RACK_IP, client=w.NODE_IP, **told):
    said = ntp.Packet(mode=ntp.SERVER, stratum=2, transmit=7, **told)
    return w.packet(said, at, server, client, ports=(123, 40123))


def test_nobody_answers():
    given = w.case(w.leased(), asks(1.0, 2.0, 4.0), w.heard())
    assert whats(rule, given) == [("warning", "certain", f"{w.NODE} asks 10.0.0.2 for the time, and nobody answers")]
    [one] = found(rule, given)
    assert one.proof == ("3 questions from 1.000 s to 4.000 s (packets 5 to 7), no answer from any server.",)
    assert (one.flow, one.address) == ("ntp", "10.0.0.2:123")


def test_who_complained_is_told():
    closed = w.complaint("port unreachable", (w.NODE_IP, 40123, w.RACK_IP, 123), at=1.1, source=w.RACK_IP)
    elsewhere = w.complaint("port unreachable", (w.NODE_IP, 40123, w.RACK_IP, 53), at=1.05)
    [one] = found(rule, w.case(asks(1.0, 2.0), elsewhere, closed))
    assert one.proof[1] == "10.0.0.2 complained: port unreachable (packet 3)."


@pytest.mark.parametrize(
    "things",
    [
        (),
        asks(1.0),
        (asks(1.0, 2.0), answers(2.1)),
        (asks(1.0, 2.0), asks(3.0, server=w.STRANGER_IP), answers(3.1, w.STRANGER_IP)),
        asks(58.5, 59.0, 59.5),
        asks(1.0, 2.0, server="224.0.1.1"),
        (asks(1.0), asks(1.0, point="router-1/eth0")),
    ],
    ids=["nothing", "asked once", "answered", "another server answers", "at the very end", "multicast", "one question at two points"],
)  # fmt: skip
def test_answered_or_unknown(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []


def test_another_machine_s_complaint_is_not_told():
    other = w.complaint("port unreachable", ("10.0.0.77", 40123, w.RACK_IP, 123), at=1.1, source=w.RACK_IP)
    [one] = found(rule, w.case(asks(1.0, 2.0), other, w.heard()))
    assert len(one.proof) == 1


def test_many_who_ask_are_found_in_one_reading():
    few, many = (
        rounds(
            rule, w.case([(asks(1.0, 2.0, client=at), w.heard(to=at)) for at in (f"10.0.1.{n}" for n in range(count))])
        )
        for count in (2, 40)
    )
    assert (few[0], many[0], many[1]) == (2, 40, few[1])
