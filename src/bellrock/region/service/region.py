"""The region as one value: agents in, answers out."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from ulid_transform import ulid_now

from bellrock.contract import Challenge, Done, Hello, KeepAlive, Relayed, Report, Results, Welcome
from bellrock.contract.walk import WalkAnswer
from bellrock.model import Host, Monotonic, Walked, Wall
from bellrock.region.authority import Authority
from bellrock.region.logs import line
from bellrock.region.service.access import Access
from bellrock.region.service.agents import PLAIN, Agents, Session, TurnedAway
from bellrock.region.service.applicant import Policy
from bellrock.region.service.audit import Audit, AuditKind
from bellrock.region.service.enrol import Enrolment, not_stored
from bellrock.region.service.gate import Gate
from bellrock.region.service.inference import Inference
from bellrock.region.service.ingest import Ingest, Told
from bellrock.region.service.keeper import Keeper
from bellrock.region.service.metrics import Metrics
from bellrock.region.service.mtu import Measurements
from bellrock.region.service.names import UnknownPort, find_port
from bellrock.region.service.nodes import Nodes
from bellrock.region.service.places import Registrar
from bellrock.region.service.probes import Probes
from bellrock.region.service.publish import Publisher, Topic, Watcher, topics_of
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.service.shapes import ExplanationView, InterfaceView, MtuView, TopologyView
from bellrock.region.service.silence import Silence
from bellrock.region.service.state import State
from bellrock.region.service.streams import Streams
from bellrock.region.service.upkeep import Upkeep
from bellrock.region.service.views import Views
from bellrock.region.service.walks import Walks, Wanted
from bellrock.region.service.webhooks import Webhooks
from bellrock.region.store import Accepted, AuditRow, Loaded, NotStored, Store
from bellrock.region.tls import Channel
from bellrock.topology import UnknownPortError

MAX_SECRET_ID: Final = 16

log = logging.getLogger(__name__)


def wall() -> Wall:
    """The region's wall clock."""
    return Wall(time.time())


def monotonic() -> Monotonic:
    """The region's monotonic clock."""
    return Monotonic(time.monotonic())


class Counted(Struct, frozen=True, kw_only=True):
    """How many, for whoever watches the region itself."""

    connected: int
    known: int
    silent: int
    turned_away: int
    reports: int
    dropped: int
    stalled: bool
    refused: int


class Region:
    """Everything that one region knows and does, without HTTP."""

    def __init__(self, store: Store, loaded: Loaded, name: str, secrets: Secrets, authority: Authority,
                 clock: Callable[[], Wall] = wall, mono: Callable[[], Monotonic] = monotonic, *,
                 policy: Policy = Policy.AUTO, regions: Callable[[], tuple[str, ...]] = tuple) -> None:  # fmt: skip
        """`clock` is shown and outlives a restart; `mono` decides who is silent; `regions`: where agents find it with TLS, now."""
        self._store = store
        self._clock = clock
        self._mono = mono
        self._state = State(loaded)
        self._inference = Inference(self._state, loaded.registry)
        self._registrar = Registrar(loaded.registrations, lambda: f"if-{ulid_now()}")
        self._keeper = Keeper(store, self._state, self._inference, self._registrar, loaded.registry)
        seen = {row.host.id: row.seen for row in loaded.agents}
        self._silence = Silence(seen, clock(), mono())
        self._reports = 0
        self._feeds: dict[Topic, Callable[[], Struct | Sequence[Struct]]] = {
            Topic.TOPOLOGY: self.topology,
            Topic.HOSTS: lambda: self.view().hosts(),
            Topic.INTERFACES: self.interfaces,
            Topic.REFUSALS: lambda: self.view().refusals(),
            Topic.ENROLMENTS: lambda: self.enrolment.views(),  # noqa: PLW0108 -- it is made below
            Topic.MTU: self.mtu,
            Topic.NODES: lambda: self.nodes.views(),  # noqa: PLW0108 -- it is made below
            Topic.MATRIX: lambda: self.probes.view(),  # noqa: PLW0108 -- it is made below
        }
        """What each topic of `/api/v1/live` says: the answer of its route."""
        self._publisher = Publisher(self._prepare, self._message, self._feeds.keys())
        self._ingest = Ingest(
            store, self._state, self._committed,
            lambda *heard: self._upkeep.alive(*heard),  # noqa: PLW0108 -- it is made below
            self._done,
        )  # fmt: skip
        self._secrets = secrets
        self._agents = Agents(name, secrets, self._state)
        self.enrolment = Enrolment(
            store.enrolments, loaded.enrolments, authority, self._agents, secrets, regions, policy, clock,
            lambda: self._publisher.changed(Topic.ENROLMENTS),
        )  # fmt: skip
        self.nodes = Nodes(
            store.nodes, loaded.nodes, name, self._state, self._ingest.tell, self._inference.topology,
            lambda agent: self.enrolment.find(agent) is not None, clock, lambda: self._publisher.changed(Topic.NODES),
        )  # fmt: skip
        self._measurements = Measurements(
            self._state, self._agents.sessions, mono, lambda: self._publisher.changed(Topic.MTU)
        )
        self._walks = Walks(self._state, self._agents.sessions, lambda: self.view().names)
        self.probes = Probes(
            store.probes, loaded.probes, self._state, self._agents.sessions, lambda: self.view().names, clock, mono,
            lambda: self._publisher.changed(Topic.MATRIX), random.random,
        )  # fmt: skip
        self.webhooks = Webhooks(store.probes, loaded.probes.webhooks, name, clock, lambda: self.view().names)
        self.probes.listeners.append(self.webhooks.tell)
        self._streams = Streams()
        self.metrics = Metrics(self)
        self.gate = Gate(mono)
        self.regions = regions
        self.access = Access(store)
        self.audit = Audit(store.people)
        self._upkeep = Upkeep(
            store, self._state, self._inference, self._silence, self._publisher, self._keeper, self.access, self.audit, mono,
            self.enrolment.sweep, lambda: self._ingest.stalled,
        )  # fmt: skip
        self.name = name
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Do the region's work, until cancelled."""
        self._publisher.changed(*Topic)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ingest.run(), name="ingest")
            tasks.create_task(self._publisher.run(), name="publish")
            tasks.create_task(self._upkeep.run(), name="upkeep")
            tasks.create_task(self.probes.run(), name="probes")
            tasks.create_task(self.webhooks.run(), name="webhooks")

    async def stop(self) -> None:
        """End all sessions and note when agents were last heard."""
        self.stopping.set()
        self._agents.dismiss("the region is stopping")
        await self.probes.flush()
        await self._upkeep.flush()

    # agents

    def knock(self, channel: Channel = PLAIN) -> Challenge:
        """A connection of an agent begins; see `Agents.knock`."""
        return self._agents.knock(channel)

    def settled(self, channel: Channel = PLAIN) -> None:
        """The connection that knocked has been let in, or not."""
        self._agents.settled(channel)

    def greet(self, hello: Hello, challenge: Challenge, channel: Channel = PLAIN) -> tuple[Session, Welcome]:
        """The session of an agent that proves itself by its certificate or, without TLS, the secret; see `Agents.greet`."""
        session, welcome = self._agents.greet(hello, challenge, self._clock(), channel, self.enrolment.admit)
        self._streams.begin(session.host.id, self._mono())
        # A connection that this one takes the place of owes its answers no longer.
        self.probes.left(session.host.id, session.host.name)
        # What signs its beacons is what must change when the secret is rotated; the stream's proof says as much if that is not told.
        signs = next(iter(hello.secrets), "")[:MAX_SECRET_ID]
        self.enrolment.streams(hello.host, signs or session.secret, "signs" if signs else "streams")
        log.info(
            line("agent-connected", agent=hello.host.id, name=hello.host.name, boot=hello.boot, acked=welcome.acked)
        )
        self._publisher.changed(Topic.HOSTS, Topic.ENROLMENTS)
        return session, welcome

    def turn_away(self, address: str, reason: TurnedAway) -> float:
        """Count a connection that was not let in; seconds to wait before it is told."""
        return self._agents.turn_away(address, reason)

    def leave(self, session: Session, why: str) -> None:
        """A connection of an agent ended."""
        if self._agents.leave(session):
            self._measurements.left(session.host.id)
            self.probes.left(session.host.id, session.host.name)
            self._walks.left(session.host.id)
            stood = round(self._streams.end(session.host.id, self._mono()), 1)
            log.info(line("agent-disconnected", agent=session.host.id, name=session.host.name, why=why, after_s=stood))
            self._publisher.changed(Topic.HOSTS, Topic.ENROLMENTS)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Those in force, the one to use first."""
        return self._secrets.accepted

    def now(self) -> Wall:
        """The region's wall clock."""
        return self._clock()

    def set_secrets(self, accepted: Iterable[Secret]) -> None:
        """Take these secrets from now on; agents that proved another one are asked to prove themselves again.

        Raises:
            ValueError: none, or too many; nothing changes.
        """
        before = _ids(self._secrets.accepted)
        self._secrets.set(accepted)
        after = _ids(self._secrets.accepted)
        known = {secret.id for secret in self._secrets.accepted}
        for session in [*self._agents.sessions.values()]:
            if session.secret and session.secret not in known:
                session.refuse("the secret that this agent proved is retired")
        log.info(line("secrets-replaced", accepted=after))
        self.audit.later(
            AuditRow(
                at=self._clock(), kind=AuditKind.CHANGE, who="secret file", how="file", address="here",
                action="replace secrets", subject="", before=before, after=after, outcome="done",
            )
        )  # fmt: skip
        self._publisher.changed(Topic.ENROLMENTS)

    async def renew(self, session: Session, request: str) -> None:
        """Tell an agent its next certificate.

        Raises:
            TurnedAway: it gets none.
        """
        if session.renewals.wait(self._mono()):
            raise TurnedAway("this agent asks for certificates again and again; it gets one a minute")
        session.renewals.take(self._mono())
        try:
            session.say(await self.enrolment.renew(session, request))
        except NotStored as error:
            raise not_stored(error) from None

    async def relayed(self, session: Session, message: Relayed) -> None:
        """A node's report, brought by itself or by a rack; the answer goes back the same way."""
        session.say(await self.nodes.take(session, message))

    def results(self, session: Session, message: Results) -> None:
        """An agent tells what became of flows that it tried."""
        self.probes.results(session, message)

    async def tell(self, session: Session, message: Report | KeepAlive | Done) -> None:
        """A message of an agent; waits while the store is behind. That an order is over counts once what it brought is stored."""
        await self._ingest.tell(Told(session, message, self._clock()))

    # answers

    def view(self) -> Views:
        """What is known now, to be rendered."""
        return Views(
            self._state, self._inference.topology(), self._agents.sessions, self._clock(), self._inference.lapsed
        )

    def topology(self) -> TopologyView:
        """All claims."""
        self._inference.advanced()
        return self.view().topology(self._inference.revision)

    def interfaces(self) -> list[InterfaceView]:
        """All interfaces."""
        return self.view().interfaces(self._registrar)

    def mtu(self) -> MtuView:
        """What passes between neighbours, and who is to blame where it is too little."""
        return self._measurements.view(self.view().names, self._inference.lapsed, self._clock())

    def measure_mtu(self, host: str, interface: str) -> tuple[str, ...]:
        """Have one agent, or all, measure now; see `Measurements.order`."""
        return self._measurements.order(self.view().names, host, interface)

    async def walk(self, wanted: Wanted) -> tuple[Walked, ...]:
        """Have two agents try a flow together; see `Walks.walk`."""
        return await self._walks.walk(wanted)

    def walk_answer(self, session: Session, message: WalkAnswer) -> None:
        """An agent tells of a walk."""
        self._walks.answered(session.host.id, message)

    def streams(self) -> tuple[dict[str, float], dict[str, int]]:
        """By agent's id: seconds for which its stream has stood, where one does, and how often it began one; since the start."""
        return self._streams.ages(self._mono()), self._streams.begun

    def counted(self) -> Counted:
        """The region's own figures; totals are since its start."""
        accounts = self._state.accounts.values()
        return Counted(
            connected=len(self._agents.sessions), known=len(accounts), silent=len(self._inference.lapsed),
            turned_away=self._agents.turned_away, reports=self._reports, dropped=self._ingest.dropped,
            stalled=self._ingest.stalled, refused=sum(held.count for one in accounts for held, _ in one.refusals.values()),
        )  # fmt: skip

    def explain(self, a: str, b: str) -> ExplanationView:
        """Why two ports (`HOST/INTERFACE[.VID]`) are one VLAN, or what is missing.

        Raises:
            UnknownPort: one of them is not known.
        """
        view = self.view()
        ports = [find_port(text, self._state, view.names) for text in (a, b)]
        try:
            found = self._inference.explain(*ports)
        except UnknownPortError as error:  # an interface that is known, with a VID that is not
            raise UnknownPort(str(error)) from None
        return view.explanation(found)

    async def rename(self, identity: str, name: str) -> None:
        """Give a fabric or VLAN a name that stays.

        Raises:
            ValueError: no fabric or VLAN has this id, or the name will not do.
        """
        self._inference.rename(identity, name)
        log.info(line("renamed", id=identity, name=name))
        await self._keeper.keep(self._clock())
        self._publisher.changed(Topic.TOPOLOGY)

    def watch(self, without: Collection[Topic] = ()) -> Watcher | None:
        """Someone watches all but some topics from now on; None if too many do."""
        return self._publisher.watch(without)

    def leave_watch(self, watcher: Watcher) -> None:
        """It watches no more."""
        self._publisher.leave(watcher)

    # work

    def _committed(self, batch: Sequence[Accepted]) -> None:
        topics = {Topic.HOSTS}
        self._reports += len(batch)
        for accepted in batch:
            told = self._state.apply(accepted)
            self._inference.apply(told)
            self._silence.heard(accepted.agent.id, self._mono())
            self._inference.alive(accepted.agent, self._state.accounts[accepted.agent.id].seen)
            topics |= {topic for one in told for topic in topics_of(one)}
        self._publisher.changed(*topics)

    def _done(self, host: Host, message: Done) -> None:
        """An agent has carried out an order, or could not."""
        if self._walks.done(host.id, message) or self.probes.done(host.id, message):
            return
        if why := self._measurements.done(host.id, message):
            log.info(line("order-declined", agent=host.id, name=host.name, why=why))

    async def _prepare(self) -> set[Topic]:
        advanced = self._inference.advanced()
        registered = await self._keeper.keep(self._clock())
        return ({Topic.TOPOLOGY, Topic.INTERFACES} if advanced else set()) | (
            {Topic.INTERFACES} if registered else set()
        )

    def _message(self, topic: Topic) -> bytes:
        answer = self._feeds[topic]()
        body = msgspec.json.encode(answer)
        if isinstance(answer, Struct):
            return b'{"type":"%b",%b' % (topic.encode(), body[1:])
        return b'{"type":"%b","%b":%b}' % (topic.encode(), topic.encode(), body)


def _ids(secrets: Iterable[Secret]) -> str:
    return ",".join(secret.id for secret in secrets)
