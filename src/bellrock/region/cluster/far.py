"""An agent of one member and the mind of another: what each end holds in place of the other."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from typing_extensions import override

from bellrock.contract import AgentMessage, Done, RegionMessage, Relayed, Renew, encode
from bellrock.contract.here import Told
from bellrock.model import Host, Observation, Wall
from bellrock.region.cluster.words import Alive, Arrived, Left, Refuse, Said, Say, Word
from bellrock.region.service.agents import TurnedAway
from bellrock.region.service.agentsession import Session
from bellrock.region.service.clock import Offset
from bellrock.region.service.outpost import Answer
from bellrock.region.service.pace import SOON
from bellrock.region.service.together import Together
from bellrock.region.store import Accepted, EnrolmentRow, NotStored


class Rows(Protocol):
    """Where enrolments are (`store.EnrolmentStore`)."""

    async def find(self, agents: Collection[str]) -> Mapping[str, EnrolmentRow]:
        """What is known of these agents."""


class FarMind:
    """At a member that does not lead: the way to the mind."""

    def __init__(self, rows: Rows, say: Callable[[Word], None], keys: Iterator[int]) -> None:
        """`say`: to the leader; `keys`: of sessions, none of which this process has told before."""
        self._rows = Together(rows.find)
        self._say = say
        self._keys = keys
        self._sessions: dict[int, Session] = {}
        self._key_of: dict[str, int] = {}
        self._alive: dict[str, tuple[Host, Wall, float]] = {}

    async def known(self, agent: str) -> EnrolmentRow | None:
        """What the database says of an agent: it may have joined, or been revoked, a moment ago."""
        try:
            return await self._rows.find(agent)
        except NotStored as error:
            raise TurnedAway(f"the region's database is not there ({error}); try again", after=SOON) from None

    def arrived(self, session: Session) -> None:
        """An agent was let in: tell."""
        key = next(self._keys)
        if (older := self._key_of.get(session.host.id)) is not None:
            self._sessions.pop(older, None)
        self._sessions[key] = session
        self._key_of[session.host.id] = key
        self._say(_arrived(key, session))

    def left(self, session: Session, why: str) -> None:
        """The newest connection of an agent has ended: tell."""
        key = self._key_of.get(session.host.id)
        if key is not None and self._sessions.get(key) is session:
            del self._key_of[session.host.id], self._sessions[key]
            self._say(Left(key, session.host.id, why))

    def committed(self, batch: Sequence[Accepted], told: Sequence[Sequence[Observation]]) -> None:
        """The leader reads it from the feed."""

    def alive(self, host: Host, seen: Wall, offset: float) -> None:
        """Told with the next `pulse`."""
        self._alive[host.id] = (host, seen, offset)

    def pulse(self) -> None:
        """Say of which agents the word still holds."""
        if self._alive:
            self._say(Alive(tuple(self._alive.values()), tuple(map(self._doubt, self._alive))))
            self._alive.clear()

    def done(self, host: Host, message: Done) -> None:
        """Pass it on."""
        self._pass(host.id, message)

    def told(self, session: Session, message: Told) -> None:
        """Pass it on."""
        self._pass(session.host.id, message)

    def answered(self, session: Session, message: Answer) -> None:
        """Pass it on."""
        self._pass(session.host.id, message)

    async def relayed(self, session: Session, message: Relayed) -> None:
        """Pass it on; the answer comes by `say`."""
        self._pass(session.host.id, message)

    async def renew(self, session: Session, request: str) -> None:
        """Pass it on; the answer comes by `say`, or the session ends."""
        self._pass(session.host.id, Renew(request))

    def session(self, key: int, agent: str) -> Session | None:
        """The one that the leader means."""
        found = self._sessions.get(key)
        return found if found is not None and found.host.id == agent else None

    def _doubt(self, agent: str) -> float:
        key = self._key_of.get(agent)
        return 0.0 if key is None else self._sessions[key].offset.doubt

    def _pass(self, agent: str, message: AgentMessage) -> None:
        key = self._key_of.get(agent)
        if key is not None:
            self._say(Said(key, agent, encode(message)))


class FarSession(Session):
    """At the leader: the session of an agent that streams at another member."""

    far = True

    def __init__(self, word: Arrived, member: str, say: Callable[[Word], None]) -> None:
        """`say`: to that member."""
        super().__init__(word.host, word.software, Offset(word.offset, word.doubt), word.boot, word.carries_out)
        self.secret, self.signs = word.secret, word.signs
        self.serial, self.expires = word.serial, word.expires
        self.here = word.here
        self.greeted = Wall(word.since)
        self.member = member
        self.key = word.key
        self._far = say

    @override
    def say(self, message: RegionMessage) -> None:
        """Have the agent told."""
        self._far(Say(self.key, self.host.id, encode(message)))

    @override
    def refuse(self, why: str) -> None:
        """Have its session ended."""
        self._far(Refuse(self.key, self.host.id, why))


def _arrived(key: int, session: Session) -> Arrived:
    return Arrived(
        key=key, host=session.host, boot=session.boot, software=session.software, secret=session.secret, signs=session.signs,
        serial=session.serial, expires=session.expires, carries_out=session.carries_out, offset=session.offset.value,
        doubt=session.offset.doubt, here=session.here, since=session.greeted,
    )  # fmt: skip
