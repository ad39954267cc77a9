import pytest

from bellrock.diagnosis.readings_dates import date, dates, dates_proof, misdated, seen_at, span
from bellrock.diagnosis.readings_tls import Handshake, handshakes
from tests.diagnosis import wires as w
from tests.diagnosis.tls import BASE, certificate, handshake


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "1970-01-01 00:00 UTC"), (1_790_000_000, "2026-09-21 14:13 UTC"), (1e300, f"second {1e300:.0f} of the epoch"), (-1e14, "second -100000000000000 of the epoch")],
)  # fmt: skip
def test_date(seconds, expected):
    assert date(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.04, "0.0 s"), (3.25, "3.2 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (-3725, "1 h 2 min"), (90_000, "1 d 1 h"), (86_400, "1 d")],
)  # fmt: skip
def test_span(seconds, expected):
    assert span(seconds) == expected


def test_what_a_certificate_says_and_when_it_was_seen():
    [one] = handshakes(w.wire(handshake(certificate())))
    assert seen_at(one) == pytest.approx(BASE + 1.01)
    assert dates(one).endswith("(packet 2).")
    none = Handshake(hello=w.discover(5.0), name="")
    assert (dates(none), seen_at(none)) == ("", BASE + 5.0)


def test_one_misdated_handshake_for_each_client_and_server():
    wire = w.wire(handshake(certificate()), handshake(certificate(), at=3.0), handshake(None, at=5.0))
    [(one, by)] = misdated(wire, lambda one, shown: seen_at(one) - shown.not_after)
    assert (one.hello.number, by) == (1, pytest.approx(seen_at(one) - certificate().not_after))
    assert [*misdated(wire, lambda _one, _shown: None)] == []


def test_what_proves_it_ends_with_the_refusal():
    [one] = handshakes(w.wire(handshake(certificate())))
    assert dates_proof(one, ", so.") == (dates(one), f"By the clock of the capture it was {date(seen_at(one))}, so.")
    one.refused, one.alert = one.hello, "unknown_ca"
    assert dates_proof(one, ".")[2:] == ("The client refused it: alert unknown_ca (packet 1).",)
