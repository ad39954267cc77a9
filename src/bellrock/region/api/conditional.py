"""Answers that need not be sent again, and changes that must not undo another's: ETag, If-None-Match, If-Match (RFC 9110 §8.8.3, §13.1).

A tag is made of what the answer says. Ages and clock offsets are left out, for they always move: an answer that has them is tagged as weak, and a
304 says that nothing else is different.
"""

import re
from asyncio import Lock
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from bellrock.region.api.kept import answer_in, keep_in
from bellrock.region.api.once import once
from bellrock.region.api.problems import AnyRequest

_MOVING: Final = re.compile(rb'"(?:age|seen_age|since_age|last_age|next|clock_offset)":-?[0-9][0-9.e+-]*')
"""Numbers that grow by themselves. A quote inside a string is escaped, so this is never in one."""
_TAG: Final = re.compile(rb'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
MAX_TAGGED: Final = 4 << 20
"""Octets of an answer that is tagged; who wants a list that is longer has pages."""
MAX_TAGS: Final = 4096
"""Octets of a header with tags that are looked at."""
V = TypeVar("V")
CACHEABLE: Final = b"private, no-cache"
"""RFC 9111 §5.2.2: the asker may keep it, and asks each time whether it still holds."""


class PreconditionFailed(HTTPException):
    """What is to be changed is not what the caller has seen."""

    status_code = HTTPStatus.PRECONDITION_FAILED


class Conditional:
    """ASGI middleware: tags JSON answers to GET, and leaves out those that the caller has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; hold an answer back until it is known whether it is needed."""
        if (
            scope["type"] != ScopeType.HTTP
            or not scope["path"].startswith("/api/")
            or scope["method"] not in ("GET", "HEAD")
        ):
            await self._app(scope, receive, send)
            return
        held: Any = None

        async def send_tagged(message: Any) -> None:  # noqa: ANN401 -- one of ASGI's messages
            nonlocal held
            if message["type"] == "http.response.start" and _is_tagged(message):
                held = message
                return
            start, held = held, None
            if start is None:
                await send(message)
            elif (known := answer_in(scope)) is not None:
                await _answer(scope, start | {"headers": known.headers}, message, known.tag, send)
            elif message.get("more_body") or len(message["body"]) > MAX_TAGGED:
                await send(start)
                await send(message)
            else:
                await _answer(scope, start, message, _tag_of(scope, start, message), send)

        await self._app(scope, receive, send_tagged)


def _tag_of(scope: Any, start: Any, body: Any) -> bytes:  # noqa: ANN401 -- ASGI's messages
    tag = next((value for name, value in start["headers"] if name == b"etag"), b"") or tag_of(body["body"])
    keep_in(scope, tag, [*start["headers"]], body["body"])
    return tag


async def _answer(scope: Any, start: Any, body: Any, tag: bytes, send: Send) -> None:  # noqa: ANN401 -- ASGI's messages
    kept = [(name, value) for name, value in start["headers"] if name not in (b"etag", b"cache-control")]
    told = [*kept, (b"etag", tag), (b"cache-control", CACHEABLE)]
    if has(scope, tag):
        # RFC 9110 §15.4.5: no body, nor what describes one.
        lean = [(name, value) for name, value in told if name not in (b"content-type", b"content-length")]
        await send(start | {"status": int(HTTPStatus.NOT_MODIFIED), "headers": lean})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send(start | {"headers": told})
    await send(body)


def _is_tagged(start: Any) -> bool:  # noqa: ANN401
    kinds = [value for name, value in start["headers"] if name == b"content-type"]
    return start["status"] == HTTPStatus.OK and any(kind.startswith(b"application/json") for kind in kinds)


def tag_of(body: bytes) -> bytes:
    """The tag of a JSON answer: weak if something in it moves by itself."""
    still, moving = _MOVING.subn(b"", body)
    return (b'W/"%b"' if moving else b'"%b"') % blake2b(still, digest_size=12).hexdigest().encode()


@asynccontextmanager
async def changing(request: AnyRequest, look: Callable[[], V]) -> AsyncIterator[V]:
    """Do a change inside; changes are done one after the other.

    Args:
        look: what GET answers of the thing now; None: it is not there.

    Raises:
        PreconditionFailed: the request has If-Match, and this is not what its sender has seen.
    """
    async with once(request, "changing", Lock):
        seen, sent = look(), _header(request.scope, b"if-match")
        if sent is not None and not _same(sent, seen):
            raise PreconditionFailed(
                "Somebody has changed it meanwhile (If-Match): look at it as it is now, and try again."
            )
        yield seen


def _same(sent: bytes, seen: object) -> bool:
    if seen is None:
        return False
    if sent.strip() == b"*":
        return True
    tag = tag_of(msgspec.json.encode(seen))
    # RFC 9110 §13.1.1: by the strong comparison, which no weak tag passes.
    return not tag.startswith(b"W/") and any(not weak and b'"%b"' % opaque == tag for weak, opaque in _tags(sent))


def has(scope: Any, tag: bytes) -> bool:  # noqa: ANN401 -- ASGI's scope
    """Whether who asks says that it has the answer of this tag."""
    # RFC 9110 §13.1.2: by the weak comparison.
    sent = _header(scope, b"if-none-match")
    return sent is not None and (
        sent.strip() == b"*" or any(b'"%b"' % opaque == tag.removeprefix(b"W/") for _, opaque in _tags(sent))
    )


def _tags(sent: bytes) -> Iterator[tuple[bytes, bytes]]:
    return ((found[1] or b"", found[2]) for found in _TAG.finditer(sent[:MAX_TAGS]))


def _header(scope: Any, wanted: bytes) -> bytes | None:  # noqa: ANN401
    found = [value for name, value in scope["headers"] if name == wanted]
    return b", ".join(found) if found else None
