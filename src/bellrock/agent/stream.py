"""Reports from the spool to the region, over one WebSocket that is made anew whenever it breaks."""

import asyncio
import logging
import os
import random
import secrets
import time
from collections.abc import Callable
from typing import Final

import websockets
from websockets.asyncio.client import ClientConnection, connect, unix_connect

from bellrock.agent.spool import Spool, SpoolDamagedError, SpoolError
from bellrock.contract import (
    VERSION,
    Ack,
    Challenge,
    ContractError,
    Hello,
    KeepAlive,
    RegionMessage,
    Rejected,
    Welcome,
    decode_region_message,
    encode,
    prove,
)
from bellrock.model import Host, Wall

PATH: Final = "/api/v1/agents/stream"
WINDOW: Final = 200
"""Reports sent ahead of their acknowledgement."""
BACKOFF: Final = (0.05, 10.0)
"""Seconds before the second and, doubling, the last attempts to connect; jittered by half."""
STEADY: Final = 5.0
"""Seconds after which a connection counts as one that worked, so that the next attempt comes soon again."""
PATIENCE: Final = 10.0
"""Seconds to wait for the region's next word while the connection is being made."""

log = logging.getLogger(__name__)


class TurnedAwayError(Exception):
    """The region turned this agent away, or is not the one that shares its secret: why, for the operator."""


_EXPECTED = (OSError, websockets.WebSocketException, ContractError, TurnedAwayError, SpoolError)


class Stream:
    """The agent's end of the contract."""

    def __init__(
        self, region: str, host: Host, boot: str, key: bytes, spool: Spool, forgotten: Callable[[], None]
    ) -> None:
        """Prepare; `forgotten` is called when region and spool do not continue each other: all is to be told anew."""
        self._region = region
        self._host = host
        self._boot = boot
        self._key = key
        self._spool = spool
        self._forgotten = forgotten
        self._more = asyncio.Event()
        self._acked = asyncio.Event()
        self._generation = 0
        self._sent = 0
        self._committed = 0
        self.connected = asyncio.Event()

    def wake(self) -> None:
        """The spool has something new."""
        self._more.set()

    async def run(self) -> None:
        """Connect, send, and connect again, until cancelled."""
        pause = BACKOFF[0]
        complaint = ""
        while True:
            why = "the region closed the connection"
            began = time.monotonic()
            try:
                async with _open(self._region) as connection:
                    await self._serve(connection)
            except* _EXPECTED as group:
                why = _first(group)
            if self.connected.is_set() and time.monotonic() - began > STEADY:
                pause, complaint = BACKOFF[0], ""
            self.connected.clear()
            if why != complaint:
                log.warning("region=%s: %s; reports wait on disk, trying again", self._region, why)
                complaint = why
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 -- spreads agents out, guards nothing
            pause = min(pause * 2, BACKOFF[1])

    async def drained(self, within: float) -> bool:
        """Whether all reports are acknowledged within so many seconds."""
        try:
            async with asyncio.timeout(within):
                while self._spool.waiting:
                    self._acked.clear()
                    await self._acked.wait()
        except TimeoutError:
            return False
        return True

    async def _serve(self, connection: ClientConnection) -> None:
        welcome = await self._shake_hands(connection)
        self._catch_up(welcome.acked)
        self.connected.set()
        log.info("region=%s connected acked=%d waiting=%d", self._region, welcome.acked, self._spool.waiting)
        async with asyncio.TaskGroup() as tasks:
            sender = tasks.create_task(self._send(connection, welcome.keep_alive))
            await self._receive(connection)
            sender.cancel()

    def _catch_up(self, acked: int) -> None:
        spool = self._spool
        self._generation = spool.generation
        if acked < spool.last - spool.waiting:
            log.warning("region=%s has lost what it knew of this agent: it is told everything anew", self._region)
        elif acked > spool.last or (spool.unsure and acked):
            # Reports of the same numbers, which the region has of an earlier spool, are not those that wait here.
            log.warning("region=%s knows more than the spool on disk: it is told everything anew", self._region)
        else:
            self._committed = self._sent = acked
            self._forget()
            return
        self._committed = self._sent = max(acked, spool.last)
        spool.acknowledge(self._sent)  # or else not told anew: what is to be told would get numbers that are taken
        self._acked.set()
        self._forgotten()

    async def _shake_hands(self, connection: ClientConnection) -> Welcome:
        challenge = await _next(connection)
        if not isinstance(challenge, Challenge):
            raise TurnedAwayError(f"the region began with {type(challenge).__name__}, not with a challenge")
        if challenge.version != VERSION:
            raise TurnedAwayError(
                f"the region speaks version {challenge.version} of the contract, this agent version {VERSION}"
            )
        nonce = secrets.token_hex(32)
        proof = prove(self._key, "agent", challenge.nonce, nonce, self._host.id)
        hello = Hello(
            version=VERSION, host=self._host, boot=self._boot, nonce=nonce, proof=proof, sent=Wall(time.time())
        )
        await connection.send(encode(hello))
        welcome = await _next(connection)
        if isinstance(welcome, Rejected):
            raise TurnedAwayError(f"the region turned this agent away: {welcome.why}")
        expected = prove(self._key, "region", nonce, challenge.nonce, challenge.region)
        if not isinstance(welcome, Welcome) or not secrets.compare_digest(welcome.proof, expected):
            raise TurnedAwayError("the region does not know the shared secret; it is told nothing")
        return welcome

    async def _send(self, connection: ClientConnection, keep_alive: float) -> None:
        # What the region let lapse while we were away holds again, from the first word on.
        await connection.send(encode(KeepAlive(self._sent, Wall(time.time()))))
        while True:
            self._more.clear()
            self._same_spool()
            for report in self._spool.after(self._sent, limit=self._room()):
                await connection.send(encode(report))
                self._sent = report.seq
            if self._spool.last > self._sent and self._room():
                continue
            try:
                async with asyncio.timeout(keep_alive):
                    await self._more.wait()
            except TimeoutError:
                self._forget()
                await connection.send(encode(KeepAlive(self._sent, Wall(time.time()))))

    def _forget(self) -> None:
        """Take out of the spool what the region has; a full disk does not even take that, and it is tried again."""
        self._same_spool()
        try:
            self._spool.acknowledge(self._committed)
        except SpoolDamagedError:
            raise  # what waited is lost, and only a new handshake can make it good
        except SpoolError:
            return
        self._acked.set()

    def _same_spool(self) -> None:
        if self._spool.generation != self._generation:
            raise SpoolError("the spool was begun anew while connected; the region is asked what it knows")

    def _room(self) -> int:
        """How many more reports may be under way; acknowledged ones have left the spool."""
        first_waiting = self._spool.last - self._spool.waiting
        return max(0, WINDOW - (self._sent - first_waiting))

    async def _receive(self, connection: ClientConnection) -> None:
        async for text in connection:
            message = decode_region_message(text)
            if isinstance(message, Ack):
                self._committed = message.seq
                self._forget()
                self._more.set()
            elif isinstance(message, Rejected):
                raise TurnedAwayError(f"the region turned this agent away: {message.why}")


def _first(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


async def _next(connection: ClientConnection) -> RegionMessage:
    async with asyncio.timeout(PATIENCE):
        return decode_region_message(await connection.recv())


def _open(region: str) -> connect:
    # The proofs carry their own authentication; compression would cost each agent 300 KiB.
    if region.startswith("unix:"):
        return unix_connect(os.fspath(region.removeprefix("unix:")), f"ws://region{PATH}", compression=None)
    address = region.replace("http://", "ws://", 1).replace("https://", "wss://", 1).rstrip("/")
    return connect(address + PATH, compression=None, proxy=None)
