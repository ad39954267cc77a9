"""The client's side of a WebSocket: against one by hand, and against what is none."""

import pytest

from bellrock.link.obstacle import Obstructed
from bellrock.link.stream import TooMuch, connect
from bellrock.probe.values import Unexpected
from bellrock.probe.websocket import MOST, Ended, WebSocket
from tests.probe.peers import tcp_server
from tests.probe.secure import run, to_the_end
from tests.probe.sockets import PING, TEXT, close, frame, polite, serving
from tests.probe.web import net

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n"


def talked(serve, work, token=""):
    """What `work(socket)` comes to."""

    async def talk():
        with tcp_server(serve) as port:
            async with await connect("127.0.0.1", port) as stream:
                return await work(
                    WebSocket(net(port), stream, host="127.0.0.1", port=port, path="/x", secure=False, token=token)
                )

    return run(talk)


def test_open_ping_goodbye():
    heard = []

    def talk(peer):
        heard.append(peer.head)
        peer.accept()
        heard.append(peer.answer_pings())

    async def work(socket):
        opening = await socket.open()
        took = await socket.ping(b"12345678", 5)
        await socket.quiet(0.01)
        await socket.goodbye()
        return opening, took

    opening, took = talked(serving(talk), work, token="s3cret")
    assert (opening.open, opening.said, opening.header("server"), opening.header("none")) == (
        True,
        "101 Switching Protocols",
        "by hand",
        "",
    )
    assert took > 0
    assert heard[0].startswith("GET /x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "Authorization: Bearer s3cret" in heard[0]
    assert heard[1] == b"\x03\xe8"


def test_pings_of_the_server_are_answered_and_counted():
    heard = []

    def talk(peer):
        peer.accept()
        peer.send(frame(PING, b"are you there") + frame(TEXT, b"{}"))
        heard.append(peer.frame())
        peer.answer_pings()

    async def work(socket):
        await socket.open()
        assert await socket.ping(b"x", 5) is not None
        return socket.pings

    assert talked(serving(talk), work) == 1
    assert len(heard) == 1


def test_a_pong_that_does_not_come():
    def talk(peer):
        peer.accept()
        peer.frame()
        peer.send(frame(0xA, b"another"))
        peer.frame()

    async def work(socket):
        await socket.open()
        return await socket.ping(b"mine", 0.1)

    assert talked(serving(talk), work) is None


@pytest.mark.parametrize(
    ("last", "how", "code", "reason"),
    [(close(1013, "join first\x1b"), "close", 1013, "join first\N{REPLACEMENT CHARACTER}"), (b"", "end", 0, "")],
    ids=["close", "end"],
)  # fmt: skip
def test_the_end(last, how, code, reason):
    def talk(peer):
        peer.accept()
        peer.send(last)

    async def work(socket):
        await socket.open()
        with pytest.raises(Ended) as told:
            await socket.quiet(5)
        return told.value

    found = talked(serving(talk), work)
    assert (found.how, found.code, found.reason) == (how, code, reason)


def test_a_refusal_is_an_opening_that_is_not_open():
    def talk(peer):
        peer.send(b"HTTP/1.1 403 Go away\r\nContent-Length: 2\r\nX: y\r\n\r\nno")

    async def work(socket):
        return await socket.open()

    found = talked(serving(talk), work)
    assert (found.open, found.status, found.why) == (False, 403, "")
    assert found.said.isprintable()


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        (b"SSH-2.0-x\r\n", Unexpected, "it does not answer in HTTP; what came back is SSH"),
        (b"HTTP/2 wrong\r\n\r\n", Unexpected, "is broken"),
        (b"", Obstructed, "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\n", Obstructed, "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000, (Unexpected, TooMuch), ""),
    ],
    ids=["SSH", "broken", "nothing", "half", "endless head"],
)
def test_what_is_no_answer(said, error, says):
    def serve(connection):
        connection.recv(10_000)
        connection.sendall(said)

    async def work(socket):
        return await socket.open()

    with pytest.raises(error) as told:
        talked(serve, work)
    assert says in str(told.value)


def test_an_upgrade_that_is_not_as_the_standard_wants_it():
    def serve(connection):
        connection.recv(10_000)
        connection.sendall(UPGRADED)
        to_the_end(connection)

    async def work(socket):
        return await socket.open()

    found = talked(serve, work)
    assert (found.open, found.status) == (False, 101)
    assert "Sec-WebSocket-Accept" in found.why


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 100, b"\x81\xff" + b"x" * 50, frame(0x3), b"\x81\x7f\x7f" + b"\xff" * 7], ids=["ones", "masked", "unknown", "huge"]
)  # fmt: skip
def test_garbage_on_an_open_one(garbage):
    def talk(peer):
        peer.accept()
        peer.send(garbage)
        peer.answer_pings()

    async def work(socket):
        with pytest.raises(Unexpected, match="its WebSocket is broken"):  # noqa: PT012 -- it may come in one piece with the answer
            await socket.open()
            await socket.quiet(5)

    talked(serving(talk), work)


def test_endless_talk_is_bounded():
    def talk(peer):
        peer.accept()
        while True:
            peer.send(frame(TEXT, b"x" * 60_000))

    async def work(socket):
        await socket.open()
        await socket.quiet(10)

    with pytest.raises(TooMuch, match=str(MOST)):
        talked(serving(talk), work)


def test_octet_by_octet():
    def serve(connection):
        class Slowly:
            def recv(self, size):
                return connection.recv(1)

            def sendall(self, octets):
                for octet in octets:
                    connection.sendall(bytes([octet]))

        serving(polite)(Slowly())

    async def work(socket):
        assert (await socket.open()).open
        return await socket.ping(b"x", 5)

    assert talked(serve, work) > 0
