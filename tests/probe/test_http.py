"""HTTP as probes speak it: what a server may say, and everything that it may say instead."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.probe.http import MAX_HEAD, MAX_OTHER, MAX_REDIRECTS, Answer, Redirects, Request, basic, fetch
from bellrock.probe.url import Url
from bellrock.probe.values import PlanError, Unexpected
from tests.probe.web import net, saying, serving

ASKED = Request(target="/file?token=s3cret", host="rack.example")


def ask(handler, request=ASKED, within=10.0, **bounds):
    """The answer, and the record of the exchange."""

    async def scenario():
        async with serving(handler) as port, asyncio.timeout(within):
            given = net(port)
            async with await given.connect() as stream:
                return await fetch(given, stream, request, **{"most": 65536} | bounds), given.record

    return asyncio.run(scenario())


def raised(handler, kind, **bounds):
    with pytest.raises(kind) as caught:
        ask(handler, **bounds)
    return caught.value


def test_a_body_of_known_length() -> None:
    answer, record = ask(
        saying(
            b"HTTP/1.1 200 OK\r\nServer: nginx\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
            then="wait",
        )
    )
    assert (answer.status, answer.said, answer.version, answer.body, answer.size) == (200, "200 OK", "1.1", b"hello", 5)
    assert answer.complete
    assert answer.reusable
    assert (answer.length, answer.cut, answer.rate) == (5, "", None)
    assert answer.facts() == {"status": 200, "server": "nginx", "content_type": "text/plain", "length": 5}
    assert [(step.direction, step.what) for step in record.steps[2:4]] == [
        ("sent", "GET /file?…"),
        ("received", "HTTP/1.1 200 OK, server nginx"),
    ]
    assert record.steps[4].what.startswith("5 octets of body in ")
    assert "s3cret" not in str(record.steps)


@pytest.mark.parametrize(
    ("said", "body", "length", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc", None, True),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", b"abc", None, False),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc", b"abc", 3, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", None, True),
        (b"HTTP/1.1 304\r\n\r\n", b"", None, True),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", b"abc", 3, True),
    ],
    ids=["chunked", "until-close", "close", "no-content", "no-reason", "interim"],
)
def test_framings(said: bytes, body: bytes, length: int | None, reusable: bool) -> None:
    answer, _ = ask(saying(said))
    assert (answer.body, answer.length, answer.complete, answer.reusable, answer.cut) == (
        body,
        length,
        True,
        reusable,
        "",
    )


def test_two_requests_on_one_stream() -> None:
    async def handler(reader, writer):
        for word in (b"one", b"two"):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n" + word)

    async def scenario():
        async with serving(handler) as port:
            given = net(port)
            async with await given.connect() as stream:
                return [(await fetch(given, stream, ASKED, most=10)).body for _ in "12"]

    assert asyncio.run(scenario()) == [b"one", b"two"]


def test_what_is_sent() -> None:
    heard = []

    async def handler(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        heard.append(await reader.readexactly(2))
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")

    ask(
        handler,
        Request(method="POST", target="/x", host="h:8080", headers=(("Authorization", "Basic abc"),), body=b"{}"),
    )
    assert heard == [
        b"POST /x HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: bellrock\r\nAuthorization: Basic abc\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n",
        b"{}",
    ]


def test_what_is_taken_may_be_said() -> None:
    heard = []

    async def handler(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    ask(handler, Request(target="/", host="h", headers=(("accept", "application/json"),)))
    assert heard == [b"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: bellrock\r\naccept: application/json\r\n\r\n"]


def test_what_is_shown_of_a_request() -> None:
    assert (
        Request(target="/f?k=secret", host="h", headers=(("Range", "bytes=1-9"), ("Authorization", "Basic x"))).shown
        == "GET /f?…, Range bytes=1-9"
    )


def test_connect_ends_at_its_tunnel() -> None:
    answer, _ = ask(
        saying(b"HTTP/1.1 200 Connection established\r\n\r\n", then="wait"),
        Request(method="CONNECT", target="a:443", host="a:443"),
    )
    assert (answer.status, answer.size, answer.complete, answer.reusable) == (200, 0, True, False)


def test_no_more_is_read_than_agreed() -> None:
    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    answer, record = ask(endless, most=300_000, keep=10)
    assert (answer.size, answer.body, answer.complete, answer.cut) == (300_000, bytes(10), False, "")
    assert answer.rate > 0
    assert record.steps[-1].what.endswith("and no more is read")


def test_100_megabytes_are_read_without_being_kept() -> None:
    async def large(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n")
        for _ in range(100):
            writer.write(bytes(1 << 20))
            await writer.drain()
        await reader.read()

    answer, _ = ask(large, most=1 << 30, keep=0)
    assert (answer.size, answer.body, answer.complete, answer.length) == (104857600, b"", True, 104857600)


def test_of_an_explanation_little_is_read() -> None:
    found, _ = ask(
        saying(b"HTTP/1.1 302 Found\r\ncontent-length: 1000000\r\n\r\n" + bytes(1_000_000), then="wait"), most=1 << 20
    )
    assert (found.size, found.complete, found.reusable) == (MAX_OTHER, False, False)


def test_octet_by_octet() -> None:
    async def slowly(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for octet in b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc":
            writer.write(bytes([octet]))
            await writer.drain()

    answer, record = ask(slowly)
    assert (answer.body, answer.complete) == (b"abc", True)
    assert record.answered


@pytest.mark.parametrize(
    ("said", "then", "cut", "body"),
    [
        (b"content-length: 9\r\n\r\nabc", "close", "its HTTP is broken: peer closed connection without sending complete message body", b"abc"),
        (b"content-length: 9\r\n\r\nabc", "reset", "", b""),
        (b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", "wait", "its HTTP is broken: illegal chunk header", b"abc"),
        (b"transfer-encoding: chunked\r\n\r\n3\r\nabcde\r\n", "wait", "its HTTP is broken: malformed chunk footer", b"abc"),
    ],
    ids=["closed", "reset", "chunk-header", "chunk-footer"],
)  # fmt: skip
def test_a_body_that_ends_too_early(said: bytes, then: str, cut: str, body: bytes) -> None:
    answer, record = ask(saying(b"HTTP/1.1 200 OK\r\n" + said, then=then))
    assert not answer.complete
    assert not answer.reusable
    assert answer.cut.startswith(cut)
    assert answer.cut
    assert answer.body.startswith(body)
    assert answer.cut[:60] in record.steps[-1].what


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "it does not answer in HTTP, but says 'SSH-2.0-OpenSSH_9.2'"),
        (b"220 mail\x1b[2J ESMTP\r\n", "it does not answer in HTTP, but says '220 mail\N{REPLACEMENT CHARACTER}[2J ESMTP'"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "it answers in TLS, not in plain HTTP"),
        (b"\x16", "it answers in TLS, not in plain HTTP"),
        (b"\x01\x00\n", "it does not answer in HTTP, but says '\N{REPLACEMENT CHARACTER}'"),
        (b"HTTP/1.1 OK\r\n\r\n", "its HTTP is broken: illegal status line"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "its HTTP is broken: "),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "its HTTP is broken: illegal header line"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n", "its HTTP is broken: conflicting Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "its HTTP is broken: bad Content-Length"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 3 * MAX_HEAD, "its HTTP is broken: the head of its answer does not end within 64 KiB"),
        (b"HTTP/1.1 102 \r\n\r\n" * 9, "more than 8 interim answers (HTTP 1xx)"),
    ],
    ids=["ssh", "escape", "alert", "handshake", "octets", "status", "switching", "field", "two-lengths", "negative", "endless-head", "endless-interim"],
)  # fmt: skip
def test_what_is_no_http(said: bytes, sentence: str) -> None:
    error = raised(saying(said, then="wait"), Unexpected)
    assert str(error).startswith(sentence)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("said", "then", "why"),
    [
        (b"", "close", "the connection was closed without an answer"),
        (b"HTTP/1.1 200", "close", "the connection was closed before its answer was complete"),
        (b"HTTP/1.1 102 \r\n\r\n", "close", "the connection was closed before its answer was complete"),
    ],
    ids=["nothing", "half-a-line", "interim-only"],
)
def test_closed_before_an_answer(said: bytes, then: str, why: str) -> None:
    error = raised(saying(said, then=then), Obstructed)
    assert (error.obstacle, error.why) == (Obstacle.CLOSED, why)


def test_silence_is_the_callers_to_bound() -> None:
    raised(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", then="wait"), TimeoutError, within=0.2)


def answer(status: int, location: str = "") -> Answer:
    headers = ((b"location", location.encode()),) if location else ()
    return Answer(
        status=status,
        reason="",
        version="1.1",
        headers=headers,
        body=b"",
        size=0,
        length=0,
        complete=True,
        first=0.0,
        seconds=0.0,
    )


START = Url("http", "rack.example", 80, "/a")


def test_redirects_are_followed() -> None:
    redirects = Redirects(START)
    assert redirects.follow(answer(200)) is None
    assert redirects.follow(answer(304, "/b")) is None
    assert redirects.follow(answer(302, "/b")) == Url("http", "rack.example", 80, "/b")
    assert redirects.follow(answer(301, "https://other.example:8443/c?d")) == Url(
        "https", "other.example", 8443, "/c?d"
    )
    assert redirects.follow(answer(307, "e")) == Url("https", "other.example", 8443, "/e")
    assert redirects.count == 3


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (["/a"], "it redirects in a circle of 1: back to http://rack.example/a"),
        (["/b", "/c", "/b?x=secret", "/a"], "it redirects in a circle of 4: back to http://rack.example/a"),
        ([""], "it redirects in a circle of 1: back to http://rack.example/a"),
        (["ftp://x/"], "it redirects to nowhere: 'ftp://x/' is no address of the web: it must be http:// or https:// and a host"),
        ([f"/{n}?k=secret" for n in range(MAX_REDIRECTS + 1)], "it redirects more than 5 times, at last to http://rack.example/5?…"),
    ],
    ids=["itself", "circle", "no-location", "other-scheme", "endless"],
)  # fmt: skip
def test_redirects_that_lead_nowhere(path: list[str], sentence: str) -> None:
    redirects = Redirects(START)
    for step in path[:-1]:
        redirects.follow(answer(302, step))
    with pytest.raises(Unexpected) as caught:
        redirects.follow(answer(308, path[-1]))
    assert str(caught.value) == sentence


def test_credentials() -> None:
    # RFC 7617 §2: the example of the standard.
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic("", "x") == ""
    with pytest.raises(PlanError, match="a user name with a colon cannot be sent by the scheme Basic"):
        basic("a:b", "c")


def test_patience_ends_the_body_and_not_the_exchange() -> None:
    found, _ = ask(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", then="wait"), patience=0.1)
    assert (found.body, found.complete, found.cut) == (b"ab", False, "")
    assert found.rate > 0


class Broken:
    """A stream whose other end vanishes in the middle of a body, as the kernel tells after many tries."""

    def __init__(self) -> None:
        self.said = [b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"]

    async def write(self, octets: bytes) -> None:
        assert octets.startswith(b"GET ")

    async def some(self, most: int) -> bytes:
        if self.said:
            return self.said.pop()
        raise Obstructed(Obstacle.SILENCE)


def test_a_host_that_vanishes_half_way_is_no_mistake_of_its_http() -> None:
    with pytest.raises(Obstructed) as caught:
        asyncio.run(fetch(net(80), Broken(), ASKED, most=100))
    assert caught.value.obstacle is Obstacle.SILENCE


def test_headers_are_found_by_name() -> None:
    given = Answer(
        status=401, reason="", version="1.1", headers=((b"www-authenticate", b"Basic"), (b"x", b"1\xff"), (b"www-authenticate", b"Bearer")),
        body=b"", size=0, length=None, complete=True, first=0.0, seconds=0.0,
    )  # fmt: skip
    assert given.header("www-authenticate") == "Basic"
    assert given.all("www-authenticate") == ("Basic", "Bearer")
    assert given.header("x") == "1\N{REPLACEMENT CHARACTER}"
    assert given.header("none") == ""
    assert given.facts() == {"status": 401}
    assert given.said == "401"


HEAD = st.sampled_from(
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]
)


@settings(max_examples=150, deadline=None)
@given(HEAD, st.binary(max_size=200))
def test_any_octets_give_an_answer_or_a_documented_error(head: bytes, octets: bytes) -> None:
    sentence = found = None
    try:
        found, _ = ask(saying(head + octets))
    except (Unexpected, Obstructed) as error:
        sentence = str(error)
    if found is None:
        assert sentence
        assert sentence.isprintable()
    else:
        assert found.size <= len(octets)
        assert found.complete != bool(found.cut)
