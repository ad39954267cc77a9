"""tls-intercepted: somebody on the way opens TLS and shows a certificate of his own making."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Certificate, Packet, Wire
from bellrock.diagnosis.readings import again, client_of, clients, links
from bellrock.diagnosis.readings_tls import Handshake, handshakes, refusal
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "tls-intercepted"
TITLE = "TLS is opened on the way"
EXPLAINS = frozenset(("tls-not-yet-valid", "tls-expired", "http-boot-failed", "metadata-unanswered"))
MAKERS: Final = (
    "fortinet", "fortigate", "palo alto", "zscaler", "blue coat", "bluecoat", "netskope", "check point", "sophos", "mcafee", "skyhigh",
    "umbrella", "mitmproxy", "squid", "untangle", "barracuda", "watchguard", "forcepoint", "websense", "sonicwall", "cato networks",
    "iboss", "trend micro", "kaspersky", "ssl inspection", "tls inspection", "ssl-inspection", "ssl proxy", "interception",
)  # fmt: skip
"""Words of the issuers that inspecting proxies come with; no public authority has one of them in its name."""
_PRIVATE: Final = (
    "local",
    "lan",
    "internal",
    "intranet",
    "corp",
    "home",
    "test",
    "example",
    "invalid",
    "localhost",
    "maas",
    "arpa",
    "private",
)
"""Top-level names that no public authority certifies (RFC 6762 appendix G, RFC 2606, RFC 8375, ICANN's `internal`)."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client and issuer. Sure where two points show two certificates for one connection; likely by the issuer's name."""
    wire = case.wire
    if wire is None:
        return
    leased = clients(case)
    told: set[tuple[str, str]] = set()
    seen = [one for one in handshakes(wire) if one.certificate is not None]
    for one, other in _replaced(seen):
        told.add((one.hello.source, _issuer(one)))
        yield _sure(one, other, client_of(leased, one.hello.source))
    for one in seen:
        key = (one.hello.source, _issuer(one))
        if key not in told and _inspects(one):
            told.add(key)
            yield _likely(wire, one, client_of(leased, one.hello.source))


def _replaced(seen: list[Handshake]) -> Iterator[tuple[Handshake, Handshake]]:
    """Handshakes of one connection that show another issuer nearer to the client than farther away, at about the same time.

    A server may well have two certificates (RSA and ECDSA) and show either to a client: only one connection must show one.
    """
    by_connection: dict[tuple[str, str, int, str, int], list[Handshake]] = defaultdict(list)
    for one in seen:
        if one.name:
            hello = one.hello
            ends = (one.name, hello.source, hello.source_port, hello.destination, hello.destination_port)
            by_connection[ends].append(one)
    for many in by_connection.values():
        for one, other in pairwise(many):
            alike = _issuer(one) == _issuer(other) or one.hello.point == other.hello.point
            if not alike and other.hello.at - one.hello.at < 5e9:
                yield one, other


def _issuer(one: Handshake) -> str:
    return one.certificate.issuer if one.certificate else ""


def _inspects(one: Handshake) -> bool:
    issuer, top = _issuer(one).lower(), one.name.rpartition(".")[2].lower()
    public = "." in one.name and top not in _PRIVATE and not top.isdigit()
    return public and any(maker in issuer for maker in MAKERS)


def _sure(one: Handshake, other: Handshake, client: str) -> Finding:
    here, there = _shown(one), _shown(other)
    return _finding(
        one, client, Confidence.CERTAIN,
        (f"At {one.hello.point} the server's certificate for {one.name} is {here}.", f"At {other.hello.point} it is {there}."),
        [packet for packet in (one.shown, other.shown) if packet],
    )  # fmt: skip


def _likely(wire: Wire, one: Handshake, client: str) -> Finding:
    names = {
        other.name
        for other in handshakes(wire)
        if other.certificate and other.certificate.issuer == _issuer(one) and other.name
    }
    more = f"The same issuer signed for {', '.join(sorted(names)[:5])}."
    return _finding(
        one, client, Confidence.LIKELY,
        (f"The certificate for {one.name} is {_shown(one)}; that issuer's name is one of an inspecting proxy.", *((more,) if len(names) > 1 else ())),
        [one.shown] if one.shown else [],
    )  # fmt: skip


def _finding(
    one: Handshake, client: str, confidence: Confidence, proof: tuple[str, ...], packets: list[Packet]
) -> Finding:
    return Finding(
        id=ID, severity=Severity.ERROR if one.refused else Severity.WARNING, client=client,
        address=endpoint(one.server, one.hello.destination_port),
        what=f"TLS from {one.hello.source} to {one.name} is opened on the way: {_issuer(one)} signed the certificate",
        cause="An inspecting proxy or firewall stands in for the server. Machines being installed do not trust its authority, and what is "
        "verified by pin is refused by all.",
        proof=(*proof, *refusal(one)),
        evidence=links((*packets, *((one.refused,) if one.refused else ()))), confidence=confidence,
        fix=(
            f"Have the proxy or firewall pass {one.name} (and what else the installation needs) without opening it.",
            "Or give its authority to the machines before they need it (in the image, by `ca-certs` of cloud-init).",
        ),
        recheck=again(one.hello.point),
    )  # fmt: skip


def _shown(one: Handshake) -> str:
    certificate: Certificate | None = one.certificate
    return (
        f"{certificate.subject}, signed by {certificate.issuer} (packet {one.shown.number if one.shown else 0})"
        if certificate
        else ""
    )
