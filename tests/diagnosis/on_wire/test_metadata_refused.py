import pytest

from bellrock.diagnosis.on_wire import metadata_refused as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

REGION = "10.30.0.3"
PATH = "/MAAS/metadata/2012-03-01/meta-data"


def asks(status, at=1.0, target=PATH, client=w.NODE_IP, port=40080):
    there = w.get(target, at, client, REGION, ports=(port, 5240))
    return there, w.response(status, at + 0.1, REGION, client, ports=(5240, port)) if status else None


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, "Its token was not taken"),
        (403, "The region does not let it"),
        (404, "The region has nothing"),
        (502, "The service failed"),
    ],
)
def test_refused(status, cause):
    given = w.case(w.leased(), asks(status), asks(status, 3.0))
    assert whats(rule, given) == [
        ("error", "likely", f"10.30.0.3:5240 answers {w.NODE} with {status} when it asks for its metadata")
    ]
    [one] = found(rule, given)
    assert one.cause.startswith(cause)
    assert one.proof[0] == f"GET {PATH}: {status} (packet 6)."
    assert any("clocks" in text for text in one.fix) is (status == 401)


@pytest.mark.parametrize(
    "things",
    [
        (),
        asks(200),
        asks(0),
        asks(404, target="/favicon.ico"),
        (asks(404), asks(200, 3.0)),
        (asks(200), asks(500, 3.0)),
    ],
    ids=["nothing", "given", "unanswered", "something else", "one of several is missing", "given, and then an error"],
)
def test_given(things):
    assert whats(rule, w.case(things)) == []


def test_one_client_that_is_served_says_nothing_of_another():
    given = w.case(asks(200), asks(403, 2.0, client=w.NODE2_IP))
    assert [one.client for one in found(rule, given)] == [w.NODE2_IP]


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
