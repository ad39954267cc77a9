"""One agent's connection, as the region sees it: whose it is, and what is to be said on it."""

import asyncio
import logging
from collections import deque
from typing import Final

from bellrock.contract import Ack, Order, RegionMessage
from bellrock.contract.here import Told, heard
from bellrock.model import Host, Wall
from bellrock.model.here import Here
from bellrock.region import tracing
from bellrock.region.logs import Limited, line
from bellrock.region.service import heretaken
from bellrock.region.service.clock import Offset, is_time
from bellrock.region.service.limit import Bucket

RENEWALS: Final = (3, 60.0)
"""Certificates that one connection may ask for at once, and seconds until one more; agents ask at half of a day."""
QUIET: Final = 1.0
"""Seconds without a message after which none waits to be read."""
MAX_WORDS: Final = 64
"""Messages that wait for an agent to read them, acknowledgements aside."""

log = logging.getLogger(__name__)


class Session:
    """One agent's connection. What it must be told is collected here; the API's writer sends it."""

    far = False
    """Whether the connection is another process's."""

    def __init__(
        self, host: Host, software: str, offset: Offset, boot: str = "", carries_out: tuple[str, ...] = ()
    ) -> None:
        self.host = host
        self.carries_out = carries_out
        """Kinds of orders that it has said it knows (`Hello.carries_out`)."""
        self.boot = boot
        self.greeted = Wall(0.0)
        """When it was let in, by the clock that all processes of the region have in common; 0: not told."""
        self.secret = ""
        """Public id of the secret that was proved; empty where a certificate was."""
        self.signs = ""
        """Public id of the secret that signs its beacons, where it has told."""
        self.serial = ""
        """Of the certificate that the connection showed; empty for none."""
        self.expires: Wall | None = None
        """When the agent's certificate ends, the newest that it was given."""
        self.renewals = Bucket(*RENEWALS)
        self.software = software
        self.offset = offset
        self.held = 0.0
        """Seconds that the message that is taken in now may have waited, at most, because the region was not done with those before."""
        self.here: Here | None = None
        """What the agent's host is by its own word; None: it has said nothing of it on this connection."""
        self.since = float("-inf")
        """When its first word was heard, by the monotonic clock."""
        self._complaints = Limited(60.0)
        self._acked = 0
        self._again = False
        self._words: deque[RegionMessage] = deque()
        self._ended = ""
        self._more = asyncio.Event()

    def ack(self, seq: int) -> None:
        """Reports up to and with `seq` are committed; several are told as one."""
        self._acked = max(self._acked, seq)
        self._again = True
        self._more.set()

    def told(self, message: Told) -> bool:
        """The agent tells of its host, by its own clock; False: nothing of it is taken."""
        if not is_time(message.sent):
            self._complain("sent")
            return False
        message, left_out = heretaken.taken(message)
        if left_out:
            self._complain(*left_out)
        self.here = heard(message, self.here, self.host.id)
        return True

    def _complain(self, *parts: str) -> None:
        if self._complaints.may():
            why = "of these parts entries cannot be, or are not printable"
            log.warning(line("here-left-out", agent=self.host.id, parts=",".join(parts), why=why))

    def hears(self, waited: float) -> None:
        """A message comes, for which the region waited so many seconds: it did not wait for the region, unless they come at once."""
        self.held = max(0.0, self.held - waited) if waited < QUIET else 0.0

    def say(self, message: RegionMessage) -> None:
        """Something else that the agent must be told; one that does not read is cut off."""
        if len(self._words) >= MAX_WORDS:
            self.refuse(f"{MAX_WORDS} messages wait that this agent does not read")
            return
        if isinstance(message, Order):
            tracing.ordered(message.id, self.host.id, type(message.do).__name__)
        self._words.append(message)
        self._more.set()

    def refuse(self, why: str) -> None:
        """The session must end; what is acknowledged by then is still told."""
        self._ended = self._ended or why
        self._more.set()

    async def next(self) -> RegionMessage | str:
        """The next message, acknowledgements first; or, as text, why the session ends."""
        while True:
            await self._more.wait()
            if self._again:
                self._again = False
                return Ack(self._acked)
            if self._words:
                return self._words.popleft()
            if self._ended:
                return self._ended
            self._more.clear()
