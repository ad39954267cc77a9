"""What a client tells of itself, a JSON line for each step, and where it waits until the runner has done something."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from bellrock.lab.client.settings import Settings

GATE_TIMEOUT: Final = 60.0
"""Seconds for which a client waits at a gate."""
_LONGEST: Final = 4
"""RFC 2131 §4.1: waits grow; a scenario's do not grow beyond this multiple of the first."""


Write = Callable[[str], None]
"""Takes a line of the log."""


class BootFailed(Exception):  # noqa: N818 - it is what firmware says on the screen
    """The boot ends here, and why."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(why)
        self.step = step


class Story:
    """The client's log, on standard output."""

    def __init__(
        self,
        settings: Settings,
        gates: Path | None = None,
        closed: frozenset[str] = frozenset(),
        write: Write | None = None,
    ) -> None:
        self.settings = settings
        self.stage = ""
        self._gates = gates
        self._closed = closed
        self._write = write or _print

    def tell(self, step: str, outcome: str, what: str = "") -> None:
        """Write a line."""
        line = {"at": time.time(), "stage": self.stage, "step": step, "outcome": outcome, "what": what}
        self._write(msgspec.json.encode(line).decode())

    def reach(self, step: str) -> None:
        """Wait here, if the runner wants to do something before this step; each gate is passed once."""
        if self._gates is None or step not in self._closed:
            return
        self._closed -= {step}
        self.tell(step, "waits")
        deadline = time.monotonic() + GATE_TIMEOUT
        while not (self._gates / step).exists():
            if time.monotonic() > deadline:
                raise BootFailed(step, f"nobody opened the gate before {step} for {GATE_TIMEOUT:g} s")
            time.sleep(0.01)

    def waits(self) -> Iterator[float]:
        """Seconds to wait for an answer, try by try."""
        for attempt in range(self.settings.tries):
            yield self.settings.patience * min(1 << attempt, _LONGEST)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
