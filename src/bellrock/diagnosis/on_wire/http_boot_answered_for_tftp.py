"""http-boot-answered-for-tftp: a machine that boots by HTTP is told a file for TFTP, or is not told that the URL is for it."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, by_client, exchanges, lease, server
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer

ID = "http-boot-answered-for-tftp"
TITLE = "UEFI HTTP boot is answered with a TFTP file name"
EXPLAINS = frozenset(("no-boot-options", "dhcp-unanswered", "dhcp-offer-not-taken", "boot-file-wrong-architecture"))


def find(case: Case) -> Iterator[Finding]:
    """One for each client. Many machines try HTTP first and then PXE: where that works, nothing is wrong."""
    if case.wire is None:
        return
    told: set[str] = set()
    for exchange in exchanges(case.wire):
        if not exchange.http or exchange.ipxe or exchange.client in told or not lease(exchange):
            continue
        answers = [one for one in (*exchange.acks, *exchange.offers, *exchange.proxies) if answer.boots(one.message)]
        others = [one for one in by_client(case.wire)[exchange.client] if one is not exchange]
        if answers and not any(map(_fits, answers)) and not any(map(_boots_otherwise, others)):
            told.add(exchange.client)
            yield _finding(case.wire, exchange, answers[0])


def _fits(one: Told) -> bool:
    """UEFI §24.7.3.1: the class HTTPClient, and a URL."""
    return bool(answer.url(one.message)) and answer.vendor_class(one.message).startswith("HTTPClient")


def _boots_otherwise(exchange: Exchange) -> bool:
    """By PXE, or by HTTP in another attempt, as far as DHCP goes."""
    answers = [one for one in (*exchange.acks, *exchange.offers) if answer.boots(one.message)]
    return any(map(_fits, answers)) if exchange.http else bool(answers)


def _finding(wire: Wire, exchange: Exchange, one: Told) -> Finding:
    file, said = answer.file(one.message), answer.vendor_class(one.message) or "none"
    if answer.url(one.message):
        what = f"{exchange.client} boots by HTTP, and {server(one)} names {file!r} without the class HTTPClient"
        cause = f"Firmware passes over an offer whose option 60 is not HTTPClient; here it is {said}."
    else:
        what = f"{exchange.client} boots by HTTP ({exchange.kind or 'HTTPClient'}) and was answered with the TFTP file name {file!r}"
        cause = "UEFI HTTP boot needs a URL as its boot file and HTTPClient as class (option 60); without them firmware passes the offer over."
    host = answer.boot_server(one.message) or server(one)
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, vid=exchange.vid, flow="dhcp", address=server(one), what=what, cause=cause,
        proof=(*sentences(wire, (*exchange.discovers[:1], one)), f"It says: {boot_options(one)}."),
        evidence=links((*(each.packet for each in exchange.discovers[:1]), one.packet)), confidence=Confidence.CERTAIN,
        fix=(
            f"On {server(one)}, for option 60 HTTPClient (architectures 15 to 20): answer option 60 `HTTPClient` and option 67 as a URL, "
            f"`http://{host}/…`.",
            "Or set the machine's firmware to PXE (IPv4) instead of HTTP.",
        ),
        recheck=probe(exchange),
    )  # fmt: skip
