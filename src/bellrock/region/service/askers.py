"""The agents that may be asked to try flows, and what the site has each of them try."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bellrock.flows import Site, Standpoint
from bellrock.flows.values import Role
from bellrock.region.logs import Limited, line
from bellrock.region.service.agentsession import Session
from bellrock.region.service.knownsite import KnownSite, NoSite
from bellrock.region.service.names import chosen
from bellrock.region.service.runs import MAX_WISHES
from bellrock.region.service.state import State
from bellrock.region.service.wishes import Wish, of_site, standpoint

COMPLAINTS: Final = 30.0
"""Seconds between two complaints of checks that are left out."""

log = logging.getLogger(__name__)


class Askers:
    """Agents by name, their roles and standpoints."""

    def __init__(
        self, known: KnownSite, state: State, sessions: Mapping[str, Session], names: Callable[[], Mapping[str, str]]
    ) -> None:
        """`names`: unique, by agent id."""
        self._known = known
        self._state = state
        self._sessions = sessions
        self._names = names
        self._complaints = Limited(COMPLAINTS)

    def connected(self, agents: Sequence[str]) -> list[str]:
        """Ids of the agents that are meant, all that are connected where none is named.

        Raises:
            UnknownHost: no connected agent is meant.
        """
        return chosen(agents, {agent: one.host.name for agent, one in self._sessions.items()}, self._names())

    def names(self) -> dict[str, str]:
        """Unique names by id; an agent that has just connected for the first time has but its own."""
        return {agent: one.host.name for agent, one in self._sessions.items()} | dict(self._names())

    def role(self, agent: str) -> str:
        """`region`, `rack` or `node`; of one that nobody knows, `node`."""
        session, account = self._sessions.get(agent), self._state.accounts.get(agent)
        host = session.host if session else account.host if account else None
        return host.role if host else Role.NODE

    def standpoint(self, agent: str) -> Standpoint:
        """From where an agent looks at the site: its roles and networks."""
        account = self._state.accounts.get(agent)
        interfaces = [held for held, _ in account.interfaces.values()] if account else []
        return standpoint(self._known.site or Site(), self.role(agent), interfaces)

    async def of_site(self, agents: Sequence[str], flows: Sequence[str]) -> list[Wish]:
        """What the site has these agents try. Of many agents that takes a while, during which others are served.

        Raises:
            NoSite: nothing tells what to try.
        """
        site = self._known.site
        if site is None:
            raise NoSite(
                "this region knows no site, so that nothing tells what to try; `bellrock site push FILE`, or name targets"
            )
        wishes: list[Wish] = []
        for agent in agents:
            wishes += of_site(site, agent, self.standpoint(agent), flows)
            await asyncio.sleep(0)
            if len(wishes) > MAX_WISHES:
                if self._complaints.may():
                    log.warning(
                        line("checks-left-out", most=MAX_WISHES, hint="name agents or flows in several schedules")
                    )
                return wishes[:MAX_WISHES]
        return wishes
