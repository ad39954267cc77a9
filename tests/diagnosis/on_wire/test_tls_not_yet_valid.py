import pytest

from bellrock.diagnosis.on_wire import tls_not_yet_valid as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats
from tests.diagnosis.tls import DAY, certificate, handshake

EARLY = certificate(begins=2 * DAY)
YOUNG = certificate(begins=-3600)


def test_it_begins_to_hold_later():
    given = w.case(w.leased(), handshake(EARLY, alert="bad_certificate"), handshake(EARLY, 5.0, port=40444))
    assert whats(rule, given) == [("error", "certain", "192.0.2.80:443 shows a certificate that does not hold yet")]
    [one] = found(rule, given)
    assert one.client == w.NODE
    assert one.proof[1].endswith("UTC, 1 d 23 h too early.")
    assert one.proof[2] == "The client refused it: alert bad_certificate (packet 7)."
    assert one.fix[-1] == "Sign the certificate anew once the clock is right."


def test_a_young_certificate_that_a_client_refuses():
    given = w.case(handshake(YOUNG, alert="bad_certificate"))
    assert whats(rule, given) == [
        (
            "error",
            "possible",
            "10.0.0.57 refuses the young certificate of 192.0.2.80:443, as a machine does whose clock is behind",
        )
    ]
    assert found(rule, given)[0].proof[1].endswith("UTC; it was 1 h old.")


@pytest.mark.parametrize(
    "things",
    [
        (), handshake(), handshake(certificate()), handshake(certificate(), alert="bad_certificate"), handshake(YOUNG),
        handshake(YOUNG, alert="unknown_ca"), handshake(certificate(begins=-3600, self_signed=True), alert="bad_certificate"),
    ],
    ids=["nothing", "encrypted", "valid", "old, and refused", "young, and taken", "young, and of an unknown authority", "young, and signed by itself"],
)  # fmt: skip
def test_valid(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
