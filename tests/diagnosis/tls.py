"""TLS handshakes for the tests of rules that read certificates."""

from bellrock.diagnosis.packets import NS, Alert, Certificate, ClientHello
from tests.diagnosis import wires as w

BASE = w.EPOCH // NS
DAY = 86_400
MIRROR = "192.0.2.80"


def certificate(
    begins=-10 * DAY, ends=80 * DAY, issuer="CN=R11,O=Let's Encrypt,C=US", subject="CN=images.maas.io", **more
):
    return Certificate(subject, issuer, BASE + begins, BASE + ends, **more)


def handshake(shown=None, at=1.0, name="images.maas.io", alert="", server=MIRROR, port=40443, **more):
    """Hello, certificate (None: encrypted), and an alert of the client."""
    there, back = {"ports": (port, 443)} | more, {"ports": (443, port)} | more
    return (
        w.packet(ClientHello(name), at, w.NODE_IP, server, **there),
        shown and w.packet(shown, at + 0.01, server, w.NODE_IP, **back),
        w.packet(Alert(alert), at + 0.02, w.NODE_IP, server, **there) if alert else None,
    )
