"""tls-expired: a certificate that holds no longer, by the capture's clock or by the client's."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Certificate
from bellrock.diagnosis.readings import again, client_of, clients, links
from bellrock.diagnosis.readings_dates import dates_proof, misdated, seen_at, span
from bellrock.diagnosis.readings_tls import Handshake, flow_of
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "tls-expired"
TITLE = "A certificate holds no longer"
EXPLAINS = frozenset(("http-boot-failed", "metadata-unanswered"))


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server: its date has passed by the capture's clock, or the client says that it has by its own."""
    if case.wire is None:
        return
    leased = clients(case)
    for one, late in misdated(case.wire, _late):
        yield _finding(one, late, client_of(leased, one.hello.source))


def _late(one: Handshake, certificate: Certificate) -> float | None:
    late = seen_at(one) - certificate.not_after
    return late if late > 0 or one.alert == "certificate_expired" else None


def _finding(one: Handshake, late: float, client: str) -> Finding:
    to, over = endpoint(one.server, one.hello.destination_port), late > 0
    return Finding(
        id=ID, severity=Severity.ERROR if one.refused else Severity.WARNING, client=client, address=to,
        flow=flow_of(one),
        what=f"{to} shows a certificate that has expired" if over
        else f"{client} takes the certificate of {to} for expired, and it is not: the client's clock is ahead",
        cause="It was not renewed, or the renewed one was not loaded." if over
        else "The client's clock is ahead, or an intermediate certificate that the capture does not show has expired.",
        proof=dates_proof(one, f", {span(late)} too late." if over else f", {span(late)} before that."),
        evidence=links([packet for packet in (one.shown, one.refused) if packet]),
        confidence=Confidence.CERTAIN if over else Confidence.LIKELY,
        fix=(
            (f"Renew the certificate of {to}, and have the server load it.", f"`openssl s_client -connect {to} </dev/null | openssl x509 -noout -dates`")
            if over else (f"Look at the clock of {client} (firmware setup, `hwclock`), and give NTP servers by DHCP (option 42).",)
        ),
        recheck=again(one.hello.point),
    )  # fmt: skip
