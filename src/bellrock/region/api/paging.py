"""Long lists in pages: `limit` and `cursor` in, `Link` (RFC 8288) and `X-Total-Count` out. Without either parameter a list is whole."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ClientException
from litestar.params import QueryParameter

from bellrock.region.api.problems import AnyRequest
from bellrock.region.service.slices import MAX_NUMBER, WHOLE, Key, Slice, Span, cut

DEFAULT: Final = 100
"""Rows of a page whose size is not said."""
MOST: Final = 1000
MAX_CURSOR: Final = 2000
STALE: Final = "cursor: not one that this list gave; begin again without it."
PAGED: Final = [
    ResponseHeader(
        name="Link", documentation_only=True, required=False, description='`<…>; rel="next"` (RFC 8288) where more may follow; a page may have fewer rows than its `limit`', value=""
    ),
    ResponseHeader(
        name="X-Total-Count", documentation_only=True, required=False, description="Rows that are asked for, on all pages together, where they were counted", value="0"
    ),
]  # fmt: skip
"""What a list's answer carries beside its rows."""
NEXT: Final = PAGED[:1]
"""The same of a list whose rows are not counted."""
MANY: Final = 200
"""Entries of a log that are told where nobody says how many."""

R = TypeVar("R")
V = TypeVar("V")

Limit = Annotated[
    int | None,
    QueryParameter(
        description=f"Rows of a page; with a `cursor` and without this, {DEFAULT}. Without both, the whole list",
        ge=1,
        le=MOST,
    ),
]
Cursor = Annotated[
    str | None,
    QueryParameter(description="Where the page begins: as the `Link` of the page before says", max_length=MAX_CURSOR),
]


Before = Annotated[int | None, QueryParameter(description="Only entries numbered below this", ge=1, le=MAX_NUMBER)]
Most = Annotated[int, QueryParameter(description="How many at most", ge=1, le=MOST)]


class Numbered(Protocol):
    """An entry of a log."""

    @property
    def id(self) -> int:
        """It grows from entry to entry."""

    @property
    def at(self) -> float:
        """Seconds since 1970."""


N = TypeVar("N", bound=Numbered)


def span(limit: Limit = None, cursor: Cursor = None) -> Span:
    """The part that a request asks for.

    Raises:
        ClientException: the cursor is none.
    """
    if cursor is None:
        return WHOLE if limit is None else Span(None, limit)
    return Span(_opened(cursor), limit or DEFAULT)


Spanned = NamedDependency[Span]
paged: Final = {"span": Provide(span, sync_to_thread=False)}
"""For routes that answer with a list: gives them a `span`."""


def page(request: AnyRequest, find: Callable[[], Slice[R]]) -> Response[list[R]]:
    """The answer that shows a part of a list.

    Raises:
        ClientException: the cursor is of another list.
    """
    found = sliced(find)
    return Response([*found.rows], headers=headers(request, found))


def rows(request: AnyRequest, found: Sequence[R], key: Callable[[R], Key], asked: Span) -> Response[list[R]]:
    """The answer that shows a part of a list that is at hand. Whole, it is in the order in which it is given; in pages, in that of its keys.

    Raises:
        ClientException: the cursor is of another list.
    """
    shown = part(found, key, asked, lambda row: row)
    return Response([*shown.rows], headers=headers(request, shown))


def part(found: Sequence[R], key: Callable[[R], Key], asked: Span, render: Callable[[R], V]) -> Slice[V]:
    """A part of a list that is at hand; see `rows`.

    Raises:
        ClientException: the cursor is of another list.
    """
    return sliced(lambda: cut(found if asked == WHOLE else sorted(found, key=key), key, asked, render))


def sliced(find: Callable[[], Slice[R]]) -> Slice[R]:
    """What `find` finds.

    Raises:
        ClientException: the cursor is of another list.
    """
    try:
        return find()
    except TypeError as error:
        # Keys of one list compare with each other; only a cursor from elsewhere does not.
        if "not supported between instances" not in str(error):
            raise
        raise ClientException(STALE) from None


def numbered(before: int | None, cursor: str | None) -> int | None:
    """The number below which a page of a log begins.

    Raises:
        ClientException: the cursor is of another list.
    """
    match _opened(cursor) if cursor is not None else ():
        case (int(number),):
            return number if before is None else min(number, before)
        case ():
            return before
        case _:
            raise ClientException(STALE)


def newest(request: AnyRequest, found: Sequence[N], limit: int, since: float | None) -> Response[list[N]]:
    """A page of a log, the newest entry first; `found`: what there is without `since`, at most `limit`."""
    shown = [one for one in found if since is None or one.at >= since]
    more = len(found) == limit and len(shown) == len(found)
    told = headers(request, Slice(shown, None, (shown[-1].id,) if more else None))
    return Response(shown, headers=told)


def headers(request: AnyRequest, found: Slice[R]) -> dict[str, str]:
    """What tells of the other pages."""
    told = {} if found.total is None else {"X-Total-Count": str(found.total)}
    if found.last is not None:
        told["Link"] = f'<{_next(request, found.last)}>; rel="next"'
    return told


def cursor_of(key: Key) -> str:
    """A row's key, as it travels."""
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _opened(cursor: str) -> Key:
    try:
        key = msgspec.json.decode(
            urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=tuple[str | int | float, ...]
        )
    except (ValueError, RecursionError):  # also what is not ASCII, base64, UTF-8 or JSON
        raise ClientException(STALE) from None
    if any(isinstance(one, int) and abs(one) > MAX_NUMBER for one in key):
        raise ClientException(STALE)
    return key


def _next(request: AnyRequest, last: Key) -> str:
    query = request.scope["query_string"].decode("latin-1")
    asked = [one for one in parse_qsl(query, keep_blank_values=True) if one[0] != "cursor"]
    return f"{quote(request.scope['path'])}?{urlencode([*asked, ('cursor', cursor_of(last))])}"
