"""Reports from the spool to the region, over one WebSocket that is made anew whenever it breaks."""

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import websockets
from websockets.asyncio.client import ClientConnection

from bellrock.agent.greeting import (
    Proof,
    ToldToWaitError,
    TurnedAwayError,
    dial,
    rejected,
    shake_hands,
    watch_over,
    words_of,
)
from bellrock.agent.pauses import STEADY, Pauses
from bellrock.agent.spool import Spool, SpoolDamagedError, SpoolError
from bellrock.agent.ways import Way, Ways
from bellrock.contract import (
    Ack,
    AgentMessage,
    ContractError,
    Delivered,
    KeepAlive,
    Order,
    Rejected,
    Renew,
    Renewed,
    decode_region_message,
    encode,
)
from bellrock.model import Host, Wall
from bellrock.model.failing import innermost
from bellrock.wire.exposition import LONG, Counts, Histogram
from bellrock.wire.keys import Keyring
from bellrock.wire.logline import sentence

WINDOW: Final = 200
"""Reports sent ahead of their acknowledgement."""
MAX_WORDS: Final = 64
"""Messages beside reports that wait to be sent."""
PROMPT: Final = 300.0
"""Seconds by which a certificate is at most asked for too late, whatever happens to the clock."""

log = logging.getLogger(__name__)


_EXPECTED = (OSError, websockets.WebSocketException, ContractError, TurnedAwayError, ToldToWaitError, SpoolError)


class Stream:
    """The agent's end of the contract.

    Attributes:
        connected: set while the region listens.
        takes: what the region has said that it takes beyond the first messages of the contract (`Welcome.takes`).
        listeners: called with every message of the region that is not about reports or certificates.
        watchers: called with True when the region begins to listen, with False when it does so no longer.
    """

    def __init__(
        self, ways: Ways, host: Host, boot: str, keyring: Keyring, spool: Spool, forgotten: Callable[[], None]
    ) -> None:
        """Prepare; `forgotten` is called when region and spool do not continue each other: all is to be told anew."""
        self._ways = ways
        self._region = ""
        self._host = host
        self._boot = boot
        self._keys = keyring.keys
        self._turn = 0
        self._connection: ClientConnection | None = None
        self._closing: asyncio.Future[None] | None = None
        self._rekeyed = False
        """It is this end that closes the connection."""
        self._spool = spool
        self._forgotten = forgotten
        self._more = asyncio.Event()
        self._acked = asyncio.Event()
        self._generation = 0
        self._sent = 0
        self._committed = 0
        self._pauses = Pauses(random.random)
        self._words: deque[AgentMessage] = deque()
        self._behind: deque[tuple[int, AgentMessage]] = deque()
        """What is to be said once the report of this number, which it concerns, has been sent."""
        self._said = asyncio.Event()
        """Set when something was said, or nobody listens: whoever waits for room looks again."""
        self._underway: deque[tuple[int, float]] = deque()
        """(number, when it was sent) of reports that wait for their acknowledgement."""
        self.ends = Counts("bellrock_rack_stream_ends_total", "Streams and attempts that ended, by how.", "how")
        for how in ("lost", "turned-away", "rekeyed"):
            self.ends.expect(how)
        self.acknowledged = Histogram(
            "bellrock_rack_acknowledged_seconds",
            "From when a report is sent until the region has it on disk.",
            bounds=LONG,
        )
        self.begun = 0
        """Streams that the region let in since the start."""
        self.connected = asyncio.Event()
        self.takes: tuple[str, ...] = ()
        self.listeners: list[Callable[[Delivered | Order], None]] = []
        self.watchers: list[Callable[[bool], None]] = []

    @property
    def unacknowledged(self) -> int:
        """Reports that were sent and are not acknowledged yet, at most WINDOW."""
        return len(self._underway)

    def wake(self) -> None:
        """The spool has something new."""
        self._more.set()

    def say(self, message: AgentMessage, *, behind_reports: bool = False) -> bool:
        """Tell the region something beside reports, once; False: it does not listen now, or too much waits already.

        Args:
            behind_reports: not before the reports that are in the spool now.
        """
        if not self.connected.is_set() or len(self._words) + len(self._behind) >= MAX_WORDS:
            return False
        if behind_reports:
            self._behind.append((self._spool.last, message))
        else:
            self._words.append(message)
        self._more.set()
        return True

    async def tell(self, message: AgentMessage) -> bool:
        """Tell the region something as soon as there is room for it; False: it does not listen."""
        while not self.say(message):
            if not self.connected.is_set():
                return False
            self._said.clear()
            await self._said.wait()
        return True

    def rekey(self, keyring: Keyring) -> None:
        """Use these secrets, and connect anew, so that the region learns which they are."""
        self._keys = keyring.keys
        if self._connection is not None:
            self._rekeyed = True
            self._closing = asyncio.ensure_future(self._connection.close())

    async def run(self) -> None:
        """Connect, send, and connect again, until cancelled."""
        complaint = ""
        while True:
            way = await self._ways.next()
            self._region = way.url
            error: BaseException = ConnectionError("the region closed the connection")
            began = time.monotonic()
            try:
                async with dial(way) as connection:
                    self._connection = connection
                    watch_over(connection)
                    await self._serve(connection, way)
            except* _EXPECTED as group:
                error = innermost(group)
            if (task := asyncio.current_task()) is not None and task.cancelling():
                # Until Python 3.13 a group of tasks that fails just then swallows that this one was to end (gh-116720).
                raise asyncio.CancelledError
            why = words_of(error)
            if self.connected.is_set() and time.monotonic() - began > STEADY:
                complaint = ""
            self._connection = None
            self._lost()
            self._failed(error)
            meant, self._rekeyed = self._rekeyed, False
            if why != complaint and not meant:
                level = logging.INFO if way.guess and isinstance(error, OSError) else logging.WARNING
                log.log(
                    level,
                    sentence(
                        "region-away",
                        "region={region}: {why}; reports wait on disk, trying again",
                        region=self._region,
                        why=why,
                    ),
                )
                complaint = why
            await self._ways.pause(self._pauses.next(time.monotonic()))

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

    def _lost(self) -> None:
        """The connection is no more, nor is what was to be said on it."""
        self._words.clear()
        self._behind.clear()
        self._underway.clear()
        self._said.set()
        if self.connected.is_set():
            self.connected.clear()
            self._tell_watchers(connected=False)

    def _tell_watchers(self, *, connected: bool) -> None:
        for watcher in self.watchers:
            watcher(connected)

    def _failed(self, error: BaseException) -> None:
        """Who was turned away tries the next secret, or joins anew, as the case may be."""
        if isinstance(error, TurnedAwayError):
            self._turn += 1
        elif isinstance(error, ToldToWaitError):
            self._pauses.told(error.after)
        # In TLS 1.3 a certificate that the region does not take shows in the first thing read (RFC 8446 §4.4.2.4).
        refused = isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLCertVerificationError)
        turned_away = refused or isinstance(error, TurnedAwayError)
        self.ends.add("turned-away" if turned_away else "rekeyed" if self._rekeyed else "lost")
        self._ways.failed(turned_away=turned_away)

    async def _serve(self, connection: ClientConnection, way: Way) -> None:
        mine = Proof(self._host, self._boot, self._keys, self._turn, by_certificate=way.tls is not None)
        welcome = await shake_hands(connection, mine)
        self._catch_up(welcome.acked)
        self.takes = welcome.takes
        self._ways.worked()
        if way.tls is not None and welcome.regions:
            self._ways.told(welcome.regions)
        self._pauses.worked(time.monotonic(), welcome.spread)
        self.begun += 1
        self.connected.set()
        self._tell_watchers(connected=True)
        log.info(
            sentence(
                "region-connected",
                "region={region} connected acked={acked} waiting={waiting}",
                region=self._region,
                acked=welcome.acked,
                waiting=self._spool.waiting,
            )
        )
        async with asyncio.TaskGroup() as tasks:
            sender = tasks.create_task(self._send(connection, welcome.keep_alive))
            renewer = tasks.create_task(self._renew(connection))
            await self._receive(connection)
            sender.cancel()
            renewer.cancel()

    def _catch_up(self, acked: int) -> None:
        spool = self._spool
        self._generation = spool.generation
        if acked < spool.last - spool.waiting:
            log.warning(
                sentence(
                    "region-forgot",
                    "region={region} has lost what it knew of this agent: it is told everything anew",
                    region=self._region,
                )
            )
        elif acked > spool.last or (spool.unsure and acked):
            # Reports of the same numbers, which the region has of an earlier spool, are not those that wait here.
            log.warning(
                sentence(
                    "spool-behind",
                    "region={region} knows more than the spool on disk: it is told everything anew",
                    region=self._region,
                )
            )
        else:
            self._committed = self._sent = acked
            self._forget()
            return
        self._committed = self._sent = max(acked, spool.last)
        spool.acknowledge(self._sent)  # or else not told anew: what is to be told would get numbers that are taken
        self._acked.set()
        self._forgotten()

    async def _renew(self, connection: ClientConnection) -> None:
        """Ask for the next certificate whenever it is time. Clocks may be set meanwhile, so a wait is never long."""
        while (due := self._ways.renew_at()) is not None:
            if (left := due - time.time()) > 0:
                await asyncio.sleep(min(left, PROMPT))
                continue
            await connection.send(encode(Renew(self._ways.request())))

    async def _send(self, connection: ClientConnection, keep_alive: float) -> None:
        # What the region let lapse while we were away holds again, from the first word on.
        await self._keep_alive(connection)
        due = time.monotonic() + keep_alive
        while True:
            if time.monotonic() >= due:
                # Also while there is much to report: what reports say of this clock is as old as they are.
                self._forget()
                await self._keep_alive(connection)
                due = time.monotonic() + keep_alive
            self._more.clear()
            await self._send_words(connection)
            self._same_spool()
            for report in self._spool.after(self._sent, limit=self._room()):
                await connection.send(encode(report))
                self._sent = report.seq
                self._underway.append((report.seq, time.monotonic()))
            await self._send_words(connection)
            if self._spool.last > self._sent and self._room():
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due - time.monotonic()):
                    await self._more.wait()

    async def _keep_alive(self, connection: ClientConnection) -> None:
        await connection.send(encode(KeepAlive(self._sent, Wall(time.time()))))

    async def _send_words(self, connection: ClientConnection) -> None:
        while self._behind and self._behind[0][0] <= self._sent:
            self._words.append(self._behind.popleft()[1])
        while self._words:
            await connection.send(encode(self._words.popleft()))
            self._said.set()

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

    def _measure(self, acknowledged: int) -> None:
        now = time.monotonic()
        while self._underway and self._underway[0][0] <= acknowledged:
            self.acknowledged.observe(now - self._underway.popleft()[1])

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
                self._measure(message.seq)
                self._forget()
                self._more.set()
            elif isinstance(message, Renewed):
                self._ways.renewed(message.certificate, message.regions)
            elif isinstance(message, Delivered | Order):
                for listener in self.listeners:
                    listener(message)
            elif isinstance(message, Rejected):
                raise rejected(message)
