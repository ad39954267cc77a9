"""What Bellrock costs its own host."""

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

from bellrock.link import proc
from bellrock.model.here import Load

_PROC: Final = Path("/proc")
_WORD: Final = 4096
_STEP: Final = 16 << 20
"""Octets to which memory is rounded, so that not every breath is news."""
_AGENTS: Final = frozenset({"rack", "up"})
"""Commands that run an agent until they are stopped."""


class Gauge:
    """Remembers the last look, from which shares of time are counted."""

    def __init__(self, root: Path = _PROC) -> None:
        self._root = root
        self._at = time.monotonic()
        self._used = time.process_time()

    def load(self, waiting: int = 0) -> Load:
        """Since the last time. `waiting`: reports on disk."""
        at, used = time.monotonic(), time.process_time()
        over = at - self._at
        cpu = round((used - self._used) / over, 1) if over > 1 else None
        self._at, self._used = at, used
        children = _children(self._root)
        memory = sum(_resident(self._root / str(pid)) for pid in (os.getpid(), *children))
        return Load(
            cpu=cpu, over=round(over, -1), memory=-(-memory // _STEP) * _STEP or None, processes=1 + len(children),
            agents=agents(self._root), waiting=_rounded(waiting),
        )  # fmt: skip


def agents(root: Path = _PROC) -> int | None:
    """Agents of Bellrock in this network namespace, as far as this user may look; None: not even itself may be looked at."""
    here = proc.namespace_of(root / "thread-self")
    if not here:
        return None
    found = {int(one.name): one for one in proc.processes(root) if _is_agent(one) and proc.namespace_of(one) == here}
    return sum(_parent(one) not in found for one in found.values())


def _is_agent(directory: Path) -> bool:
    """By the first words of its command line, of which nothing is kept."""
    words = proc.read(directory / "cmdline", _WORD).split("\0")[:3]
    names = [Path(word).name for word in words]
    return any(name == "bellrock" and after in _AGENTS for name, after in pairwise(names))


def _parent(directory: Path) -> int:
    # proc(5): "pid (comm) state ppid …"; comm may hold anything, blanks and brackets too.
    words = proc.read(directory / "stat", _WORD).rpartition(")")[2].split()
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0


def _children(root: Path) -> tuple[int, ...]:
    own = os.getpid()
    return tuple(int(one.name) for one in proc.processes(root) if _parent(one) == own)


def _resident(directory: Path) -> int:
    words = proc.read(directory / "statm", _WORD).split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") if len(words) > 1 and words[1].isdecimal() else 0


def _rounded(count: int) -> int:
    """To its first digit."""
    scale: int = 10 ** (len(str(count)) - 1)
    return count // scale * scale
