import pytest

from bellrock.diagnosis.on_wire import tls_expired as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats
from tests.diagnosis.tls import DAY, certificate, handshake

EXPIRED = certificate(begins=-90 * DAY, ends=-3 * DAY)


def test_it_expired_and_the_client_refuses_it():
    given = w.case(w.leased(), handshake(EXPIRED, alert="certificate_expired"), handshake(EXPIRED, 5.0, port=40444))
    assert whats(rule, given) == [("error", "certain", "192.0.2.80:443 shows a certificate that has expired")]
    [one] = found(rule, given)
    assert (one.client, one.address, one.flow) == (w.NODE, "192.0.2.80:443", "https-boot")
    assert one.proof[0].startswith("The certificate of 192.0.2.80 (CN=images.maas.io) holds from 2026-06-23 ")
    assert one.proof[1].endswith("UTC, 3 d too late.")
    assert one.proof[2] == "The client refused it: alert certificate_expired (packet 7)."


def test_a_client_that_does_not_care_is_warned_about():
    assert whats(rule, w.case(handshake(EXPIRED)))[0][0] == "warning"


def test_a_client_whose_clock_is_ahead():
    given = w.case(handshake(certificate(), alert="certificate_expired"))
    assert whats(rule, given) == [
        (
            "error",
            "likely",
            "10.0.0.57 takes the certificate of 192.0.2.80:443 for expired, and it is not: the client's clock is ahead",
        )
    ]
    assert found(rule, given)[0].proof[1].endswith("UTC, 79 d 23 h before that.")


@pytest.mark.parametrize(
    "things",
    [(), handshake(), handshake(certificate()), handshake(certificate(), alert="unknown_ca"), handshake(certificate(begins=DAY)),
     w.packet(EXPIRED, 1.0, w.RACK_IP, w.NODE_IP, ports=(443, 40443))],
    ids=["nothing", "encrypted", "valid", "refused for another reason", "not yet valid", "no hello in the capture"],
)  # fmt: skip
def test_not_expired(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
