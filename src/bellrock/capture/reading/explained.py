"""Which flow of the catalogue a conversation is, and who asks whom in it.

An exchange fits by protocol, ports or types, by addresses that it names (broadcast, groups), and by the addresses of its roles as far as those
are known. Of several that fit, that one counts whose roles are known on more ends; then the one that comes first in the catalogue.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.members import Members, Side
from bellrock.capture.reading.register import Ends
from bellrock.capture.reading.tally import NEVER, Ways
from bellrock.capture.reading.values import Bits, Numbers, Small
from bellrock.capture.values import Addresses
from bellrock.flows.values import ANY_PORT, Exchange, Flow, PortRange, Protocol, Role, Stance

NUMBERS: Final = {Protocol.TCP: 6, Protocol.UDP: 17, Protocol.ICMP: 1, Protocol.ICMPV6: 58, Protocol.IGMP: 2}
_PORTED: Final = (Protocol.TCP, Protocol.UDP)
_SYN_ACK: Final = 0x12


class Explained(NamedTuple):
    """What conversations are, one element for each."""

    flow: Small
    """Index into the flows; -1: none explains it."""
    like: Small
    """Where none does: the one that would, between other ends than these; -1: none."""
    also: Small
    """Another flow that fits as well as `flow`, so that the capture alone cannot tell; -1: none."""
    turned: Bits
    """The second end asks the first."""


def explained(ends: Ends, ways: Ways, flows: Sequence[Flow], addresses: Addresses) -> Explained:
    """The flows of conversations.

    Args:
        ends: what they are between.
        ways: what went between these, which tells who began.
        flows: of the catalogue or of a site.
        addresses: what is known of the roles; those that are not in it may be anywhere.
    """
    sides = (
        Side(ends.version, ends.first_high, ends.first_low, ends.first_port),
        Side(ends.version, ends.second_high, ends.second_low, ends.second_port),
    )
    begun, members = _begun(ways), Members(sides, addresses)
    best = _Best(members.count)
    for index, flow in enumerate(flows):
        for exchange in flow.exchanges:
            if not exchange.expected or exchange.types:
                for asker in (0, 1):
                    _try(
                        best,
                        _Asked(index, exchange, asker, flow.stance is Stance.FORBIDDEN),
                        ends,
                        sides,
                        begun,
                        members,
                    )
    _follow_tftp(best, flows, ends, sides)
    like = np.where(best.flow < 0, best.like, np.int32(-1))
    return Explained(best.flow, like, best.also, np.where(best.decided, best.turned, begun.by_second))


class _Best:
    """The best flow of each conversation so far."""

    def __init__(self, count: int) -> None:
        self.flow, self.like, self.also = (np.full(count, -1, np.int32) for _ in range(3))
        self.score = np.full(count, -1, np.int32)
        self.turned, self.decided = np.zeros(count, np.bool_), np.zeros(count, np.bool_)

    def offer(self, index: int, score: Small, asker: int) -> None:
        """A flow that fits so well (-1: not at all)."""
        better = score > self.score
        self.also[better] = -1
        level = (score == self.score) & (score >= 0) & (self.flow != index) & (self.also < 0)
        self.also[level] = index
        self.flow[better], self.score[better] = index, score[better]
        self.turned[better], self.decided[better] = asker == 1, True


class _Begun(NamedTuple):
    """Who asks, as far as packets alone tell."""

    by_second: Bits
    sure: Bits
    """Its beginning was seen."""


def _begun(ways: Ways) -> _Begun:
    """Who opened; of what was open before, or has no beginning, whose packet came first."""
    first, second = ways.opened
    opened = (first != NEVER) | (second != NEVER)
    answered = ways.flags & _SYN_ACK == _SYN_ACK
    told = np.where(answered[0] != answered[1], answered[0], ways.first[1] < ways.first[0])
    return _Begun(np.where(opened, second < first, told), opened | (answered[0] != answered[1]))


class _Asked(NamedTuple):
    """What is tried: an exchange, one end being who asks."""

    flow: int
    """Its index."""
    exchange: Exchange
    asker: int
    forbidden: bool
    """Nobody is said to do what is forbidden unless it is known who he is."""


def _try(best: _Best, asked: _Asked, ends: Ends, sides: tuple[Side, Side], begun: _Begun, members: Members) -> None:
    """Whether the exchange is what conversations are."""
    index, exchange, asker, forbidden = asked
    source, destination = sides[asker], sides[1 - asker]
    fits = ends.protocol == NUMBERS[exchange.protocol]
    if len(exchange.families) == 1:
        fits &= ends.version == exchange.families[0]
    if exchange.protocol in _PORTED:
        fits &= _within(source.port, exchange.source_ports) & _within(destination.port, exchange.destination_ports)
        # Both ends may have such a port: who began tells which of them was asked.
        either = ~begun.sure & ~_within(source.port, exchange.destination_ports)
        fits &= (begun.by_second == (asker == 1)) | either
    elif exchange.types:
        fits &= np.isin(source.port, [kind for kind, _ in exchange.types])
    if not fits.any():
        return
    own = exchange.or_own or not exchange.destination_addresses
    one = _known(members, asker, exchange.source, exchange.source_addresses, own=True)
    other = _known(members, 1 - asker, exchange.destination, exchange.destination_addresses, own=own)
    wrong = (one < forbidden) | (other < 0)
    score = np.where(fits & ~wrong, one + other, np.int32(-1))
    best.like[fits & wrong & (best.like < 0)] = index
    best.offer(index, score, asker)


def _known(members: Members, side: int, roles: tuple[Role, ...], named: tuple[str, ...], *, own: bool) -> Small:
    """1: an address that the exchange or one of its roles has; 0: the roles may be anywhere; -1: it is another one."""
    there = members.named(named, side) if named else None
    told = [role for role in roles if own and members.is_known(role)]
    for role in told:
        there = members.of_role(role, side) if there is None else there | members.of_role(role, side)
    otherwise = np.int32(0 if own and len(told) < len(roles) else -1)
    count = members.count
    return np.full(count, otherwise) if there is None else np.where(there, np.int32(1), otherwise)


def _within(port: Small, ranges: tuple[PortRange, ...]) -> Bits:
    found: Bits = np.full(len(port), ranges == ANY_PORT)
    if ranges != ANY_PORT:
        for first, last in ranges:
            found |= (port >= first) & (port <= last)
    return found


def _follow_tftp(best: _Best, flows: Sequence[Flow], ends: Ends, sides: tuple[Side, Side]) -> None:
    """Data of TFTP: the port that a request came from and another one of anybody (RFC 1350 §4)."""
    index = next((index for index, flow in enumerate(flows) if flow.id == "tftp"), None)
    if index is None:
        return
    ports = flows[index].exchanges[0].destination_ports
    asked: set[_Key] = set()
    for asker in (0, 1):
        requests = (best.flow == index) & _within(sides[1 - asker].port, ports)
        asked.update(_keys(sides[asker], np.flatnonzero(requests)))
    if not asked:
        return
    unexplained = np.flatnonzero((best.flow < 0) & (ends.protocol == NUMBERS[Protocol.UDP]))
    for asker in (0, 1):
        score = np.full(len(best.flow), -1, np.int32)
        score[
            [place for place, key in zip(unexplained, _keys(sides[asker], unexplained), strict=True) if key in asked]
        ] = 0
        best.offer(index, score, asker)


_Key = tuple[int, int, int]
"""Address and port."""


def _keys(side: Side, places: Numbers) -> Iterator[_Key]:
    return zip(side.high[places].tolist(), side.low[places].tolist(), side.port[places].tolist(), strict=True)
