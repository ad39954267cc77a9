import pytest

from bellrock.diagnosis.on_wire import tls_intercepted as rule
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats
from tests.diagnosis.tls import certificate, handshake

BOX = certificate(issuer="CN=FortiGate CA,O=Fortinet")
PRIVATE = certificate(issuer="CN=Our own CA")
NEAR, FAR = {"point": "node-7/eth0"}, {"point": "router-1/eth1"}


def test_two_points_show_two_certificates_for_one_connection():
    given = w.case(
        handshake(PRIVATE, 1.0, **NEAR), handshake(certificate(), 1.001, **FAR), handshake(PRIVATE, 9.0, port=4, **NEAR)
    )
    assert whats(rule, given) == [
        (
            "warning",
            "certain",
            "TLS from 10.0.0.57 to images.maas.io is opened on the way: CN=Our own CA signed the certificate",
        )
    ]
    [one] = found(rule, given)
    assert one.proof == (
        "At node-7/eth0 the server's certificate for images.maas.io is CN=images.maas.io, signed by CN=Our own CA (packet 3).",
        "At router-1/eth1 it is CN=images.maas.io, signed by CN=R11,O=Let's Encrypt,C=US (packet 4).",
    )
    assert one.evidence == ("packet 3", "packet 4")


def test_an_issuer_that_inspects():
    given = w.case(
        w.leased(), handshake(BOX, alert="unknown_ca"), handshake(BOX, 5.0, name="archive.ubuntu.com", port=40444)
    )
    assert whats(rule, given) == [
        (
            "error",
            "likely",
            "TLS from 10.0.0.57 to images.maas.io is opened on the way: CN=FortiGate CA,O=Fortinet signed the certificate",
        )
    ]
    [one] = found(rule, given)
    assert one.client == w.NODE
    assert one.proof[1:] == (
        "The same issuer signed for archive.ubuntu.com, images.maas.io.", "The client refused it: alert unknown_ca (packet 7).",
    )  # fmt: skip


@pytest.mark.parametrize(
    "things",
    [
        (), handshake(), handshake(certificate()), handshake(PRIVATE), handshake(PRIVATE, alert="unknown_ca"),
        handshake(BOX, name="forti.corp"), handshake(BOX, name="10.0.0.1"), handshake(BOX, name="fortigate"), handshake(BOX, name=""),
        (handshake(PRIVATE, 1.0, **NEAR), handshake(PRIVATE, 1.001, **FAR)),
        (handshake(PRIVATE, 1.0, **NEAR), handshake(certificate(), 20.0, **FAR)),
        (handshake(PRIVATE, 1.0, **NEAR), handshake(certificate(), 1.001, server="192.0.2.81", **FAR)),
        (handshake(PRIVATE, 1.0), handshake(certificate(), 2.0)),
    ],
    ids=[
        "nothing", "encrypted", "a public authority", "an authority of one's own", "an authority that the client does not know",
        "the box's own page", "an address", "a single label", "no name", "the same at both points", "at another time", "another server",
        "two of one point: renewed",
    ],
)  # fmt: skip
def test_not_intercepted(things):
    assert whats(rule, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []


def test_two_connections_to_a_server_with_two_certificates():
    """RSA for one client and ECDSA for another, each seen at its own point."""
    given = w.case(handshake(PRIVATE, 1.0, **NEAR), handshake(certificate(), 1.5, **(FAR | {"port": 40999})))
    assert found(rule, given) == []
