"""The client that programs use."""

import http.client
import re
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

import msgspec
from typing_extensions import override

from bellrock.client.caller import Octets, Value, decoded, encoded, target
from bellrock.client.errors import NoRegion, NotARegion, Refused
from bellrock.client.routes import Routes
from bellrock.client.shapes import Problem
from bellrock.client.transport import MAX_ANSWER, TIMEOUT, answering, parse_place

TRIES: Final = 4
"""Of a request that is answered with 503: the region is stopping, or another process of it is about to lead."""
MAX_WAIT: Final = 5.0
"""Seconds between two tries, whatever Retry-After says."""
MAX_KEPT: Final = 256
"""Answers that are kept to be asked for by their tag only."""
MAX_PAGES: Final = 100_000
NEXT: Final = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
"""RFC 8288 §3, as a region writes it."""

T = TypeVar("T")


class Bellrock(Routes):
    """A region's API, asked with a token.

    Keeps answers with their tags and sends `If-None-Match`; tries again what a region that is not ready answers with 503, where doing it twice does no more than once.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        tls: ssl.SSLContext | None = None,
        within: float = TIMEOUT,
        sleep: Callable[[float], object] = time.sleep,  # noqa: TID251 -- for as long as the region says
    ) -> None:
        """`url`: https://HOST:PORT, http://HOST:PORT (this machine only) or unix:PATH; `tls`: what holds a region with TLS to its authority; `within`: seconds until an
        answer must be there.

        Raises:
            ValueError: the URL is none of these.
        """
        self.url = url
        self._place = parse_place(url)
        self._token = token
        self._tls = tls
        self._within = within
        self._sleep = sleep
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    @override
    def call(
        self, method: str, path: str, shape: type[T] | None, *, query: Mapping[str, Value] | None = None, body: object = None, unchanged: bool = False,
    ) -> T:  # fmt: skip
        """See `Caller.call`.

        Raises:
            NoRegion, NotARegion, Refused: there is no answer, or it is no.
            ValueError: `unchanged` of what this client has not looked at.
        """
        headers = {"If-Match": self._tag(path)} if unchanged else {}
        content, _ = self._asked(method, target(path, query), headers, None if body is None else encoded(body))
        return self._read(content, shape)

    @override
    def pages(self, path: str, shape: type[list[T]], *, query: Mapping[str, Value]) -> Iterator[T]:
        """See `Caller.pages`.

        Raises:
            NoRegion, NotARegion, Refused: there is no answer, or it is no.
        """
        where: str | None = target(path, query)
        for _ in range(MAX_PAGES):
            if where is None:
                return
            content, link = self._asked("GET", where, {}, None)
            yield from self._read(content, shape)
            found = NEXT.search(link)
            where = found[1] if found and found[1].startswith("/") else None

    @override
    def octets(self, method: str, path: str) -> AbstractContextManager[Octets]:
        """See `Caller.octets`.

        Raises:
            NoRegion, NotARegion, Refused: there is no answer, or it is no.
        """
        return self._octets(method, path)

    @contextmanager
    def _octets(self, method: str, path: str) -> Iterator[Octets]:
        with self._answer(method, path, {}, None) as answer:
            if answer.status != HTTPStatus.OK:
                raise self._refusal(answer.status, answer.read(MAX_ANSWER))
            yield answer

    def _asked(self, method: str, where: str, headers: Mapping[str, str], content: bytes | None) -> tuple[bytes, str]:
        """The body of the answer and its `Link`; after some tries, where it is not ready."""
        # RFC 9110 §9.2.2: the others may have had their effect. A condition that was true may be false the second time.
        tries = TRIES if method in ("GET", "PUT", "DELETE") and not headers else 1
        while True:
            with self._answer(method, where, {**headers, **self._known(method, where)}, content) as answer:
                body = answer.read(MAX_ANSWER)
            tries -= 1
            if answer.status != HTTPStatus.SERVICE_UNAVAILABLE or not tries:
                return self._taken(method, where, answer, body), answer.getheader("Link", "")
            self._sleep(_pause(answer.getheader("Retry-After", "")))

    def _taken(self, method: str, where: str, answer: http.client.HTTPResponse, body: bytes) -> bytes:
        kept = self._kept.get(where)
        if answer.status == HTTPStatus.NOT_MODIFIED and kept is not None:
            self._kept.move_to_end(where)
            return kept[1]
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refusal(answer.status, body)
        tag = answer.getheader("ETag", "")
        if method == "GET" and tag:
            self._kept[where] = (tag, body)
            self._kept.move_to_end(where)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return body

    def _known(self, method: str, where: str) -> Mapping[str, str]:
        kept = self._kept.get(where)
        # Not of pages: their links are in headers, which a 304 need not repeat.
        return {"If-None-Match": kept[0]} if method == "GET" and kept and "limit=" not in where else {}

    def _tag(self, path: str) -> str:
        if path not in self._kept:
            raise ValueError(f"{path} was not looked at yet, so whether it is unchanged cannot be said")
        return self._kept[path][0]

    @contextmanager
    def _answer(
        self, method: str, where: str, headers: Mapping[str, str], content: bytes | None
    ) -> Iterator[http.client.HTTPResponse]:
        told = {"Authorization": f"Bearer {self._token}", **headers}
        if content is not None:
            told["Content-Type"] = "application/json"
        try:
            with answering(self._place, self._tls, method, where, told, content, self._within) as answer:
                yield answer
        except OSError as error:
            why = (
                f"no answer within {self._within:g} s"
                if isinstance(error, TimeoutError)
                else error.strerror or str(error)
            )
            raise NoRegion(f"no region at {self.url}: {why}") from None
        except http.client.HTTPException as error:
            raise NotARegion(f"{self.url}: what answers there is not a region ({error!r})") from None

    def _read(self, body: bytes, shape: type[T] | None) -> T:
        if shape is None:
            return cast("T", None)
        try:
            return cast("T", decoded(body, shape))
        except (msgspec.DecodeError, RecursionError) as error:
            raise NotARegion(f"{self.url}: what answers there is not a region of this version: {error}") from None

    def _refusal(self, status: int, body: bytes) -> Refused | NotARegion:
        try:
            problem: Any = decoded(body, Problem)
        except (msgspec.DecodeError, RecursionError):
            return NotARegion(f"{self.url}: what answers there is not a region (no problem+json, status {status})")
        return Refused(status, problem.detail, problem.request_id)


def _pause(retry_after: str) -> float:
    return min(float(retry_after), MAX_WAIT) if retry_after.isascii() and retry_after.isdigit() else 1.0
