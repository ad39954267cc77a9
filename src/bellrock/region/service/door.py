"""The line in which agents stand who come while there is no room for one more: first come, first served, and nobody waits for long."""

import asyncio
from collections.abc import Callable
from typing import Final

PATIENT: Final = 4.0
"""Seconds for which anybody stands in line; agents give the region 10 s for its first word."""
STEP: Final = 0.02
"""Seconds between two looks of whoever is the first of them: room comes with time, and with what others' reports leave."""


class Door:
    """Whoever has room for one more finds somebody who waits for it: those who were told to come later come when they do."""

    def __init__(self, enter: Callable[[], bool], most: Callable[[], int]) -> None:
        """`enter`: whether one more is let in now, who is counted then; `most`: how many may stand in line."""
        self._enter = enter
        self._most = most
        self._turn = asyncio.Lock()
        self.waiting = 0
        """Who stands in line."""

    async def pass_through(self) -> bool:
        """Be let in; False: the line is too long, or it took too long."""
        if not self.waiting and self._enter():
            return True
        if self.waiting >= self._most():
            return False
        self.waiting += 1
        try:
            async with asyncio.timeout(PATIENT), self._turn:
                while not self._enter():  # noqa: ASYNC110 -- room comes with time as well, of which nobody tells
                    await asyncio.sleep(STEP)
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return True
