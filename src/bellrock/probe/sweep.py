"""Many asks at once: bounded over all and per address, results in the order of the asks, and no bad ask stops the others."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from bellrock.flows import Protocol
from bellrock.link.taps import Taps
from bellrock.model import Probed, Verdict
from bellrock.probe.manners import Manners
from bellrock.probe.registry import UnknownProbeError, probe_of
from bellrock.probe.run import check
from bellrock.probe.values import Ask, PlanError
from bellrock.wire.text import endpoint

Done = Callable[[int, tuple[Probed, ...]], None]
"""Told of each ask as it is done: its place among the asks, and its results. Called in the loop: it must be quick."""
Queue = tuple[str, str]
"""An address (of what is asked of a link, its interface), and in which line asks wait there for each other; empty: in none."""


class Limits(Struct, frozen=True, kw_only=True):
    """How much at once."""

    at_once: int = 192
    """Asks over all."""
    per_address: int = 4
    """Asks to one address; of a flow whose packets are spaced, one."""


DEFAULT: Final = Limits()


async def sweep(
    asks: Sequence[Ask],
    limits: Limits = DEFAULT,
    *,
    done: Done | None = None,
    manners: Manners | None = None,
    taps: Taps | None = None,
    keep: bool = True,
) -> list[tuple[Probed, ...]]:
    """Try all; what became of each, in order. An ask that cannot be tried is `not-checked`, with what is wrong with it.

    `keep`: False where `done` takes all that is wanted of the results, which then take no memory; the list is empty.

    Cancelled, it ends all that goes on; what was over by then `done` was told.
    """
    results: list[tuple[Probed, ...]] = [()] * len(asks) if keep else []
    turns = _Turns(asks, limits.per_address)
    shared = manners or Manners()

    async def work() -> None:
        while (turn := turns.take()) is not None:
            place, queue = turn
            found = await tried(asks[place], shared, taps)
            if keep:
                results[place] = found
            if done is not None:
                done(place, found)
            turns.give_back(queue)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(limits.at_once, len(asks))):
            group.create_task(work())
    return results


async def tried(ask: Ask, manners: Manners, taps: Taps | None = None) -> tuple[Probed, ...]:
    """`probe.run.check`, where nothing is raised: what is wrong with the ask, or with the probe, is a result."""
    try:
        return await check(ask, manners, taps)
    except (PlanError, UnknownProbeError) as error:
        return (not_checked(ask, str(error)),)
    except Exception as error:  # noqa: BLE001 -- a mistake in one probe must not cost the results of a thousand others; it is told
        return (
            not_checked(ask, f"the probe itself failed, which is a mistake in it: {type(error).__name__}: {error}"),
        )


def not_checked(ask: Ask, why: str) -> Probed:
    """The result of what was not tried."""
    target = (
        endpoint(ask.address, ask.port) if ask.address and ask.port else ask.address or ask.name or ask.source.interface
    )
    source = ask.source.interface or ask.source.address
    return Probed(flow=ask.flow, target=target, verdict=Verdict.NOT_CHECKED, detail=why, source=source)


class _Turns:
    """Whose turn it is: addresses in a circle, each with as many asks at once as it may have.

    A worker for whom there is no turn may go home: whatever still waits, waits for an address at which others work, and
    they come back for it.
    """

    def __init__(self, asks: Sequence[Ask], per_address: int) -> None:
        self._waiting: dict[Queue, deque[int]] = {}
        self._busy: dict[Queue, int] = {}
        self._per_address = per_address
        for place, ask in enumerate(asks):
            self._waiting.setdefault((ask.address or ask.source.interface, line_of(ask.flow)), deque()).append(place)
        self._circle = deque(self._waiting)

    def take(self) -> tuple[int, Queue] | None:
        """The next ask's place, and where it stood in line."""
        if not self._circle:
            return None
        queue = self._circle.popleft()
        place = self._waiting[queue].popleft()
        self._busy[queue] = self._busy.get(queue, 0) + 1
        if self._waiting[queue] and self._busy[queue] < self._limit(queue):
            self._circle.append(queue)
        return place, queue

    def give_back(self, queue: Queue) -> None:
        """An ask is over."""
        was_full = self._busy[queue] == self._limit(queue)
        self._busy[queue] -= 1
        if was_full and self._waiting[queue]:
            self._circle.append(queue)

    def _limit(self, queue: Queue) -> int:
        return 1 if queue[1] else self._per_address


def line_of(flow: str) -> str:
    """In which line asks of a flow wait for each other at one address: those that space their packets, over TCP all of them in the same."""
    try:
        probe = probe_of(flow)
    except UnknownProbeError:
        return ""
    if probe.load.spacing <= 0:
        return ""
    return Protocol.TCP if probe.protocols == (Protocol.TCP,) else flow
