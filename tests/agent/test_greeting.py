"""How a connection to the region is made, against a region that the test plays by hand over a real WebSocket."""

import asyncio
import socket
import ssl

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from bellrock.agent import greeting
from bellrock.agent.greeting import (
    GONE,
    PATH,
    Proof,
    ToldToWaitError,
    TurnedAwayError,
    dial,
    rejected,
    shake_hands,
    watch_over,
    words_of,
)
from bellrock.agent.ways import Way
from bellrock.contract import (
    CAPTURES,
    VERSION,
    Ack,
    Challenge,
    ContractError,
    Rejected,
    Welcome,
    decode_agent_message,
    encode,
    prove,
)
from bellrock.model import Host
from bellrock.wire.keys import Key

KEYS = (Key(b"k" * 32), Key(b"l" * 32))
HOST = Host("01M3250V7TXQRSP72K94ZGK21K", "rack-1", "rack")
NONCE = "ab" * 32
WELCOME = Welcome("", 7, 15.0, ())
OURS = Challenge(VERSION, "region", NONCE)


def greeted(first, second=None, *, key=KEYS[0], turn=0, by_certificate=False, heard=None):
    """What `shake_hands` makes of a region that says `first`, and then `second`, proved with `key` if it is a welcome."""

    async def region(connection):
        await connection.send(first if isinstance(first, str) else encode(first))
        async for text in connection:
            hello = decode_agent_message(text)
            if heard is not None:
                heard.append(hello)
            if second is WELCOME:
                proof = prove(key.stream_key, "region", hello.nonce, NONCE, "region")
                await connection.send(encode(Welcome(proof, 7, 15.0, ())))
            elif second is not None:
                await connection.send(encode(second))

    async def scene():
        async with serve(region, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}", proxy=None) as connection:
                return await shake_hands(connection, Proof(HOST, "B", KEYS, turn, by_certificate))

    return asyncio.run(scene())


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_each_end_proves_the_secret_whose_turn_it_is(turn):
    heard = []
    assert greeted(OURS, WELCOME, key=KEYS[turn % 2], turn=turn, heard=heard).acked == 7
    (hello,) = heard
    assert hello.proof == prove(KEYS[turn % 2].stream_key, "agent", NONCE, hello.nonce, HOST.id)
    assert (hello.host, hello.boot, hello.carries_out) == (HOST, "B", (CAPTURES,))
    assert hello.secrets == tuple(key.id for key in KEYS)
    assert len(hello.nonce) == 64


def test_where_certificates_were_shown_nobody_proves_anything_more():
    heard = []
    assert greeted(OURS, WELCOME, key=Key(b"o" * 32), by_certificate=True, heard=heard).acked == 7
    assert heard[0].proof == ""


@pytest.mark.parametrize(
    ("first", "second", "error", "says"),
    [
        (Ack(1), None, TurnedAwayError, "the region began with Ack, not with a challenge"),
        (Challenge(VERSION + 1, "region", NONCE), None, TurnedAwayError, f"version {VERSION + 1} of the contract"),
        (OURS, Ack(1), TurnedAwayError, "answered with Ack, not with a welcome"),
        (Rejected("no room"), None, TurnedAwayError, "turned this agent away: no room"),
        (OURS, Rejected("no room"), TurnedAwayError, "turned this agent away: no room"),
        (OURS, Rejected("too many", after=8.0), ToldToWaitError, r"too many \(in 8 s\)"),
        ("{", None, ContractError, "truncated"),
    ],
    ids=["no-challenge", "another-version", "no-welcome", "rejected", "rejected-later", "told-to-wait", "no-message"],
)
def test_whoever_does_not_go_by_the_contract_is_told_nothing_more(first, second, error, says):
    with pytest.raises(error, match=says):
        greeted(first, second)


def test_a_region_with_another_secret_is_told_nothing():
    with pytest.raises(TurnedAwayError, match="does not know the shared secret"):
        greeted(OURS, WELCOME, key=Key(b"o" * 32))


def test_a_region_that_says_nothing_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(greeting, "PATIENCE", 0.05)
    with pytest.raises(TimeoutError):
        greeted(OURS)


def test_who_is_told_when_to_come_again_is_told_how_long():
    error = rejected(Rejected("too many", after=8.5))
    assert isinstance(error, ToldToWaitError)
    assert error.after == 8.5


def test_what_ended_a_connection_is_said_in_words():
    strange = ssl.SSLCertVerificationError("no")
    strange.verify_message = "self-signed certificate"
    assert "not of the authority that this agent has joined (self-signed certificate)" in words_of(strange)
    assert words_of(OSError("no route to host")) == "no route to host"
    assert words_of(TimeoutError()) == "TimeoutError"


def test_the_kernel_is_to_notice_a_region_that_is_gone():
    paths = []

    async def region(connection):
        paths.append(connection.request.path)
        await connection.wait_closed()

    async def scene():
        async with serve(region, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            async with dial(Way(url)) as connection:
                watch_over(connection)
                end = connection.transport.get_extra_info("socket")
                return [
                    end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
                    end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                ]

    assert asyncio.run(scene()) == [GONE * 1000, 1]
    assert paths == [PATH]
