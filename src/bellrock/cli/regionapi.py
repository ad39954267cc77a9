"""The API's typed client, over the command line's own way to a region and with its errors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from typing_extensions import override

from bellrock.cli.client import send, streamed
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from bellrock.client.caller import Octets, Value, target
from bellrock.client.routes import Routes

T = TypeVar("T")
_ROOT = "/api/v1"


class Asked(Routes):
    """A region, asked once by each command: nothing is kept, and nothing tried again."""

    def __init__(self, region_url: str, state_dir: Path, *, within: float | None = None) -> None:
        """`within`: seconds until an answer must be there, where they are not the usual ones."""
        self._region = region_url
        self._state_dir = state_dir
        self._within = within

    @override
    def call(
        self, method: str, path: str, shape: type[T] | None, *, query: Mapping[str, Value] | None = None, body: object = None, unchanged: bool = False,
    ) -> T:  # fmt: skip
        """See `Caller.call`.

        Raises:
            Failure: no region, or it says no, or it is one of another version.
            ValueError: `unchanged`, of which nothing can be known here.
        """
        if unchanged:
            raise ValueError(f"{path}: a command has looked at nothing before")
        return cast("T", _shaped(self._region, self._answer(method, path, query, body), shape))

    def _answer(self, method: str, path: str, query: Mapping[str, Value] | None, body: object) -> Any:  # noqa: ANN401 -- JSON
        told = None if body is None else msgspec.to_builtins(body)
        where = target(path.removeprefix(_ROOT), query)
        return send(self._region, self._state_dir, method, where, told, within=self._within)

    @override
    def pages(self, path: str, shape: type[list[T]], *, query: Mapping[str, Value]) -> Iterator[T]:
        """The whole list at once."""
        yield from self.call("GET", path, shape, query={key: one for key, one in query.items() if key != "limit"})

    @override
    def octets(self, method: str, path: str) -> AbstractContextManager[Octets]:
        """See `Caller.octets`.

        Raises:
            Failure: no region, or it says no.
        """
        return streamed(self._region, self._state_dir, method, path.removeprefix(_ROOT))


class _Plain(Asked):
    """The same; answers are as they came."""

    @override
    def call(
        self, method: str, path: str, shape: type[T] | None, *, query: Mapping[str, Value] | None = None, body: object = None, unchanged: bool = False,
    ) -> T:  # fmt: skip
        return cast("T", self._answer(method, path, query, body))


def answered(
    region_url: str,
    state_dir: Path,
    shape: type[T],
    question: Callable[[Routes], object],
    *,
    within: float | None = None,
) -> T:
    """What a region says to one question, in a shape of the command's own: one that reads less than all of it, so that regions of other versions may be
    asked as well, or one that hands it on as it came (Any).

    Args:
        question: calls one operation.
        within: seconds until the answer must be there, where they are not the usual ones.

    Raises:
        Failure: no region, or it says no, or it is one of another version.
    """
    return cast("T", _shaped(region_url, question(_Plain(region_url, state_dir, within=within)), shape))


def _shaped(region_url: str, answer: object, shape: Any) -> object:  # noqa: ANN401 -- a type
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError as error:
        said = f"{region_url}: what answers there is not a region of this version: {error}"
        raise Failure(said, EXIT_UNREADABLE) from None
