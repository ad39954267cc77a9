"""proxy-wants-authentication: a proxy asks for credentials, and the client has none."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import again, client_of, clients, clock, links
from bellrock.diagnosis.readings_http import Exchange, exchanges
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "proxy-wants-authentication"
TITLE = "A proxy asks for credentials that the client does not have"
EXPLAINS = frozenset(("mirror-stale", "http-boot-failed", "metadata-refused"))
STATUS = 407
"""RFC 9110 §15.5.8: Proxy Authentication Required."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client and proxy that never let it through afterwards; the first 407 belongs to every login."""
    if case.wire is None:
        return
    leased = clients(case)
    asked: dict[tuple[str, str], list[Exchange]] = {}
    for one in exchanges(case.wire):
        key = (one.client, endpoint(one.asked.destination, one.asked.destination_port))
        if one.status == STATUS:
            asked.setdefault(key, []).append(one)
        elif one.response is not None and key in asked and one.request.authorised:
            del asked[key]
    for (client, proxy), refused in asked.items():
        yield _finding(case.wire, client_of(leased, client), proxy, refused)


def _finding(wire: Wire, client: str, proxy: str, refused: list[Exchange]) -> Finding:
    first = refused[0]
    scheme = first.response.challenge if first.response and first.response.challenge else "no scheme"
    brought = [one for one in refused if one.request.authorised]
    said = (
        f"It brought credentials in packet {brought[0].asked.number}, and the proxy did not take them." if brought
        else "It brought no credentials, then or later."
    )  # fmt: skip
    return Finding(
        id=ID, severity=Severity.ERROR, flow="proxy", client=client, address=proxy,
        what=f"Proxy {proxy} asks {client} for credentials, and gets none that it takes",
        cause="The proxy is set up for people who log in; machines that are being installed have no password for it."
        if not brought else "The user or the password that the machine was given is wrong, or is not allowed there.",
        proof=(
            f"{first.request.method} of {first.request.host or first.request.target} was answered with {STATUS} ({scheme}) at "
            f"{clock(wire, first.asked.at)} (packets {first.asked.number} and {first.came.number if first.came else 0}); {len(refused)} "
            "requests ended like this.",
            said,
        ),
        evidence=links([packet for one in refused for packet in (one.asked, one.came) if packet]), confidence=Confidence.CERTAIN,
        fix=(
            "Let the provisioning subnets through without credentials (squid: `http_access allow` with their `src` above the rule that asks).",
            "Or give the proxy's URL with user and password to the installer, in its secret configuration.",
        ),
        recheck=f"bellrock probe proxy --to {proxy}" if not brought else again(first.asked.point),
    )  # fmt: skip
