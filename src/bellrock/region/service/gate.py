"""How many may try to join at once, and how soon a wrong proof is answered. A right one is never delayed."""

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from bellrock.model import Monotonic
from bellrock.region.service.agents import TurnedAway
from bellrock.region.service.limit import Bucket

MAX_COMPUTING: Final = 64
"""Steps of exchanges that may be computed at one time: who says nothing takes none."""
MAX_FROM_ONE: Final = 8
"""Connections from one address that are on their way to a proof, or whose wrong one is yet to be answered."""
PATIENCE: Final = 3
"""Wrong proofs from one address that are answered at once."""
LATE: Final = (1.0, 10.0)
"""Seconds until the next is answered, doubling up to the second."""
IN_TOTAL: Final = (20, 0.5)
"""Wrong proofs from anywhere that are answered at once, and seconds until one more is."""
REMEMBERED: Final = 4096
"""Addresses whose wrong proofs are counted."""


class Gate:
    """Counts by address; of IPv6 by /64, which is what one machine can choose from."""

    def __init__(self, mono: Callable[[], Monotonic]) -> None:
        self._mono = mono
        self._here: Counter[str] = Counter()
        self._computing = 0
        self._wrong: OrderedDict[str, int] = OrderedDict()
        self._bucket = Bucket(*IN_TOTAL)
        self.refused = 0
        """Wrong proofs since the start."""

    @contextmanager
    def present(self, address: str) -> Iterator[None]:
        """A connection that wants to join, until it is answered.

        Raises:
            TurnedAway: too many are there from this address.
        """
        origin = _origin(address)
        if self._here[origin] >= MAX_FROM_ONE:
            raise TurnedAway(f"{MAX_FROM_ONE} agents join from {origin} at once already; try again")
        self._here[origin] += 1
        try:
            yield
        finally:
            self._here[origin] -= 1
            if not self._here[origin]:
                del self._here[origin]

    @contextmanager
    def computing(self) -> Iterator[None]:
        """A step of its exchange is computed.

        Raises:
            TurnedAway: too many are.
        """
        if self._computing >= MAX_COMPUTING:
            raise TurnedAway("too many agents are joining at once; try again")
        self._computing += 1
        try:
            yield
        finally:
            self._computing -= 1

    def right(self, address: str) -> None:
        """Somebody there knows the secret."""
        self._wrong.pop(_origin(address), None)

    def wrong(self, address: str) -> float:
        """A wrong proof came; seconds until it is answered."""
        self.refused += 1
        origin = _origin(address)
        count = self._wrong.pop(origin, 0) + 1
        self._wrong[origin] = count
        if len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)
        now = self._mono()
        in_total = min(self._bucket.wait(now), LATE[1])
        self._bucket.take(now)
        if count <= PATIENCE:
            return in_total
        return max(in_total, min(LATE[1], LATE[0] * 2.0 ** min(count - PATIENCE - 1, 8)))


def _origin(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a unix socket
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)
