"""Version 1 of the contract: what agents are to try, and what became of it."""

from typing import Final

from msgspec import Struct

from bellrock.model import Probed

MAX_TRIES: Final = 256
"""Tries in one order; a region that wants more gives several."""


class Try(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One flow to be tried at one target."""

    flow: str
    """Its id in the catalogue."""
    address: str = ""
    """An IP address; empty only for what is asked of a whole link."""
    port: int = 0
    """0: the flow's first."""
    protocol: str = ""
    """`udp` or `tcp`; empty: all that the flow has."""
    name: str = ""
    """By which the target's clients know it."""
    interface: str = ""
    """To send from."""
    options: dict[str, str] = {}
    """The probe's own, none of which names a file: what an agent has on its disk is not for the region to send about."""
    within: float = 5.0
    """Seconds."""


class RunProbes(Struct, frozen=True, tag="run-probes"):
    """Try these flows now, at most MAX_TRIES. `Results` tell what became of them, in any order, before the order is `Done`."""

    tries: tuple[Try, ...]


class Tried(Struct, frozen=True, omit_defaults=True):
    """What became of one try."""

    index: int
    """Of the try in its order, from 0."""
    probed: tuple[Probed, ...] = ()
    """One, or one for each variant. What could not be tried as it was asked is `not-checked`, and why."""


class Results(Struct, frozen=True, tag="results"):
    """What has become of some of an order's tries. `left`: how many are not told yet."""

    order: str
    tried: tuple[Tried, ...]
    left: int
