import pytest

from bellrock.diagnosis.on_wire import dns_unanswered as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

NAME = "region.lab.example"


def asks(*times, resolver=w.RACK_IP, **more):
    return [w.asked(NAME, at, destination=resolver, id=number, **more) for number, at in enumerate(times)]


def test_nobody_answers():
    given = w.case(w.leased(), asks(1.0, 6.0), w.heard())
    assert whats(rule, given) == [("error", "certain", f"{w.NODE} asks 10.0.0.2 for names, and nobody answers")]
    [one] = found(rule, given)
    assert (one.flow, one.client, one.address) == ("dns", w.NODE, "10.0.0.2:53")
    assert one.proof == (
        "2 questions from 1.000 s to 6.000 s (packets 5 to 6), for region.lab.example; no answer from any resolver.",
    )


def test_three_questions_for_one_name_need_no_wait():
    assert len(found(rule, w.case(asks(57.0, 57.7, 59.1), w.heard()))) == 1


def test_each_resolver_that_is_silent():
    given = w.case(asks(1.0, 6.0), asks(2.0, 7.0, resolver=w.STRANGER_IP), w.heard())
    assert [one.address for one in found(rule, given)] == ["10.0.0.2:53", "10.0.0.77:53"]


@pytest.mark.parametrize(
    "things",
    [
        (),
        asks(1.0),
        (asks(1.0, 6.0), w.answered(NAME, 6.1)),
        (asks(1.0, 6.0), w.asked(NAME, 7.0, destination=w.STRANGER_IP), w.answered(NAME, 7.1, w.STRANGER_IP)),
        (asks(1.0, 6.0), w.answered(NAME, 6.1, rcode="NXDOMAIN")),
        asks(57.0, 59.0),
        asks(1.0, 6.0, resolver="224.0.0.251"),
        (asks(1.0), asks(1.001, point="router-1/eth0")),
    ],
    ids=[
        "nothing", "asked once", "answered the second time", "another resolver answers", "an answer that it does not know", "at the very end",
        "multicast", "one question at two points",
    ],
)  # fmt: skip
def test_answered_or_unknown(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
