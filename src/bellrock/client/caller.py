"""What the generated methods stand on: how a request is worded, whoever sends it."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

T = TypeVar("T")
Value = str | int | float | bool | None


class Octets(Protocol):
    """The body of an answer, to be read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """At most so many octets; none at the end."""


class Caller(ABC):
    """Sends requests and reads answers; `routes.Routes` says which there are."""

    @abstractmethod
    def call(
        self, method: str, path: str, shape: type[T] | None, *, query: Mapping[str, Value] | None = None, body: object = None, unchanged: bool = False,
    ) -> T:  # fmt: skip
        """The answer to METHOD `path`, in a shape; None: it has no content.

        Args:
            query: those that are None are not sent.
            unchanged: only if nobody has changed what is there since this client last looked at the same path (If-Match).
        """

    @abstractmethod
    def octets(self, method: str, path: str) -> AbstractContextManager[Octets]:
        """The answer as it comes."""

    @abstractmethod
    def pages(self, path: str, shape: type[list[T]], *, query: Mapping[str, Value]) -> Iterator[T]:
        """All rows of a list, page by page."""


def segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(os.fsencode(text), safe="")


def target(path: str, query: Mapping[str, Value] | None) -> str:
    """A path with its query."""
    asked = [
        f"{name}={quote(os.fsencode(_text(value)), safe='/')}"
        for name, value in (query or {}).items()
        if value is not None
    ]
    return f"{path}?{'&'.join(asked)}" if asked else path


def encoded(body: object) -> bytes:
    """A body as JSON."""
    return msgspec.json.encode(body)


def decoded(body: bytes, shape: Any) -> Any:  # noqa: ANN401 -- a type, and a value of it
    """A body in its shape; more may be in it than the shape has.

    Raises:
        msgspec.DecodeError: it is no JSON, or of another shape.
    """
    return msgspec.json.decode(body, type=shape)


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
