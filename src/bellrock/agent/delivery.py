"""A node's report to the region by letter: through a rack that hears the node, on whichever port it does."""

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from bellrock.agent.sight import Sight
from bellrock.beacon import Engine, Event, LetterCame, LetterLost, Now
from bellrock.contract import ContractError, NodeAnswer, NodeReport
from bellrock.contract.letters import open_answer, seal_report
from bellrock.link import clock
from bellrock.model import Port, Role

MAX_PORTS: Final = 3
"""Ports on which the letter is tried, one beside the other."""
STAGGER: Final = 0.6
"""Seconds that one has before the next is tried beside it: several times what a letter of usual length takes."""


class Relayer(Struct, frozen=True):
    """A rack or region that may pass a letter on, and the port on which it is heard."""

    port: Port
    name: str
    knows_region: bool


class Told(Struct, frozen=True):
    """How the report fared. `answer` is None where nobody answered, and `why` says so."""

    answer: NodeAnswer | None
    via: str
    """The rack or region that took it; empty: this machine told the region itself, or nobody did."""
    why: str = ""


def relayers(sight: Sight) -> list[Relayer]:
    """Who could be asked, those that know a region first; one for each port."""
    found: dict[Port, Relayer] = {}
    for heard in sight.beacons:
        extension = heard.beacon.extension
        if extension is None or extension.role not in (Role.RACK, Role.REGION):
            continue
        knows = bool(extension.regions) or extension.role == Role.REGION
        earlier = found.get(heard.port)
        if earlier is None or (knows and not earlier.knows_region):
            found[heard.port] = Relayer(heard.port, extension.host, knows)
    return sorted(found.values(), key=lambda one: (not one.knows_region, one.port))


class Mail:
    """Sends one report through an engine, and takes the answer from its events.

    Attributes:
        kick: has what the engine wants to send go out now.
    """

    def __init__(self, engine: Engine, now: Callable[[], Now], kick: Callable[[], None]) -> None:
        self._engine = engine
        self._now = now
        self._kick = kick
        self._posted: dict[str, Relayer] = {}
        self._lost: dict[str, str] = {}
        self._told: Told | None = None
        self._refused: Told | None = None
        self._news = asyncio.Event()

    def note(self, event: Event) -> None:
        """An event of the engine."""
        if isinstance(event, LetterLost) and event.id in self._posted:
            self._lost[event.id] = event.why
        elif isinstance(event, LetterCame):
            self._answered(event)
        self._news.set()

    async def deliver(self, report: NodeReport, ways: list[Relayer], until: float) -> Told:
        """Send it on one port after the other until a region has taken it, all have failed, or this moment is past.

        Who refuses it does not speak for the others, who are asked and waited for.
        """
        octets = seal_report(report)
        for way in ways[:MAX_PORTS]:
            identity = self._engine.post(way.port, "", octets, self._now())
            self._posted[identity] = way
            self._kick()
            await self._wait(min(until, clock.monotonic() + STAGGER))
            if self._told is not None:
                return self._told
        await self._wait(until)
        if self._refused is not None:
            await self._wait(min(until, clock.monotonic() + STAGGER), lost=False)
        return self._told or self._refused or Told(None, "", self._why())

    def _answered(self, came: LetterCame) -> None:
        try:
            delivered = open_answer(came.octets)
        except ContractError:
            return
        if delivered.letter in self._posted:
            told = Told(delivered.answer, came.sender.name, delivered.answer.why)
            if told.why:
                self._refused, self._lost[delivered.letter] = told, told.why
            else:
                self._told = told

    async def _wait(self, until: float, *, lost: bool = True) -> None:
        """Until it is taken, or all letters are lost or refused (`lost`), or this moment."""
        try:
            async with asyncio.timeout(until - clock.monotonic()):
                while self._told is None and not (lost and len(self._lost) == len(self._posted)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return

    def _why(self) -> str:
        if not self._posted:
            return "no rack or region was heard that could take the report"
        names = ", ".join(sorted({way.name for way in self._posted.values()}))
        reasons = sorted(set(self._lost.values()))
        if len(self._lost) == len(self._posted):
            return f"{names} did not take the report: {'; '.join(reasons)}; is a region connected there?"
        return f"{names} took no report, or the region did not answer in time; is a region connected there?"
