"""Diagnoses that were made elsewhere: of captures, handed in by people and programs, and by nodes of themselves. They count for a while."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from bellrock.model import Finding, Wall
from bellrock.region.store import DiagnosisRow, FindingStore

HOLDS: Final = 3600.0
"""Seconds for which a diagnosis tells of now; afterwards nobody has looked since."""
MAX_HELD: Final = 256
"""Sources; beyond, the one that was heard of longest ago is forgotten."""
HANDED_IN: Final = "diagnosis "
"""How the origin of such findings begins."""

Found = tuple[Finding, str]
"""A finding and its origin."""


class Diagnoses:
    """The last one of each source."""

    def __init__(self, store: FindingStore, rows: Iterable[DiagnosisRow], clock: Callable[[], Wall]) -> None:
        self._store = store
        self._rows = {row.source: row for row in rows}
        self._clock = clock
        self._writing = asyncio.Lock()
        """What is to go is chosen by what is held, and held until it is gone."""

    async def put(self, source: str, findings: tuple[Finding, ...], by: str) -> DiagnosisRow:
        """Take one in, in place of an earlier one of the same source.

        Raises:
            NotStored: the disk does not take it.
        """
        async with self._writing:
            return await self._put(DiagnosisRow(source=source, at=self._clock(), by=by, findings=findings))

    async def _put(self, row: DiagnosisRow) -> DiagnosisRow:
        source = row.source
        others = sorted((one for one in self._rows.values() if one.source != source), key=lambda one: one.at)
        gone = [one.source for one in others[: max(0, len(others) + 1 - MAX_HELD)]]
        await self._store.save_diagnosis(row, gone)
        self._rows[source] = row
        for one in gone:
            del self._rows[one]
        return row

    @property
    def held(self) -> Mapping[str, DiagnosisRow]:
        """By origin, those that tell of now."""
        now = self._clock()
        return {f"{HANDED_IN}{row.source}": row for row in self._rows.values() if now - row.at <= HOLDS}

    def found(self) -> list[Found]:
        """What they say."""
        return [(one, origin) for origin, row in self.held.items() for one in row.findings]

    async def sweep(self) -> None:
        """Forget those that tell of now no more.

        Raises:
            NotStored: the disk does not take it.
        """
        async with self._writing:
            now = self._clock()
            old = [row.source for row in self._rows.values() if now - row.at > HOLDS]
            await self._store.forget_diagnoses(old)
            for source in old:
                del self._rows[source]
