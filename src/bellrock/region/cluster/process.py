"""One process of a region whose database others share: it serves its agents, and leads when it is its turn."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import version
from typing import Final

from litestar.types import ASGIApp

from bellrock.contract import decode_region_message
from bellrock.model import Wall
from bellrock.region.cluster.clockwatch import ClockWatch
from bellrock.region.cluster.face import Face
from bellrock.region.cluster.far import FarMind
from bellrock.region.cluster.figures import figures
from bellrock.region.cluster.following import TRIM, Following
from bellrock.region.cluster.hall import Hall
from bellrock.region.cluster.led import Led
from bellrock.region.cluster.mailbox import Mailbox
from bellrock.region.cluster.mouth import Mouth
from bellrock.region.cluster.outbox import Outbox
from bellrock.region.cluster.reach import Reach
from bellrock.region.cluster.scrape import Scrape
from bellrock.region.cluster.seal import Seal
from bellrock.region.cluster.tunnel import Tunnel
from bellrock.region.cluster.words import Event, Fresh, Over, Refuse, Say, Taken, Word
from bellrock.region.logs import line
from bellrock.region.service import Outpost, Region, Secret
from bellrock.region.service.membermetrics import member_text
from bellrock.region.store import NotStored, Store, StoreAway
from bellrock.region.store.members import Member, Post, Roll, fence
from bellrock.wire.exposition import Metric

BEAT: Final = 2.0
"""Seconds between two words that this process is there."""
TRY: Final = 0.25
"""Seconds between two tries to lead, while another does."""
PULSE: Final = 1.0
"""Seconds between two words of which agents are alive."""
RETRY: Final = 0.5
"""Seconds between two tries to reach the database."""
CUT_OFF: Final = 15.0
"""Seconds without the database after which agents are sent on to other processes, which may reach it."""

log = logging.getLogger(__name__)

MakeRegion = Callable[[Outpost, Store], Awaitable[Region]]
MakeApp = Callable[[Region], ASGIApp]


class Process:
    """Follows what others commit, and does what the leader alone may while it is that."""

    def __init__(
        self, store: Store, post: Post, outpost: Outpost, own: ASGIApp, make_region: MakeRegion, make_app: MakeApp,
        clock: Callable[[], Wall],
    ) -> None:  # fmt: skip
        """`own`: the application for what concerns this very process; `make_region`: a mind for an outpost, loaded and not running.

        The mind is given a store of its own, which takes nothing any more once another process leads.
        """
        self._store = store
        self._post = post
        self._outpost = outpost
        self._make_region = make_region
        self._make_app = make_app
        self._clock = clock
        self._turning = asyncio.Lock()
        """Held by who takes the lead, and by who hears letters: those that came for the mind wait until there is one."""
        seal = Seal(post.member.id, lambda: outpost.secrets.accepted)
        self._outbox = Outbox(post, seal.close)
        self._mailbox = Mailbox(post, seal.open, self._hear, self._turning)
        self._following = Following(store, post, outpost.ingest)
        self._reach = Reach(post.member)
        self._stands = self._reach.stands
        self._tunnel = Tunnel(self._say_leader, self._outbox.room, self._stands.is_set)
        self._outdated = False
        """The mind concludes from a state that is no more."""
        outpost.lost = self._outdate
        self._clockwatch = ClockWatch()
        outpost.readiness.warnings = self._clockwatch.warnings
        outpost.agents.over, outpost.agents.ahead = self._superseded, self.ahead
        self._scrape = Scrape(self._tunnel, lambda: member_text(outpost, self.metrics()))
        self.face = Face(own, self._tunnel, self._scrape)
        outpost.cut_off = lambda: not self._stands.is_set()
        outpost.readiness.away = self._reach.away
        self._roll = Roll((post.member,), None)
        outpost.processes = lambda: tuple((one, one.id == self._leader) for one in self._roll.members)
        self._leader = ""
        self._epoch = 0
        self._far: FarMind | None = None
        self._led: Led | None = None
        self._failed: asyncio.Future[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._keys = itertools.count(1)
        self.known = asyncio.Event()
        """Set once somebody leads."""

    # what others ask

    @property
    def region(self) -> Region | None:
        """The mind, while this process leads."""
        return self._led.region if self._led else None

    @property
    def leads(self) -> bool:
        """Whether this process does."""
        return self._led is not None

    @property
    def members(self) -> tuple[Member, ...]:
        """Who is there, as of the last look."""
        return self._roll.members

    @property
    def waiting(self) -> int:
        """Words to other members that are not written yet."""
        return self._outbox.waiting

    def metrics(self) -> list[Metric]:
        """What there is to measure of several processes beside each other."""
        return figures(
            members=len(self._roll.members), epoch=self._epoch, cut_off=not self._stands.is_set(), waiting=self.waiting,
            ahead=self._clockwatch.ahead, ready=self.leads or self._outpost.standby.ready,
        )  # fmt: skip

    def ahead(self) -> float:
        """Seconds by which this machine's clock is ahead of the database's, as of the last beat."""
        return self._clockwatch.ahead

    def regions(self) -> tuple[str, ...]:
        """Where agents find the region: at this process, and at the others."""
        others = (one.urls for one in self._roll.members if one.id != self._post.member.id)
        # One of each before the second of any: agents remember a few.
        turns = itertools.zip_longest(self._post.member.urls, *others)
        return tuple(dict.fromkeys(url for turn in turns for url in turn if url is not None))

    def set_secrets(self, accepted: Iterable[Secret]) -> None:
        """Take these secrets from now on, in this process; see `Region.set_secrets`.

        Raises:
            ValueError: none, or too many; nothing changes.
        """
        if self._led:
            self._led.region.set_secrets(accepted)
        else:
            self._outpost.set_secrets(accepted)

    # its life

    async def run(self) -> None:
        """Be a member, until cancelled; then be gone."""
        self._failed = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._outpost.run(), name="outpost")
                tasks.create_task(self._outpost.standby.run(), name="standby")
                self._keeping = tasks.create_task(self._keep(), name="member")
                tasks.create_task(self._send_on(), name="send on")
                for work in (self._outbox.run, self._mailbox.run, self._following.run, self._pulse, self._trim):
                    tasks.create_task(self._while_it_stands(work), name=work.__qualname__)
                await self._failed
        finally:
            self._unlead()

    async def stop(self) -> None:
        """End in order: what waits is noted, and another may lead at once."""
        if self._led:
            await self._led.stop()
        if self._keeping:
            self._keeping.cancel()
        await self._post.leave()

    async def _keep(self) -> None:
        while True:
            try:
                await self._post.open()
                self._reach.begins()
                await self._stay()
            except NotStored as error:
                self._reach.met(error)
            finally:
                self._reach.ends()
                self._cut()
            await asyncio.sleep(RETRY)

    async def _stay(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if loop.time() >= due or self._post.roll.is_set():
                self._post.roll.clear()
                await self._look(await self._post.beat(self._outpost.ingest.fed))
                self._reach.beats()
                due = loop.time() + BEAT
            if not self._led:
                async with self._turning:
                    if (epoch := await self._post.lead()) is not None:
                        await self._lead(epoch)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due - loop.time() if self._led else min(TRY, max(0.0, due - loop.time()))):
                    await self._post.roll.wait()
            if not self._post.is_open:
                raise StoreAway("the connection to the database ended")
            if self._outdated:
                self._outdated = False
                if self._led:
                    await self._post.close()
                    raise StoreAway("the database is another one than a moment ago")

    async def _look(self, roll: Roll) -> None:
        before, self._roll = self._roll, roll
        self._clockwatch.take(roll)
        there = {one.id for one in roll.members}
        if self._led and roll.leadership is not None and roll.leadership.epoch != self._led.epoch:
            raise StoreAway(f"another process leads in epoch {roll.leadership.epoch}")
        if roll.fresh and not self._led:
            # Whatever was said to this process, or by it, while the others did not know of it is lost.
            self._cut()
        if self._led:
            self._led.missing((one.id for one in before.members), there)
        elif (led := roll.leadership) is not None and led.member in there and led.member != self._post.member.id:
            if (led.member, led.epoch) != (self._leader, self._epoch):
                self._follow_leader(led.member, led.epoch)
        elif led is not None and led.member not in there:
            self._cut()

    # who leads

    def _follow_leader(self, member: str, epoch: int) -> None:
        self._cut()
        self._leader, self._epoch = member, epoch
        far = FarMind(self._store.enrolments, self._say_leader, self._keys)
        self._say_leader(Fresh())
        for session in self._outpost.agents.sessions.values():
            far.arrived(session)
        self._far = self._outpost.mind = far
        self._outpost.standby.wanted = True
        self._tunnel.begin()
        self.known.set()
        log.info(line("leader-known", leader=member, epoch=epoch))

    async def _lead(self, epoch: int) -> None:
        began = asyncio.get_running_loop().time()
        self._cut()
        await self._outpost.ingest.catch_up()
        region = await self._made(epoch)
        await region.access.refresh(self._clock())
        region.metrics.more.append(self.metrics)
        app = self._make_app(region)
        agents = self._outpost.agents
        hall = Hall(region, agents.sessions, self._outbox.put, over=agents.supersede)
        mouth = Mouth(app, self._outbox.put, self._outbox.room)
        task = asyncio.create_task(region.run(), name="region")
        task.add_done_callback(self._over)
        self._led = Led(epoch, region, app, hall, mouth, task)
        self._leader, self._epoch = self._post.member.id, epoch
        region.access.token_ended.append(self._scrape.forget)
        self.face.leads = self._scrape.watching(app)
        self._tunnel.begin(app)
        self.known.set()
        took = asyncio.get_running_loop().time() - began
        log.info(
            line(
                "leads",
                epoch=epoch,
                member=self._leader,
                agents=len(self._outpost.state.accounts),
                took_s=round(took, 2),
            )
        )

    async def _made(self, epoch: int) -> Region:
        """The mind; that takes a while in a large site, in which this process is not to be taken for gone."""
        making = asyncio.ensure_future(self._make_region(self._outpost, self._store.behind(fence(epoch))))
        try:
            while not (await asyncio.wait([making], timeout=BEAT))[0]:
                await self._post.beat(self._outpost.ingest.fed)
            return making.result()
        finally:
            making.cancel()

    def _over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and self._failed is not None and not self._failed.done():
            self._failed.set_exception(task.exception() or RuntimeError("the region ended by itself"))

    def _cut(self) -> None:
        """Nobody leads, as far as is known here."""
        self._unlead()
        self._leader, self._far = "", None
        self._outpost.mind = None
        self._outbox.drop()
        self._tunnel.end()

    def _unlead(self) -> None:
        if self._led is None:
            return
        led, self._led = self._led, None
        self.face.leads = None
        led.end()
        log.info(line("leads-no-longer", epoch=led.epoch))

    def _outdate(self) -> None:
        self._outdated = True
        self._post.roll.set()

    # its rounds

    async def _while_it_stands(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._stands.wait()
            try:
                await work()
            except NotStored as error:
                self._reach.met(error, work.__qualname__)
                await asyncio.sleep(RETRY)

    async def _send_on(self) -> None:
        """While this process does not reach the database and others may, agents are better off there."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CUT_OFF):
                    await self._stands.wait()
            if self._stands.is_set():
                await asyncio.sleep(RETRY)
            elif len(self._roll.members) > 1:
                self._outpost.agents.dismiss("this process is cut off from the region's database; another may not be")

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE)
            if self._far is not None:
                self._far.pulse()

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(TRIM)
            if self._led:
                await self._following.trim()

    # letters

    def _superseded(self, agent: str, boot: str) -> None:
        """Two machines with one identity are to be told so wherever they come; see `Agents.greet`."""
        if self._led:
            for one in self._roll.members:
                if one.id != self._post.member.id:
                    self._outbox.put(one.id, Over(((agent, boot),)))

    def _say_leader(self, word: Word) -> None:
        if self._leader:
            self._outbox.put(self._leader, word)

    async def _hear(self, sender: str, word: Word) -> None:
        if isinstance(word, Say | Refuse | Over) or (isinstance(word, Event | Taken) and not self._led):
            if sender == self._leader:
                self._hear_leader(word)
        elif self._led:
            await self._led.hear(sender, word, self._clock())
            if isinstance(word, Fresh) and (over := self._outpost.agents.superseded):
                self._outbox.put(sender, Over(over))

    def _hear_leader(self, word: Say | Refuse | Over | Event | Taken) -> None:
        match word:
            case Say(key, agent, message):
                if self._far and (session := self._far.session(key, agent)):
                    session.say(decode_region_message(message))
            case Refuse(key, agent, why):
                if self._far and (session := self._far.session(key, agent)):
                    session.refuse(why)
            case Over(agents):
                for agent, boot in agents:
                    self._outpost.agents.supersede(agent, boot)
            case Event() | Taken():
                self._tunnel.hear(word)


def member(identity: str, name: str, urls: Iterable[str]) -> Member:
    """This process, as the others know it."""
    return Member(id=identity, name=name, urls=tuple(urls), version=version("bellrock"))
