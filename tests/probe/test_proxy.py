"""Proxies: what is planned, and what those say that are none, or bad ones."""

import asyncio
import contextlib

import pytest

from bellrock.model import Verdict
from bellrock.probe import Ask, PlanError, check
from bellrock.probe.proxy import MAX_URLS, NOWHERE, PROBE, plan
from bellrock.probe.url import Url
from tests.lab.services import certificates
from tests.probe.secure import server_context
from tests.probe.web import BAD, answer, probed, routes, serving

GET, CONNECT = "http://proxy-check.invalid/", "proxy-check.invalid:443"
ALLOW_LIST = "it speaks as a proxy, and does not let a name pass that does not exist: 403 Forbidden; what it lets pass is seen with option url"
NO_NAME = answer(b"no such name: proxy-check.invalid", "503 Service Unavailable")


def planned(flow="proxy", **options):
    return plan(Ask(flow=flow, address="192.0.2.1", port=3128, options=options))


def test_a_plan() -> None:
    found = planned()
    assert (found.urls, found.direct, found.must, found.proxy.headers) == (NOWHERE, "", False, ())
    found = planned("proxy-auth", url="http://a/,https://b:8443/c", direct="192.0.2.7", user="u", password="p")
    assert found.urls == (Url("http", "a", 80, "/"), Url("https", "b", 8443, "/c"))
    assert (found.direct, found.must) == ("192.0.2.7", True)
    assert found.proxy.headers == (("Proxy-Authorization", "Basic dTpw"),)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"url": "ftp://x"},
            "option url: 'ftp://x' is no address of the web: it must be http:// or https:// and a host",
        ),
        (
            {"url": "http://x/", "direct": "192.0.2.7"},
            "option direct compares certificates: it needs an https:// address in option url",
        ),
        (
            {"url": ",".join(f"http://h{n}/" for n in range(MAX_URLS + 1))},
            "option url takes at most 16 addresses, and not 17",
        ),
        ({"user": "a:b"}, "a user name with a colon cannot be sent by the scheme Basic (RFC 7617 §2)"),
        ({"direct": "honest.example"}, "proxy: option direct takes IP addresses, and not 'honest.example'"),
    ],
    ids=["ftp", "direct", "many", "colon", "name"],
)
def test_no_plan(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        planned(**options)
    assert str(caught.value) == sentence


def both(handler, flow="proxy", **options):
    return {one.variant: (one.verdict.value, one.detail) for one in probed(flow, handler, **options)}


def test_what_is_asked() -> None:
    asked = []
    both(routes({GET: NO_NAME, CONNECT: NO_NAME}, asked))
    assert sorted(head.split("\r\n")[0] for head in asked) == [
        "CONNECT proxy-check.invalid:443 HTTP/1.1",
        "GET http://proxy-check.invalid/ HTTP/1.1",
    ]
    assert not any("Proxy-Authorization" in head for head in asked)
    assert len(asked) <= PROBE.load.packets


SAYS = "it speaks as a proxy, and says of a name that does not exist: "


@pytest.mark.parametrize(
    ("said", "get", "connect"),
    [
        (NO_NAME, ("works", f"{SAYS}503 Service Unavailable"), ("works", f"{SAYS}503 Service Unavailable")),
        (
            answer(status="502 Bad Gateway", via="1.1 tiny"),
            ("works", f"{SAYS}502 Bad Gateway"),
            ("works", f"{SAYS}502 Bad Gateway"),
        ),
        (
            answer(status="503 Service Unavailable"),
            ("degraded", "the proxy cannot fetch http://proxy-check.invalid/: 503 Service Unavailable"),
            ("degraded", "the proxy cannot fetch https://proxy-check.invalid/: 503 Service Unavailable"),
        ),
        (
            answer(status="403 Forbidden", via="1.1 tiny"),
            ("works", ALLOW_LIST),
            ("works", ALLOW_LIST),
        ),
        (
            answer(status="403 Forbidden", server="web"),
            (
                "wrong-service",
                "for a host that cannot exist it answers 403 Forbidden: a web server (web), and no proxy",
            ),
            ("wrong-service", "it answers CONNECT with 403 Forbidden: it opens no tunnels, or is no proxy"),
        ),
        (
            answer(b"page"),
            ("wrong-service", "for a host that cannot exist it answers 200 OK: a web server, and no proxy"),
            ("wrong-service", "it says that it is connected to a host that cannot exist: 200 OK"),
        ),
        (
            answer(status="405 Not Allowed"),
            ("wrong-service", "for a host that cannot exist it answers 405 Not Allowed: a web server, and no proxy"),
            ("wrong-service", "it answers CONNECT with 405 Not Allowed: it opens no tunnels, or is no proxy"),
        ),
        (
            answer(status="407 Proxy Authentication Required", proxy_authenticate="NTLM"),
            ("authentication-needed", "it wants credentials: ntlm"),
            ("authentication-needed", "it wants credentials: ntlm"),
        ),
    ],
    ids=["name", "via", "ill", "denied", "web-403", "web-200", "web-405", "407"],
)
def test_of_a_name_that_cannot_be(said: bytes, get, connect) -> None:
    assert both(routes({}, other=said)) == {"get": get, "connect": connect}


def test_a_url() -> None:
    url = "http://mirror.example/a"
    assert both(routes({url: answer(b"x", via="1.1 p")}), url=url) == {url: ("works", f"it fetches {url}: 200 OK")}
    # Without a sign, the name that cannot be must tell that it is a proxy.
    assert both(routes({url: answer(b"x"), GET: NO_NAME}), url=url) == {url: ("works", f"it fetches {url}: 200 OK")}
    assert both(routes({}, other=answer(b"x")), url=url) == {
        url: ("wrong-service", "for a host that cannot exist it answers 200 OK: a web server, and no proxy")
    }


def test_credentials() -> None:
    url = "http://mirror.example/"

    async def handler(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        needed = answer(status="407 Proxy Authentication Required", proxy_authenticate="Basic realm=x")
        writer.write(answer(b"x", via="1.1 p") if b"Proxy-Authorization: Basic dTpw\r\n" in head else needed)

    closed = ("authentication-needed", "it wants credentials: basic")
    passes = {
        "without-credentials": ("works", "without credentials nothing passes: it wants credentials: basic"),
        url: ("works", f"it fetches {url}: 200 OK"),
    }
    assert both(handler, "proxy-auth", url=url) == {"without-credentials": closed}
    assert both(handler, "proxy-auth", url=url, user="u", password="p") == passes
    assert both(handler, "proxy", url=url, user="u", password="no") == {
        url: ("authentication-needed", "it does not take these credentials, given by the scheme basic; it offers basic")
    }
    assert both(routes({url: answer(via="1.1 p")}), "proxy-auth", url=url) == {
        "without-credentials": ("degraded", "it lets everybody pass, without credentials")
    }
    assert both(routes({}, other=answer(b"x")), "proxy-auth", url=url)["without-credentials"][0] == "wrong-service"


def test_the_secret_is_nowhere() -> None:
    found = probed("proxy", routes({}, other=NO_NAME), user="somebody", password="hunter2")
    assert "hunter2" not in str(found)
    assert "c29tZWJvZHk6aHVudGVyMg" not in str(found)


@pytest.mark.parametrize("bad", sorted(BAD))
def test_bad_proxies(bad: str) -> None:
    for found in probed("proxy", BAD[bad], within=0.6):
        assert found.verdict in (Verdict.WRONG_SERVICE, Verdict.DEGRADED)
        assert found.detail.isprintable()


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Two authorities, each with a server's context of the same name."""
    place = tmp_path_factory.mktemp("tls")
    made = {}
    for name in ("Real", "Proxy"):
        authority = certificates.authority(name, directory=place)
        made[name] = (
            authority,
            server_context(certificates.certificate(["127.0.0.1"], issuer=authority, directory=place)),
        )
    return made


def relay(port):
    """A proxy that connects to one port only."""

    async def handler(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        there, back = await asyncio.open_connection("127.0.0.1", port)

        async def copy(source, sink):
            with contextlib.suppress(OSError):
                while octets := await source.read(65536):
                    sink.write(octets)
                    await sink.drain()
            sink.close()

        try:
            await asyncio.gather(copy(reader, back), copy(there, writer))
        finally:
            back.transport.abort()

    return handler


@pytest.mark.parametrize(
    ("shown", "trusted", "verdict", "detail"),
    [
        ("Real", "Real", "works", "it connects to 127.0.0.1, whose certificate is by CN=Real: 200 OK"),
        ("Proxy", "Proxy", "degraded", "TLS is opened on the way: the certificate of 127.0.0.1 is by CN=Proxy through the proxy, and by CN=Real directly"),
        ("Proxy", "Real", "tls-fault", "TLS is opened on the way: the certificate of 127.0.0.1 is by CN=Proxy through the proxy, and by CN=Real directly"),
        ("Real", "Proxy", "tls-fault", "through the proxy, 127.0.0.1: its certificate is signed by an authority that is not known here (CN=Real)"),
    ],
    ids=["honest", "opened-trusted", "opened", "untrusted"],
)  # fmt: skip
def test_who_opens_tls(tls, shown: str, trusted: str, verdict: str, detail: str) -> None:
    async def scenario():
        page = routes({"/": answer(b"ok")})
        async with (
            serving(page, tls["Real"][1]) as honest,
            serving(page, tls[shown][1]) as through,
            serving(relay(through)) as port,
        ):
            options = {
                "url": f"https://127.0.0.1:{honest}/",
                "direct": "127.0.0.1",
                "authority": str(tls[trusted][0].file),
            }
            return await check(Ask(flow="proxy", address="127.0.0.1", port=port, options=options))

    (found,) = asyncio.run(scenario())
    assert (found.verdict.value, found.detail) == (verdict, detail)
    assert found.facts["intercepted"] == (shown == "Proxy")


def test_nobody_to_compare_with(tls) -> None:
    async def scenario():
        async with serving(routes({"/": answer(b"ok")}), tls["Real"][1]) as through, serving(relay(through)) as port:
            options = {"url": "https://127.0.0.1:9/", "direct": "127.0.0.1", "authority": str(tls["Real"][0].file)}
            return await check(Ask(flow="proxy", address="127.0.0.1", port=port, options=options))

    (found,) = asyncio.run(scenario())
    assert (found.verdict, "intercepted" in found.facts) == (Verdict.WORKS, False)
    assert found.evidence[-1].what.startswith("directly, 127.0.0.1 cannot be compared with: ")


def test_an_allow_list_says_nothing_of_credentials() -> None:
    found = both(routes({}, other=answer(status="403 Forbidden", via="1.1 tiny")), "proxy-auth")
    assert found == {
        "without-credentials": (
            "not-checked",
            "it denies a name that does not exist and asks for no credentials; option url says what they are to be needed for",
        )
    }
