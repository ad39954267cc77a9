import pytest

from bellrock.diagnosis.on_wire import clock_wrong as rule
from bellrock.diagnosis.packets import NS
from bellrock.model import Wall
from bellrock.wire import ntp
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

OTHER = "10.0.0.3"


def ntp_says(ahead, at=1.0, server=w.RACK_IP, stratum=2, leap=0, **told):
    said = ntp.Packet(
        mode=ntp.SERVER, stratum=stratum, leap=leap, transmit=ntp.timestamp(Wall(w.EPOCH / NS + at + ahead)), **told
    )
    return w.packet(said, at, server, w.NODE_IP, ports=(123, 40123))


def http_says(ahead, *times, server=OTHER, cached=False, via=""):
    base = w.EPOCH // NS
    return [
        w.response(200, at, server, head={"date": base + int(ahead + (times[0] if cached else at)), "via": via})
        for at in times
    ]


def test_a_single_server_that_differs_from_the_capture_may_be_right():
    given = w.case(ntp_says(7200))
    assert whats(rule, given) == [("warning", "possible", "The clock of 10.0.0.2 is 2 h ahead")]
    [one] = found(rule, given)
    assert one.cause.endswith("Which of the two is wrong, the capture does not tell.")
    assert one.proof == ("10.0.0.2 says by NTP a time 2 h ahead of that of the capture at rack-1/eth0 (packet 1).",)


def test_who_stands_alone_is_likely_wrong():
    assert whats(rule, w.case(ntp_says(-7200), http_says(0, 2.0, 9.0))) == [
        ("warning", "likely", "The clock of 10.0.0.2 is 2 h behind")
    ]
    assert whats(rule, w.case(ntp_says(0), http_says(-400, 2.0, 9.0))) == [
        ("warning", "likely", "The clock of 10.0.0.3 is 6 min 39 s behind")
    ]


def test_where_all_agree_against_the_capture_its_own_clock_is_wrong():
    given = w.case(ntp_says(7200), http_says(7200, 2.0, 9.0))
    assert whats(rule, given) == [("warning", "likely", "The clock of rack-1/eth0 is 2 h behind")]
    assert found(rule, given)[0].recheck == "bellrock probe ntp --to 10.0.0.2:123"


def test_http_alone_is_looked_at_again():
    [one] = found(rule, w.case(http_says(500, 2.0, 9.0)))
    assert one.recheck == "bellrock diagnose --live eth0 --for 60"


def test_two_that_differ_in_different_ways_are_both_named():
    given = w.case(ntp_says(7200), http_says(-7200, 2.0, 9.0))
    assert [(one.address, one.confidence.value) for one in found(rule, given)] == [
        (w.RACK_IP, "possible"), (OTHER, "possible"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "reference"),
    [({"stratum": 16}, "none"), ({"leap": 3}, "0.0.0.0"), ({"stratum": 0, "reference": b"INIT"}, "INIT")],
    ids=["stratum 16", "leap 3", "kiss INIT"],
)
def test_a_server_that_is_not_set_says_so(told, reference):
    given = w.case(ntp_says(0, **told))
    assert whats(rule, given) == [("warning", "certain", "NTP server 10.0.0.2 says that its own clock is not set")]


@pytest.mark.parametrize(
    "things",
    [
        (),
        ntp_says(30),
        (ntp_says(0, stratum=16), ntp_says(0, at=9.0)),
        ntp_says(0, stratum=0, reference=b"RATE"),
        w.packet(ntp.Packet(transmit=1), 1.0, w.NODE_IP, w.RACK_IP, ports=(40123, 123)),
        http_says(-86400, 2.0, 9.0, cached=True),
        http_says(-86400, 2.0),
        http_says(-86400, 2.0, 9.0, via="1.1 proxy"),
        http_says(-86400, 2.0, 3.0),
    ],
    ids=[
        "nothing", "half a minute", "set a moment later", "asked too often", "a client's own time, which it may make up",
        "a date that a cache repeats", "a single date, which may come from a cache", "by way of a proxy", "too near to each other to tell",
    ],
)  # fmt: skip
def test_right_or_unknown(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
