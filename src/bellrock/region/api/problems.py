"""Errors as `application/problem+json` (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from bellrock.region.api.asked import malformed, sentences
from bellrock.region.logs import line, request_id
from bellrock.region.store import StoreAway, StoreFull

MEDIA_TYPE = "application/problem+json"
MAX_DETAIL = 500

log = logging.getLogger(__name__)

Connection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]


class Problem(Struct, frozen=True):
    """What went wrong: `detail` is one sentence for a person; `request_id` is the answer's `X-Request-Id`, by which the region's log names it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response[Problem]:
    """An error as an answer."""
    return Response(_problem(status, detail, request_id()), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """What a route says of the errors that it answers with."""
    return {
        status: ResponseSpec(
            Problem, description=HTTPStatus(status).phrase, generate_examples=False, media_type=MEDIA_TYPE
        )
        for status in statuses
    }


def http_problem(request: AnyRequest, error: HTTPException) -> Response[Problem]:
    """What Litestar refuses: unknown routes and methods, malformed input, missing logins."""
    headers = {str(name): str(value) for name, value in (error.headers or {}).items()}
    return problem(error.status_code, _detail(request, error), headers)


def unreadable(_: AnyRequest, error: UnicodeDecodeError | RecursionError) -> Response[Problem]:
    """A body that the JSON decoder gives up on with an exception that is not its own."""
    why = "is not UTF-8 (RFC 8259 §8.1)" if isinstance(error, UnicodeDecodeError) else "is nested too deeply"
    return problem(HTTPStatus.BAD_REQUEST, f"The request's body {why}.")


def store_problem(_: AnyRequest, error: StoreFull) -> Response[Problem]:
    """The disk does not take what was to be kept."""
    return problem(HTTPStatus.INSUFFICIENT_STORAGE, f"The region's disk does not take it: {error}.")


def away_problem(_: AnyRequest, error: StoreAway) -> Response[Problem]:
    """The database is not there now; whether the change was made is not known."""
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE, f"The region's database does not answer now: {error}.", {"Retry-After": "2"}
    )


def json_only(request: AnyRequest) -> None:
    """Take no body that says it is something else than JSON: what comes without a media type is taken as JSON.

    Raises:
        UnsupportedMediaType: it says so.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    takes = "data" in request.route_handler.parsed_fn_signature.parameters
    if takes and sent and sent != "application/json" and not sent.endswith("+json"):
        raise UnsupportedMediaType(f"The body is {sent[:100]}; application/json is expected (RFC 9110 §15.5.16).")


class UnsupportedMediaType(HTTPException):
    """The body is no JSON."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def unexpected(request: AnyRequest, error: Exception) -> Response[Problem]:
    """A fault of ours: the log has the particulars, the answer has none."""
    log.error(line("fault", method=request.method, path=request.scope["path"]), exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The region has a fault; its log has the particulars.")


def _detail(request: AnyRequest, error: HTTPException) -> str:
    path = request.scope["path"]
    if error.status_code == HTTPStatus.NOT_FOUND and error.detail in ("", HTTPStatus.NOT_FOUND.phrase):
        return f"There is nothing at {path}; /api/v1/openapi.json lists what there is."[:MAX_DETAIL]
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{path} does not take {request.method}."[:MAX_DETAIL]
    told = sentences(request, error) if isinstance(error, ValidationException) else malformed(error)
    return (f"{told.rstrip('.')}." if told else error.detail)[:MAX_DETAIL]


def encoded(status: int, detail: str, request: str = "") -> bytes:
    """An error's body, for where no Response can be used. `request`: its id, where it is not the one that is being answered."""
    return msgspec.json.encode(_problem(status, detail, request or request_id()))


def _problem(status: int, detail: str, request: str) -> Problem:
    return Problem("about:blank", HTTPStatus(status).phrase, status, detail, request)
