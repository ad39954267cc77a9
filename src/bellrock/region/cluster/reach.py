"""Whether a process of a region reaches the database: since when it does not, and what the log says of that."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from bellrock.model import Monotonic
from bellrock.region.logs import Limited, line
from bellrock.region.store import NotStored
from bellrock.region.store.members import Member

CUT_OFF: Final = "this process follows nobody and leads nobody"
ROUND: Final = f"this round is tried again; if it lasts, {CUT_OFF}"

log = logging.getLogger(__name__)


def mono() -> Monotonic:
    """Now, on a clock that nobody sets."""
    return Monotonic(time.monotonic())


class Reach:
    """Of one process; it begins without."""

    def __init__(self, member: Member, clock: Callable[[], Monotonic] = mono) -> None:
        self._member = member
        self._clock = clock
        self.stands = asyncio.Event()
        """Set while the connections to the database do."""
        self._since: Monotonic | None = clock()
        self._complaints = Limited(30.0)
        self._said = ""
        """What the log says that the lost connection does, and not yet that this process is there again."""

    def begins(self) -> None:
        """The connections stand."""
        self.stands.set()
        self._since = None
        self._say_there()

    def ends(self) -> None:
        """They do not, or not any more."""
        self.stands.clear()
        if self._since is None:
            self._since = self._clock()

    def away(self) -> str:
        """What keeps this process from the database, in a sentence that anybody may read; "": nothing."""
        if self._since is None:
            return ""
        return (
            f"This process has not reached the region's database for {self._clock() - self._since:.0f} s; it tries again all the while, "
            "and agents keep what they report until it does."
        )

    def met(self, error: NotStored, work: str = "") -> None:
        """Say that the database did not take or tell something. `work`: which round met it; "": who keeps the connections did."""
        effect = ROUND if work and self.stands.is_set() else CUT_OFF
        # A round meets it first, as a rule: that it was more than a round is told at once.
        if not self._complaints.may() and (effect == ROUND or self._said != ROUND):
            return
        self._said = effect
        told = {"work": work} if effect == ROUND else {}
        log.warning(line("member-cut-off", error=str(error), effect=effect, **told))

    def beats(self) -> None:
        """The database has answered: if one of the rounds had lost its way to it, this process has not."""
        if self._said:
            self._say_there()

    def _say_there(self) -> None:
        # Who read of the one reads of the other.
        level, self._said = (logging.WARNING if self._said else logging.INFO), ""
        log.log(level, line("member-there", member=self._member.id, name=self._member.name))
