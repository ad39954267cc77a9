"""What changed goes to everyone who watches: the first change at once, then at most twenty times a second, always the latest."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable
from enum import StrEnum
from typing import Final

from typing_extensions import override

from bellrock.model import HostGone, InterfaceGone, InterfaceSeen, MtuGone, MtuSeen, Observation, RefusalCount
from bellrock.region import tracing

PERIOD: Final = 0.05
"""Seconds between two rounds."""
REST: Final = 1.0
"""Times what a round took: the pause after it, so that a large site in which something always changes leaves half the time for all else."""
UNWATCHED: Final = 9.0
"""The same while nobody watches: then rounds are for registrations alone, and whoever asks is told what is known anyway."""
LONGEST: Final = 2.0
"""Seconds of that pause at most, while nobody watches."""
REFRESH: Final = 5.0
"""Seconds after which mere passing of time (ages) is published."""
MAX_WATCHERS: Final = 256


class Topic(StrEnum):
    """The kinds of message on `/api/v1/live`."""

    TOPOLOGY = "topology"
    HOSTS = "hosts"
    INTERFACES = "interfaces"
    REFUSALS = "refusals"
    ENROLMENTS = "enrolments"
    MTU = "mtu"
    NODES = "nodes"
    MATRIX = "matrix"
    FINDINGS = "findings"


AGEING: Final = frozenset(Topic) - {Topic.ENROLMENTS, Topic.FINDINGS}
"""Topics that tell ages, which grow while nothing else happens; enrolments and findings tell moments."""


def topics_of(one: Observation) -> tuple[Topic, ...]:
    """What an observation changes."""
    match one:
        case RefusalCount():
            return (Topic.REFUSALS,)
        case MtuSeen() | MtuGone():
            return (Topic.MTU,)
        case InterfaceSeen() | InterfaceGone() | HostGone():
            return Topic.TOPOLOGY, Topic.INTERFACES, Topic.MTU
        case _:
            return Topic.TOPOLOGY, Topic.INTERFACES


class Watcher:
    """One who watches: holds at most the latest message of each topic, however slowly it is read."""

    def __init__(self, topics: Collection[Topic]) -> None:
        """`topics`: all that it may be told of."""
        self._topics = frozenset(topics)
        self._latest: dict[Topic, bytes] = {}
        self._taken = Topic.HOSTS
        """The topic of the message that was given last."""
        self._more = asyncio.Event()

    def put(self, topic: Topic, message: bytes) -> None:
        """A newer message takes the place of an older one that was not read; what is not for this watcher is dropped."""
        if topic in self._topics:
            self._latest[topic] = message
            self._more.set()

    async def next(self) -> bytes:
        """The next message; of topics that wait, the one that waits longest."""
        while not self._latest:
            self._more.clear()
            await self._more.wait()
        self._taken = next(iter(self._latest))
        return self._latest.pop(self._taken)


class Follower(Watcher):
    """One who keeps what it was told, and is told what changed since: made up when it reads, so that nothing waits for who reads slowly."""

    def __init__(self, topics: Collection[Topic], tell: Callable[[Topic, int | None], tuple[bytes, int]]) -> None:
        """`tell`: the message for whoever was told at a moment (None: nothing yet), empty for none; and the moment that it is of."""
        super().__init__(topics)
        self._tell = tell
        self._told: dict[Topic, int] = {}

    @override
    async def next(self) -> bytes:
        while True:
            await super().next()
            message, self._told[self._taken] = self._tell(self._taken, self._told.get(self._taken))
            if message:
                return message


class Publisher:
    """Collects what changed and publishes it in rounds."""

    def __init__(self, prepare: Callable[[], Awaitable[Iterable[Topic]]], render: Callable[[Topic], bytes],
                 topics: Collection[Topic] = tuple(Topic)) -> None:  # fmt: skip
        """`prepare` brings conclusions up to date and names further topics that change by it; `render` makes a message.

        Changes of others than `topics` are not published.
        """
        self._prepare = prepare
        self._render = render
        self._topics = topics
        self.turns = dict.fromkeys(Topic, 0)
        """How often something was said to be new in each topic."""
        self._changed: set[Topic] = set()
        self._aged: set[Topic] = set()
        self._older: set[Topic] = set()
        """Of what changed, those in which that is only because time has passed."""
        self._more = asyncio.Event()
        self._watchers: set[Watcher] = set()
        self._begun = asyncio.Event()
        """Somebody has begun to watch."""

    def changed(self, *topics: Topic) -> None:
        """These say something new."""
        self._changed |= set(topics)
        for topic in topics:
            self.turns[topic] += 1
        self._more.set()

    def aged(self, *topics: Topic) -> None:
        """Only ages changed in these; they go out with the next refresh."""
        self._aged |= set(topics)

    @property
    def watching(self) -> int:
        """How many watch, at most MAX_WATCHERS."""
        return len(self._watchers)

    def watch(self, without: Collection[Topic] = ()) -> Watcher | None:
        """A new watcher, which is given everything at once but what it is to do `without`; None if there are too many."""
        if len(self._watchers) >= MAX_WATCHERS:
            return None
        topics = [topic for topic in self._topics if topic not in without]
        watcher = Watcher(topics)
        for topic in topics:
            watcher.put(topic, self._render(topic))
        self._watchers.add(watcher)
        self._begun.set()
        return watcher

    def follow(
        self, tell: Callable[[Topic, int | None], tuple[bytes, int]], without: Collection[Topic] = ()
    ) -> Follower | None:
        """The same, but it is told what changed since it was told before; `tell`: see `Follower`."""
        if len(self._watchers) >= MAX_WATCHERS:
            return None
        follower = Follower([topic for topic in self._topics if topic not in without], tell)
        for topic in self._topics:
            follower.put(topic, b"")
        self._watchers.add(follower)
        self._begun.set()
        return follower

    def leave(self, watcher: Watcher) -> None:
        """It watches no more."""
        self._watchers.discard(watcher)

    async def run(self) -> None:
        """Publish, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(REFRESH):
                    await self._more.wait()
            except TimeoutError:
                self._older = self._aged - self._changed
                self._changed |= self._aged
            self._more.clear()
            if self._changed:
                began = loop.time()
                await self._round()
                await self._rest(loop.time() - began)

    async def _rest(self, took: float) -> None:
        least = max(PERIOD, REST * took)
        await asyncio.sleep(least)
        more = min(UNWATCHED * took, LONGEST) - least
        if not self._watchers and more > 0:
            self._begun.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(more):
                    await self._begun.wait()

    async def _round(self) -> None:
        with tracing.span("publish", watchers=len(self._watchers)):
            await self._publish()

    async def _publish(self) -> None:
        topics, self._changed = self._changed, set()
        older, self._older = self._older, set()
        concluded = set(await self._prepare())
        topics |= concluded
        older -= concluded
        self._aged -= topics
        if self._watchers:
            for topic in sorted(topics.intersection(self._topics)):
                whole = any(not isinstance(watcher, Follower) for watcher in self._watchers)
                message = self._render(topic) if whole else b""
                for watcher in self._watchers:
                    # Who keeps what it was told counts the time by itself.
                    if topic not in older or not isinstance(watcher, Follower):
                        watcher.put(topic, message)
