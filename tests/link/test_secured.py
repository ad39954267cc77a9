"""TLS by our own hand: against `ssl`'s server, and against what does not speak it."""

import contextlib
import socket
import ssl
import threading

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.secured import LIMIT, MAX_HANDSHAKE, NotTls
from bellrock.link.stream import TooMuch
from tests.lab.services import certificates
from tests.probe.secure import connected, run, server_context, tls_server, to_the_end


def client():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module", params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def context(request, tmp_path_factory):
    return server_context(certificates.certificate(["a.lab"], directory=tmp_path_factory.mktemp("tls")), request.param)


def test_both_directions_and_every_way_to_read(context):
    def serve(connection):
        connection.sendall(b"you said " + connection.recv(100) + b"exactly" + b"rest")
        to_the_end(connection)

    async def talk():
        async with connected(serve, context) as stream:
            session = await stream.start_tls(client(), "a.lab")
            assert session.version() == context.maximum_version.name.replace("_", ".")
            await stream.write(b"hello\n")
            await stream.write(b"")
            assert await stream.until(b"\n", 100) == b"you said hello\n"
            assert await stream.exactly(7) == b"exactly"
            assert await stream.some(2) == b"re"
            assert await stream.some() == b"st"
            assert stream.received == 26
            assert stream.ends.remote == "127.0.0.1"

    run(talk)


@pytest.mark.parametrize("polite", [True, False], ids=["goodbye", "no goodbye"])
def test_the_end_of_what_is_said(context, polite):
    def serve(connection):
        connection.sendall(b"short")
        if polite:
            connection.unwrap()
        else:
            connection.shutdown(socket.SHUT_WR)
            to_the_end(connection)

    async def talk():
        async with connected(serve, context) as stream:
            await stream.start_tls(client(), "a.lab")
            with pytest.raises(Obstructed) as told:
                await stream.exactly(10)
            assert (told.value.obstacle, told.value.partial) == (Obstacle.CLOSED, b"short")
            assert await stream.some() == b""
            with pytest.raises(Obstructed):
                await stream.until(b"\n", 10)

    run(talk)


def test_a_line_without_end_is_bounded(context):
    def serve(connection):
        while True:
            connection.sendall(b"x" * 65536)

    async def talk():
        async with connected(serve, context) as stream:
            await stream.start_tls(client(), "a.lab")
            with pytest.raises(TooMuch, match=f"more than {LIMIT} octets without"):
                await stream.until(b"\n", 1_000_000)

    run(talk)


def test_much_in_both_directions(context):
    """Records, sockets and buffers are of other sizes than what is said."""
    data = bytes(range(256)) * 3906 + bytes(64)

    def serve(connection):
        got = b""
        while len(got) < len(data):
            got += connection.recv(65536)
        connection.sendall(got)
        to_the_end(connection)

    async def talk():
        async with connected(serve, context) as stream:
            await stream.start_tls(client(), "a.lab")
            await stream.write(data)
            assert await stream.exactly(len(data)) == data

    run(talk)


def test_our_goodbye(context):
    """RFC 8446 §6.1: the other end learns that nothing more comes, and not by a broken connection."""
    heard = []

    def serve(connection):
        heard.append(connection.recv(100))
        heard.append(connection.recv(100))

    async def talk():
        async with connected(serve, context) as stream:
            await stream.start_tls(client(), "a.lab")
            await stream.write(b"all")
            stream.end()
            assert await stream.some() == b""

    run(talk)
    assert heard == [b"all", b""]


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0", b"\xff" * 40], ids=["SSH", "HTTP", "zero", "ones"]
)  # fmt: skip
def test_what_does_not_speak_tls_is_shown(said):
    def serve(connection):
        connection.sendall(said)
        to_the_end(connection)

    async def talk():
        async with connected(serve) as stream:
            with pytest.raises(NotTls) as told:
                await stream.start_tls(client(), "a.lab")
            assert told.value.said == said

    run(talk)


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x03\x00\x04junk",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x16\x03\x03\xff\xff" + b"x" * 70_000,
        b"\x17\x03\x03\x00\x01x",
        b"\x16\x03\x01\x40\x00" + bytes([2, 0xFF, 0xFF, 0xFF]) + bytes(MAX_HANDSHAKE * 2),
    ],
    ids=["junk", "alert", "too long a record", "data first", "zeros"],
)
def test_broken_handshakes_are_errors_of_tls(said):
    def serve(connection):
        connection.sendall(said)
        to_the_end(connection)

    async def talk():
        async with connected(serve) as stream:
            with pytest.raises(ssl.SSLError):
                await stream.start_tls(client(), "a.lab")

    run(talk)


def test_a_handshake_without_end():
    """RFC 5246 §7.4.1.1: a client that is shaking hands already ignores a HelloRequest, however often it comes."""

    def serve(connection):
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 1000)

    async def talk():
        async with connected(serve) as stream:
            with pytest.raises(ssl.SSLError, match=f"longer than {MAX_HANDSHAKE} octets"):
                await stream.start_tls(client(), "a.lab")

    run(talk)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03"], ids=["at once", "half way"])
def test_it_closes_in_the_handshake(said):
    def serve(connection):
        connection.recv(10_000)
        connection.sendall(said)

    async def talk():
        async with connected(serve) as stream:
            with pytest.raises(Obstructed) as told:
                await stream.start_tls(client(), "a.lab")
            assert told.value.obstacle is Obstacle.CLOSED

    run(talk)


def test_octet_by_octet(context):
    """Through a relay that hands on one octet at a time."""

    def one_by_one(from_, to):
        with contextlib.suppress(OSError):
            while octet := from_.recv(1):
                to.sendall(octet)
            to.shutdown(socket.SHUT_WR)

    async def talk():
        with tls_server(lambda connection: connection.sendall(b"hello"), context) as port:

            def relay(connection):
                with socket.create_connection(("127.0.0.1", port), 5) as there:
                    there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    thread = threading.Thread(target=one_by_one, args=(connection, there))
                    thread.start()
                    one_by_one(there, connection)
                    thread.join()

            async with connected(relay) as stream:
                await stream.start_tls(client(), "a.lab")
                assert await stream.exactly(5) == b"hello"

    run(talk)


@pytest.mark.parametrize("name", ["x" * 64, "a..b", ""], ids=["long", "empty label", "empty"])
def test_names_that_tls_cannot_ask_for(name):
    async def talk():
        async with connected(to_the_end) as stream:
            with pytest.raises(ValueError, match=r"."):
                await stream.start_tls(client(), name)

    run(talk)


def test_tls_is_started_once(context):
    async def talk():
        async with connected(to_the_end, context) as stream:
            await stream.start_tls(client(), "a.lab")
            with pytest.raises(TypeError):
                await stream.start_tls(client(), "a.lab")

    run(talk)
