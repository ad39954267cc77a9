"""Letters of other members: read, opened, and told word by word."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from bellrock.contract import ContractError
from bellrock.region.cluster.seal import SealError
from bellrock.region.cluster.words import Nth, Word, known
from bellrock.region.logs import Limited, line
from bellrock.region.store.members import Letter

log = logging.getLogger(__name__)


class Reads(Protocol):
    """Where letters come from (`store.members.Post`)."""

    letters: asyncio.Event

    async def read(self) -> list[Letter]:
        """Those that wait, each once; a bounded number."""


class Mailbox:
    """What one member is told."""

    def __init__(
        self, post: Reads, opened: Callable[[str, bytes], bytes], hear: Callable[[str, Word], Awaitable[None]], turning: asyncio.Lock
    ) -> None:  # fmt: skip
        """`opened`: a sender's letter, unsealed; `hear`: what is done with a word; `turning`: held while letters are read and heard."""
        self._post = post
        self._opened = opened
        self._hear = hear
        self._turning = turning
        self._heard: dict[str, int] = {}
        """By sender, the number of the last letter that was heard; ids of processes that are gone are never given again."""
        self._complaints = Limited(30.0)

    async def run(self) -> None:
        """Hear, until cancelled.

        Raises:
            StoreAway: the database is not there.
        """
        while True:
            await self._post.letters.wait()
            self._post.letters.clear()
            while await self._read():
                pass

    async def _read(self) -> bool:
        async with self._turning:
            letters = await self._post.read()
            for letter in letters:
                await self._open(letter)
        return bool(letters)

    async def _open(self, letter: Letter) -> None:
        try:
            words, wrong = known(self._opened(letter.sender, letter.body))
            words = self._new(letter.sender, words)
        except (SealError, msgspec.MsgspecError) as error:
            words, wrong = (), str(error)
        if wrong:
            self._not_understood(letter.sender, wrong)
        for word in words:
            try:
                await self._hear(letter.sender, word)
            except ContractError as error:
                # An order that the agent knows, and this process does not.
                self._not_understood(letter.sender, str(error))

    def _new(self, sender: str, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """The words of a letter that was not heard before. Letters come in order; older versions do not number them.

        Raises:
            SealError: somebody put it there again, or before one that was written earlier.
        """
        before = self._heard.get(sender, 0)
        number = words[0].number if words and isinstance(words[0], Nth) else 0
        if before and number <= before:
            raise SealError(
                f"letter {number or 'without number'} came after letter {before}: somebody put it there again"
            )
        if number:
            self._heard[sender] = number
            return words[1:]
        return words

    def _not_understood(self, sender: str, error: str) -> None:
        if self._complaints.may():
            hint = "has one process another version, or another secret?"
            log.warning(line("letter-not-understood", sender=sender, error=error, hint=hint))
