"""The mind, while this process leads: what it hears of other members, and how it ends."""

import asyncio
import contextlib
from collections.abc import Iterable

from litestar.types import ASGIApp
from msgspec import Struct

from bellrock.model import Wall
from bellrock.region.cluster.hall import Hall
from bellrock.region.cluster.mouth import Mouth
from bellrock.region.cluster.words import (
    Alive,
    Arrived,
    Event,
    Fresh,
    Left,
    Nth,
    Open,
    Over,
    Refuse,
    Said,
    Say,
    Shut,
    Taken,
    Word,
)
from bellrock.region.service import Region
from bellrock.region.store import NotStored


class Led(Struct, frozen=True):
    """One epoch of leading."""

    epoch: int
    region: Region
    app: ASGIApp
    hall: Hall
    mouth: Mouth
    task: asyncio.Task[None]
    """Runs the region."""

    async def hear(self, sender: str, word: Word, now: Wall) -> None:
        """A word of a member that does not lead.

        Raises:
            ContractError: it is of an agent, and not understood.
        """
        match word:
            case Fresh():
                self.gone(sender, "the region process at which it streamed begins anew")
                # It has an API token and a one-time login of its own.
                with contextlib.suppress(NotStored):
                    await self.region.access.refresh(now)
            case Arrived() | Left() | Alive() | Said():
                await self.hall.hear(sender, word)
            case Open() | Event() | Taken() | Shut():
                self.mouth.hear(sender, word)
            case Say() | Refuse() | Over() | Nth():
                pass  # of a leader that does not know yet that it is none

    def missing(self, before: Iterable[str], there: set[str]) -> None:
        """Only these members are there; `before`: those that were."""
        for member in set(before) - there | self.hall.members() - there:
            self.gone(member, f"the region process {member} is gone")

    def gone(self, member: str, why: str) -> None:
        """Of what a member told and asked nothing holds any more."""
        self.hall.gone(member, why)
        self.mouth.gone(member)

    async def stop(self) -> None:
        """End in order: what waits is noted."""
        await self.mouth.close()
        await self.region.stop()

    def end(self) -> None:
        """Another leads, or may: conclude, answer and tell nothing any more."""
        self.region.stopping.set()
        self.task.cancel()
        for member in self.hall.members():
            self.mouth.gone(member)
        self.hall.forget()
