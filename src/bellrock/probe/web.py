"""What to make of a web server's answer that is not what was asked for, and of its certificate's end; what asking costs."""

from typing import Any, Final

from bellrock.model import Verdict, Wall
from bellrock.probe import tls
from bellrock.probe.certificate import day, span
from bellrock.probe.http import MAX_OTHER, MAX_REDIRECTS, Answer
from bellrock.probe.proxied import schemes, signs, wants_credentials
from bellrock.probe.replies import pointed_elsewhere, troubled
from bellrock.probe.values import Found, Load

SOON: Final = 14 * 86_400
"""Seconds before its end in which a certificate is told to be renewed."""

WORST: Final = 2 * (MAX_REDIRECTS + 1)
"""Requests for one thing that is asked for, at worst: as often redirected as is followed, each sent again on a new connection."""


def load(asked: int, octets: int) -> Load:
    """For so many things that are asked for, with so many octets of them all: each with a tunnel, a handshake and a request at worst."""
    return Load(packets=3 * WORST * asked, connections=WORST * asked, octets=octets + WORST * asked * MAX_OTHER)


def refused(answer: Answer, what: str, facts: dict[str, Any]) -> Found | None:
    """Why an answer does not bring `what`; None: it does. The proxy on the way, if any, is told from the server."""
    if 200 <= answer.status < 300:
        return None
    if error := signs(answer).get("squid_error"):
        return wants_credentials(answer) or _by_proxy(answer, what, error, facts)
    if answer.status == 401:
        detail = f"it wants credentials for {what}: {', '.join(schemes(answer)) or 'no scheme that it names'}"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=detail, facts=facts)
    how = "has no" if answer.status in (404, 410) else "does not give"
    found = Found(verdict=Verdict.WRONG_SERVICE, detail=f"it {how} {what}: {answer.said}", facts=facts)
    # 403 is no question of credentials here: files that nobody may read are a mistake of the server.
    ill = None if answer.status == 403 else troubled(answer, what, facts)
    return wants_credentials(answer) or pointed_elsewhere(answer, facts) or ill or found


def ends_soon(session: tls.Session | None, now: Wall) -> str:
    """That a certificate is not for much longer; empty where it is, or where there is none."""
    if session is None or (left := session.certificate.not_after - now) >= SOON:
        return ""
    return f"its certificate ends on {day(session.certificate.not_after)}, in {span(left)}"


def _by_proxy(answer: Answer, what: str, error: str, facts: dict[str, Any]) -> Found:
    said = f"{answer.said} ({error})"
    if answer.status == 400:
        return Found(verdict=Verdict.WRONG_SERVICE, detail=f"it is a proxy, and no web server: {said}", facts=facts)
    verdict = Verdict.FILTERED if answer.status == 403 else Verdict.UNREACHABLE
    return Found(verdict=verdict, detail=f"the proxy on the way does not give {what}: {said}", facts=facts)
