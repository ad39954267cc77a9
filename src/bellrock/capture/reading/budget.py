"""How many packets are kept, by kind and by whom they are about: a flood is counted, and takes neither time nor memory."""

from typing import Final

import numpy as np
from msgspec import Struct

from bellrock.capture.reading.picks import Kind
from bellrock.capture.reading.values import Bits, Numbers

MAX_CLIENTS: Final = 1 << 16
"""Whom packets are counted of, for one kind; all others are counted as one."""
_OTHERS: Final = -1


class Limits(Struct, frozen=True, kw_only=True):
    """Packets kept at most."""

    total: int = 120_000
    kind: int = 30_000
    """Of one kind."""
    client: int = 2_000
    """Of one kind, sent to or by one client."""


class Budget:
    """What is left of the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._total = limits, limits.total
        self._kinds: dict[Kind, int] = {}
        self._clients: dict[Kind, dict[int, int]] = {}
        self.left_out: dict[str, int] = {}
        """Kind → how many more there were."""

    def allowed(self, kind: Kind, clients: Numbers) -> Bits:
        """Which of these packets, in their order, may be kept. `clients`: a number for each, the same for all about one client."""
        room = min(self._total, self._limits.kind - self._kinds.get(kind, 0))
        if room <= 0:
            return self._granted(kind, np.zeros(len(clients), np.bool_))
        whose, at, counts = np.unique(clients, return_inverse=True, return_counts=True)
        ranks = _ranks(at, counts)
        used = self._clients.setdefault(kind, {})
        names = whose.tolist()
        left = np.array([self._limits.client - used.get(_known(name, used), 0) for name in names], np.int64)
        allowed = ranks < left[at]
        allowed &= np.cumsum(allowed) <= room
        for name, count in zip(names, np.bincount(at[allowed], minlength=len(names)).tolist(), strict=True):
            if count:
                key = _known(name, used)
                used[key] = used.get(key, 0) + count
        return self._granted(kind, allowed)

    def leave_out(self, what: str, count: int = 1) -> None:
        """Count packets that are not kept for another reason."""
        if count:
            self.left_out[what] = self.left_out.get(what, 0) + count

    def _granted(self, kind: Kind, allowed: Bits) -> Bits:
        granted = int(allowed.sum())
        self._kinds[kind] = self._kinds.get(kind, 0) + granted
        self._total -= granted
        self.leave_out(kind, len(allowed) - granted)
        return allowed


def _known(name: int, used: dict[int, int]) -> int:
    return name if name in used or len(used) < MAX_CLIENTS else _OTHERS


def _ranks(at: Numbers, counts: Numbers) -> Numbers:
    """Of each, how many before it have the same name."""
    order = np.argsort(at, kind="stable")
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    ranks = np.empty(len(at), np.int64)
    ranks[order] = np.arange(len(at)) - firsts
    return ranks
