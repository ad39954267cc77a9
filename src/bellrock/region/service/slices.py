"""Parts of long lists. A place in a list is the key of the last row that was shown, so that what comes and goes before it moves nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Final, Generic, TypeVar

from msgspec import Struct

Key = tuple[str | int | float, ...]
"""By which a list is in order; no two rows have the same."""
R = TypeVar("R")
V = TypeVar("V")


class Break(Enum):
    """In place of a row."""

    BREAK = 0


BREAK: Final = Break.BREAK


class Span(Struct, frozen=True):
    """Which part: behind the row of this key, whether it is still there or not; so many rows at most, None for all."""

    after: Key | None = None
    limit: int | None = None


WHOLE = Span()
MAX_NUMBER: Final = 2**62
"""No row's number is greater; what is could not even be asked of a database."""


class Slice(Struct, Generic[R], frozen=True):
    """Rows; of how many (None: counting would cost too much); the key behind which more may follow."""

    rows: Sequence[R]
    total: int | None
    last: Key | None = None


def cut(rows: Sequence[R], key: Callable[[R], Key], span: Span, render: Callable[[R], V]) -> Slice[V]:
    """A part of a list that is in the order of its keys; only what is shown is rendered.

    Raises:
        TypeError: the span's key is not of this list.
    """
    return taken(((key(row), row) for row in rows), len(rows), span, render)


def taken(rows: Iterable[tuple[Key, R | Break]], total: int | None, span: Span, render: Callable[[R], V]) -> Slice[V]:
    """The same of rows that come with their keys, one by one; no more are asked for than are needed.

    At a `BREAK` among them a part ends with those that it has: looking for more would take long.

    Raises:
        TypeError: the span's key is not of this list.
    """
    shown: list[V] = []
    last: Key | None = None
    for key, row in _behind(rows, span.after):
        if isinstance(row, Break):
            if span.limit is not None:
                return Slice(shown, total, key)
        elif len(shown) == span.limit:
            return Slice(shown, total, last)
        else:
            shown.append(render(row))
            last = key
    return Slice(shown, total, None)


def _behind(rows: Iterable[tuple[Key, R | Break]], after: Key | None) -> Iterator[tuple[Key, R | Break]]:
    if after is None:
        return iter(rows)
    return _later(rows, after)


def _later(rows: Iterable[tuple[Key, R | Break]], after: Key) -> Iterator[tuple[Key, R | Break]]:
    for key, row in rows:
        if key > of_length(after, len(key)):
            yield key, row


def of_length(key: Key, length: int, *, at_least: bool = False) -> Key:
    """The key, if it is as long as those of a list.

    Raises:
        TypeError: it is not, and of another list.
    """
    if len(key) < length or (len(key) > length and not at_least):
        raise TypeError("'>' not supported between instances of keys of two lists")
    return key
