"""Much evidence at once, by the ports that it names: a million ports are sorted as numbers faster than they are hashed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bellrock.model import Port
from bellrock.topology.state import Held

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]


def by_port(fresh: Sequence[Held]) -> dict[Port, tuple[Held, ...]]:
    """Evidence by the spellings that it names, in the order in which it came; gives spellings their numbers, from 0 on.

    Neighbouring entries are of one host and interface. Needs numpy, which a region has.
    """
    import numpy as np

    ends, owners = _ends(fresh)
    codes = _codes(ends)
    order = np.argsort(codes, kind="stable")
    ranked = codes[order]
    begins = np.concatenate((np.ones(1, bool), ranked[1:] != ranked[:-1]))
    numbers = np.empty(len(ends), np.int64)
    numbers[order] = np.cumsum(begins) - 1
    _number(fresh, owners, numbers.tolist())
    held = tuple([fresh[owners[end]] for end in order.tolist()])
    starts = np.flatnonzero(begins)
    ports = [ends[end] for end in order[starts].tolist()]
    bounds = [*starts.tolist(), len(held)]
    return {port: held[a:b] for port, a, b in zip(ports, bounds[:-1], bounds[1:], strict=True)}


def _ends(fresh: Sequence[Held]) -> tuple[list[Port], list[int]]:
    """All ports that are named, and by the how-manieth piece of evidence."""
    ends: list[Port] = []
    owners: list[int] = []
    for number, held in enumerate(fresh):
        port, peer = held.key.port, held.key.peer
        ends.append(port)
        owners.append(number)
        if peer is not None and peer != port:
            ends.append(peer)
            owners.append(number)
    return ends, owners


def _codes(ports: Sequence[Port]) -> "Numbers":
    """A number per port, the same for the same port, and near that of other ports of its interface."""
    hosts, _ = _coded([port.host for port in ports])
    names, name_count = _coded([port.interface for port in ports])
    vids, vid_count = _coded([port.vid for port in ports])
    return (hosts * name_count + names) * vid_count + vids


def _coded(values: Sequence[object]) -> "tuple[Numbers, int]":
    import numpy as np

    codes = {value: code for code, value in enumerate(set(values))}
    return np.array([codes[value] for value in values], np.int64), len(codes)


def _number(fresh: Sequence[Held], owners: Sequence[int], numbers: Sequence[int]) -> None:
    before = -1
    for owner, number in zip(owners, numbers, strict=True):
        if owner == before:
            fresh[owner].far = number
        else:
            fresh[owner].near = number
        before = owner
