"""Words on their way to other members: collected, and written as one letter to each as often as the database takes them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from bellrock.region.cluster.words import Event, Nth, Said, Say, Word, encode
from bellrock.region.store import StoreAway

MAX_WORDS: Final = 20_000
"""Words that wait. A database that takes none for so long is treated as one that is away: all is said anew when it is back."""
ROOM: Final = 256
"""Words that wait before those who can wait do."""
MAX_LETTER: Final = 2000
"""Words in one letter."""
MAX_OCTETS: Final = 1 << 20
"""Octets of one letter, give or take a word."""
MAX_STATEMENT: Final = 4 << 20
"""Octets of letters that go to the database at once: what takes longer looks like a database that is not there."""
USUAL: Final = 200
"""Octets of a word but for its text."""


class Writes(Protocol):
    """What takes letters (`store.members.Post`)."""

    async def write(self, letters: list[tuple[str, bytes]]) -> None:
        """Send them, all or none, in order."""

    async def close(self) -> None:
        """Be gone."""


class Outbox:
    """What one member has to say."""

    def __init__(self, post: Writes, seal: Callable[[str, bytes], bytes]) -> None:
        """`seal`: a letter's body, for its recipient."""
        self._post = post
        self._seal = seal
        self._waiting: list[tuple[str, Word]] = []
        self._written: Counter[str] = Counter()
        """Letters to each recipient so far, over connections: an id is a process's for as long as it runs, and nobody's after."""
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def waiting(self) -> int:
        """Words that are not written yet."""
        return len(self._waiting)

    def put(self, recipient: str, word: Word) -> None:
        """Say something, as soon as may be."""
        self._waiting.append((recipient, word))
        if len(self._waiting) >= ROOM:
            self._room.clear()
        self._more.set()

    async def room(self) -> None:
        """Wait until there is room for more: for those who have much to say."""
        await self._room.wait()

    def drop(self) -> None:
        """Forget what waits: it is said anew to whoever is there then."""
        self._waiting.clear()
        self._room.set()

    async def run(self) -> None:
        """Write, until cancelled.

        Raises:
            StoreAway: the database is not there; what waited is forgotten.
        """
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                await self._write()
        finally:
            self.drop()

    async def _write(self) -> None:
        if len(self._waiting) > MAX_WORDS:
            await self._post.close()
            raise StoreAway(f"{len(self._waiting)} words wait for the database")
        now, self._waiting = self._waiting, []
        self._room.set()
        letters: list[tuple[str, bytes]] = []
        octets = 0
        for recipient, words in _letters(now):
            self._written[recipient] += 1
            letters.append((recipient, self._seal(recipient, encode((Nth(self._written[recipient]), *words)))))
            octets += len(letters[-1][1])
            if octets >= MAX_STATEMENT:
                await self._post.write(letters)
                letters, octets = [], 0
        await self._post.write(letters)


def _letters(waiting: list[tuple[str, Word]]) -> Iterator[tuple[str, list[Word]]]:
    """What waits for each recipient, in order, in letters of a bounded size; a word that is larger is one by itself."""
    of: dict[str, list[Word]] = {}
    for recipient, word in waiting:
        of.setdefault(recipient, []).append(word)
    for recipient, words in of.items():
        begin, size = 0, 0
        for place, word in enumerate(words):
            size += (own := _size(word))
            if place > begin and (size > MAX_OCTETS or place - begin >= MAX_LETTER):
                yield recipient, words[begin:place]
                begin, size = place, own
        yield recipient, words[begin:]


def _size(word: Word) -> int:
    """About how many octets it takes."""
    if isinstance(word, Event):
        return USUAL + sum(len(part) for name in ("body", "bytes", "text") if (part := word.event.get(name)))
    return USUAL + (len(word.message) if isinstance(word, Said | Say) else 0)
