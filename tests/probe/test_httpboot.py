"""HTTP boot: what is planned, what servers of every kind come to, what is asked of them."""

import ssl

import pytest

from bellrock.model import Verdict
from bellrock.probe import Ask, PlanError
from bellrock.probe.httpboot import MAX_FILES, PROBE, plan
from tests.lab.services import certificates
from tests.probe.secure import server_context
from tests.probe.web import BAD, answer, probed, routes

FILE = bytes(range(256)) * 16


def planned(flow="http-boot", **options):
    return plan(
        Ask(
            flow=flow,
            address="192.0.2.1",
            port=80,
            name="rack.example",
            options={name.replace("_", "-"): value for name, value in options.items()},
        )
    )


def test_a_plan() -> None:
    found = planned(path="/a,b c,/a", limit="2048", least_rate="0.5")
    assert (found.paths, found.limit, found.least, found.firmware) == (("/a", "/b%20c"), 2048, 500.0, False)
    assert (found.place.scheme, found.place.name, found.place.address, found.place.port) == (
        "http",
        "rack.example",
        "192.0.2.1",
        80,
    )


def test_a_plan_over_tls() -> None:
    assert (planned("https-boot").place.scheme, planned("https-boot").firmware) == ("https", True)
    assert not planned("https-boot", firmware="no").firmware


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"paht": "/"}, "http-boot has no option 'paht'; did you mean path?"),
        ({"limit": "1"}, "http-boot: option limit takes a whole number from 1024 to 67108864, and not '1'"),
        (
            {"path": ",".join(f"/{n}" for n in range(MAX_FILES + 1))},
            "http-boot: option path takes at most 16 paths, and not 17",
        ),
        ({"pin": "abc"}, "option pin takes sha256: and 64 hexadecimal digits, and not 'abc'"),
    ],
    ids=["unknown", "limit", "paths", "pin"],
)
def test_no_plan(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        planned(**options)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["a b", "a/b", "a\r\nx: y", "me@host", "ü"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(PlanError, match="is no name of a host"):
        plan(Ask(flow="http-boot", address="192.0.2.1", port=80, name=name))


def one(handler, **options):
    (found,) = probed("http-boot", handler, **options)
    return found


def server(body=FILE, head=None, ranged=None, **fields):
    """A server of one file, at /f."""
    part = answer(FILE[1:1025], "206 Partial Content") if ranged is None else ranged
    calls = iter((answer(body, **fields), part))

    async def handler(reader, writer):
        while True:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            if request.startswith("HEAD"):
                writer.write(
                    head if head is not None else answer(body, **fields).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                )
            else:
                writer.write(next(calls))

    return handler


def test_what_is_asked() -> None:
    asked = []
    found = probed("http-boot", routes({"/f": answer(FILE)}, asked), path="/f", name="rack.example")
    assert [head.split("\r\n")[0] for head in asked] == ["HEAD /f HTTP/1.1", "GET /f HTTP/1.1", "GET /f HTTP/1.1"]
    assert all("\r\nHost: rack.example:" in head for head in asked)
    assert "\r\nRange: bytes=1-1024\r\n" in asked[2]
    assert (found[0].verdict, found[0].facts["range"]) == (Verdict.WORKS, "no")
    assert len(asked) <= PROBE.load.packets


@pytest.mark.parametrize(
    ("handler", "verdict", "detail"),
    [
        (server(), "works", "it gives /f: 4096 octets"),
        (server(head=answer(status="405 Not Allowed")), "works", "it gives /f: 4096 octets"),
        (server(head=b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), "degraded", "HEAD tells 9 octets of /f and GET gives 4096: firmware reserves memory by the first"),
        (server(ranged=answer(b"x" * 1024, "206 Partial Content")), "degraded", "asked for a part of /f it sends another one (Range, RFC 9110 §14)"),
        (server(ranged=answer(status="416 Range Not Satisfiable")), "works", "it gives /f: 4096 octets, without ranges"),
        (server(b""), "wrong-service", "/f is empty"),
        (server(b"x", ranged=b""), "works", "it gives /f: 1 octets"),
        (server(content_type="text/html"), "wrong-service", "instead of /f a page for people (text/html) comes: a portal, or a server that answers everything with a page"),
        (routes({}, other=answer(status="403 Forbidden")), "wrong-service", "it does not give /f: 403 Forbidden"),
        (routes({}, other=answer(status="429 Too Many Requests", retry_after="7")), "degraded", "it answers 429 Too Many Requests, to be asked again in 7 s: it, or what stands behind it, is ill"),
        (routes({}, other=answer(status="401 Unauthorized")), "authentication-needed", "it wants credentials for /f: no scheme that it names"),
        (routes({}, other=answer(status="407 Proxy Authentication Required", proxy_authenticate="Basic realm=x")), "authentication-needed", "the proxy on the way wants credentials: basic"),
        (routes({}, other=answer(status="304 Not Modified")), "wrong-service", "it does not give /f: 304 Not Modified"),
        (routes({}, other=answer(b"<p>sent to HTTPS port", status="400 Bad Request")), "wrong-service", "it answers plain HTTP only to say that it wants TLS"),
    ],
    ids=["well", "no-head", "lengths", "other-part", "no-part", "empty", "octet", "page", "forbidden", "busy", "guarded", "proxy", "unmodified", "tls"],
)  # fmt: skip
def test_verdicts(handler, verdict: str, detail: str) -> None:
    found = one(handler, path="/f")
    assert (found.verdict.value, found.detail) == (verdict, detail)


@pytest.mark.parametrize(
    ("status", "verdict", "detail"),
    [
        ("200 OK", "works", "it speaks HTTP and answers / with 200 OK; no boot file was asked for"),
        ("404 Not Found", "works", "it speaks HTTP and answers / with 404 Not Found; no boot file was asked for"),
        (
            "503 Service Unavailable",
            "degraded",
            "it answers 503 Service Unavailable: it, or what stands behind it, is ill",
        ),
        ("401 Unauthorized", "authentication-needed", "it wants credentials for /: no scheme that it names"),
    ],
)
def test_without_a_file(status: str, verdict: str, detail: str) -> None:
    found = one(routes({}, other=answer(status=status)))
    assert (found.verdict.value, found.detail) == (verdict, detail)


def test_a_file_that_comes_slowly_is_judged_by_what_came() -> None:
    found = one(BAD["trickling"], path="/f", within=1.5)
    assert found.verdict is Verdict.WRONG_SERVICE or found.detail.startswith("/f comes at ")


def test_an_endless_file_is_left() -> None:
    async def handler(reader, writer):
        if (await reader.readuntil(b"\r\n\r\n")).startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    found = one(handler, path="/f", limit="1048576")
    assert (found.verdict, found.facts["size"], found.facts["complete"], found.facts["head_length"]) == (
        Verdict.WORKS,
        1048576,
        False,
        None,
    )
    assert found.detail.startswith("it gives /f: 1048576 octets of more at ")


@pytest.mark.parametrize("bad", sorted(BAD))
@pytest.mark.parametrize("path", ["", "/f"], ids=["any", "file"])
def test_bad_servers(bad: str, path: str) -> None:
    found = one(BAD[bad], within=0.6, **({"path": path} if path else {}))
    assert found.detail.isprintable()
    assert found.verdict in (Verdict.WRONG_SERVICE, Verdict.DEGRADED) or (bad in ("endless", "trickling") and not path)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A server's context, of rack.example for three more days; one that speaks TLS 1.3 only."""
    files = certificates.certificate(["rack.example"], days=3, kind="rsa", directory=tmp_path_factory.mktemp("tls"))
    return server_context(files), server_context(files, ssl.TLSVersion.TLSv1_3)


def test_over_tls(tls) -> None:
    file, firmware = probed("https-boot", routes({"/f": answer(FILE)}), context=tls[0], name="rack.example", path="/f")
    assert (file.verdict, file.detail[:26]) == (Verdict.DEGRADED, "its certificate ends on 20")
    assert (firmware.variant, firmware.verdict) == ("firmware", Verdict.WORKS)
    assert firmware.detail.startswith("UEFI firmware can agree with it on TLSv1.2 and ECDHE-")


def test_doubts_are_told_with_the_file(tmp_path) -> None:
    """By an address nobody here knows by which name machines ask: the certificate of another is told, and is no fault yet."""
    context = server_context(certificates.certificate(["other.example"], days=90, kind="rsa", directory=tmp_path))
    file, firmware = probed("https-boot", routes({"/f": answer(FILE)}), context=context, path="/f")
    assert (file.verdict, file.facts["certificate"]["of_target"]) == (Verdict.WORKS, False)
    assert file.detail.endswith("; its certificate is for another name or address than was asked")
    assert "signed by" in file.detail
    assert firmware.detail.endswith("; firmware that was made without elliptic curves was not tried")


def test_firmware_that_cannot_agree(tls) -> None:
    anything, firmware = probed("https-boot", routes({}), context=tls[1])
    assert (anything.variant, anything.verdict) == ("", Verdict.DEGRADED)
    assert firmware.verdict is Verdict.TLS_FAULT
    assert firmware.detail.startswith("UEFI firmware cannot agree with it: ")
