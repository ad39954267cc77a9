"""Walks: two agents try a flow together, and the region judges what both saw."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from msgspec import Struct, structs
from ulid_transform import ulid_now

from bellrock.contract import Done, Order
from bellrock.contract.walk import (
    BLOCK,
    Path,
    Ruled,
    Seen,
    TellPath,
    WalkAnswer,
    WalkOrder,
    WalkPath,
    Watching,
    WatchPath,
)
from bellrock.diagnosis.walked import judge, question
from bellrock.diagnosis.walkfacts import Case, hops
from bellrock.flows import flow as flow_of
from bellrock.flows.walkable import Leg, legs
from bellrock.model import DiedAt, Verdict, Walked
from bellrock.region.service.agentsession import Session
from bellrock.region.service.ends import End, UnknownEnd, find_end
from bellrock.region.service.state import State
from bellrock.region.service.turns import Full, Turns

MAX_WALKS: Final = 4
"""Exchanges that are walked at one time; others wait. An agent watches eight."""
MAX_WAITING: Final = 64
"""Exchanges that may wait; more requests are refused."""
MAX_IN_TURN: Final = 16
"""Exchanges at one port of one target that may wait for each other."""
DRAWS: Final = 4
"""Times that source ports are drawn, where the source finds them taken."""
ANSWER: Final = 10.0
"""Seconds for an agent to answer an order that takes it no time."""
RULING: Final = 40.0
"""Seconds for an agent to read and judge its firewall's rules: twenty thousand take some three on an idle machine."""
CALLED_OFF: Final = 2.0
"""Seconds for a target to end a watch whose result is of no use any more."""
WITHIN: Final = 1.5
"""Seconds that the source waits for an answer, unless asked otherwise."""
SLOWEST: Final = 12.0
"""Seconds beyond that for the source to look for routers."""
FIRST_PORT, LAST_PORT = 49152, 65535
"""RFC 6335 §6: the dynamic ports."""

_PREFIX: Final = "walk-"
"""Of the ids of orders: that an order is over may be told when its answer has long been taken."""

_T = TypeVar("_T", Watching, Seen, Ruled)


class Unwalkable(ValueError):  # noqa: N818 -- says what it is
    """The flow has nothing that two machines can try like this, or nothing in an address family that both have."""


class Busy(Exception):  # noqa: N818 -- says what it is
    """Too many walks wait already."""


class Declined(Exception):  # noqa: N818 -- says what it is
    """An agent could not do its part: which, and why."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be walked."""

    source: str
    """As `ends.find_end` reads it."""
    target: str
    flow: str
    listen: bool = True
    """Have the target's agent stand in where no service has the port."""
    protocol: str = ""
    """`tcp` or `udp` only; empty: both."""
    family: int = 0
    """4 or 6 only; 0: both."""
    port: int = 0
    """Instead of the flow's own."""
    within: float = WITHIN


class Walks:
    """Has agents walk, one walk after the other where there are many."""

    def __init__(self, state: State, sessions: Mapping[str, Session], names: Callable[[], Mapping[str, str]]) -> None:
        self._state = state
        self._sessions = sessions
        self._names = names
        self._waiting: dict[str, tuple[str, asyncio.Future[WalkAnswer]]] = {}
        """Order → agent, and its answer."""
        self._room = asyncio.Semaphore(MAX_WALKS)
        self._turns = Turns(MAX_IN_TURN)
        self._drawn: set[tuple[str, int]] = set()
        """Source agents with the first of the ports that a walk has there."""
        self._under_way = 0

    async def walk(self, wanted: Wanted) -> tuple[Walked, ...]:
        """Walk every exchange of a flow in every address family that both ends have.

        Raises:
            UnknownEnd, UnknownFlowError, Unwalkable, Busy.
        """
        source, target = self._ends(wanted)
        chosen = chosen_legs(wanted, source, target)
        if self._under_way + len(chosen) > MAX_WAITING:
            raise Busy(f"{self._under_way} walks are under way or wait; ask again in a few seconds")
        self._under_way += len(chosen)
        try:
            return tuple(await asyncio.gather(*(self._one(wanted, leg, source, target) for leg in chosen)))
        finally:
            self._under_way -= len(chosen)

    def answered(self, agent: str, message: WalkAnswer) -> None:
        """An agent answered; what nobody waits for is passed over."""
        held = self._waiting.get(message.order)
        if held is not None and held[0] == agent and not held[1].done():
            held[1].set_result(message)

    def done(self, agent: str, message: Done) -> bool:
        """An agent is done with an order, or declines it; whether it was one of a walk."""
        if not message.order.startswith(_PREFIX):
            return False
        held = self._waiting.get(message.order)
        if held is not None and held[0] == agent and not held[1].done():
            held[1].set_exception(Declined(message.why or "it says that it is done, and told nothing"))
        return True

    def left(self, agent: str) -> None:
        """An agent is gone, and with it the answers that it owes."""
        for held, answer in self._waiting.values():
            if held == agent and not answer.done():
                answer.set_exception(Declined("it is no longer connected"))

    def _ends(self, wanted: Wanted) -> tuple[End, End]:
        names = self._names()
        source = find_end(wanted.source, self._state, self._sessions, names)
        target = find_end(wanted.target, self._state, self._sessions, names)
        if source.agent == target.agent:
            raise UnknownEnd(f"both ends are {source.name}: what it says to itself never meets its wire")
        return source, target

    async def _one(self, wanted: Wanted, leg: Leg, source: End, target: End) -> Walked:
        try:
            # Two walks at one port would take each other for the service there, or for its absence.
            async with self._turns.of(*_alone(leg, source, target)), self._room:
                case = await self._seen_by_both(wanted, leg, source, target)
        except Full as error:
            return _untold(
                _case(_path(wanted, leg, source, target), wanted, leg, source, target),
                f"too many walks wait for this port of {target.name}: {error}; ask again in a few seconds",
            )
        if isinstance(case, Walked):
            return case
        walked = judge(case, await self._ruled(case, source, target))
        arrived = walked.verdict is Verdict.WORKS or walked.hops[-1].request
        why = "" if arrived else target.choice(source, leg.family)
        return structs.replace(walked, detail=f"{walked.detail} ({why})") if why else walked

    async def _seen_by_both(self, wanted: Wanted, leg: Leg, source: End, target: End) -> Case | Walked:
        """What both ends saw; a verdict where one of them could not do its part. With other source ports, if some were taken."""
        draws = 0
        with contextlib.ExitStack() as drawn:  # so that none is drawn a second time
            while True:
                draws += 1
                path = drawn.enter_context(self._drawing(wanted, leg, source, target))
                case = _case(path, wanted, leg, source, target)
                try:
                    found = await self._walked(case, wanted, source, target)
                except Declined as error:
                    return _untold(case, str(error))
                if isinstance(found, Walked) or not found.sent.taken or path.fixed or draws == DRAWS:
                    return found

    @contextlib.contextmanager
    def _drawing(self, wanted: Wanted, leg: Leg, source: End, target: End) -> Iterator[Path]:
        """A path whose source ports no other walk from there has, as long as the block runs."""
        path = _path(wanted, leg, source, target)
        while (held := (source.agent, path.source_port)) in self._drawn and not path.fixed:
            path = _path(wanted, leg, source, target)
        self._drawn.add(held)
        try:
            yield path
        finally:
            self._drawn.discard(held)

    async def _walked(self, case: Case, wanted: Wanted, source: End, target: End) -> Case | Walked:
        path, told = case.path, False
        try:
            watching = await self._ask(target, WatchPath(path, wanted.listen), Watching, ANSWER)
            go = WalkPath(path, watching.listener == "own")
            near = await self._ask(source, go, Seen, wanted.within + SLOWEST)
            case = structs.replace(case, watching=watching, near=near)
            try:
                far = await self._ask(target, TellPath(path.walk, _sequences(near)), Seen, ANSWER)
            except Declined as error:
                return _untold(case, str(error))
            told = True
        finally:
            if not told:
                await self._call_off(path, target)
        return structs.replace(case, far=far)

    async def _call_off(self, path: Path, target: End) -> None:
        """Have the target end its watch, so that the next walk does not meet its listener."""
        with contextlib.suppress(Declined):
            await self._ask(target, TellPath(path.walk), Seen, CALLED_OFF)

    async def _ruled(self, case: Case, source: End, target: End) -> Ruled | None:
        """What the rules of the end that is suspected do, where it can tell."""
        asked = question(case)
        if asked is None:
            return None
        try:
            return await self._ask(source if asked.end == "source" else target, asked.ask, Ruled, RULING)
        except Declined as error:
            return Ruled(order="", verdict="unknown", why=str(error)[:512])

    async def _ask(self, end: End, do: WalkOrder, kind: type[_T], within: float) -> _T:
        session = self._sessions.get(end.agent)
        if session is None:
            raise Declined(f"{end.name} is not connected")
        order = Order(_PREFIX + ulid_now(), do)
        answer: asyncio.Future[WalkAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[order.id] = end.agent, answer
        try:
            session.say(order)
            async with asyncio.timeout(within):
                found = await answer
        except TimeoutError:
            raise Declined(f"{end.name} did not answer within {within:g} s") from None
        except Declined as error:
            raise Declined(f"{end.name}: {error}") from None
        finally:
            del self._waiting[order.id]
        if not isinstance(found, kind):
            raise Declined(f"{end.name} answered with {type(found).__name__}")
        return found


def chosen_legs(wanted: Wanted, source: End, target: End) -> tuple[Leg, ...]:
    """The exchanges that are asked for and that both ends have addresses for.

    Raises:
        UnknownFlowError: there is no such flow.
        Unwalkable: there are none, and why.
    """
    all_legs = legs(flow_of(wanted.flow))
    if not all_legs:
        raise Unwalkable(
            f"{wanted.flow} has no exchange by unicast TCP or UDP that its client begins, so there is nothing to walk"
        )
    asked = [
        leg
        for leg in all_legs
        if (not wanted.protocol or leg.protocol == wanted.protocol) and wanted.family in (0, leg.family)
    ]
    if wanted.port:
        moved = {(leg.protocol, leg.family): structs.replace(leg, port=wanted.port) for leg in asked}
        asked = list(moved.values())
    chosen = tuple(leg for leg in asked if target.near(source, leg.family) and source.of_family(leg.family))
    if not chosen and (same := [one for leg in asked for one in target.both_have(source, leg.family)]):
        raise Unwalkable(
            f"{source.name} has the address {same[0]} of {target.name} itself, and what it sends there never leaves it: "
            f"a duplicate, or one that both are meant to have (VIP, anycast); give another address or interface of {target.name}"
        )
    if not chosen:
        raise Unwalkable(
            f"{source.name} and {target.name} share no address family in which {wanted.flow} can be walked as asked"
        )
    return chosen


def _alone(leg: Leg, source: End, target: End) -> tuple[tuple[str, str, str, str, int], ...]:
    """What a walk must have to itself: the port at the target's address, and its own where it is no port of many."""
    there = ("at", target.agent, target.near(source, leg.family), leg.protocol, leg.port)
    here = ("from", source.agent, str(leg.family), leg.protocol, leg.source_port)
    return (there, here) if leg.source_port else (there,)


def _case(path: Path, wanted: Wanted, leg: Leg, source: End, target: End) -> Case:
    """Before anything was seen."""
    return Case(
        flow=wanted.flow, path=path, source=source.name, target=target.name, watching=Watching(order="", listener="none"),
        near=Seen(order=""), far=Seen(order=""), answered=leg.answered, variant=leg.variant,
    )  # fmt: skip


def _untold(case: Case, why: str) -> Walked:
    """The target never told what it saw: what the source saw, if it got so far, and no verdict."""
    first, *between, last = hops(case)
    if case.near.sent is None:
        first = structs.replace(first, address=case.path.source, request=None)
    way = (structs.replace(first, reply=None), *between, structs.replace(last, request=None, reply=None))
    return structs.replace(
        judge(case), verdict=Verdict.NOT_CHECKED, died_at=DiedAt.UNKNOWN, detail=f"it could not be walked: {why}", hops=way, rule="",
    )  # fmt: skip


def _path(wanted: Wanted, leg: Leg, source: End, target: End) -> Path:
    own = source.of_family(leg.family)
    chosen = source.address or (own[0] if source.interface and own else "")
    blocks = (LAST_PORT + 1 - FIRST_PORT) // BLOCK
    return Path(
        walk=secrets.token_hex(8), key=secrets.token_hex(32), protocol=leg.protocol, target=target.near(source, leg.family),
        port=leg.port, source_port=leg.source_port or FIRST_PORT + secrets.randbelow(blocks) * BLOCK, fixed=bool(leg.source_port),
        source=chosen, interface=source.interface, separate=leg.separate, within=wanted.within,
    )  # fmt: skip


def _sequences(near: Seen) -> tuple[int, ...]:
    """Of the SYNs that left the source, each once."""
    return tuple(dict.fromkeys(one.sequence for one in near.sightings if one.what == "request" and one.sequence))
