"""Starts a supervisor, and holds the pipe by which it knows that its maker lives."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from bellrock.lab.orders import Failed, Order, Progress, Ready, Word
from bellrock.lab.schema import LabError
from bellrock.lab.state import State

BUILD_TIMEOUT: Final = 120.0
"""Seconds for the largest lab on a slow machine."""

SUPERVISOR: Final = (sys.executable, "-m", "bellrock.lab.supervisor")

_words = msgspec.json.Decoder(Word)


class Maker:
    """A supervisor's standard input and output. Closing them ends it, unless it was told to stay."""

    def __init__(self) -> None:
        here, self._orders = os.pipe2(os.O_CLOEXEC)
        self._reports, there = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(SUPERVISOR, stdin=here, stdout=there, start_new_session=True)
        finally:
            os.close(here)
            os.close(there)

    def make(self, order: Order, progress: Callable[[str], None]) -> State:
        """Have the lab built, and wait until it is.

        Raises:
            LabError: it cannot be, and why; nothing of it is left then.
        """
        try:
            found = self._follow(order, progress)
        except BaseException:
            self.close()
            raise
        finally:
            self._process.wait(timeout=30.0)  # the supervisor went on as another process, in a namespace of its own
        return found

    def close(self) -> None:
        """Let go."""
        if self._orders >= 0:
            os.close(self._orders)
            os.close(self._reports)
            self._orders = -1

    def _follow(self, order: Order, progress: Callable[[str], None]) -> State:
        with suppress(BrokenPipeError):
            _write(self._orders, msgspec.json.encode(order) + b"\n")
        for word in self._heard():
            match word:
                case Progress(text):
                    progress(text)
                case Ready(found):
                    return found
                case Failed(why):
                    raise LabError(why)
        raise LabError("the lab's supervisor ended before the lab was up; its last words are above")

    def _heard(self) -> Iterator[Word]:
        deadline = time.monotonic() + BUILD_TIMEOUT
        rest = b""
        while select.select([self._reports], [], [], max(0.0, deadline - time.monotonic()))[0]:
            part = os.read(self._reports, 1 << 16)
            if not part:
                return
            *lines, rest = (rest + part).split(b"\n")
            yield from (_words.decode(line) for line in lines)
        raise LabError(f"the lab was not up after {BUILD_TIMEOUT:g} s, and is given up")


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
