from bellrock.diagnosis.readings_tls import flow_of, handshakes, refusal
from tests.diagnosis import wires as w
from tests.diagnosis.tls import MIRROR, certificate, handshake


def test_a_handshake_with_its_certificate_and_refusal():
    [one] = handshakes(w.wire(handshake(certificate(), alert="unknown_ca")))
    assert (one.name, one.server, one.alert) == ("images.maas.io", MIRROR, "unknown_ca")
    assert (one.hello.number, one.shown.number, one.refused.number) == (1, 2, 3)


def test_the_first_certificate_is_the_servers():
    shown = handshake(certificate(), at=1.0)
    other = w.packet(certificate(subject="CN=other"), 2.0, MIRROR, w.NODE_IP, ports=(443, 40443))
    [one] = handshakes(w.wire(shown, other))
    assert one.certificate.subject == "CN=images.maas.io"


def test_alerts_of_other_kinds_and_ways_refuse_nothing():
    [one] = handshakes(w.wire(handshake(certificate(), alert="close_notify")))
    assert (one.alert, one.refused) == ("", None)
    stray = handshake(certificate(), alert="unknown_ca")[1:]
    assert [*handshakes(w.wire(stray))] == []


def test_whose_port_tells_the_flow_and_how_it_was_refused():
    [one] = handshakes(w.wire(handshake(certificate(), alert="unknown_ca")))
    assert (flow_of(one), refusal(one)) == (
        "https-boot",
        ("The client refused it: alert unknown_ca (packet 3).",),
    )
    [other] = handshakes(w.wire(handshake(certificate(), ports=(40443, 8443))))
    assert (flow_of(other), refusal(other)) == ("", ())
