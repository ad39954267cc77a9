"""How a connection to the region is made: dialled, watched over, and proved by both ends before anything else is said."""

import asyncio
import os
import secrets
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from websockets.asyncio.client import ClientConnection

from bellrock.agent.channel import Direct
from bellrock.agent.ways import Way
from bellrock.contract import (
    CAPTURES,
    VERSION,
    Challenge,
    Hello,
    RegionMessage,
    Rejected,
    Welcome,
    decode_region_message,
    encode,
    prove,
)
from bellrock.model import Host, Wall
from bellrock.wire.keys import Key

PATH: Final = "/api/v1/agents/stream"
PATIENCE: Final = 10.0
"""Seconds to wait for the region's next word while the connection is being made."""

HELD_BACK: Final = 90.0
"""Seconds for which a region that is there may answer no ping: while its database is slow it takes nothing from its agents, pings included."""
GONE: Final = 15
"""Seconds after which a peer is gone whose kernel answers nothing: another may be there."""


class TurnedAwayError(Exception):
    """The region turned this agent away, or is not the one that shares its secret: why, for the operator."""


class ToldToWaitError(Exception):
    """The region has no room for this agent just now, and has said when to come again.

    Attributes:
        after: seconds to wait.
    """

    def __init__(self, why: str, after: float) -> None:
        super().__init__(f"{why} (in {after:.0f} s)")
        self.after = after


class Proof(Struct, frozen=True):
    """Who this end is, and how it shows that."""

    host: Host
    boot: str
    keys: Sequence[Key]
    """Every secret that it has."""
    turn: int
    """Which of them is proved this time, counted on from the first beyond their number."""
    by_certificate: bool
    """Certificates were shown both ways: nobody has to prove anything more."""


async def shake_hands(connection: ClientConnection, mine: Proof) -> Welcome:
    """Be let in.

    Raises:
        TurnedAwayError: this agent is not, or the region does not prove itself.
        ToldToWaitError: not now.
        TimeoutError: it says nothing for PATIENCE seconds.
        ContractError: what it says is no message of a region.
    """
    challenge = await _challenge(connection)
    nonce = secrets.token_hex(32)
    key = mine.keys[mine.turn % len(mine.keys)].stream_key
    proof = "" if mine.by_certificate else prove(key, "agent", challenge.nonce, nonce, mine.host.id)
    hello = Hello(
        version=VERSION, host=mine.host, boot=mine.boot, nonce=nonce, proof=proof, sent=Wall(time.time()),
        secrets=tuple(one.id for one in mine.keys), carries_out=(CAPTURES,),
    )  # fmt: skip
    await connection.send(encode(hello))
    welcome = await _next(connection)
    if not isinstance(welcome, Welcome):
        raise TurnedAwayError(f"the region answered with {type(welcome).__name__}, not with a welcome")
    expected = prove(key, "region", nonce, challenge.nonce, challenge.region)
    if not mine.by_certificate and not secrets.compare_digest(welcome.proof, expected):
        raise TurnedAwayError("the region does not know the shared secret; it is told nothing")
    return welcome


async def _challenge(connection: ClientConnection) -> Challenge:
    challenge = await _next(connection)
    if not isinstance(challenge, Challenge):
        raise TurnedAwayError(f"the region began with {type(challenge).__name__}, not with a challenge")
    if challenge.version != VERSION:
        raise TurnedAwayError(
            f"the region speaks version {challenge.version} of the contract, this agent version {VERSION}"
        )
    return challenge


async def _next(connection: ClientConnection) -> RegionMessage:
    async with asyncio.timeout(PATIENCE):
        message = decode_region_message(await connection.recv())
    if isinstance(message, Rejected):
        raise rejected(message)
    return message


def rejected(message: Rejected) -> TurnedAwayError | ToldToWaitError:
    """Whoever is only to wait has nothing wrong with it, and tries neither another secret nor to join anew."""
    if message.after > 0:
        return ToldToWaitError(message.why, message.after)
    return TurnedAwayError(f"the region turned this agent away: {message.why}")


def words_of(error: BaseException) -> str:
    """Why an attempt or a connection ended, for the operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"what answers is not of the authority that this agent has joined ({error.verify_message}); if the region is a "
            "new one, `bellrock rack join` joins it"
        )
    return str(error) or type(error).__name__


def dial(way: Way) -> Direct:
    """The connection to a region, to be entered."""
    # The proofs carry their own authentication; compression would cost each agent 300 KiB.
    region = way.url
    if region.startswith("unix:"):
        return Direct(f"ws://region{PATH}", unix=True, path=os.fspath(region.removeprefix("unix:")), compression=None)
    address = region.replace("http://", "ws://", 1).replace("https://", "wss://", 1).rstrip("/")
    return Direct(address + PATH, compression=None, proxy=None, ssl=way.tls, ping_timeout=HELD_BACK)


def watch_over(connection: ClientConnection) -> None:
    """Have the kernel notice a region, or a network, that is gone."""
    found = connection.transport.get_extra_info("socket")
    if found is not None and found.family != socket.AF_UNIX:
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE * 1000)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, GONE // 3)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, GONE // 3)
