"""Answers that are not what was asked for."""

import pytest

from bellrock.model import Verdict, Wall
from bellrock.probe.certificate import Certificate
from bellrock.probe.http import Answer
from bellrock.probe.tls import Session
from bellrock.probe.web import SOON, ends_soon, refused


def answer(status: int, **fields: str) -> Answer:
    headers = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in fields.items())
    return Answer(
        status=status,
        reason="R",
        version="1.1",
        headers=headers,
        body=b"",
        size=0,
        length=0,
        complete=True,
        first=0.0,
        seconds=0.0,
    )


@pytest.mark.parametrize(
    ("found", "verdict", "detail"),
    [
        (answer(401, www_authenticate="Basic realm=x"), "authentication-needed", "it wants credentials for /f: basic"),
        (answer(407, via="1.1 p", x_squid_error="ERR_CACHE_ACCESS_DENIED 0", proxy_authenticate="Basic"), "authentication-needed", "the proxy on the way wants credentials: basic"),
        (answer(407, proxy_authenticate="NTLM"), "authentication-needed", "the proxy on the way wants credentials: ntlm"),
        (answer(400), "wrong-service", "it does not give /f: 400 R"),
        (answer(403), "wrong-service", "it does not give /f: 403 R"),
        (answer(404), "wrong-service", "it has no /f: 404 R"),
        (answer(410), "wrong-service", "it has no /f: 410 R"),
        (answer(418), "wrong-service", "it does not give /f: 418 R"),
        (answer(304), "wrong-service", "it does not give /f: 304 R"),
        (answer(503), "degraded", "it answers 503 R: it, or what stands behind it, is ill"),
        (answer(301, location="http://x/y?token=z"), "degraded", "it points to http://x/y, which is another server: whoever uses it must reach that as well"),
        (answer(400, x_squid_error="ERR_INVALID_URL 0"), "wrong-service", "it is a proxy, and no web server: 400 R (ERR_INVALID_URL 0)"),
        (answer(403, x_squid_error="ERR_ACCESS_DENIED 0"), "filtered", "the proxy on the way does not give /f: 403 R (ERR_ACCESS_DENIED 0)"),
        (answer(503, x_squid_error="ERR_CONNECT_FAIL 111"), "unreachable", "the proxy on the way does not give /f: 503 R (ERR_CONNECT_FAIL 111)"),
    ],
    ids=["401", "407-squid", "407", "400", "403", "404", "410", "418", "304", "503", "301", "squid-400", "squid-403", "squid-503"],
)  # fmt: skip
def test_refusals(found: Answer, verdict: str, detail: str) -> None:
    told = refused(found, "/f", {"status": found.status})
    assert (told.verdict, told.detail) == (Verdict(verdict), detail)


@pytest.mark.parametrize("status", [200, 204, 206])
def test_what_was_asked_for(status: int) -> None:
    assert refused(answer(status), "/f", {}) is None


def session(not_after: float) -> Session:
    certificate = Certificate(
        subject="",
        issuer="",
        names=(),
        not_before=Wall(0.0),
        not_after=Wall(not_after),
        sha256="",
        key="",
        self_signed=False,
    )
    return Session(
        version="TLSv1.3", cipher="", alpn="", certificate=certificate, chain=1, verified=None, why="", of_target=True
    )


def test_a_certificate_near_its_end() -> None:
    assert ends_soon(None, Wall(0.0)) == ""
    assert ends_soon(session(SOON), Wall(0.0)) == ""
    assert ends_soon(session(3 * 86_400.0), Wall(0.0)) == "its certificate ends on 1970-01-04 00:00 UTC, in 3 days"
