"""How large a packet passes to each neighbour of a port: which sizes to try next, and what the answers amount to.

RFC 8899 (packetization layer path MTU discovery for datagrams) for one link, where one multicast probe asks all neighbours
at once. Instead of one probe at a time, a round tries several sizes, and a size counts as lost for good only after MAX_PROBES
rounds without an answer (RFC 8899 §5.1.2); until then it only tells where to look next.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from bellrock.model import MtuLimit, Port

SMALLEST: Final = 1280
"""Octets. RFC 8200 §5: every link has to pass so much; what passes less is said to do so, and not measured further."""
PRESENCE: Final = 1
"""Octets asked for where not even SMALLEST passes: a probe without padding, which tells a neighbour that is gone from a link
that passes nothing large, and is answered with the neighbour's own MTU."""
LARGEST: Final = 16_000
"""Octets. Receivers keep 16,384 of a frame."""
USUAL: Final = (1400, 1492, 1500, 1600, 2000, 4000, 8950, 9000, 9216)
"""Sizes at which links usually end, tried before the search goes by halves: PPPoE, Ethernet, giants, jumbo frames."""
MAX_PROBES: Final = 3
"""RFC 8899 §5.1.2: probes of one size without an answer until it counts as lost."""
PARTS: Final = 7
"""Sizes that divide what is left between the largest that passed and the smallest that did not."""
MAX_SIZES: Final = 32
"""Sizes in one round."""


class Result(Struct, frozen=True, kw_only=True):
    """What is known of the way to one neighbour. Octets of IP packets, as `model.MtuSeen` has them."""

    peer: Port
    mtu: int
    limit: MtuLimit
    tried: int
    lost: int
    peer_mtu: int
    present: bool
    """Whether it answered, and, where less passes than the interfaces take, still did so at the end; if not, `mtu` says nothing
    about the link: the neighbour is gone."""


class Bounds:
    """One neighbour: what it acknowledged, and what was found out about the rest."""

    __slots__ = ("asked", "fragmented", "passed", "peer_mtu", "present", "still")

    def __init__(self) -> None:
        self.passed = 0
        """The largest that it acknowledged."""
        self.fragmented = 0
        """The smallest that reached it in fragments."""
        self.peer_mtu = 0
        self.present = False
        self.asked = 0
        """How often it was asked at the end whether what passed does so still."""
        self.still = False
        """It does."""


class Search:
    """The search on one port, for all of its neighbours at once.

    Args:
        most: the interface's MTU: nothing larger is tried.
        peers: the neighbours that can be expected to answer; others are not judged.
    """

    def __init__(self, most: int, peers: Iterable[Port]) -> None:
        self.most = min(most, LARGEST)
        self._bounds = {peer: Bounds() for peer in peers}
        self._tries: Counter[int] = Counter()
        self._too_big = 0
        """The smallest for which an ICMP message came."""

    @property
    def peers(self) -> tuple[Port, ...]:
        """Those that are judged."""
        return tuple(self._bounds)

    def passed(self, peer: Port, size: int) -> None:
        """A neighbour acknowledged a probe."""
        if (bounds := self._bounds.get(peer)) is not None:
            bounds.present = True
            bounds.still = bounds.still or (bounds.asked > 0 and size >= bounds.passed)
            bounds.passed = max(bounds.passed, size if size > PRESENCE else 0)

    def fragmented(self, peer: Port, size: int) -> None:
        """A neighbour received a probe in fragments."""
        if (bounds := self._bounds.get(peer)) is not None:
            bounds.fragmented = min(bounds.fragmented or size, size)

    def told_mtu(self, peer: Port, mtu: int) -> None:
        """A neighbour says what MTU its own interface has."""
        if (bounds := self._bounds.get(peer)) is not None:
            bounds.peer_mtu = mtu

    def too_big(self, size: int) -> None:
        """An ICMP message says that a probe of this size was too big. It is not authenticated: it explains, and decides nothing."""
        if self._tries[size]:
            self._too_big = min(self._too_big or size, size)

    def satisfied(self, sizes: Iterable[int]) -> bool:
        """Whether there is nothing to wait for: all have acknowledged the largest of these sizes, now too if it is asked again."""
        largest = max(sizes, default=0)
        return all(
            bounds.passed >= min(largest, self._most(bounds)) and (bounds.still or not bounds.asked)
            for bounds in self._bounds.values()
        )

    def next_round(self) -> tuple[int, ...]:
        """The sizes to send next, the smallest first; none when all is known. They count as sent."""
        wanted: dict[int, None] = {}
        for bounds in self._bounds.values():
            wanted.update(dict.fromkeys(self._wanted(bounds)))
        closing = [bounds for bounds in self._bounds.values() if self._closing(bounds)]
        wanted.update(dict.fromkeys(bounds.passed for bounds in closing))
        sizes = tuple(sorted(list(wanted)[:MAX_SIZES]))
        self._tries.update(sizes)
        for bounds in closing:
            bounds.asked += bounds.passed in sizes
        return sizes

    def results(self) -> list[Result]:
        """What the answers so far amount to, for each neighbour."""
        return [self._result(peer, bounds) for peer, bounds in self._bounds.items()]

    def _most(self, bounds: Bounds) -> int:
        """What the two interfaces take. Receivers often take a few octets more than their MTU (a VLAN tag's), which nobody may count on."""
        return min(self.most, bounds.peer_mtu or self.most)

    def _wanted(self, bounds: Bounds) -> list[int]:
        most = self._most(bounds)
        smallest = min(SMALLEST, most)
        if bounds.passed >= most:
            return []
        if not self._tries[most]:
            # RFC 8899 §5.3: begin with what is hoped for; the smallest tells a black hole from a neighbour that is not there.
            return [most] if bounds.passed else [most, smallest]
        if not bounds.passed:
            asked = [smallest] if bounds.present else [PRESENCE, smallest]
            return [size for size in asked if self._tries[size] < MAX_PROBES]
        low, high = bounds.passed, self._lost(bounds)
        again = [high] if self._tries[high] < MAX_PROBES else []
        return again + [size for size in self._between(low, high) if self._tries[size] < MAX_PROBES]

    def _closing(self, bounds: Bounds) -> bool:
        """Whether all is known but that the neighbour is still there: one that went away loses whatever is sent (RFC 8899 §4.3)."""
        short = 0 < bounds.passed < self._most(bounds)
        return short and not bounds.still and bounds.asked < MAX_PROBES and not self._wanted(bounds)

    def _between(self, low: int, high: int) -> list[int]:
        """What to try of the sizes between two: the next one, the usual ones, else those that cut the rest into parts."""
        if high - low <= 1:
            return []
        usual = [size for size in USUAL if low < size < high]
        step = (high - low) / (PARTS + 1)
        parts = usual or [low + round(step * part) for part in range(1, PARTS + 1)]
        return [low + 1, *(size for size in parts if low + 1 < size < high)]

    def _lost(self, bounds: Bounds) -> int:
        """The smallest size above what passed that was sent and not acknowledged."""
        return min(size for size, tries in self._tries.items() if tries and size > bounds.passed)

    def _result(self, peer: Port, bounds: Bounds) -> Result:
        most = self._most(bounds)
        mtu = min(bounds.passed, most)
        lost = [
            size for size, tries in self._tries.items() if tries >= MAX_PROBES and max(mtu, PRESENCE) < size <= most
        ]
        return Result(
            peer=peer, mtu=mtu, limit=self._limit(bounds), tried=max(self._tries, default=0),
            lost=min(lost, default=0), peer_mtu=bounds.peer_mtu, present=bounds.present and (bounds.still or not bounds.asked),
        )  # fmt: skip

    def _limit(self, bounds: Bounds) -> MtuLimit:
        most = self._most(bounds)
        if bounds.passed >= most:
            return MtuLimit.INTERFACE if most == self.most else MtuLimit.PEER
        if bounds.fragmented > bounds.passed:
            return MtuLimit.FRAGMENTS
        if self._too_big > bounds.passed:
            return MtuLimit.ICMP
        return MtuLimit.LINK
