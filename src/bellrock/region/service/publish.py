"""What changed goes to everyone who watches: the first change at once, then at most twenty times a second, always the latest."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from enum import StrEnum
from typing import Final

from bellrock.model import HostGone, InterfaceGone, InterfaceSeen, MtuGone, MtuSeen, Observation, RefusalCount

PERIOD: Final = 0.05
"""Seconds between two rounds."""
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


AGEING: Final = frozenset(Topic) - {Topic.ENROLMENTS}
"""Topics that tell ages, which grow while nothing else happens; enrolments tell moments."""


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
        return self._latest.pop(next(iter(self._latest)))


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
        self._changed: set[Topic] = set()
        self._aged: set[Topic] = set()
        self._more = asyncio.Event()
        self._watchers: set[Watcher] = set()

    def changed(self, *topics: Topic) -> None:
        """These say something new."""
        self._changed |= set(topics)
        self._more.set()

    def aged(self, *topics: Topic) -> None:
        """Only ages changed in these; they go out with the next refresh."""
        self._aged |= set(topics)

    def watch(self, without: Collection[Topic] = ()) -> Watcher | None:
        """A new watcher, which is given everything at once but what it is to do `without`; None if there are too many."""
        if len(self._watchers) >= MAX_WATCHERS:
            return None
        topics = [topic for topic in self._topics if topic not in without]
        watcher = Watcher(topics)
        for topic in topics:
            watcher.put(topic, self._render(topic))
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """It watches no more."""
        self._watchers.discard(watcher)

    async def run(self) -> None:
        """Publish, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(REFRESH):
                    await self._more.wait()
            except TimeoutError:
                self._changed |= self._aged
            self._more.clear()
            if self._changed:
                await self._round()
                await asyncio.sleep(PERIOD)

    async def _round(self) -> None:
        topics, self._changed = self._changed, set()
        topics |= set(await self._prepare())
        self._aged -= topics
        if self._watchers:
            for topic in sorted(topics.intersection(self._topics)):
                message = self._render(topic)
                for watcher in self._watchers:
                    watcher.put(topic, message)
