"""tls-not-yet-valid: a certificate that begins to hold only later, by the capture's clock or by the client's."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Certificate
from bellrock.diagnosis.readings import again, client_of, clients, links
from bellrock.diagnosis.readings_dates import dates_proof, misdated, seen_at, span
from bellrock.diagnosis.readings_tls import Handshake, flow_of
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "tls-not-yet-valid"
TITLE = "A certificate does not hold yet"
EXPLAINS = frozenset(("http-boot-failed", "metadata-unanswered"))
YOUNG: Final = 86_400.0
"""Seconds: a client whose clock is a day behind refuses a certificate that is younger."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server: certain by the capture's clock; else only possible, where a client refuses a young certificate."""
    if case.wire is None:
        return
    leased = clients(case)
    for one, age in misdated(case.wire, _young):
        yield _finding(one, age, client_of(leased, one.hello.source))


def _young(one: Handshake, certificate: Certificate) -> float | None:
    """Its age. The alert for a certificate that does not hold yet is that for any bad one (RFC 5246 §7.2.2 has none for it alone)."""
    age = seen_at(one) - certificate.not_before
    refused = age < YOUNG and one.alert == "bad_certificate" and not certificate.self_signed
    return age if age < 0 or refused else None


def _finding(one: Handshake, age: float, client: str) -> Finding:
    to = endpoint(one.server, one.hello.destination_port)
    sure = age < 0
    return Finding(
        id=ID, severity=Severity.ERROR, client=client, address=to, flow=flow_of(one),
        what=f"{to} shows a certificate that does not hold yet" if sure
        else f"{client} refuses the young certificate of {to}, as a machine does whose clock is behind",
        cause="It was signed on a machine whose clock is ahead, or the clock here is behind." if sure
        else "A machine without a battery or NTP begins in the past, where the certificate does not hold yet.",
        proof=dates_proof(one, f", {span(age)} too early." if sure else f"; it was {span(age)} old."),
        evidence=links([packet for packet in (one.shown, one.refused) if packet]),
        confidence=Confidence.CERTAIN if sure else Confidence.POSSIBLE,
        fix=(
            "Compare the clocks: `bellrock probe ntp --to SERVER`, `chronyc tracking` on the server and on the machine that signed.",
            "Give NTP servers by DHCP (option 42), so that machines set their clock before they need TLS.",
            *(("Sign the certificate anew once the clock is right.",) if sure else ()),
        ),
        recheck=again(one.hello.point),
    )  # fmt: skip
