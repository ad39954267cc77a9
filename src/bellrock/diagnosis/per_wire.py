"""What is read of a wire once, though many rules ask for it."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ref

from bellrock.diagnosis.packets import Wire

T = TypeVar("T")


class per_wire(Generic[T]):  # noqa: N801 -- a decorator
    """Keeps what a reading found of the last wire that it was asked about, until that wire is gone.

    All rules read the same wire, one after the other: each reading is made once, and nothing outlives what it was read of.
    """

    def __init__(self, reading: Callable[[Wire], T]) -> None:
        self._reading = reading
        self._kept: tuple[ref[Wire], T] | None = None
        self.__doc__ = reading.__doc__

    def __call__(self, wire: Wire) -> T:
        """What it found; not read again while the same wire is asked about."""
        kept = self._kept
        if kept is None or kept[0]() is not wire:
            kept = self._kept = ref(wire, self._forget), self._reading(wire)
        return kept[1]

    def _forget(self, _gone: "ref[Wire]") -> None:
        self._kept = None
