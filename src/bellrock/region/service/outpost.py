"""The end of agents' streams: lets them in, takes what they report into the store, and passes on to the mind what is not stored.

Every process of a region has one; where several share a database, only one of them has the mind (`Region`), and the others a way to
it (`bellrock.region.cluster`). An outpost outlives its minds: agents do not notice which process leads.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.metadata import version
from typing import Final, Protocol

from msgspec import structs

from bellrock.contract import Challenge, Done, Hello, KeepAlive, Relayed, Report, Results, Welcome
from bellrock.contract.capturing import CaptureAnswer
from bellrock.contract.here import Told as ToldHere
from bellrock.contract.walk import WalkAnswer
from bellrock.model import Host, Monotonic, Observation, Wall
from bellrock.region import tracing
from bellrock.region.logs import line
from bellrock.region.service.admission import admitted
from bellrock.region.service.agents import PLAIN, Agents, TurnedAway
from bellrock.region.service.agentsession import Session
from bellrock.region.service.backlog import Backlog
from bellrock.region.service.clock import Moment
from bellrock.region.service.ingest import Ingest, Told
from bellrock.region.service.pace import SOON
from bellrock.region.service.readiness import Readiness
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.service.standby import Readied, Standby
from bellrock.region.service.state import State
from bellrock.region.size import USUAL, Size
from bellrock.region.store import Accepted, EnrolmentRow, Loaded, NotStored, Store
from bellrock.region.store.members import Member
from bellrock.region.tls import Channel

Answer = Results | WalkAnswer | CaptureAnswer
NOBODY: Final = "no region process leads at this moment; try again"

log = logging.getLogger(__name__)


class Mind(Protocol):
    """What knows the whole network, or the way to it."""

    async def known(self, agent: str) -> EnrolmentRow | None:
        """What is known of an agent that wants to stream, at this moment.

        Raises:
            TurnedAway: it cannot be told now.
        """

    def arrived(self, session: Session) -> None:
        """An agent was let in."""

    def left(self, session: Session, why: str) -> None:
        """The newest connection of an agent has ended."""

    def committed(self, batch: Sequence[Accepted], told: Sequence[Sequence[Observation]]) -> None:
        """Reports are durable and in the state; `told`: of each, what it says, with what it withdraws."""

    def alive(self, host: Host, seen: Wall, offset: float) -> None:
        """All that an agent said still holds."""

    def done(self, host: Host, message: Done) -> None:
        """An order is over, and what it brought is stored."""

    def told(self, session: Session, message: ToldHere) -> None:
        """An agent tells of its own host."""

    def answered(self, session: Session, message: Answer) -> None:
        """An agent answers an order."""

    async def relayed(self, session: Session, message: Relayed) -> None:
        """A node's report, brought by itself or by a rack; the answer goes back by the session."""

    async def renew(self, session: Session, request: str) -> None:
        """The next certificate goes back by the session.

        Raises:
            TurnedAway: it gets none.
        """


class Outpost:
    """The agents of one process of a region."""

    def __init__(self, store: Store, loaded: Loaded, name: str, secrets: Secrets,
                 clock: Callable[[], Wall], mono: Callable[[], Monotonic], *, member: str = "",
                 size: Size = USUAL, readied: Readied = Readied.COLD) -> None:  # fmt: skip
        """`member`: which of the processes that share the database this is; "" where it is the only one. `size`: of the site.

        `readied`: when it makes what it needs to lead.
        """
        self._clock = clock
        self._mono = mono
        self.member = member
        self.size = size
        self.state = State(loaded)
        self.secrets = secrets
        backlog = Backlog(size.backlog)
        self.agents = Agents(name, secrets, self.state, size, backlog=backlog)
        self.ingest = Ingest(store, self.state, self._committed, self._alive, self._done,
                             member=member, fed=loaded.feed, size=size, backlog=backlog)  # fmt: skip
        self.ingest.lost = self._lost
        self.lost: Callable[[], None] = lambda: None
        """Called when the state was begun anew: whoever concluded from it has to begin anew, too."""
        self.stopping = asyncio.Event()
        self.standby = Standby(self.state, readied)
        self.readiness = Readiness(store.answers, lambda: self.mind is not None, self.stopping.is_set, mono)
        self.readiness.doing = lambda: self.standby.progress
        self.regions: Callable[[], tuple[str, ...]] = tuple
        """Where agents find the region with TLS, now."""
        self.cut_off: Callable[[], bool] = lambda: False
        """Whether it is known, without a report that waits, that the database is not reached."""
        self.processes: Callable[[], tuple[tuple[Member, bool], ...]] = partial(self._alone, name, clock())
        """The processes of the region, and whether each leads."""
        self.mind: Mind | None = None
        """None: nobody leads, as far as this process knows; whoever would need the mind is asked to come again."""

    def _alone(self, name: str, started: Wall) -> tuple[tuple[Member, bool], ...]:
        return ((Member(id="", name=name, urls=self.regions(), version=version("bellrock"), started=started), True),)

    async def run(self) -> None:
        """Take reports in, until cancelled."""
        await self.ingest.run()

    def stop(self) -> None:
        """End all sessions."""
        self.stopping.set()
        self.agents.dismiss("the region is stopping")

    def set_secrets(self, accepted: Iterable[Secret]) -> None:
        """Take these secrets from now on; agents that proved another one are asked to prove themselves again.

        Raises:
            ValueError: none, or too many; nothing changes.
        """
        self.secrets.set(accepted)
        known = {secret.id for secret in self.secrets.accepted}
        for session in [*self.agents.sessions.values()]:
            if session.secret and session.secret not in known:
                session.refuse("the secret that this agent proved is retired")

    # connections

    async def knock(self, channel: Channel = PLAIN) -> Challenge:
        """A connection of an agent begins; see `Agents.knock`."""
        return await self.agents.knock(channel)

    def settled(self, channel: Channel = PLAIN) -> None:
        """The connection that knocked has been let in, or not."""
        self.agents.settled(channel)

    def moment(self) -> Moment:
        """Now."""
        return Moment(self._mono(), self._clock())

    async def greet(
        self, hello: Hello, challenge: Challenge, channel: Channel = PLAIN, asked: Moment | None = None
    ) -> tuple[Session, Welcome]:
        """The session of an agent that proves itself by its certificate or, without TLS, the secret; see `Agents.greet`.

        `asked`: when the agent was sent the challenge.
        """
        came = self.moment()
        # It may have been another member's until a moment ago: what that one stored is its account.
        await self._catch_up()
        known, now = await self._mind().known(hello.host.id), self._clock()
        waited = asked.until(came) if asked else 0.0
        session, welcome = self.agents.greet(
            hello, challenge, came.wall, channel, lambda host, shown: admitted(known, host, shown, now), waited=waited
        )
        self._mind().arrived(session)
        if channel.tls:
            welcome = structs.replace(welcome, regions=self.regions())
        log.info(
            line("agent-connected", agent=hello.host.id, name=hello.host.name, boot=hello.boot, acked=welcome.acked)
        )
        return session, welcome

    async def _catch_up(self) -> None:
        try:
            await self.ingest.caught_up()
        except NotStored as error:
            raise TurnedAway(f"the region's database is not there ({error}); try again", after=SOON) from None

    def turn_away(self, address: str, reason: TurnedAway) -> float:
        """Count a connection that was not let in; seconds to wait before it is told."""
        return self.agents.turn_away(address, reason)

    def leave(self, session: Session, why: str) -> None:
        """A connection of an agent ended."""
        if self.agents.leave(session) and self.mind is not None:
            self.mind.left(session, why)

    # messages

    async def tell(self, session: Session, message: Report | KeepAlive | Done) -> None:
        """A message of an agent; waits while the store is behind. That an order is over counts once what it brought is stored."""
        told = Told(session, message, self._clock(), session.held)
        self.agents.heard(session, told.changes)
        await self.ingest.tell(told)

    async def room(self) -> None:
        """Wait, in turn, until there is room for one more report: what is not decoded takes the least of it."""
        await self.ingest.backlog.room()

    async def relayed(self, session: Session, message: Relayed) -> None:
        """A node's report; while nobody leads, whoever brought it asks again."""
        await self._mind().relayed(session, message)

    async def renew(self, session: Session, request: str) -> None:
        """Tell an agent its next certificate.

        Raises:
            TurnedAway: it gets none.
        """
        if session.renewals.wait(self._mono()):
            raise TurnedAway("this agent asks for certificates again and again; it gets one a minute")
        session.renewals.take(self._mono())
        await self._mind().renew(session, request)

    def told(self, session: Session, message: ToldHere) -> None:
        """An agent tells of its own host: kept with its session, so that a mind that comes later is told as well."""
        if session.told(message) and self.mind is not None:
            self.mind.told(session, message)

    def answered(self, session: Session, message: Answer) -> None:
        """An agent answers an order; while nobody leads, nobody waits for it."""
        if self.mind is not None:
            self.mind.answered(session, message)

    # what becomes durable

    def _lost(self) -> None:
        self.standby.drop()
        self.agents.dismiss("the region's memory is another one now; say where you are")
        self.lost()

    def _committed(self, batch: Sequence[Accepted]) -> None:
        told = [self.state.apply(accepted) for accepted in batch]
        self.standby.committed(batch, told)
        if self.mind is not None:
            self.mind.committed(batch, told)

    def _alive(self, host: Host, seen: Wall, offset: float) -> None:
        if self.mind is not None:
            self.mind.alive(host, seen, offset)

    def _done(self, host: Host, message: Done) -> None:
        tracing.done(message.order, message.why)
        if self.mind is not None:
            self.mind.done(host, message)

    def _mind(self) -> Mind:
        if self.mind is None:
            raise TurnedAway(NOBODY, after=SOON)
        return self.mind
