"""How checks stand, on its way to the disk: what comes in gathers for one transaction, and a full disk loses no verdict."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from bellrock.model import Probed
from bellrock.region.logs import Limited, line
from bellrock.region.store import Change, NotStored, ProbeStore, Standing

GATHER: Final = 0.2
"""Seconds in which results gather for one transaction."""
RETRY: Final = 1.0
"""Seconds until a disk that is full is tried again."""
MAX_CHANGES: Final = 10_000
"""Changes that wait for a disk that is full; older ones are lost to the history."""

log = logging.getLogger(__name__)


class Bare(Probed, frozen=True):
    """A check of which nothing is known but how it stands: what was seen is not there, now or any more."""


class Ledger:
    """Writes to the store, and reads evidence back, also what is not written yet."""

    def __init__(self, store: ProbeStore) -> None:
        self._store = store
        self._pending: dict[str, tuple[Standing, Probed]] = {}
        self._writing: dict[str, tuple[Standing, Probed]] = {}
        """On its way to the disk, where it is not found before all of it is."""
        self._turn = asyncio.Lock()
        """Of who writes: what is older is written first."""
        self._changes: deque[Change] = deque(maxlen=MAX_CHANGES)
        self._gone: dict[str, None] = {}
        self._more = asyncio.Event()
        self._complaints = Limited(30.0)

    def keep(self, told: Iterable[tuple[Standing, Probed]], changes: Iterable[Change]) -> None:
        """These checks stand like this now, and these verdicts changed."""
        for one, probed in told:
            self._pending[one.key] = one, probed
            self._gone.pop(one.key, None)
        self._changes += changes
        self._more.set()

    def forget(self, keys: Iterable[str]) -> None:
        """The checks of these keys are no more."""
        for key in keys:
            self._pending.pop(key, None)
            self._gone[key] = None
            self._more.set()

    async def with_evidence(self, standings: Sequence[Standing]) -> list[tuple[Standing, Probed]]:
        """Each with what was seen; `Bare` where that is not there any more."""
        # What waits is looked at before the disk is: meanwhile it may get there, and would be seen in neither place.
        found = {one.key: self._waiting(one.key) for one in standings}
        if elsewhere := [key for key, probed in found.items() if probed is None]:
            found |= await self._store.probed(elsewhere)
        return [(one, found[one.key] or _bare(one)) for one in standings]

    def _waiting(self, key: str) -> Probed | None:
        held = self._pending.get(key) or self._writing.get(key)
        return held[1] if held else None

    async def run(self) -> None:
        """Write, until cancelled."""
        while True:
            await self._more.wait()
            await asyncio.sleep(GATHER)
            self._more.clear()
            if not await self.flush():
                await asyncio.sleep(RETRY)
                self._more.set()

    async def flush(self) -> bool:
        """Write what waits; False: the disk does not take it, and it waits on."""
        async with self._turn:
            try:
                return await self._write()
            finally:
                self._writing = {}

    async def _write(self) -> bool:
        if not (self._pending or self._gone or self._changes):
            return True
        pending = self._writing = self._pending
        self._pending = {}
        gone, self._gone = self._gone, {}
        changes = [*self._changes]
        self._changes.clear()
        try:
            await self._store.keep([*pending.values()], changes, gone)
        except NotStored as error:
            self._pending = {key: held for key, held in pending.items() if key not in self._gone} | self._pending
            self._gone = {key: None for key in (*gone, *self._gone) if key not in self._pending}
            self._changes = deque((*changes, *self._changes), MAX_CHANGES)
            if self._complaints.may():
                log.error(line(error.event, error=str(error), hint="results of probes are kept in memory"))  # noqa: TRY400
            return False
        return True


def _bare(one: Standing) -> Bare:
    return Bare(flow=one.flow, target=one.target, verdict=one.verdict, detail=one.detail, variant=one.variant)
