import pytest

from bellrock.diagnosis.on_wire import metadata_unanswered as rule
from bellrock.diagnosis.readings_http import Exchange
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

REGION = "10.30.0.3"
PATH = "/MAAS/metadata/2012-03-01/meta-data"


def silent(at=1.0, until=8.0, port=40080, **more):
    return w.unanswered(at, until, destination=REGION, ports=(port, 5240), **({"flow": "api"} | more))


def asks(at=1.0, status=0, target=PATH, port=40080, point=w.POINT):
    there = w.get(target, at, destination=REGION, ports=(port, 5240), point=point)
    return there, w.response(status, at + 0.1, REGION, ports=(5240, port), point=point) if status else None


def test_nobody_answers_the_syn():
    given = w.case(w.leased(), silent(), w.heard())
    assert whats(rule, given) == [
        ("error", "likely", f"{w.NODE} asks 10.30.0.3:5240 for its metadata, and gets no answer")
    ]
    [one] = found(rule, given)
    assert one.proof == ("4 SYNs from 1.000 s to 8.000 s at rack-1/eth0, beginning with packet 1; nothing came back.",)
    assert (one.flow, one.client, one.address) == ("api", w.NODE, "10.30.0.3:5240")


def test_nobody_answers_the_request():
    given = w.case(asks(), asks(20.0))
    assert whats(rule, given) == [
        ("error", "likely", "10.0.0.57 asks 10.30.0.3:5240 for its metadata, and gets no answer")
    ]
    assert found(rule, given)[0].proof == (f"GET {PATH} at 1.000 s (packet 1) was not answered until the end.",)


@pytest.mark.parametrize(
    "things",
    [
        (), silent(packets=1), silent(flow="http-boot"), silent(ended="reset"), (silent(), silent(9.0, 9.1, port=2, answered=9.05)),
        (silent(), w.complaint("port unreachable", (w.NODE_IP, 40080, REGION, 5240), protocol=6)),
        asks(status=200), asks(status=404), (asks(), asks(20.0, 200)), asks(55.0), asks(target="/index.html"),
    ],
    ids=[
        "nothing", "one SYN", "another flow", "refused", "it works later", "a router says why", "answered", "refused by status", "answered later",
        "at the very end", "something else",
    ],
)  # fmt: skip
def test_answered_or_told_otherwise(things):
    assert whats(rule, w.case(things)) == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [(PATH, True), ("/latest/meta-data", True), ("/latest/user-data", True), ("/openstack/latest/meta_data.json", True),
     ("/metadata", True), ("/ubuntu/", False), ("/", False)],
)  # fmt: skip
def test_is_metadata(target, expected):
    packet = w.get(target)
    assert rule.is_metadata(Exchange(packet, packet.said)) is expected


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
