"""What a rack does to become and to stay a member of its region: find it, join it, keep the certificate fresh, join again."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from msgspec import structs

from bellrock.agent import credentials as kept
from bellrock.agent.candidates import Candidate, candidates, nearest_first
from bellrock.agent.credentials import Credentials, CredentialsError
from bellrock.agent.join import Joiner, join, join_at
from bellrock.agent.outcomes import Joined, Outcome, Several, Unreachable, Waiting, wrong_secret
from bellrock.agent.settings import Settings
from bellrock.agent.sight import Sight
from bellrock.agent.ways import Way
from bellrock.model import Host, Wall
from bellrock.wire.keys import Keyring
from bellrock.wire.logline import sentence

LOCAL: Final = "http://127.0.0.1:5240"
"""Where a region of this machine listens; looked for as long as no other is known."""
LISTEN: Final = 0.25
"""Seconds after the first region was heard of in which another may be, before one is joined."""
LOOK: Final = 1.0
"""Seconds between two looks at what was heard, where no news asks for one."""
AGAIN: Final = (1.0, 60.0)
"""Seconds before the second and, doubling, the last attempts to join; jittered by half."""
ONCE_MORE: Final = 60.0
"""Seconds before a certificate is asked for again that was asked for and did not come."""
MEMORY: Final = 180.0
"""Seconds for which a beacon that tells of a region is worth an attempt: several times as long as one waits for the next."""

log = logging.getLogger(__name__)

Told = Callable[[tuple[str, ...], str], None]


class Membership:
    """The ways to a region that is joined, or is to be (`agent.ways.Ways`).

    Attributes:
        sight: what is heard; the agent's loop fills it.
        credentials: what the last join gave; None before the first.
        outcome: how the last attempt to join ended; None before the first.
    """

    def __init__(
        self,
        settings: Settings,
        host: Host,
        boot: str,
        keyring: Keyring,
        told: Told,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin with what is kept in the state directory.

        Args:
            settings: `region` is what was typed: "" for any, a name, or an https URL.
            told: called with (regions, authority fingerprint) when they are known, and when they have changed.
            clock: seconds since the epoch.

        Raises:
            CredentialsError: the agent's key cannot be read or made.
        """
        self._state_dir = settings.state_dir
        self._typed = settings.region.rstrip("/")
        self._told = told
        self._clock = clock
        self._news = asyncio.Event()
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._again = AGAIN[0]
        self._turn = 0
        self._renewal: Wall | None = None
        self._complaint = ""
        self.sight = Sight(host.id, keyring, self._news.set)
        self._joiner = Joiner(
            host=host, boot=boot, key=kept.load_key(settings.state_dir), keyring=keyring, stay=True,
            waiting=self._complain, clock=clock,
        )  # fmt: skip
        self.credentials: Credentials | None = None
        self.outcome: Outcome | None = None
        self._begin()

    def rekey(self, keyring: Keyring) -> None:
        """The secrets have changed."""
        self._joiner = structs.replace(self._joiner, keyring=keyring)
        self.sight.rekey(keyring)
        self._complaint = ""
        self._news.set()

    async def run(self) -> None:
        """Join whenever that is needed, until cancelled."""
        while True:
            await self._wanted.wait()
            self.outcome = await self._tried()
            if isinstance(self.outcome, Joined):
                self._take(self.outcome)
                continue
            self._complain(self.outcome)
            await asyncio.sleep(self._again * (0.5 + random.random()))  # noqa: S311 -- spreads agents out, guards nothing
            self._again = min(self._again * 2, AGAIN[1])

    # Where the stream goes (`agent.ways.Ways`):

    async def next(self) -> Way:
        """An address of the region that was joined, each in its turn; before, this machine's own."""
        while True:
            self._changed.clear()
            credentials = self.credentials
            if credentials is not None and not self._expired(credentials):
                if not self._wanted.is_set() and (way := self._way(credentials)) is not None:
                    return way
            elif not self._typed and credentials is None:
                return Way(LOCAL, guess=True)
            else:
                self._wanted.set()
            await self._changed.wait()

    async def pause(self, seconds: float) -> None:
        """Wait that long, or until this agent has joined."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def worked(self) -> None:
        """The region has let this agent in: whatever it is, there is no need to join."""
        self._wanted.clear()
        self._again = AGAIN[0]

    def told(self, regions: tuple[str, ...]) -> None:
        """Where the region's processes listen now: the next of them is tried when this one fails."""
        if self.credentials is None or not (useful := tuple(url for url in regions if url.startswith("https://"))):
            return
        before = self.credentials
        self.credentials = before.replaced(before.certificate, useful)
        if self.credentials.regions == before.regions:
            return
        self._told(self.credentials.regions, before.fingerprint)
        try:
            self._save()
        except CredentialsError as error:
            log.warning(
                sentence(
                    "addresses-not-kept",
                    "{error}; where the region listens is learned anew at the next start",
                    error=error,
                )
            )

    def failed(self, *, turned_away: bool) -> None:
        """Try the next address; a region that does not take the certificate is joined once more."""
        self._turn += 1
        if self.credentials is None or turned_away or self._expired(self.credentials):
            self._wanted.set()

    def renew_at(self) -> Wall | None:
        """Half of the certificate's life after it was received, and a while after the last time it was asked for."""
        return self._renewal if self.credentials is not None else None

    def request(self) -> str:
        """A request with the same key."""
        self._renewal = Wall(self._clock() + ONCE_MORE)
        return self._joiner.key.request(self._joiner.host.id)

    def renewed(self, certificate: str, regions: tuple[str, ...]) -> None:
        """The next certificate came; one that is of no use is told and not kept."""
        if self.credentials is None:
            return
        try:
            self._use(self.credentials.replaced(certificate, regions), self._clock())
            self._save()
        except CredentialsError as error:
            log.warning(
                sentence("certificate-unused", "the certificate that the region sent is not used: {error}", error=error)
            )

    # Finding and joining:

    def _begin(self) -> None:
        try:
            credentials = kept.load(self._state_dir)
        except CredentialsError as error:
            log.warning(sentence("joins-anew", "{error}; this machine joins anew", error=error))
            return
        if credentials is None or (self._typed.startswith("https://") and self._typed not in credentials.regions):
            return
        self._use(credentials, kept.received(self._state_dir))
        if not self._expired(credentials):
            self._wanted.clear()

    async def _tried(self) -> Outcome:
        try:
            return await self._attempt()
        except Exception as error:
            # Whatever it is that somebody answered, the agent goes on: it listens and beacons without a region, too.
            log.exception(sentence("join-fault", "joining met a fault of ours, and is tried again"))
            return Unreachable("the region", f"joining it met a fault of ours ({type(error).__name__})")

    async def _attempt(self) -> Outcome:
        if self.credentials is None and self._typed.startswith("https://"):
            return await join_at(self._joiner, self._typed)
        return await join(self._joiner, await self._choice())

    async def _choice(self) -> Candidate:
        """The one region that is meant: the one that was joined before, or the only one heard of. Waits until there is one."""
        if (earlier := self.credentials) is not None:
            heard = next((one for one in self._heard() if one.authority == earlier.fingerprint), None)
            urls = (*(heard.urls if heard else ()), *earlier.regions)
            near = nearest_first(urls, self.sight.interfaces.values())
            return Candidate(earlier.fingerprint, near, heard.names if heard else (), (), 0.0)
        while True:
            self._news.clear()
            if self._heard():
                await asyncio.sleep(LISTEN)
                found = self._heard()
                if len(found) == 1:
                    return found[0]
                self._complain(Several(tuple(found)))
            elif self.sight.settled and self.sight.wrong and not self.sight.beacons:
                self._complain(wrong_secret(self.sight))
            await self._look()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._news.wait()
        except TimeoutError:
            return

    def _heard(self) -> list[Candidate]:
        self.sight.forget(time.monotonic() - MEMORY)
        return [one for one in candidates(self.sight) if not self._typed or one.is_called(self._typed)]

    def _take(self, joined: Joined) -> None:
        log.info(sentence("joined", "{what}", what=joined.sentence))
        self._use(joined.credentials, self._clock())
        try:
            self._save()
        except CredentialsError as error:
            log.warning(sentence("credentials-not-kept", "{error}; it is joined anew at the next start", error=error))
        self._wanted.clear()
        self._again = AGAIN[0]
        self._complaint = ""
        self._changed.set()

    def _use(self, credentials: Credentials, received: float) -> None:
        self.credentials = credentials
        self._renewal = credentials.renew_at(received)
        self._told(credentials.regions, credentials.fingerprint)

    def _save(self) -> None:
        if self.credentials is not None:
            kept.save(self._state_dir, self.credentials)

    def _way(self, credentials: Credentials) -> Way | None:
        """The next address; None for credentials that are of no use, which are asked for anew."""
        near = nearest_first(_shared_out(credentials), self.sight.interfaces.values())
        try:
            return Way(near[self._turn % len(near)], credentials.context())
        except (CredentialsError, ZeroDivisionError) as error:
            log.warning(
                sentence(
                    "credentials-useless",
                    "what this machine joined with is of no use ({error}): it joins anew",
                    error=error,
                )
            )
            self._wanted.set()
            return None

    def _expired(self, credentials: Credentials) -> bool:
        return credentials.expires <= self._clock()

    def _complain(self, outcome: Outcome | Waiting) -> None:
        """Say why this machine has not joined, once for each reason."""
        if outcome.sentence != self._complaint:
            self._complaint = outcome.sentence
            log.warning(sentence("not-joined", "{what}", what=outcome.sentence))


def _shared_out(credentials: Credentials) -> list[str]:
    """The region's addresses in an order of this agent's own, and always the same: so that its processes share the agents out."""
    return sorted(credentials.regions, key=lambda url: sha256(f"{credentials.agent} {url}".encode()).digest())
