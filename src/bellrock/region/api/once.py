"""What an application has one of, made when it is needed first: its loop is running by then."""

from collections.abc import Callable
from typing import TypeVar

from bellrock.region.api.problems import AnyRequest

T = TypeVar("T")


def once(request: AnyRequest, name: str, make: Callable[[], T]) -> T:
    """The thing of this name that the application has, made by `make` if it has none yet."""
    state = request.app.state
    if name not in state:
        state[name] = make()
    found: T = state[name]
    return found
