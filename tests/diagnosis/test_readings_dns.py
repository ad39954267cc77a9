import pytest

from bellrock.diagnosis.readings_dns import Lookup, by_client, lookups, searched, wanted
from tests.diagnosis import wires as w


def test_questions_and_answers_of_one_name():
    wire = w.wire(
        w.asked("Region.lab.example.", 1.0), w.asked("region.lab.example", 2.0), w.answered("region.lab.example", 2.1, rcode="SERVFAIL"),
        w.answered("region.lab.example", 2.2), w.answered("other.lab.example", 2.3),
    )  # fmt: skip
    [one] = lookups(wire)
    assert (one.client, one.resolver, one.name, one.type) == (w.NODE_IP, w.RACK_IP, "region.lab.example", "A")
    assert (len(one.asked), len(one.answers), one.rcode, one.known) == (2, 2, "NOERROR", True)


def test_unanswered():
    [one] = lookups(w.wire(w.asked("a.example"), w.discover(1.0)))
    assert (one.rcode, one.known) == ("", False)


def test_by_client():
    wire = w.wire(w.asked("a.example"), w.asked("a.example", 1.0, type="AAAA"), w.asked("a.example", 2.0, w.NODE2_IP))
    assert {client: len(many) for client, many in by_client(wire).items()} == {w.NODE_IP: 2, w.NODE2_IP: 1}


@pytest.mark.parametrize(
    ("name", "type", "expected"),
    [("region.lab.example", "A", True), ("region.lab.example", "AAAA", True), ("region.lab.example", "TXT", False), ("region", "A", False),
     ("_http._tcp.lab.example", "A", False), ("wpad.lab.example", "A", False)],
)  # fmt: skip
def test_wanted(name, type, expected):
    assert wanted(Lookup(client="", resolver="", name=name, type=type)) is expected


def test_search_domains():
    assert searched("a.example.lab.example", {"a.example"})
    assert searched("a", {"a.lab.example"})
    assert not searched("a.example", {"b.example", "ba.example"})


@pytest.mark.parametrize(
    "name",
    ["does-not-exist.example.com", "example.invalid", "metadata.google.internal", "instance-data.maas", "2.0.0.127.zen.spamhaus.org"],
)  # fmt: skip
def test_names_that_are_asked_for_to_see_that_they_lead_nowhere(name):
    (one,) = lookups(w.wire(w.asked(name, 1.0)))
    assert not wanted(one)
