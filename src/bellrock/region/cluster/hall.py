"""At the leader: the agents of all other members, as sessions beside its own."""

import logging
from collections.abc import Callable
from itertools import repeat
from typing import Final

from bellrock.contract import ContractError, Done, Relayed, Renew, decode_agent_message
from bellrock.contract.here import Told
from bellrock.region.cluster.far import FarSession
from bellrock.region.cluster.words import Alive, Arrived, Left, Said, Word
from bellrock.region.logs import line
from bellrock.region.service import Region, TurnedAway
from bellrock.region.service.agentsession import Session

NEWER: Final = "a newer connection of this agent takes over"
AT_ONCE: Final = 0.25
"""Seconds within which clocks do not tell which of two connections is the newer one."""

log = logging.getLogger(__name__)


class Hall:
    """What other members say of their agents, for the mind."""

    def __init__(
        self, region: Region, sessions: dict[str, Session], say: Callable[[str, Word], None], *,
        over: Callable[[str, str], None] = lambda _agent, _boot: None,
    ) -> None:  # fmt: skip
        """`sessions`: by agent, its own and theirs; `say`: to a member.

        `over`: told of each (agent, boot) that another boot took the place of.
        """
        self._region = region
        self._sessions = sessions
        self._say = say
        self._over = over

    async def hear(self, member: str, word: Arrived | Left | Alive | Said) -> None:
        """A word of a member's agents."""
        match word:
            case Arrived():
                self._arrived(member, word)
            case Left(key, agent, why):
                self._left(member, key, agent, why)
            case Alive(agents, doubts):
                for (host, seen, offset), doubt in zip(agents, doubts or repeat(None), strict=False):
                    if isinstance(session := self._sessions.get(host.id), FarSession):
                        session.offset.told(offset, doubt)
                    self._region.alive(host, seen, offset)
            case Said(key, agent, message):
                if (session := self._of(member, key, agent)) is not None:
                    await self._said(session, message)

    def gone(self, member: str, why: str) -> None:
        """A member is gone, or begins anew: its agents are not connected, as far as is known."""
        theirs = [one for one in self._sessions.values() if isinstance(one, FarSession) and one.member == member]
        for session in theirs:
            self._left(member, session.key, session.host.id, why)

    def forget(self) -> None:
        """This process does not lead any more: what is said to its own agents is all that is left."""
        for agent in [agent for agent, one in self._sessions.items() if isinstance(one, FarSession)]:
            del self._sessions[agent]

    def members(self) -> set[str]:
        """Whose agents are here."""
        return {one.member for one in self._sessions.values() if isinstance(one, FarSession)}

    def _arrived(self, member: str, word: Arrived) -> None:
        session = FarSession(word, member, lambda one: self._say(member, one))
        other = self._sessions.get(word.host.id)
        if isinstance(other, FarSession) and (other.member, other.key) == (member, word.key):
            other = None
        if other is not None and _newer(other, session):
            # Told late, as by all members when the lead goes to another: the agent has moved on.
            self._supersede(session, other)
            return
        self._sessions.pop(word.host.id, None)
        self._sessions[word.host.id] = session
        if other is not None:
            self._supersede(other, session)
        self._region.arrived(session)

    def _supersede(self, older: Session, newer: Session) -> None:
        older.refuse(NEWER)
        if older.boot != newer.boot and _newer(newer, older):
            self._over(older.host.id, older.boot)

    def _left(self, member: str, key: int, agent: str, why: str) -> None:
        if (session := self._of(member, key, agent)) is not None:
            del self._sessions[agent]
            self._region.left(session, why)

    def _of(self, member: str, key: int, agent: str) -> FarSession | None:
        found = self._sessions.get(agent)
        same = isinstance(found, FarSession) and (found.member, found.key) == (member, key)
        return found if same and isinstance(found, FarSession) else None

    async def _said(self, session: FarSession, text: str) -> None:
        try:
            message = decode_agent_message(text)
            match message:
                case Done():
                    self._region.done(session.host, message)
                case Told():
                    session.told(message)
                case Relayed():
                    await self._region.relayed(session, message)
                case Renew(request):
                    await self._region.renew(session, request)
                case _:
                    self._region.answered(session, message)  # type: ignore[arg-type]  # the outpost passes on no others
        except (ContractError, TurnedAway) as error:
            log.warning(line("agent-refused", agent=session.host.id, member=session.member, why=str(error)))
            session.refuse(str(error))


def _newer(one: Session, other: Session) -> bool:
    """Whether one was let in after another, for certain."""
    return bool(one.greeted and other.greeted) and one.greeted > other.greeted + AT_ONCE
