"""How long the database takes, statement by statement, for `/metrics`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bellrock.region.instruments import DATABASE_FAILURES, DATABASE_SECONDS, TRANSACTION_SECONDS, timed
from bellrock.region.store.errors import NotStored

OPERATIONS: Final = frozenset({"select", "insert", "update", "delete", "copy", "begin"})
"""Statements that are told apart by their first word; others are `other`."""
_BEGAN: Final = "bellrock_began"


def watch(engine: AsyncEngine) -> None:
    """Measure all statements and commits of an engine."""
    event.listen(engine.sync_engine, "before_cursor_execute", _before)
    event.listen(engine.sync_engine, "after_cursor_execute", _after)
    # SQLAlchemy tells of a commit before it is made; what takes time is the disk.
    engine.dialect.do_commit = _timed_commit(engine.dialect.do_commit)  # type: ignore[method-assign, assignment]


@contextmanager
def transaction() -> Iterator[None]:
    """Measure one that writes, and count it if it is not made."""
    with timed(TRANSACTION_SECONDS):
        try:
            yield
        except NotStored as error:
            DATABASE_FAILURES.add(error.event)
            raise


def operation(statement: str) -> str:
    """The word under which a statement is counted."""
    first = statement.lstrip()[:8].partition(" ")[0].lower()
    return first if first in OPERATIONS else "other"


def _before(_connection: Any, _cursor: Any, _statement: Any, _values: Any, context: Any, _many: Any) -> None:  # noqa: ANN401 -- as SQLAlchemy has it
    setattr(context, _BEGAN, time.perf_counter())


def _after(_connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: Any) -> None:  # noqa: ANN401 -- the same
    DATABASE_SECONDS.observe(time.perf_counter() - getattr(context, _BEGAN), operation(statement))


def _timed_commit(commit: Callable[[Any], None]) -> Callable[[Any], None]:
    def timed_commit(connection: Any) -> None:  # noqa: ANN401 -- the driver's
        with timed(DATABASE_SECONDS, "commit"):
            commit(connection)

    return timed_commit
