"""Deliveries over real sockets: to servers that take them, refuse, redirect, hang, talk nonsense, or are not who they should be."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest

from bellrock.region.service import post as module
from bellrock.region.service.post import MAX_HEAD, BadUrl, Undelivered, context_of, parse_url, post
from tests.lab.services.certificates import authority, certificate


@contextlib.asynccontextmanager
async def server(answer, tls=None):
    """A server that reads a request and does what the test says; (port, what it read)."""
    heard = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(
            (int(one.split(b":")[1]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length")), 0
        )
        heard.append((head, await reader.readexactly(size)))
        with contextlib.suppress(OSError):
            await answer(reader, writer)
            writer.close()
            await writer.wait_closed()

    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with running:
        yield running.sockets[0].getsockname()[1], heard


def says(octets):
    async def answer(reader, writer):
        writer.write(octets)
        await writer.drain()

    return answer


def deliver(answer, path="/hook?a=b", headers=None):
    async def scene():
        async with server(answer) as (port, heard):
            try:
                return await post(parse_url(f"http://127.0.0.1:{port}{path}"), None, b'{"x":1}', headers or {}), heard
            except Undelivered as error:
                return error, heard

    return asyncio.run(asyncio.wait_for(scene(), 30))


def test_what_is_taken_is_delivered_whole():
    status, [(head, body)] = deliver(says(b"HTTP/1.1 204 No Content\r\n\r\n"), headers={"X-Sign": "s"})
    lines = head.decode().lower().split("\r\n")
    assert status == 204
    assert lines[0] == "post /hook?a=b http/1.1"
    assert {"connection: close", "content-length: 7", "x-sign: s"} <= set(lines)
    assert any(line.startswith("host: 127.0.0.1:") for line in lines)
    assert body == b'{"x":1}'


def test_an_empty_path_is_the_root_and_an_interim_answer_is_none():
    status, [(head, _)] = deliver(says(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), path="")
    assert (status, head.split(b"\r\n")[0]) == (200, b"POST / HTTP/1.1")


@pytest.mark.parametrize(
    ("octets", "said", "again"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "redirects are not followed", False),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "status 404", False),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", "status 429", True),
        (b"HTTP/1.1 503 Busy\r\n\r\n", "status 503", True),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "no HTTP", True),
        (b"", "hung up without an answer", True),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * (2 * MAX_HEAD), "no HTTP", True),
    ],
    ids=["redirect", "not-found", "later", "busy", "ssh", "nothing", "endless-head"],
)
def test_what_is_not_taken_says_why_and_whether_to_try_again(octets, said, again):
    error, _ = deliver(says(octets))
    assert isinstance(error, Undelivered), error
    assert (said in str(error), error.again) == (True, again), error


def test_who_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(module, "WITHIN", 0.2)

    async def silent(reader, writer):
        await reader.read()

    error, _ = deliver(silent)
    assert (str(error), error.again) == ("no answer within 0.2 s", True)


def test_nobody_there():
    async def scene():
        async with server(says(b"")) as (port, _):
            pass
        await post(parse_url(f"http://127.0.0.1:{port}/"), None, b"", {})

    with pytest.raises(Undelivered, match="no connection"):
        asyncio.run(scene())


def test_tls_holds_the_server_to_its_authority(tmp_path):
    issuer = authority(directory=tmp_path)
    cert, key = certificate(["127.0.0.1"], issuer=issuer)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(cert, key)
    pem = issuer.file.read_text()

    async def scene():
        async with server(says(b"HTTP/1.1 200 OK\r\n\r\n"), served) as (port, heard):
            url = parse_url(f"https://127.0.0.1:{port}/")
            status = await post(url, context_of(pem), b"x", {})
            with pytest.raises(Undelivered, match="its certificate will not do") as refused:
                await post(url, context_of(""), b"x", {})
            return status, refused.value.again, len(heard)

    assert asyncio.run(scene()) == (200, True, 1)


@pytest.mark.parametrize("text", ["http://10.0.0.1/", "https://alerts.example:8443/a?b=c", "http://[2001:db8::1]:80"])
def test_where_something_can_be_delivered(text):
    assert parse_url(text).hostname


@pytest.mark.parametrize(
    "text",
    ["", "ftp://a/", "file:///etc/passwd", "http://", "http:///x", "http://a:0/", "http://a:x/", "http://a:99999/", "http://u:p@a/",
     "http://a/#f", "http://a/ b", "http://a/\n", "http://ä/", "http://[::1/", "gopher", "http://a/" + "x" * 2000],
    ids=lambda text: ascii(text[:20]),
)  # fmt: skip
def test_where_nothing_can(text):
    with pytest.raises(BadUrl):
        parse_url(text)


def test_the_reason_is_told_however_long_the_url_is():
    with pytest.raises(BadUrl, match="^x{100}…: not http://") as refused:
        parse_url("x" * 2000)
    assert len(str(refused.value)) < 200


def test_an_authority_that_is_none():
    with pytest.raises(BadUrl, match="no certificate in PEM"):
        context_of("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    with pytest.raises(BadUrl, match="no certificate in PEM"):
        context_of("é")
