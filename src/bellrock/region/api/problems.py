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

from bellrock.region.logs import line
from bellrock.region.store import StoreFull

MEDIA_TYPE = "application/problem+json"
MAX_DETAIL = 500

log = logging.getLogger(__name__)

Connection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]


class Problem(Struct, frozen=True):
    """What went wrong: `detail` is one sentence for a person."""

    type: str
    title: str
    status: int
    detail: str


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response[Problem]:
    """An error as an answer."""
    body = Problem("about:blank", HTTPStatus(status).phrase, status, detail)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


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
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        found = [f"{one.get('key') or 'body'}: {one.get('message')}" for one in error.extra if isinstance(one, dict)]
        return "; ".join(found)[:MAX_DETAIL] or error.detail
    return error.detail[:MAX_DETAIL]


def encoded(status: int, detail: str) -> bytes:
    """An error's body, for where no Response can be used."""
    return msgspec.json.encode(Problem("about:blank", HTTPStatus(status).phrase, status, detail))
