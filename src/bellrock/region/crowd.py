"""How many connections from other machines are held at one time, whatever they say: shared out so that nobody takes all."""

import resource
import socket
from collections import Counter
from typing import Any, Final

from typing_extensions import override

from bellrock.region.service.guesses import place

SPARE: Final = 4096
"""Descriptors that stay free for the store, requests from this machine and whatever else, where there are as many."""


class Crowd:
    """Counts connections by where they come from (`place`).

    Whoever comes is let in while fewer of the same place are here than places are left. So one takes half of them at most, ten take
    ten elevenths, and somebody who was not here yet finds a place as long as there is one.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._here: Counter[str] = Counter()
        self._total = 0
        self.refused = 0
        """Connections that were not taken since the start."""

    def enter(self, address: str) -> bool:
        """Whether one more from there is taken; `leave` must follow if so."""
        origin = place(address)
        if self._here[origin] >= self._limit - self._total:
            self.refused += 1
            return False
        self._here[origin] += 1
        self._total += 1
        return True

    def leave(self, address: str) -> None:
        """One of them ended."""
        origin = place(address)
        self._total -= 1
        self._here[origin] -= 1
        if not self._here[origin]:
            del self._here[origin]


class Listener(socket.socket):
    """A listening socket that drops at once whom the crowd does not take, before anything is spent on a handshake."""

    def __init__(self, listening: socket.socket, crowd: Crowd) -> None:
        """Takes the place of `listening`, which is of no use afterwards."""
        family, kind, protocol = listening.family, listening.type, listening.proto
        super().__init__(family, kind, protocol, fileno=listening.detach())
        self.setblocking(False)
        self._crowd = crowd

    @override
    def accept(self) -> tuple[socket.socket, Any]:
        """Accept as ever.

        Raises:
            ConnectionAbortedError: it was dropped; event loops take that for a client that has gone, and go on.
        """
        taken, address = super().accept()
        if not self._crowd.enter(address[0]):
            taken.close()
            raise ConnectionAbortedError("too many connections from there")
        return _Counted(taken, self._crowd, address[0]), address


class _Counted(socket.socket):
    """One connection of a crowd, until it is closed."""

    def __init__(self, taken: socket.socket, crowd: Crowd, address: str) -> None:
        family, kind, protocol = taken.family, taken.type, taken.proto
        super().__init__(family, kind, protocol, fileno=taken.detach())
        self._crowd: Crowd | None = crowd
        self._address = address

    @override
    def close(self) -> None:
        crowd, self._crowd = self._crowd, None
        if crowd is not None:
            crowd.leave(self._address)
        super().close()


def room(most: int) -> int:
    """How many connections may be held, at most so many: descriptors stay free for all else. Asks the system for what may be asked for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = min(most, SPARE)
    wanted = most + spare if hard == resource.RLIM_INFINITY else min(hard, most + spare)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return most if soft == resource.RLIM_INFINITY else min(most, max(soft // 2, soft - spare))
