"""Keeps names and registrations on disk, as conclusions change."""

import logging

from bellrock.model import Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.inference import Inference
from bellrock.region.service.places import Registrar, places_of
from bellrock.region.service.state import State
from bellrock.region.store import NotStored, Registration, Store

log = logging.getLogger(__name__)


class Keeper:
    """What follows from evidence and is to outlive it. While the disk is full, changes wait here."""

    def __init__(
        self, store: Store, state: State, inference: Inference, registrar: Registrar, saved: bytes | None
    ) -> None:
        self._store = store
        self._state = state
        self._inference = inference
        self._registrar = registrar
        self._saved = saved
        self._changed: dict[str, Registration] = {}
        self._gone: set[str] = set()
        self._complaints = Limited(30.0)

    @property
    def owes(self) -> bool:
        """Whether something could not be written yet."""
        return bool(self._changed or self._gone)

    async def keep(self, now: Wall) -> bool:
        """Register what has settled, and save what changed; True if a registration did."""
        places = places_of(self._inference.topology())
        changed, gone = self._registrar.update(self._state.accounts.values(), places, now)
        for one in changed:
            log.info(line("registered", host=one.host, interface=one.name, id=one.id, vlans=len(one.vlans)))
        self._changed |= {one.id: one for one in changed}
        self._gone |= set(gone)
        self._changed = {key: one for key, one in self._changed.items() if key not in self._gone}
        await self._save(now)
        return bool(changed or gone)

    async def _save(self, now: Wall) -> None:
        registry = self._inference.registry()
        if registry == self._saved and not self.owes:
            return
        try:
            await self._store.save_places(registry, self._changed.values(), self._gone, now)
        except NotStored as error:
            if self._complaints.may():
                log.error(line(error.event, error=str(error), hint="names and registrations are kept in memory"))  # noqa: TRY400
            return
        self._saved, self._changed, self._gone = registry, {}, set()
