"""When what is tried again: intervals with some play in them, and never a run beside the one before."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from bellrock.model import Monotonic
from bellrock.region.service.probeshapes import ScheduleView
from bellrock.region.store import ScheduleRow

DEFAULT: Final = "site"
"""The schedule that comes with the first site."""
DEFAULT_EVERY: Final = 300.0
LEAST, MOST = 10.0, 7 * 86400.0
"""Seconds between two runs."""
MAX_SCHEDULES: Final = 64
MAX_TRIES: Final = 1000
"""Flows times targets of one schedule, which each of its agents tries."""
PLAY: Final = 0.1
"""Of an interval, by which a run comes earlier or later, so that schedules do not fall into step."""
SOON: Final = 30.0
"""Seconds within which a new schedule, or one of a region that has just started, runs first; agents come back by then."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Unschedulable(ValueError):  # noqa: N818 -- says what it is
    """It cannot be kept as it was asked for, and why."""


class Schedules:
    """The schedules, and when each is due."""

    def __init__(self, rows: Iterable[ScheduleRow], mono: Callable[[], Monotonic], chance: Callable[[], float]) -> None:
        """`chance`: uniform in [0, 1)."""
        self._mono = mono
        self._chance = chance
        self._rows = {row.id: row for row in rows}
        self._next = {row.id: self._soon(row) for row in self._rows.values()}
        self._runs: dict[str, str] = {}
        """Schedule → the run that goes on."""
        self._last: dict[str, Monotonic] = {}

    @property
    def rows(self) -> tuple[ScheduleRow, ...]:
        """All of them, by id."""
        return tuple(self._rows[name] for name in sorted(self._rows))

    def find(self, identity: str) -> ScheduleRow | None:
        """One of them."""
        return self._rows.get(identity)

    def check(self, row: ScheduleRow) -> None:
        """Whether it may be kept.

        Raises:
            Unschedulable: it may not.
        """
        if not NAME.fullmatch(row.id):
            raise Unschedulable(
                f"{row.id!r} is no name: 1 to 64 letters, digits and . _ -, the first a letter or digit"
            )
        if not LEAST <= row.every <= MOST:
            raise Unschedulable(f"every {row.every:g} s is not possible: {LEAST:g} s to {MOST / 86400:g} days")
        if row.id not in self._rows and len(self._rows) >= MAX_SCHEDULES:
            raise Unschedulable(f"there are {MAX_SCHEDULES} schedules already; remove one")
        if (tries := len(set(row.flows)) * len(set(row.to))) > MAX_TRIES:
            raise Unschedulable(
                f"{tries} tries by each agent; at most {MAX_TRIES} are taken: several schedules may share them"
            )
        if row.to and not row.flows:
            raise Unschedulable("targets without flows: name the flows that are to be tried there")

    def put(self, row: ScheduleRow) -> None:
        """Take one in, in place of the one of its name."""
        self._rows[row.id] = row
        self._next[row.id] = self._soon(row)

    def remove(self, identity: str) -> None:
        """Forget one. A run of it that goes on is not ended."""
        del self._rows[identity], self._next[identity]

    def due(self) -> list[ScheduleRow]:
        """Those whose time has come and of which no run goes on; each is told once."""
        now = self._mono()
        found = [row for row in self.rows if self._next[row.id] <= now and row.id not in self._runs]
        for row in found:
            self._next[row.id] = self._later(row)
        return found

    def begun(self, identity: str, run: str) -> None:
        """A run of it goes on."""
        self._runs[identity] = run
        self._last[identity] = self._mono()

    def over(self, identity: str, run: str) -> None:
        """A run is over."""
        if self._runs.get(identity) == run:
            del self._runs[identity]

    def views(self) -> list[ScheduleView]:
        """As the API tells them."""
        now = self._mono()
        return [
            ScheduleView(
                id=row.id, every=row.every, agents=row.agents, flows=row.flows, to=row.to, by=row.by,
                next=None if row.id in self._runs else round(max(0.0, self._next[row.id] - now), 1),
                last_age=round(now - self._last[row.id], 1) if row.id in self._last else None,
            )
            for row in self.rows
        ]  # fmt: skip

    def _soon(self, row: ScheduleRow) -> Monotonic:
        return Monotonic(self._mono() + min(SOON, row.every) * self._chance())

    def _later(self, row: ScheduleRow) -> Monotonic:
        return Monotonic(self._mono() + row.every * (1 - PLAY + 2 * PLAY * self._chance()))
