"""Answers that are not what was asked for; what asking costs at most, with servers that make probes ask as often as can be."""

import pytest

from bellrock.model import Verdict, Wall
from bellrock.probe import probe_of
from bellrock.probe.certificate import Certificate
from bellrock.probe.http import Answer
from bellrock.probe.tls import Session
from bellrock.probe.web import SOON, ends_soon, refused
from tests.probe.web import answer, head, probed


@pytest.mark.parametrize(
    ("found", "verdict", "detail"),
    [
        (head(401, "R", www_authenticate="Basic realm=x"), "authentication-needed", "it wants credentials for /f: basic"),
        (head(407, "R", via="1.1 p", x_squid_error="ERR_CACHE_ACCESS_DENIED 0", proxy_authenticate="Basic"), "authentication-needed", "the proxy on the way wants credentials: basic"),
        (head(407, "R", proxy_authenticate="NTLM"), "authentication-needed", "the proxy on the way wants credentials: ntlm"),
        (head(400, "R"), "wrong-service", "it does not give /f: 400 R"),
        (head(403, "R"), "wrong-service", "it does not give /f: 403 R"),
        (head(404, "R"), "wrong-service", "it has no /f: 404 R"),
        (head(410, "R"), "wrong-service", "it has no /f: 410 R"),
        (head(418, "R"), "wrong-service", "it does not give /f: 418 R"),
        (head(304, "R"), "wrong-service", "it does not give /f: 304 R"),
        (head(503, "R"), "degraded", "it answers 503 R: it, or what stands behind it, is ill"),
        (head(301, "R", location="http://x/y?token=z"), "degraded", "it points to http://x/y, which is another server: whoever uses it must reach that as well"),
        (head(400, "R", x_squid_error="ERR_INVALID_URL 0"), "wrong-service", "it is a proxy, and no web server: 400 R (ERR_INVALID_URL 0)"),
        (head(403, "R", x_squid_error="ERR_ACCESS_DENIED 0"), "filtered", "the proxy on the way does not give /f: 403 R (ERR_ACCESS_DENIED 0)"),
        (head(503, "R", x_squid_error="ERR_CONNECT_FAIL 111"), "unreachable", "the proxy on the way does not give /f: 503 R (ERR_CONNECT_FAIL 111)"),
    ],
    ids=["401", "407-squid", "407", "400", "403", "404", "410", "418", "304", "503", "301", "squid-400", "squid-403", "squid-503"],
)  # fmt: skip
def test_refusals(found: Answer, verdict: str, detail: str) -> None:
    told = refused(found, "/f", {"status": found.status})
    assert (told.verdict, told.detail) == (Verdict(verdict), detail)


@pytest.mark.parametrize("status", [200, 204, 206])
def test_what_was_asked_for(status: int) -> None:
    assert refused(head(status, "R"), "/f", {}) is None


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


OPTIONS = {
    "http-boot": {"path": ",".join(f"/f{number}" for number in range(16))},
    "apt": {"suite": ",".join(f"s{number}" for number in range(16)), "tls": "no"},
    "snap": {"tls": "no"},
    "proxy": {"url": ",".join(f"http://h{number}/" for number in range(16))},
}


class Greedy:
    """A server that makes probes ask as often as can be: redirects as often as is followed, and closes each kept connection without an answer to what comes next on it."""

    def __init__(self, last: bytes) -> None:
        self.last = last
        self.requests = self.connections = 0

    async def __call__(self, reader, writer) -> None:
        self.connections += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests += 1
        target = head.split(" ")[1]
        bare, _, turns = target.partition("~")
        body = bytes(200_000)
        said = answer(body, "302 Found", location=f"{bare}~{turns}x") if len(turns) < 5 else self.last
        writer.write(said if not head.startswith("HEAD") else said[: said.index(b"\r\n\r\n") + 4])
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1


@pytest.mark.parametrize("flow", OPTIONS)
@pytest.mark.parametrize("last", ["404 Not Found", "200 OK", "503 Service Unavailable"])
def test_no_more_is_sent_than_is_said(flow: str, last: str) -> None:
    server, load = Greedy(answer(bytes(5000), last)), probe_of(flow).load
    probed(flow, server, within=5.0, **OPTIONS[flow])
    assert 0 < server.requests <= load.packets
    assert 0 < server.connections <= load.connections
