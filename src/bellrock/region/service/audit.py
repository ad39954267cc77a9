"""Who changed what, and who tried to: kept in the store, and never a secret in it."""

import logging
from collections import deque
from enum import StrEnum
from typing import Final

from msgspec import structs

from bellrock.region.logs import Limited, line
from bellrock.region.store import AuditRow, NotStored, PeopleStore

MAX_TEXT: Final = 300
"""Characters of each field."""
WAITING: Final = 1000
"""Entries that wait in memory while the disk takes none."""
PAGE: Final = 1000
"""Entries that are told at once."""

log = logging.getLogger(__name__)


class AuditKind(StrEnum):
    """Entries of a kind share a bound."""

    CHANGE = "change"
    LOGIN = "login"


class Audit:
    """The audit log."""

    def __init__(self, store: PeopleStore) -> None:
        self._store = store
        self._waiting: deque[AuditRow] = deque(maxlen=WAITING)
        self._complaints = Limited(30.0)
        self._repeats = Limited(10.0)

    def __len__(self) -> int:
        """Entries that wait to be written."""
        return len(self._waiting)

    async def note(self, row: AuditRow) -> None:
        """Keep an entry. While the disk takes none it waits in memory: what was done is done, and is told when it can be."""
        self.later(row)
        await self.flush()

    def later(self, row: AuditRow) -> None:
        """Keep an entry with the next `flush`."""
        row = _bounded(row)
        log.info(line("audit", who=row.who, how=row.how, address=row.address, action=row.action, subject=row.subject,
                      outcome=row.outcome))  # fmt: skip
        self._waiting.append(row)

    async def flush(self) -> None:
        """Write what waits."""
        rows, self._waiting = self._waiting, deque(maxlen=WAITING)
        if not rows:
            return
        try:
            await self._store.add_audit(rows)
        except NotStored as error:
            self._waiting.extendleft(reversed(rows))
            if self._complaints.may():
                log.error(line(error.event, error=str(error), hint="the audit log is kept in memory"))  # noqa: TRY400

    def may_repeat(self) -> bool:
        """Whether an entry of a sort that anybody can cause at will may be made now."""
        return self._repeats.may()

    async def page(self, before: int | None, limit: int) -> list[AuditRow]:
        """The newest entries first, from below the number `before`."""
        return await self._store.audit(before, min(limit, PAGE))


def _bounded(row: AuditRow) -> AuditRow:
    texts = {key: value for key, value in structs.asdict(row).items() if isinstance(value, str)}
    return structs.replace(row, **{key: _printable(value) for key, value in texts.items()})


def _printable(text: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: MAX_TEXT + 1])
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"
