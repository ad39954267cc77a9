"""How long a WebSocket stays, and who ended it."""

import asyncio
import socket
import struct

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.model import Verdict
from bellrock.probe import holding
from tests.probe.peers import probe, tcp_server
from tests.probe.sockets import PING, Peer, close, frame, polite, serving
from tests.probe.web import net


def tried(talk, **options):
    with tcp_server(serving(talk)) as port:
        return probe("stream", port, tls="no", **options)


def test_it_stays():
    found = tried(polite, hold="0.3", pause="0.1", within=9.0)
    assert found.verdict is Verdict.WORKS
    assert found.detail == "a WebSocket opens, and outlives pauses of 0.2 s"
    assert (found.facts["outlived_s"], found.facts["server_pings"]) == (0.2, 0)
    assert [step.what for step in found.evidence if step.direction == "noticed"] == [
        "nothing is said for 0.1 s",
        "nothing is said for 0.2 s",
    ]


def test_a_server_that_keeps_it_awake():
    def talk(peer):
        peer.accept()
        peer.answer_pings(1)
        peer.send(frame(PING, b"awake?"))
        peer.answer_pings()

    assert tried(talk, hold="0.2", pause="0.2", within=9.0).facts["server_pings"] == 1


class Vanishing:
    """A WebSocket whose other end is gone after so many pings: packets of ours meet an ICMP error."""

    pings = 0

    def __init__(self, answered):
        self._answered = answered

    async def ping(self, payload, within):
        if not self._answered:
            raise Obstructed(Obstacle.UNREACHABLE, "10.0.0.1", "ICMP type 3 code 1 from 10.0.0.1")
        self._answered -= 1
        return 0.001

    async def quiet(self, seconds):
        return seconds

    async def goodbye(self):
        raise Obstructed(Obstacle.CLOSED, why="the connection was reset")


class Chatty(Vanishing):
    """Its server pings each second."""

    pings = 14

    async def quiet(self, seconds):
        return min(seconds, 1.0)


def test_what_the_server_says_is_no_silence():
    """A box that forgets what is idle for 3 s does not forget this connection, and is not found."""
    holds = holding.Holding(net(1), Chatty(9), b"nonce", known=False)
    found = asyncio.run(holds.hold((1.0, 2.0, 4.0, 8.0), {}, ""))
    assert found.facts["outlived_s"] == 1.0
    assert found.detail == (
        "a WebSocket opens, and stays for 15 s; its server speaks itself, so that nothing was said for at most 1.0 s: "
        "how long it outlives silence beyond that is not known"
    )


def test_whom_the_service_does_not_know():
    def talk(peer):
        peer.accept()
        peer.send(close(1013, "join first"))

    found = tried(talk)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert found.detail == "a WebSocket opens, and its service closes it to whom it does not know: 1013 join first"
    assert found.facts["close_code"] == 1013
    assert tried(talk, token="x").verdict is Verdict.DEGRADED


def test_the_service_closes_it_later():
    def talk(peer):
        peer.accept()
        peer.answer_pings(1)
        peer.send(close(1001, "going away"))

    found = tried(talk, hold="1", pause="1", within=9.0)
    assert found.verdict is Verdict.DEGRADED
    assert found.detail.endswith("its service closed it: 1001 going away")


@pytest.mark.parametrize(
    ("how", "says"), [("end", "the connection ended without a word"), ("reset", "the connection was reset")]
)
def test_it_is_cut(how, says):
    def serve(connection):
        peer = Peer(connection)
        peer.accept()
        peer.answer_pings(2)
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with tcp_server(serve) as port:
        found = probe("stream", port, tls="no", hold="1.5", pause="0.1", within=9.0)
    assert found.verdict is Verdict.DEGRADED
    assert says in found.detail
    assert "it outlived a pause of 0.1 s: something on the way forgets idle connections" in found.detail
    assert found.facts["cut_after_s"] >= 0.1


@pytest.mark.parametrize(
    ("pings", "says"),
    [(0, "no pong came back within 0.2 s; it had outlived no pause before: frames do not pass as the opening did"),
     (1, "after a pause of 0.1 s packets are dropped silently; it had outlived no pause before: something on the way")],
    ids=["at once", "later"],
)  # fmt: skip
def test_nothing_comes_back(monkeypatch, pings, says):
    monkeypatch.setattr(holding, "PONG", 0.2)

    def talk(peer):
        peer.accept()
        peer.answer_pings(pings)
        peer.frame()
        peer.frame()

    found = tried(talk, hold="0.1", pause="0.1", within=9.0)
    assert found.verdict is Verdict.DEGRADED
    assert says in found.detail


@pytest.mark.parametrize(
    ("answered", "verdict", "says"),
    [
        (0, Verdict.DEGRADED, "ICMP type 3 code 1 from 10.0.0.1; it had outlived no pause before: frames do not pass"),
        (
            2,
            Verdict.DEGRADED,
            "ICMP type 3 code 1 from 10.0.0.1; it outlived a pause of 1 s: something on the way forgets",
        ),
        (3, Verdict.WORKS, "a WebSocket opens, and outlives pauses of 2 s; a doubt"),
    ],
    ids=["at once", "later", "at the goodbye"],
)
def test_the_host_vanishes(answered, verdict, says):
    holds = holding.Holding(net(1), Vanishing(answered), b"nonce", known=False)
    found = asyncio.run(holds.hold((1.0, 2.0), {"path": "/"}, "a doubt"))
    assert (found.verdict, says in found.detail) == (verdict, True), found
    assert found.facts["path"] == "/"
