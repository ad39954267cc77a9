"""Readings of certificates' dates, beside the clock of the machine that captured them and those of clients and servers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from bellrock.diagnosis.once import once
from bellrock.diagnosis.packets import NS, Certificate, Wire
from bellrock.diagnosis.readings_tls import Handshake, handshakes, refusal


def date(seconds: float) -> str:
    """`2026-11-22 10:54 UTC`; what no calendar holds as a number."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return f"second {seconds:.0f} of the epoch"


def span(seconds: float) -> str:
    """`3 d 4 h`, `12 min`, `3.2 s`: the two largest units."""
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if abs(seconds) >= size:
            whole, rest = divmod(abs(seconds), size)
            return f"{whole:.0f} {unit}" + (f" {rest // smaller:.0f} {name}" if rest >= smaller else "")
    return f"{abs(seconds):.1f} s"


def seen_at(one: Handshake) -> float:
    """Seconds since the epoch, by the capture's clock, at which the certificate was shown."""
    return (one.shown or one.hello).at / NS


def dates(one: Handshake) -> str:
    """The sentence that every finding about dates begins with."""
    certificate = one.certificate
    if certificate is None:
        return ""
    return (
        f"The certificate of {one.server} ({certificate.subject}) holds from {date(certificate.not_before)} to "
        f"{date(certificate.not_after)} (packet {(one.shown or one.hello).number})."
    )


def misdated(wire: Wire, off: Callable[[Handshake, Certificate], float | None]) -> Iterator[tuple[Handshake, float]]:
    """Handshakes whose certificate does not fit the time, and by how many seconds; `off` tells; one for each client and server."""
    shown = ((one, one.certificate) for one in handshakes(wire) if one.certificate is not None)
    found = ((one, by) for one, certificate in shown if (by := off(one, certificate)) is not None)
    return once(found, lambda wrong: (wrong[0].hello.source, wrong[0].server))


def dates_proof(one: Handshake, beside: str) -> tuple[str, ...]:
    """What proves a finding about dates: the certificate's, the capture's (`beside`: how it lies to them), and whether the client refused it."""
    return dates(one), f"By the clock of the capture it was {date(seen_at(one))}{beside}", *refusal(one)
