"""Captures at several agents: begun together, told of while they go on, fetched piece by piece."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from ulid_transform import ulid_now

from bellrock.contract import CAPTURES, Done, Order
from bellrock.contract.capturing import (
    MAX_OCTETS,
    PIECE,
    CaptureAnswer,
    Captured,
    Capturing,
    EndCapture,
    ReadCapture,
    RunCapture,
)
from bellrock.model import Monotonic
from bellrock.region.service.agentsession import Session
from bellrock.region.service.ends import UnknownEnd

MAX_GOING_ON: Final = 4
"""Captures under way; more requests are refused."""
MAX_POINTS: Final = 32
REMEMBERED: Final = 16
"""Captures whose files can be asked for."""
ANSWER: Final = 20.0
"""Seconds for an agent to tell a piece of a file."""
OVERTIME: Final = 15.0
"""Seconds beyond a capture's own for its agent to say that it is over."""
MAX_COUNTED: Final = (1 << 63) - 1
"""Packets that an agent may say it saw: what a signed word of 64 bits holds."""
SPARE: Final = 1 << 20
"""Octets that a file may have beyond those that were ordered: one packet and its blocks, of 256 KiB each at most."""
_PREFIX: Final = "capture-"


class TooManyCaptures(Exception):  # noqa: N818 -- says what it is
    """No more is begun now: how many go on."""


class Unfetchable(Exception):  # noqa: N818 -- says what it is
    """A file cannot be fetched: why."""


class Point(Struct, kw_only=True):
    """One place of a capture."""

    agent: str
    name: str
    interface: str = ""
    order: str
    state: str = "asked"
    """`asked`, `capturing`, `ended`, `failed`."""
    why: str = ""
    """Why it ended or failed."""
    packets: int = 0
    dropped: int = 0
    octets: int = 0
    most: int = 2 * MAX_OCTETS
    """Octets that its file may have, whatever its agent says."""
    ahead: float | None = None
    """Seconds that the agent's clock is ahead of the region's, give or take a round trip; None: not known."""


class Taken(Struct, kw_only=True):
    """A capture at some places."""

    id: str
    who: str
    seconds: float
    until: Monotonic
    points: tuple[Point, ...]

    @property
    def over(self) -> bool:
        """Whether nothing is captured any more."""
        return all(point.state in ("ended", "failed") for point in self.points)


class Captures:
    """Has agents capture."""

    def __init__(
        self, sessions: Mapping[str, Session], names: Callable[[], Mapping[str, str]], mono: Callable[[], Monotonic]
    ) -> None:
        self._sessions = sessions
        self._names = names
        self._mono = mono
        self._taken: OrderedDict[str, Taken] = OrderedDict()
        self._points: dict[str, Point] = {}
        """Order → the point that it is for."""
        self._asked: dict[str, tuple[str, asyncio.Future[Captured]]] = {}
        """Order → agent, and the piece that it is to tell."""

    def begin(self, places: Sequence[str], do: RunCapture, who: str) -> Taken:
        """Begin at places, `AGENT` or `AGENT/INTERFACE`; `do` says all but the interface.

        Raises:
            UnknownEnd: no such agent is connected, it is too old for that, or one place twice.
            TooManyCaptures: too many go on.
        """
        going_on = sum(not taken.over for taken in self.all())
        if going_on >= MAX_GOING_ON:
            raise TooManyCaptures(f"{going_on} captures go on; wait until one is over, or end one")
        if len(set(places)) != len(places):
            raise UnknownEnd("a place is named twice")
        points = tuple(self._point(place) for place in places)
        for point in points:
            point.most = most_of(do.octets)
        until = Monotonic(self._mono() + do.seconds + OVERTIME)
        taken = Taken(id=ulid_now(), who=who, seconds=do.seconds, until=until, points=points)
        self._remember(taken)
        for point in points:
            order = RunCapture(
                interface=point.interface, seconds=do.seconds, octets=do.octets, program=do.program, expression=do.expression,
                headers_only=do.headers_only,
            )  # fmt: skip
            self._say(point.agent, Order(point.order, order))
        return taken

    def all(self) -> tuple[Taken, ...]:
        """Those that are remembered; what is heard of no longer has failed."""
        now = self._mono()
        for taken in self._taken.values():
            for point in taken.points:
                if now > taken.until and point.state in ("asked", "capturing"):
                    point.state, point.why = "failed", "the agent did not say how it ended"
        return tuple(self._taken.values())

    def find(self, identity: str) -> Taken | None:
        """One of them."""
        self.all()
        return self._taken.get(identity)

    def end(self, taken: Taken, *, forget: bool = False) -> None:
        """End it now, where it goes on; `forget`: agents remove their files, and the region what it knows."""
        for point in taken.points:
            self._say(point.agent, Order(_PREFIX + ulid_now(), EndCapture(point.order, forget)))
        if forget:
            self._forget(taken.id)

    async def file(self, point: Point) -> AsyncIterator[bytes]:
        """The octets of a point's file; the next piece is asked for once the last has been taken.

        Raises:
            Unfetchable: it has not ended, is gone, or the agent is.
        """
        if point.state != "ended":
            raise Unfetchable(f"{point.name}: there is no file: {point.why or 'the capture goes on'}")
        at, size = 0, 1
        while at < size:
            piece = await self._piece(point, at)
            if piece.size > point.most or len(piece.piece) > PIECE:
                raise Unfetchable(f"{point.name}: its file is larger than the {point.most} octets that it may have")
            if piece.at != at or at + len(piece.piece) > piece.size or (not piece.piece and at < piece.size):
                raise Unfetchable(f"{point.name}: it told another piece of the file than was asked for")
            at, size = at + len(piece.piece), piece.size
            yield piece.piece

    async def _piece(self, point: Point, at: int) -> Captured:
        order = Order(_PREFIX + ulid_now(), ReadCapture(point.order, at))
        answer: asyncio.Future[Captured] = asyncio.get_running_loop().create_future()
        self._asked[order.id] = point.agent, answer
        try:
            if not self._say(point.agent, order):
                raise Unfetchable(f"{point.name} is no longer connected")
            async with asyncio.timeout(ANSWER):
                return await answer
        except TimeoutError:
            raise Unfetchable(f"{point.name} told nothing of its file for {ANSWER:g} s") from None
        finally:
            del self._asked[order.id]

    def answered(self, agent: str, message: CaptureAnswer) -> None:
        """An agent tells of a capture; what nobody waits for is passed over."""
        if isinstance(message, Captured):
            held = self._asked.get(message.order)
            if held is not None and held[0] == agent and not held[1].done():
                held[1].set_result(message)
            return
        point = self._points.get(message.order)
        if point is not None and point.agent == agent and point.state in ("asked", "capturing"):
            _note(point, message)

    def done(self, agent: str, message: Done) -> bool:
        """An agent is done with an order, or declines it; whether it was one of a capture."""
        if not message.order.startswith(_PREFIX):
            return False
        point, held = self._points.get(message.order), self._asked.get(message.order)
        if point is not None and point.agent == agent and point.state in ("asked", "capturing"):
            point.state, point.why = "failed", message.why[:256] or "the agent did not say how it ended"
        elif held is not None and held[0] == agent and not held[1].done():
            held[1].set_exception(Unfetchable(message.why[:256] or "the agent told nothing of its file"))
        return True

    def left(self, agent: str) -> None:
        """An agent is gone. It ends what the region ordered, and forgets it."""
        for point in self._points.values():
            if point.agent == agent and point.state != "failed":
                point.state, point.why = "failed", "the agent was disconnected meanwhile"
        for held, answer in self._asked.values():
            if held == agent and not answer.done():
                answer.set_exception(Unfetchable("the agent is no longer connected"))

    def _point(self, place: str) -> Point:
        host, _, interface = place.partition("/")
        names = self._names()
        for agent, session in self._sessions.items():
            name = names.get(agent) or session.host.name
            if host in (agent, name, session.host.name):
                if CAPTURES not in session.carries_out:
                    raise UnknownEnd(
                        f"the agent of {name} cannot capture for a region yet: install a newer bellrock there"
                    )
                return Point(
                    agent=agent, name=name, interface=interface, order=_PREFIX + ulid_now(), ahead=-session.offset.value
                )
        known = ", ".join(sorted(names.get(agent) or session.host.name for agent, session in self._sessions.items()))
        raise UnknownEnd(f"no agent {host!r} is connected; connected are: {known or 'none'}")

    def _say(self, agent: str, order: Order) -> bool:
        session = self._sessions.get(agent)
        if session is not None:
            session.say(order)
        return session is not None

    def _remember(self, taken: Taken) -> None:
        self._taken[taken.id] = taken
        self._points |= {point.order: point for point in taken.points}
        for old in [one for one in self._taken.values() if one.over][: max(0, len(self._taken) - REMEMBERED)]:
            self.end(old, forget=True)

    def _forget(self, identity: str) -> None:
        for point in self._taken.pop(identity).points:
            del self._points[point.order]


def most_of(octets: int) -> int:
    """Octets that a file may have of which so many were ordered: it ends with the packet that reached them, and its counters."""
    return octets + SPARE


def _note(point: Point, told: Capturing) -> None:
    """A point's figures, which an agent may tell as it likes, but not beyond what can be."""
    point.packets, point.dropped = (min(max(0, one), MAX_COUNTED) for one in (told.packets, told.dropped))
    point.octets = min(max(0, told.octets), point.most)
    point.state = "ended" if told.ended else "capturing"
    point.why = told.ended[:256]
