"""Whether this machine's clock is the database's: the processes of a region hand each other times, and have no clock in common but that."""

import logging
from typing import Final

from bellrock.region.logs import Limited, line
from bellrock.region.store.members import Roll

TOLERATED: Final = 1.0
"""Seconds by which a clock may be off before it is told."""
EFFECT: Final = "times that it notes are off, and when the lead goes to another, agents may be taken for silent too early or too late"

log = logging.getLogger(__name__)


class ClockWatch:
    """What each beat says of this machine's clock."""

    def __init__(self) -> None:
        self.ahead = 0.0
        """Seconds, as of the last beat that could tell; negative: behind."""
        self.differs = False
        """By more than is tolerated."""
        self._complaints = Limited(600.0)

    def take(self, roll: Roll) -> None:
        """A beat was answered; what it says within its own doubt changes nothing."""
        off, unsure = abs(roll.ahead), abs(roll.unsure)
        if off - unsure > TOLERATED:
            self._differs(roll.ahead)
        elif off + unsure <= TOLERATED:
            self._agrees(roll.ahead)

    def warnings(self) -> tuple[str, ...]:
        """What an operator is to know, each in a sentence that anybody may read."""
        if not self.differs:
            return ()
        where = "ahead of" if self.ahead > 0 else "behind"
        return (f"This process's clock is {abs(self.ahead):.1f} s {where} the database's.",)

    def _differs(self, ahead: float) -> None:
        self.ahead, self.differs = ahead, True
        if self._complaints.may():
            fix = "set both machines' clocks by NTP"
            log.warning(line("clock-differs", ahead_s=round(ahead, 2), of="the database's", effect=EFFECT, fix=fix))

    def _agrees(self, ahead: float) -> None:
        if self.differs:
            log.info(line("clock-agrees", ahead_s=round(ahead, 3)))
            self._complaints.reset()
        self.ahead, self.differs = ahead, False
