"""Fields of headers at many places at once: each header is fetched whole, once, and its fields are then columns of a table."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bellrock.capture.reading.values import Array, Numbers, Octets

Table = NDArray[Any]
Layout = np.dtype[Any]


def layout(size: int, fields: Mapping[str, tuple[str, int]]) -> Layout:
    """A header of `size` octets: field → (type as numpy writes it, offset). Unlike a C struct, fields may lap over each other."""
    return np.dtype(
        {
            "names": list(fields),
            "formats": [form for form, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": size,
        }
    )


def fetch(octets: Octets, places: Numbers, header: Layout) -> Table:
    """The headers at `places`, one record each. Places outside of `octets` give some other octets of it: what is there is checked before."""
    size = header.itemsize
    windows: Table = np.ndarray((len(octets) - size + 1,), np.dtype((np.void, size)), octets, strides=(1,))
    last = len(windows) - 1
    # Seen without its sign, a negative place is a large one.
    if len(places) and places.view(np.uint64).max() > last:
        places = np.clip(places, 0, last)
    return windows[places].view(header)


def put(whole: Iterable[Array], places: Array, part: Iterable[Array]) -> None:
    """Into each column its part, at these places."""
    for column, some in zip(whole, part, strict=True):
        column[places] = some


def joined(one: Iterable[Array], other: Iterable[Array]) -> list[Array]:
    """Each column of the one with that of the other behind it."""
    return [np.concatenate(pair) for pair in zip(one, other, strict=True)]
