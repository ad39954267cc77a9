"""Heads of HTTP/1 messages as they pass by (RFC 9110, RFC 9112): what is asked and what is answered, without any secret that is in them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

MAX_HEAD: Final = 16 * 1024
"""Octets of a message that are looked at."""
MAX_FIELDS: Final = 128
METHODS: Final = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH")
"""RFC 9110 §9.3, RFC 5789."""
_REQUEST: Final = re.compile(rb"([A-Z]{3,7}) ([!-~]{1,8000}) HTTP/1\.\d")
_STATUS: Final = re.compile(rb"HTTP/1\.\d (\d{3})(?: (.*))?", re.DOTALL)
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~\w-]{1,64}):[ \t]*(.*?)[ \t]*", re.DOTALL)
_USER: Final = re.compile(rb"^([a-z][a-z0-9+.-]*://)[^/@]*@", re.IGNORECASE)
_DATE: Final = re.compile(rb"\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT")
"""RFC 9110 §5.6.7: IMF-fixdate, which is what senders must use."""
_MONTHS: Final = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_SCHEME: Final = re.compile(rb"[A-Za-z][\w-]{0,31}")


class Request(Struct, frozen=True):
    """The head of an HTTP request. A query is cut away and credentials are blanked: either may be a secret."""

    method: str
    target: str
    host: str = ""
    agent: str = ""
    authorised: bool = False
    """It brought credentials (Authorization, Proxy-Authorization)."""


class Response(Struct, frozen=True):
    """The head of an HTTP response."""

    status: int
    reason: str = ""
    server: str = ""
    length: int | None = None
    type: str = ""
    location: str = ""
    challenge: str = ""
    """The scheme of WWW-Authenticate or Proxy-Authenticate."""
    via: str = ""
    date: int | None = None
    """Seconds since the epoch, by the server's clock."""
    modified: int | None = None


def parse(octets: bytes | memoryview) -> Request | Response:
    """The head at the beginning of these octets; where it goes on beyond them, of its whole lines.

    Raises:
        WireError: UNSUPPORTED (no head of HTTP/1), TRUNCATED (its first line does not end).
    """
    first, *lines = _lines(bytes(octets[:MAX_HEAD]))
    request = _REQUEST.fullmatch(first)
    if request is not None and request[1] in METHODS:
        return _request(request[1], request[2], _fields(lines))
    status = _STATUS.fullmatch(first)
    if status is not None:
        return _response(int(status[1]), status[2] or b"", _fields(lines))
    raise WireError(Reason.UNSUPPORTED, "HTTP: the first line is neither of a request nor of a response of HTTP/1")


def seconds(value: bytes) -> int | None:
    """A date as seconds since the epoch; None where it is none."""
    found = _DATE.fullmatch(value)
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        return int(datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _lines(data: bytes) -> list[bytes]:
    """Lines up to the empty one; without the last, where it does not end."""
    head, whole, _ = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if not whole:
        lines.pop()
    if not lines:
        raise WireError(Reason.TRUNCATED, ("HTTP: %d octets, and the first line does not end", len(data)))
    return lines


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    """The first of each name, in lower case."""
    found: dict[bytes, bytes] = {}
    for name, value in _split(lines[:MAX_FIELDS]):
        found.setdefault(name.lower(), value)
    return found


def _split(lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is not None:
            yield field[1], field[2]


def _request(method: bytes, target: bytes, fields: dict[bytes, bytes]) -> Request:
    authorised = b"authorization" in fields or b"proxy-authorization" in fields
    agent = printable(fields.get(b"user-agent", b""))
    return Request(method.decode(), _shown(target), printable(fields.get(b"host", b"")), agent, authorised)


def _response(status: int, reason: bytes, fields: dict[bytes, bytes]) -> Response:
    length = fields.get(b"content-length", b"")
    challenge = _SCHEME.match(fields.get(b"proxy-authenticate", fields.get(b"www-authenticate", b"")))
    return Response(
        status=status, reason=printable(reason), server=printable(fields.get(b"server", b"")),
        length=int(length) if length.isdigit() and len(length) <= 18 else None,
        type=printable(fields.get(b"content-type", b"")), location=_shown(fields.get(b"location", b"")),
        challenge=challenge[0].decode() if challenge else "", via=printable(fields.get(b"via", b"")),
        date=seconds(fields.get(b"date", b"")), modified=seconds(fields.get(b"last-modified", b"")),
    )  # fmt: skip


def _shown(target: bytes) -> str:
    """A path or URL without query, fragment and user: secrets travel in each of them."""
    bare = re.split(rb"[?#]", target, maxsplit=1)[0]
    return printable(_USER.sub(rb"\1", bare))
