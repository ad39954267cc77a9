"""The region as one value: agents in, answers out."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from msgspec import Struct
from ulid_transform import ulid_now

from bellrock.contract import Done, Relayed, Results
from bellrock.contract.capturing import Captured, Capturing
from bellrock.contract.here import Told
from bellrock.model import Host, Monotonic, Observation, Role, Walked, Wall
from bellrock.region.authority import Authority
from bellrock.region.logs import line
from bellrock.region.service.access import Access
from bellrock.region.service.agentsession import Session
from bellrock.region.service.applicant import Policy
from bellrock.region.service.audit import Audit, AuditKind
from bellrock.region.service.captures import Captures
from bellrock.region.service.cases import Cases
from bellrock.region.service.deltas import MEASURING
from bellrock.region.service.enrol import Enrolment, not_stored
from bellrock.region.service.filters import InterfacesWanted
from bellrock.region.service.findings import Findings
from bellrock.region.service.gate import Gate
from bellrock.region.service.history import Budget
from bellrock.region.service.index import Index
from bellrock.region.service.inference import Inference
from bellrock.region.service.keeper import Keeper
from bellrock.region.service.metrics import Metrics
from bellrock.region.service.moments import Moments
from bellrock.region.service.mtu import Measurements
from bellrock.region.service.names import UnknownHost, UnknownPort, find_port
from bellrock.region.service.nodes import Nodes
from bellrock.region.service.outpost import Answer, Outpost
from bellrock.region.service.places import Registrar
from bellrock.region.service.probes import Probes
from bellrock.region.service.publish import Topic, Watcher, topics_of
from bellrock.region.service.secrets import Secret
from bellrock.region.service.shapes import ExplanationView, InterfaceView, MtuView, TopologyView
from bellrock.region.service.silence import Silence
from bellrock.region.service.slices import Slice, Span
from bellrock.region.service.standby import silent_of
from bellrock.region.service.streams import Streams
from bellrock.region.service.telling import Feed, Telling
from bellrock.region.service.upkeep import Upkeep
from bellrock.region.service.views import Views
from bellrock.region.service.walks import Walks, Wanted
from bellrock.region.service.webhooks import Webhooks
from bellrock.region.store import Accepted, AuditRow, EnrolmentRow, Loaded, NotStored, Store
from bellrock.topology import UnknownPortError

MAX_SECRET_ID: Final = 16
AT_ONCE: Final = 20
"""Agents whose measurements are taken in, at the start, before anything else gets its turn."""

log = logging.getLogger(__name__)


def wall() -> Wall:
    """The region's wall clock."""
    return Wall(time.time())


def monotonic() -> Monotonic:
    """The region's monotonic clock."""
    return Monotonic(time.monotonic())


class Counted(Struct, frozen=True, kw_only=True):
    """How many, for whoever watches the region itself."""

    known: int
    silent: int
    revision: int
    kept: dict[str, int]
    """By kind, what agents told and did not take back."""
    refused: dict[str, int]
    """Frames by reason, as agents told last."""


class Region:
    """Everything that one region knows and does, without HTTP."""

    def __init__(self, store: Store, loaded: Loaded, outpost: Outpost, name: str, authority: Authority,
                 clock: Callable[[], Wall] = wall, mono: Callable[[], Monotonic] = monotonic, *,
                 policy: Policy = Policy.AUTO, regions: Callable[[], tuple[str, ...]] = tuple,
                 inference: Inference | None = None) -> None:  # fmt: skip
        """Become the mind of an outpost, whose state is the newest: of `loaded` the rest is used.

        `clock` is shown and outlives a restart; `mono` decides who is silent; `regions`: where agents find it with TLS, now.
        `inference`: what is concluded from that state already (see `Standby.take`); None: it is begun here.
        """
        self._store = store
        self._clock = clock
        self._mono = mono
        self.outpost = outpost
        self._state = outpost.state
        secrets = outpost.secrets
        self._inference = inference or Inference(self._state, loaded.registry, silent_of(loaded.agents))
        self._registrar = Registrar(loaded.registrations, lambda: f"if-{ulid_now()}")
        self._index = Index()
        self._keeper = Keeper(store, self._state, self._inference, self._registrar, loaded.registry, mono, self._index)
        self._silence = Silence(self._state.accounts.keys() - self._inference.lapsed, mono())
        self._ingest = outpost.ingest
        self._secrets = secrets
        self._agents = outpost.agents
        self.enrolment = Enrolment(
            store.enrolments, loaded.enrolments, authority, self._agents, secrets, regions, policy, clock,
            lambda: self._telling.changed(Topic.ENROLMENTS),
        )  # fmt: skip
        self.nodes = Nodes(
            store.nodes, loaded.nodes, name, self._state, self._ingest.tell, self._inference.topology,
            lambda agent: self.enrolment.find(agent) is not None, clock, lambda: self._news(Topic.NODES),
        )  # fmt: skip
        self._measurements = Measurements(
            self._state, self._agents.sessions, mono, lambda: self._telling.noted(Topic.MTU, [MEASURING])
        )
        self._walks = Walks(self._state, self._agents.sessions, lambda: self.view().names)
        self.probes = Probes(
            store.probes, loaded.probes, self._state, self._agents.sessions, lambda: self.view().names, clock, mono,
            lambda: self._telling.changed(Topic.MATRIX), random.random,
        )  # fmt: skip
        self.captures = Captures(self._agents.sessions, lambda: self.view().names, mono)
        self.webhooks = Webhooks(store.probes, loaded.probes.webhooks, name, clock, lambda: self.view().names)
        self.probes.listeners.append(self.webhooks.tell)
        cases = Cases(self._agents.sessions, self._inference.topology, self.probes, lambda: self.view().names, clock, self.mtu,
                      lambda part, error: self.findings.fault(part, error), self._inference.ready)  # fmt: skip  # noqa: PLW0108 -- there is none yet
        self.findings = Findings(
            store.findings, loaded.findings, cases.now, self.nodes.found, self._away, clock, mono,
            lambda: self._telling.changed(Topic.FINDINGS), lambda: cases.spent,
        )  # fmt: skip
        self.findings.listeners.append(self.webhooks.tell_findings)
        self.probes.turning.append(self.findings.stir)
        feeds: dict[Topic, Feed] = {
            Topic.TOPOLOGY: self.topology, Topic.HOSTS: lambda: self.view().hosts(), Topic.INTERFACES: self.interfaces,
            Topic.REFUSALS: lambda: self.view().refusals(), Topic.ENROLMENTS: self.enrolment.views, Topic.MTU: self.mtu,
            Topic.NODES: self.nodes.views, Topic.MATRIX: self.probes.view, Topic.FINDINGS: self.findings.view,
        }  # fmt: skip
        self._telling = Telling(
            feeds,
            self.view,
            self._index,
            self._inference,
            self._keeper,
            self._registrar,
            self._measurements,
            self.findings,
            clock,
        )
        self.moments = Moments(self.view, self._inference, self._telling.publisher, self._registrar)
        self._streams = Streams()
        self.metrics = Metrics(self)
        self.gate = Gate(mono)
        self.regions = regions
        self.access = Access(store)
        self.audit = Audit(store.people)
        self._upkeep = Upkeep(
            store, self._state, self._inference, self._silence, self._telling.publisher, self._keeper, self.access, self.audit, mono,
            self.enrolment.sweep, lambda: self._ingest.stalled,
        )  # fmt: skip
        self._budget = Budget(store.retention, clock)
        self.name = name
        self.stopping = asyncio.Event()
        outpost.mind = self
        for session in self._agents.sessions.values():
            self.arrived(session)

    async def run(self) -> None:
        """Do the region's work, until cancelled; that of its outpost is run beside it."""
        self._telling.changed(*Topic)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._telling.publisher.run(), name="publish")
            tasks.create_task(self._upkeep.run(), name="upkeep")
            tasks.create_task(self._budget.run(), name="history")
            tasks.create_task(self.probes.run(), name="probes")
            tasks.create_task(self.webhooks.run(), name="webhooks")
            tasks.create_task(self._find(), name="findings")

    async def stop(self) -> None:
        """Note what waits to be noted, and when agents were last heard."""
        self.stopping.set()
        await self.probes.flush()
        await self.findings.flush()
        await self._upkeep.flush()
        await self._keeper.keep(self._clock())
        await self._keeper.settle(at_once=True)

    # agents

    async def known(self, agent: str) -> EnrolmentRow | None:
        """What is known of an agent that wants to stream."""
        return self.enrolment.find(agent)

    def arrived(self, session: Session) -> None:
        """An agent was let in."""
        host = session.host
        self._streams.begin(host.id, self._mono())
        # A connection that this one takes the place of owes its answers no longer.
        self.probes.left(host.id, host.name)
        # What signs its beacons is what must change when the secret is rotated; the stream's proof says as much if that is not told.
        signs = session.signs[:MAX_SECRET_ID]
        self.enrolment.streams(host, signs or session.secret, "signs" if signs else "streams", session.serial)
        self._telling.noted(Topic.HOSTS, [host.id])
        self._telling.changed(Topic.HOSTS, Topic.ENROLMENTS)

    def left(self, session: Session, why: str) -> None:
        """The newest connection of an agent has ended."""
        agent, name = session.host.id, session.host.name
        self._measurements.left(agent)
        self.probes.left(agent, name)
        self._walks.left(agent)
        self.captures.left(agent)
        stood = round(self._streams.end(agent, self._mono()), 1)
        log.info(line("agent-disconnected", agent=agent, name=name, why=why, after_s=stood))
        self._telling.noted(Topic.HOSTS, [agent])
        self._telling.changed(Topic.HOSTS, Topic.ENROLMENTS)

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
        self.outpost.set_secrets(accepted)
        after = _ids(self._secrets.accepted)
        log.info(line("secrets-replaced", accepted=after))
        self.audit.later(
            AuditRow(
                at=self._clock(), kind=AuditKind.CHANGE, who="secret file", how="file", address="here",
                action="replace secrets", subject="", before=before, after=after, outcome="done",
            )
        )  # fmt: skip
        self._telling.changed(Topic.ENROLMENTS)

    async def renew(self, session: Session, request: str) -> None:
        """Tell an agent its next certificate.

        Raises:
            TurnedAway: it gets none.
        """
        try:
            session.say(await self.enrolment.renew(session, request))
        except NotStored as error:
            raise not_stored(error) from None

    async def relayed(self, session: Session, message: Relayed) -> None:
        """A node's report, brought by itself or by a rack; the answer goes back the same way."""
        session.say(await self.nodes.take(session, message))

    def told(self, session: Session, message: Told) -> None:
        """An agent tells of its own host: its session keeps that."""

    def answered(self, session: Session, message: Answer) -> None:
        """An agent answers an order."""
        match message:
            case Results():
                self.probes.results(session, message)
            case Capturing() | Captured():
                self.captures.answered(session.host.id, message)
            case _:
                self._walks.answered(session.host.id, message)

    def alive(self, host: Host, seen: Wall, offset: float) -> None:
        """All that an agent said still holds."""
        self._upkeep.alive(host, seen, offset)

    # answers

    def view(self) -> Views:
        """What is known now, to be rendered."""
        return Views(
            self._state,
            self._inference.topology(),
            self._agents.sessions,
            self._clock(),
            self._inference.lapsed,
            self._index,
            self._inference.held,
        )

    def topology(self) -> TopologyView:
        """All claims."""
        self._inference.advanced()
        return self.view().topology(self._inference.revision)

    def interfaces(self) -> list[InterfaceView]:
        """All interfaces."""
        return self.view().interfaces(self._registrar)

    def some_interfaces(self, wanted: InterfacesWanted, span: Span) -> Slice[InterfaceView]:
        """Those that are asked for; see `Views.some_interfaces`."""
        return self.view().some_interfaces(self._registrar, wanted, span)

    def mtu(self) -> MtuView:
        """What passes between neighbours, and who is to blame where it is too little."""
        return self._measurements.view(self.view().names, self._inference.lapsed, self._clock())

    def mtu_of(self, host: str) -> MtuView:
        """The same of one host, by name or id: all pairs that it is one of, and no others.

        Raises:
            UnknownHost: there is none of this name.
        """
        view = self.view()
        if (account := view.find(host)) is None:
            raise UnknownHost(f"no host {host!r} is known")
        return self._measurements.view(view.names, self._inference.lapsed, self._clock(), account.host.id)

    def measure_mtu(self, host: str, interface: str) -> tuple[str, ...]:
        """Have one agent, or all, measure now; see `Measurements.order`."""
        return self._measurements.order(self.view().names, host, interface)

    async def walk(self, wanted: Wanted) -> tuple[Walked, ...]:
        """Have two agents try a flow together; see `Walks.walk`."""
        return await self._walks.walk(wanted)

    def streams(self) -> tuple[dict[str, float], dict[str, int]]:
        """By agent's id: seconds for which its stream has stood, where one does, and how often it began one; since the start."""
        return self._streams.ages(self._mono()), self._streams.begun

    def counted(self) -> Counted:
        """The region's own figures; totals are since its start."""
        accounts = self._state.accounts.values()
        kept = {
            "interfaces": sum(len(one.interfaces) for one in accounts),
            "evidence": self._state.pieces[0],
            "refusals": sum(len(one.refusals) for one in accounts),
            "mtu": self._state.pieces[1],
        }
        refused: Counter[str] = Counter()
        for one in accounts:
            for held, _ in one.refusals.values():
                refused[held.reason] += held.count
        return Counted(
            known=len(accounts), silent=len(self._inference.lapsed), revision=self._inference.revision, kept=kept,
            refused=refused,
        )  # fmt: skip

    @property
    def watching(self) -> int:
        """How many watch."""
        return self._telling.publisher.watching

    def explain(self, a: str, b: str) -> ExplanationView:
        """Why two ports (`HOST/INTERFACE[.VID]`) are one VLAN, or what is missing.

        Raises:
            UnknownPort: one of them is not known.
        """
        view = self.view()
        one, other = (find_port(text, self._state, view.names, self._index.known) for text in (a, b))
        try:
            found = self._inference.explain(one, other, self._index.member)
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
        self._telling.changed(Topic.TOPOLOGY)

    def watch(self, without: Collection[Topic] = (), *, deltas: bool = False) -> Watcher | None:
        """Someone watches all but some topics from now on; None if too many do. `deltas`: of what is long, it is told what changed."""
        return self._telling.watch(without, deltas=deltas)

    def leave_watch(self, watcher: Watcher) -> None:
        """It watches no more."""
        self._telling.publisher.leave(watcher)

    # work

    def committed(self, batch: Sequence[Accepted], told: Sequence[Sequence[Observation]]) -> None:
        """Reports are durable, and in the state."""
        topics = {Topic.HOSTS}
        for accepted, observations in zip(batch, told, strict=True):
            self._inference.apply(observations, accepted.at)
            self._keeper.told(accepted.agent.id)
            self._measurements.apply(accepted.agent.id, observations)
            self._telling.told(accepted.agent.id, observations)
            self._silence.heard(accepted.agent.id, self._mono())
            topics |= {topic for one in observations for topic in topics_of(one)}
            if self._inference.alive(accepted.agent, self._state.accounts[accepted.agent.id].seen):
                topics |= set(Topic)  # all that it said before counts again
        self._telling.changed(*topics)
        if Topic.MTU in topics:  # what else rules read of it is news once the topology says so
            self.findings.stir()

    def _news(self, *topics: Topic) -> None:
        """These say something new, of which something may follow."""
        self._telling.changed(*topics)
        self.findings.stir()

    def _away(self) -> set[str]:
        """Names of agents that are known and not connected, but for nodes, whose runs are over in seconds."""
        names = self.view().names
        away = (one.host for one in self._state.accounts.values() if one.host.role != Role.NODE)
        return {names.get(host.id, host.name) for host in away if host.id not in self._agents.sessions}

    def done(self, host: Host, message: Done) -> None:
        """An agent has carried out an order, or could not."""
        if any(part.done(host.id, message) for part in (self._walks, self.probes, self.captures)):
            return
        if why := self._measurements.done(host.id, message):
            log.info(line("order-declined", agent=host.id, name=host.name, why=why))

    async def _find(self) -> None:
        """Look for findings, once what was measured before is taken in: bit by bit, as the first who asks would wait for all of it."""
        for _ in iter(lambda: self._measurements.take_in(AT_ONCE), False):
            await asyncio.sleep(0)
        await self.findings.run()


def _ids(secrets: Iterable[Secret]) -> str:
    return ",".join(secret.id for secret in secrets)
