"""Letters under way: those that a port sends, part by part, and those that come in, put together again."""

import base64
from collections import OrderedDict, deque
from collections.abc import Iterable
from itertools import chain
from typing import Final

from msgspec import Struct

from bellrock.beacon.ports import BEACON_BASE, FRAME_OVERHEAD, Bucket
from bellrock.model import Host, Port
from bellrock.wire.document import MAX_PARTS

MAX_PART: Final = 900
"""Characters of base64 in one part: with eight regions' URLs beside it, the beacon still fits a link of 1500 octets."""
LEAST_PART: Final = 100
TAKES_OF_BASE: Final = 0.8
"""Share of BEACON_BASE that a beacon without acknowledgements takes at most."""
PER_SENDER: Final = 4
"""Unfinished letters of one sender."""
TOGETHER: Final = 64
"""Unfinished letters of all senders: at most 4 MiB."""
MAX_OWED: Final = 64
"""Receipts that one port owes at one time, PER_SENDER of them to one sender."""
REMEMBERED: Final = 256
"""Letters that have come, so that a part that comes again is acknowledged and not taken for a new letter."""


def part_size(mtu: int) -> int:
    """Characters of base64 that one part may have on a link; whole groups of four."""
    room = mtu - FRAME_OVERHEAD - int(BEACON_BASE * TAKES_OF_BASE)
    return max(LEAST_PART, min(MAX_PART, room)) // 4 * 4


def cut(octets: bytes, mtu: int) -> tuple[str, ...]:
    """The parts of a letter; none if it needs more than MAX_PARTS, or is empty."""
    size = part_size(mtu)
    text = base64.b64encode(octets).decode()
    parts = tuple(text[at : at + size] for at in range(0, len(text), size))
    return parts if len(parts) <= MAX_PARTS else ()


class Posted:
    """A letter that is being sent."""

    __slots__ = ("_got", "again_at", "id", "parts", "pause", "to", "turn", "unsent", "until")

    def __init__(self, id: str, to: str, parts: tuple[str, ...], pause: float, until: float) -> None:
        self.id = id
        self.to = to
        self.parts = parts
        self.unsent: deque[int] = deque(range(len(parts)))
        """Parts to be sent now, those that went out and are not acknowledged left out."""
        self.again_at = float("inf")
        """When what is not acknowledged is sent again."""
        self.pause = pause
        self.until = until
        self.turn = 0
        """How often all of it was sent; picks the address family, so that a receiver deaf to one hears the other."""
        self._got: dict[str, set[int]] = {}

    def due(self) -> float:
        """When it is to be sent on, sent again, or given up; minus infinity: at once."""
        return float("-inf") if self.unsent else min(self.again_at, self.until)

    def acknowledge(self, agent: str, got: Iterable[int], again_at: float) -> bool:
        """An agent has these parts. True if it has all.

        Nobody else's parts help it, so what the agent that has most lacks is still sent; at `again_at` where nothing is left
        to be sent and no later try is due yet.
        """
        if agent not in self._got and len(self._got) >= PER_SENDER:
            return False
        has = self._got.setdefault(agent, set())
        has.update(part for part in got if part < len(self.parts))
        best = self._best()
        self.unsent = deque(part for part in self.unsent if part not in best)
        if not self.unsent and self.again_at == float("inf"):
            self.again_at = again_at
        return len(has) == len(self.parts)

    def repeat(self, longest: float) -> None:
        """Send again what the agent that has most of it lacks, and wait longer the next time."""
        best = self._best()
        self.unsent = deque(part for part in range(len(self.parts)) if part not in best)
        self.again_at = float("inf")
        self.pause = min(self.pause * 2, longest)
        self.turn += 1

    def _best(self) -> set[int]:
        """What the agent that has most of it has."""
        return max(self._got.values(), key=len, default=set())


class Receipt(Struct, frozen=True):
    """An acknowledgement that is owed, and from when on it may be given."""

    to: str
    parts: int
    got: tuple[int, ...]
    at: float


class Box:
    """What one port has to send."""

    __slots__ = ("bucket", "letters", "receipts", "turn")

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.letters: OrderedDict[str, Posted] = OrderedDict()
        self.receipts: OrderedDict[tuple[str, str], Receipt] = OrderedDict()
        """By sender and letter id; a later one for the same letter says all that the earlier one would have."""
        self.turn = 0

    def owes_more(self, key: tuple[str, str]) -> bool:
        """Whether there is room for a receipt. Nobody sends letters faster than they are acknowledged, but who means harm."""
        if key in self.receipts:
            return True
        theirs = sum(agent == key[0] for agent, _ in self.receipts)
        return theirs < PER_SENDER and len(self.receipts) < MAX_OWED

    def due(self) -> float:
        """When there is something to do next; infinity: nothing is under way."""
        receipts = (receipt.at for receipt in self.receipts.values())
        letters = (letter.due() for letter in self.letters.values())
        return min(chain(receipts, letters), default=float("inf"))


class Assembly(Struct):
    """A letter that has begun to come."""

    port: Port
    sender: Host
    parts: int
    began: float
    texts: dict[int, bytes]


class Arrivals:
    """Letters that come in. `Key`: the sender's agent id and the letter's id."""

    def __init__(self) -> None:
        self._coming: OrderedDict[tuple[str, str], Assembly] = OrderedDict()
        self._came: OrderedDict[tuple[str, str], int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._coming)

    def expire(self, before: float) -> None:
        """Forget what began before `before` and never came to its end."""
        while self._coming and next(iter(self._coming.values())).began < before:
            self._coming.popitem(last=False)

    def finished(self, key: tuple[str, str]) -> int:
        """How many parts a letter had that has come already; 0: it has not."""
        return self._came.get(key, 0)

    def open(self, key: tuple[str, str], port: Port, sender: Host, parts: int, now: float) -> Assembly | None:
        """The letter that a part belongs to; None if there is no room, or it does not fit the parts before it."""
        known = self._coming.get(key)
        if known is not None:
            return known if known.parts == parts else None
        theirs = sum(agent == key[0] for agent, _ in self._coming)
        if theirs >= PER_SENDER or len(self._coming) >= TOGETHER:
            return None
        made = self._coming[key] = Assembly(port, sender, parts, now, {})
        return made

    def finish(self, key: tuple[str, str]) -> bytes:
        """The whole of a letter of which every part is there."""
        whole = self._coming.pop(key)
        self._came[key] = whole.parts
        if len(self._came) > REMEMBERED:
            self._came.popitem(last=False)
        return b"".join(whole.texts[part] for part in range(whole.parts))
