"""Keeps names and registrations on disk, as conclusions change."""

import asyncio
import logging
import time
from collections.abc import Callable
from itertools import islice
from typing import Final

from bellrock.model import Monotonic, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.index import Index
from bellrock.region.service.inference import Inference
from bellrock.region.service.places import Registrar
from bellrock.region.service.state import State
from bellrock.region.store import NotStored, Registration, Store

SHARE: Final = 20.0
"""Times what it took to write the registry: until it is written again for no better reason than that ports have moved."""
LONGEST: Final = 30.0
AT_ONCE: Final = 100
"""Hosts that are looked at before anything else gets its turn; of a leader that has just begun it is all of them."""

log = logging.getLogger(__name__)


class Keeper:
    """What follows from evidence and is to outlive it. While the disk is full, changes wait here."""

    def __init__(
        self,
        store: Store,
        state: State,
        inference: Inference,
        registrar: Registrar,
        saved: bytes | None,
        mono: Callable[[], Monotonic] = lambda: Monotonic(time.monotonic()),
        index: Index | None = None,
    ) -> None:
        """`index`: where each interface is, kept for others as well."""
        self._index = index or Index()
        self._store = store
        self._state = state
        self._inference = inference
        self._registrar = registrar
        self._saved = saved
        self._changed: dict[str, Registration] = {}
        self._gone: set[str] = set()
        self._complaints = Limited(30.0)
        self._mono = mono
        self._next = Monotonic(0.0)
        """When the registry is written next, where nothing in it is new that must not be lost."""
        self._identities: object = None
        self._deferred = False
        """Whether something is not written that is to be."""
        self._saving = asyncio.Lock()
        self._at = Wall(0.0)
        self._told = {*state.accounts}
        """Hosts that told something since their interfaces were last looked at."""

    @property
    def owes(self) -> bool:
        """Whether something could not be written yet."""
        return bool(self._changed or self._gone)

    @property
    def waiting(self) -> set[str]:
        """Hosts whose interfaces are to be looked at."""
        return self._told

    async def keep(self, now: Wall) -> bool:
        """Register what has settled, and save what changed; True if a registration did."""
        self._inference.advanced()
        touched, self._inference.touched = self._inference.touched | self._told, set()
        self._told = set()
        accounts = self._state.accounts
        self._index.see(self._state, self._inference.topology())
        places = self._index.by_interface
        changed: list[Registration] = []
        gone: list[str] = []
        some = iter([accounts[one] for one in touched if one in accounts])
        while few := [*islice(some, AT_ONCE)]:
            new, old = self._registrar.update(few, places, now)
            changed += new
            gone += old
            await asyncio.sleep(0)
        for one in changed:
            log.info(line("registered", host=one.host, interface=one.name, id=one.id, vlans=len(one.vlans)))
        self._changed |= {one.id: one for one in changed}
        self._gone |= set(gone)
        self._changed = {key: one for key, one in self._changed.items() if key not in self._gone}
        await self._save(now)
        return bool(changed or gone)

    def told(self, host: str) -> None:
        """A host has told something: its interfaces may have settled, or be others."""
        self._told.add(host)

    async def settle(self, *, at_once: bool = False) -> None:
        """Write what has been put off, if it is time; `at_once`: however lately something was written."""
        if self._deferred and (at_once or self._mono() >= self._next):
            self._next = Monotonic(0.0)
            await self._save(self._at)

    async def _save(self, now: Wall) -> None:
        async with self._saving:  # what comes meanwhile is not written, and must not be taken for it
            await self._write(now)

    async def _write(self, now: Wall) -> None:
        identities = self._inference.identities()
        self._at = now
        # Where only the places of ids have changed, a crash that forgets it costs nothing, for most ports say so still.
        self._deferred = identities == self._identities and self._mono() < self._next
        began = self._mono()
        found = self._saved if self._deferred else self._inference.registry()
        registry = None if found == self._saved else found
        if registry is None and not self.owes:
            return
        changed, gone = dict(self._changed), set(self._gone)
        try:
            await self._store.save_places(registry, changed.values(), gone, now)
        except NotStored as error:
            self._deferred = True
            if self._complaints.may():
                log.error(line(error.event, error=str(error), hint="names and registrations are kept in memory"))  # noqa: TRY400
            return
        self._changed = {key: one for key, one in self._changed.items() if changed.get(key) is not one}
        self._gone -= gone
        if registry is not None:
            self._saved, self._identities = registry, identities
            now_mono = self._mono()
            self._next = Monotonic(now_mono + min(LONGEST, SHARE * (now_mono - began)))
