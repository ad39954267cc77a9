"""How every check stands, in memory: the last verdict of each, what changed, and agents × flows as cells."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec import structs

from bellrock.diagnosis.probes import RANK
from bellrock.model import Probed, Verdict, Wall
from bellrock.region.service.probeshapes import CellView
from bellrock.region.service.runs import Result
from bellrock.region.service.wishes import Check
from bellrock.region.store import Change, Standing, check_key

MAX_CHECKS: Final = 50_000
"""Checks that are remembered; beyond, the ones that were made longest ago are forgotten."""
STALE: Final = 900.0
"""Seconds after which a verdict says little about now, or thrice its schedule's interval if that is longer."""
STEADY: Final = 2
"""Runs in which a verdict must have been the same to be told."""
APART: Final = 3.0
"""Seconds that must lie between the first and the last of them: two runs at once are no second look."""
FINE: Final = (Verdict.WORKS, Verdict.NOT_CHECKED)
"""Verdicts that are no fault: that nothing is known is told as that."""


class Matrix:
    """The standings, by key."""

    def __init__(self, standings: Iterable[Standing] = ()) -> None:
        self._standings = {one.key: one for one in standings}

    def __len__(self) -> int:
        return len(self._standings)

    @property
    def standings(self) -> Collection[Standing]:
        """All of them."""
        return self._standings.values()

    def take(self, results: Sequence[Result], now: Wall) -> tuple[list[tuple[Standing, Probed]], list[Change]]:
        """Results of kept runs: how these checks stand now, with what was seen, and which verdicts changed."""
        told: list[tuple[Standing, Probed]] = []
        changes: list[Change] = []
        for wish, probed in results:
            protocol = wish.want.protocol.value
            before = self._standings.get(check_key(wish.agent, probed.flow, wish.target, protocol, probed.variant))
            same = before is not None and before.verdict is probed.verdict
            standing = Standing(
                agent=wish.agent, flow=probed.flow, target=wish.target, protocol=protocol, variant=probed.variant,
                interface="" if wish.what.address or wish.what.name else wish.what.interface, origin=wish.origin, role=wish.want.target.value, expected=wish.want.expectation, verdict=probed.verdict,
                detail=probed.detail, rtt_ms=probed.rtt_ms, at=now, since=before.since if before and same else now,
                runs=min(before.runs + 1, 1_000_000) if before and same else 1, told=before.told if before else "",
            )  # fmt: skip
            if not same:
                changes.append(_change(standing, before))
            self._standings[standing.key] = standing
            told.append((standing, probed))
        return told, changes

    def steady(self, keys: Iterable[str]) -> list[tuple[Standing, str]]:
        """Of these checks those whose verdict became another, and stayed so: as they stand, and the verdict that was told before.

        What works when it is first heard of is no news. That something could not be checked says nothing about it, so it is none either.
        """
        news = []
        for key in keys:
            one = self._standings.get(key)
            if one is None or not _is_steady(one) or one.verdict.value == one.told:
                continue
            if one.told or one.verdict not in FINE:
                news.append((one, one.told))
        return news

    def mark_told(self, keys: Iterable[str]) -> list[Standing]:
        """The steady ones among these are known to whoever wants to know; those that changed by it."""
        marked = []
        for key in keys:
            one = self._standings.get(key)
            if one and _is_steady(one) and one.told != one.verdict.value:
                marked.append(structs.replace(one, told=one.verdict.value))
                self._standings[key] = marked[-1]
        return marked

    def replaced(self, told: Mapping[Check, Collection[str]], origin: str) -> list[Standing]:
        """Forget the variants of these checks that the newest run did not tell any more: that one failed as a whole, or was tried otherwise.

        Args:
            told: check → keys of what was told.
            origin: only what this schedule asked for, or the site.
        """
        old = [
            one
            for one in self._standings.values()
            if one.origin == origin and one.key not in told.get(check_of(one), (one.key,))
        ]
        self._forget(old)
        return old

    def cleared(self, gone: Iterable[Standing]) -> list[tuple[Standing, str]]:
        """Of forgotten variants those that had been told as faults, where nothing else is wrong with their checks: as good news."""
        bad = {check_of(one) for one in self._standings.values() if one.verdict not in FINE}
        return [
            (structs.replace(one, verdict=Verdict.WORKS, detail="it is not what is seen there any more, and what is seen works"), one.told)
            for one in gone
            if one.told and Verdict(one.told) not in FINE and check_of(one) not in bad
        ]  # fmt: skip

    def forget_unknown(self, origins: Collection[str]) -> list[str]:
        """Forget what was asked for by none of these schedules, nor by the site; keys."""
        return self._forget([one for one in self._standings.values() if one.origin and one.origin not in origins])

    def prune(self, wanted: Collection[Check], agents: Collection[str]) -> list[str]:
        """Forget the checks of the site that these agents are not to make any more; their keys.

        `wanted`: all that they are to make.
        """
        return self._forget(
            one
            for one in self._standings.values()
            if not one.origin and one.agent in agents and check_of(one) not in wanted
        )

    def forget_origin(self, origin: str) -> list[str]:
        """Forget what a schedule asked for that is no more; keys."""
        return self._forget(one for one in self._standings.values() if one.origin == origin)

    def overflow(self) -> list[str]:
        """Forget the oldest beyond MAX_CHECKS, of the agents that have most; their keys."""
        excess = len(self._standings) - MAX_CHECKS
        if excess <= 0:
            return []
        by_agent: dict[str, list[Standing]] = {}
        for one in sorted(self._standings.values(), key=lambda one: one.at):
            by_agent.setdefault(one.agent, []).append(one)
        share = _share([len(held) for held in by_agent.values()])
        most = sorted(by_agent.values(), key=len, reverse=True)
        return self._forget([one for held in most for one in held[: max(0, len(held) - share)]][:excess])

    def of(self, agent: str, flow: str) -> list[Standing]:
        """The checks of a cell, the worst first."""
        mine = [one for one in self._standings.values() if (one.agent, one.flow) == (agent, flow)]
        return sorted(mine, key=lambda one: (-RANK.index(one.verdict), one.target, one.protocol, one.variant))

    def cells(
        self, now: Wall, stale: dict[str, float] | None = None, connected: Collection[str] | None = None
    ) -> tuple[CellView, ...]:
        """Agents × flows, where anything was tried.

        Args:
            now: by which ages are counted.
            stale: by origin, seconds from which on a check is too old.
            connected: agents that look again; what the others saw is old at once. None: all.
        """
        found: dict[tuple[str, str], list[Standing]] = {}
        for one in self._standings.values():
            found.setdefault((one.agent, one.flow), []).append(one)
        made = (_cell(agent, flow, found[agent, flow], now, stale or {}) for agent, flow in sorted(found))
        return tuple(
            one if connected is None or one.agent in connected else structs.replace(one, stale=True) for one in made
        )

    def _forget(self, gone: Iterable[Standing]) -> list[str]:
        keys = [one.key for one in gone]
        for key in keys:
            del self._standings[key]
        return keys


def check_of(one: Standing) -> Check:
    """Which check it is a variant of."""
    return one.agent, one.flow, one.target, one.protocol


def _is_steady(one: Standing) -> bool:
    return one.runs >= STEADY and one.at - one.since >= APART and one.verdict is not Verdict.NOT_CHECKED


def _cell(agent: str, flow: str, mine: list[Standing], now: Wall, stale: dict[str, float]) -> CellView:
    worst = max(mine, key=lambda one: RANK.index(one.verdict))
    oldest = min(mine, key=lambda one: one.at)
    counts = Counter(one.verdict.value for one in mine)
    return CellView(
        agent=agent, flow=flow, verdict=worst.verdict, checks=len(mine),
        faults=sum(one.verdict not in FINE for one in mine), counts=dict(sorted(counts.items())), detail=worst.detail,
        blocked=sum(one.expected == "blocked" and one.verdict is Verdict.WORKS for one in mine),
        age=round(max(0.0, now - oldest.at), 1), stale=any(now - one.at > stale.get(one.origin, STALE) for one in mine),
    )  # fmt: skip


def _change(one: Standing, before: Standing | None) -> Change:
    return Change(
        at=one.at, agent=one.agent, flow=one.flow, target=one.target, protocol=one.protocol, variant=one.variant,
        before=before.verdict.value if before else "", verdict=one.verdict, detail=one.detail,
    )  # fmt: skip


def _share(counts: list[int]) -> int:
    """How many checks each agent may keep where all together have too many: those that have fewer leave room to the others."""
    room = MAX_CHECKS
    for left, count in zip(range(len(counts), 0, -1), sorted(counts), strict=True):
        if count * left > room:
            return room // left
        room -= count
    return room
