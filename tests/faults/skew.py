"""A wall clock that a test sets: programs that begin with `wear()` see the machine's time plus the seconds in a file."""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path

FILE = "BELLROCK_FAULTS_CLOCK"
"""Environment variable that names the file."""
_SECONDS = struct.Struct("d")


def wear() -> None:
    """From now on, in this process."""
    if not (name := os.environ.get(FILE)):
        return
    with Path(name).open("rb") as file:
        held = mmap.mmap(file.fileno(), _SECONDS.size, prot=mmap.PROT_READ)
    right = time.time
    time.time = lambda: right() + _SECONDS.unpack(held[:])[0]


class Clock:
    """The wall clock of one program or several."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.step(0.0)

    @property
    def environment(self) -> dict[str, str]:
        """What a program is started with."""
        return {FILE: str(self.path)}

    def step(self, seconds: float) -> None:
        """Have it so far off, at once. Written in place: programs have it mapped."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        os.pwrite(descriptor, _SECONDS.pack(seconds), 0)
        os.close(descriptor)
