"""What those are told who watch: everything anew, or what changed, each as fast as they read."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.model import Observation, Wall
from bellrock.region.service.deltas import Deltas
from bellrock.region.service.findings import Findings
from bellrock.region.service.index import Index
from bellrock.region.service.inference import Inference
from bellrock.region.service.keeper import Keeper
from bellrock.region.service.mtu import Measurements
from bellrock.region.service.places import Registrar
from bellrock.region.service.publish import Publisher, Topic, Watcher
from bellrock.region.service.views import Views

Feed = Callable[[], Struct | Sequence[Struct]]
BEFORE: Final = -1
"""A moment before all that is remembered: who was told something then is told all of it the next time."""


class Telling:
    """Keeps those up to date who watch.

    Attributes:
        publisher: when they are told.
    """

    def __init__(
        self, feeds: Mapping[Topic, Feed], view: Callable[[], Views], index: Index, inference: Inference, keeper: Keeper,
        registrar: Registrar, measurements: Measurements, findings: Findings, clock: Callable[[], Wall],
    ) -> None:  # fmt: skip
        """`feeds`: what each topic of `/api/v1/live` says, the answer of its route."""
        self._feeds = feeds
        self._view = view
        self._inference = inference
        self._keeper = keeper
        self._registrar = registrar
        self._measurements = measurements
        self._findings = findings
        self._clock = clock
        self._deltas = Deltas(index)
        self._published = 0
        """The revision of the topology of which watchers have been told."""
        self.publisher = Publisher(self._prepare, self._message, feeds.keys())

    def watch(self, without: Collection[Topic], *, deltas: bool) -> Watcher | None:
        """Someone watches all but some topics from now on; None if too many do. `deltas`: of what is long, it is told what changed."""
        return self.publisher.follow(self._since, without) if deltas else self.publisher.watch(without)

    def changed(self, *topics: Topic) -> None:
        """These say something new."""
        self.publisher.changed(*topics)

    def noted(self, topic: Topic, things: Iterable[Hashable]) -> None:
        """These say something new in a topic of which something else may not."""
        self._deltas.noted(topic, things)
        self.publisher.changed(topic)

    def told(self, host: str, observations: Iterable[Observation] = ()) -> None:
        """A host, by id, has told something; or it came, or went."""
        if self.publisher.watching:
            self._deltas.told(host, observations)

    async def _prepare(self) -> set[Topic]:
        await self._inference.ready()
        self._inference.advanced()
        advanced, self._published = self._inference.revision != self._published, self._inference.revision
        if advanced:
            self._findings.stir()
        registered = await self._keeper.keep(self._clock())
        self._follow()
        return ({Topic.TOPOLOGY, Topic.INTERFACES} if advanced else set()) | (
            {Topic.INTERFACES} if registered else set()
        )

    def _follow(self) -> None:
        """Bring up to date what is kept for those who are told only what changed."""
        view, registered, found = self._view(), self._registrar.named, self._findings.turned
        self._registrar.named, self._findings.turned = set(), set()
        if not self.publisher.watching:
            self._deltas.rest(view.claims)
            self._measurements.rest()
            return
        turned = self._measurements.turned(self._inference.lapsed)
        self._deltas.advanced(view.claims)
        self._deltas.shown(registered)
        self._deltas.noted(Topic.FINDINGS, found)
        if self._measurements.many:
            self._deltas.narrowed(turned, self._measurements.culprits(view.names))

    def _since(self, topic: Topic, moment: int | None) -> tuple[bytes, int]:
        log = self._deltas.logs.get(topic)
        if log is None or (topic is Topic.MTU and not self._measurements.many):
            return self._message(topic), BEFORE
        now, view = log.now, self._view()
        changed = None if moment is None else self._deltas.since(topic, moment, view)
        if changed is None:
            return self._whole(topic, view), now
        return (self._delta(topic, changed, view) if changed else b""), now

    def _delta(self, topic: Topic, changed: Sequence[Hashable], view: Views) -> bytes:
        match topic:
            case Topic.HOSTS:
                return self._deltas.hosts(changed, view)
            case Topic.INTERFACES:
                return self._deltas.interfaces(changed, view, self._registrar)
            case Topic.MTU:
                return self._deltas.mtu(changed, view, self._measurements, self._clock())
            case Topic.FINDINGS:
                return self._deltas.findings(changed, self._findings)
            case _:
                return self._deltas.topology(changed, view, self._inference.revision)

    def _whole(self, topic: Topic, view: Views) -> bytes:
        """For who is told what changed, and asks by itself for what speaks for a member."""
        if topic is Topic.TOPOLOGY:
            return _labelled(topic, view.topology(self._inference.revision, proved=False))
        return self._message(topic)

    def _message(self, topic: Topic) -> bytes:
        return _labelled(topic, self._feeds[topic]())


def _labelled(topic: Topic, answer: Struct | Sequence[Struct]) -> bytes:
    body = msgspec.json.encode(answer)
    if isinstance(answer, Struct):
        return b'{"type":"%b",%b' % (topic.encode(), body[1:])
    return b'{"type":"%b","%b":%b}' % (topic.encode(), topic.encode(), body)
