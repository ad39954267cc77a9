import pytest

from bellrock.diagnosis.packets import NS
from bellrock.diagnosis.readings_clock import set_by_somebody, told
from bellrock.model import Wall
from bellrock.wire import ntp
from tests.diagnosis import wires as w

BASE = w.EPOCH // NS


def ntp_says(ahead, at, **more):
    said = ntp.Packet(mode=ntp.SERVER, stratum=2, transmit=ntp.timestamp(Wall(BASE + at + ahead)), **more)
    return w.packet(said, at, w.RACK_IP, w.NODE_IP)


def http_says(ahead, *times, **more):
    return [w.response(200, at, head={"date": int(BASE + at + ahead)} | more) for at in times]


def test_ntp_says_it_to_the_millisecond_and_the_median_counts():
    [one] = told(w.wire(ntp_says(0.25, 1.0), ntp_says(0.5, 2.0), ntp_says(900.0, 3.0)))
    assert (one.address, one.by, round(one.offset, 3)) == (w.RACK_IP, "NTP", 0.5)


def test_http_says_it_to_the_second_where_it_ticks():
    [one] = told(w.wire(http_says(120, 1.0, 5.0)))
    assert one.by == "HTTP"
    assert abs(one.offset - 120) <= 1


def test_ntp_goes_before_http():
    assert [one.by for one in told(w.wire(http_says(120, 1.0, 5.0), ntp_says(0, 2.0)))] == ["NTP"]


@pytest.mark.parametrize(
    "things",
    [http_says(0, 1.0), [w.response(200, at, head={"date": BASE}) for at in (1.0, 9.0)], http_says(0, 1.0, 9.0, via="1.1 squid"),
     w.response(200), ntp_says(0, 1.0, leap=3)],
    ids=["once", "a date that stands still", "by way of a proxy", "no date", "a server that is not set"],
)  # fmt: skip
def test_what_says_nothing_of_now(things):
    assert [*told(w.wire(things))] == []


@pytest.mark.parametrize(
    ("leap", "stratum", "expected"), [(0, 1, True), (0, 15, True), (3, 2, False), (0, 0, False), (0, 16, False)]
)
def test_set_by_somebody(leap, stratum, expected):
    assert set_by_somebody(ntp.Packet(leap=leap, stratum=stratum)) is expected
