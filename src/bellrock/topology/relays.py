"""Ports of one broadcast domain between which beacons take longer than any wire does: something relays them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from bellrock.model import Conflict, ConflictKind, EvidenceKey, EvidenceKind, Port
from bellrock.topology.conflicts import naming, ordered
from bellrock.topology.held import Held
from bellrock.topology.sentence import milliseconds
from bellrock.topology.state import State

LONG: Final = 0.005
"""Seconds there and back that switches and sound machines do not take, at best of several times."""
TOO_LONG: Final = 0.02
"""Seconds that are long even where nothing on the segment is faster, and for one port alone."""
TIMES: Final = 8.0
"""How much longer than the fastest way of the segment one must be to stand out."""

Pair = tuple[Port, Port]


def relays(facts: State, joining: Mapping[Port, Sequence[Held]]) -> Iterator[Conflict]:
    """Groups of ports that are near to each other, and far from the rest of their own domain.

    A relay that is as fast as a switch is one, for all that can be measured, and is not told.
    """
    if not any(
        took is not None and took.real >= LONG for held in joining.values() for took in [one.took for one in held]
    ):
        return
    ways = _ways(facts, joining)
    if not ways:
        return
    times = [took for took, _ in ways.values()]
    limit = min(TOO_LONG, max(LONG, TIMES * min(times)))
    if max(times) < limit:
        return
    home, *away = _groups(ways, limit)
    # One port alone may be that of a machine that is busy; several that are near to each other are not busy at once.
    away = [group for group in away if len(group) > 1 or _nearest(ways, group[0]) >= TOO_LONG]
    if away := _reached(ways, home, away):
        yield _conflict(facts, [home, *away], ways, limit)


def _nearest(ways: Mapping[Pair, tuple[float, EvidenceKey]], port: Port) -> float:
    return min(took for pair, (took, _) in ways.items() if port in pair)


def _ways(facts: State, joining: Mapping[Port, Sequence[Held]]) -> dict[Pair, tuple[float, EvidenceKey]]:
    """The shorter of both ends' measurements of each pair, and the evidence that tells it."""
    found: dict[Pair, tuple[float, EvidenceKey]] = {}
    for held in joining.values():
        for one in held:
            took, peer = one.transit, one.peer
            if took is None or peer is None or one.kind is not EvidenceKind.CONFIRMED:
                continue
            a, b = ordered((facts.canonical(one.port), facts.canonical(peer)))
            known = found.get((a, b))
            # Of two that are alike that of the first port, whichever was told first.
            if known is None or (took, one.port, peer) < (known[0], known[1].port, known[1].peer or peer):
                found[a, b] = (took, one.key)
    return found


def _groups(ways: Mapping[Pair, tuple[float, EvidenceKey]], limit: float) -> list[tuple[Port, ...]]:
    """Ports joined by ways below the limit, the largest group first."""
    group_of: dict[Port, set[Port]] = {port: {port} for pair in ways for port in pair}
    for (a, b), (took, _) in ways.items():
        if took < limit and group_of[a] is not group_of[b]:
            group_of[a] |= group_of[b]
            group_of.update(dict.fromkeys(group_of[b], group_of[a]))
    groups = {id(group): ordered(group) for group in group_of.values()}
    return sorted(groups.values(), key=lambda group: (-len(group), group[0].host, group[0].interface))


def _reached(ways: Iterable[Pair], home: tuple[Port, ...], away: list[tuple[Port, ...]]) -> list[tuple[Port, ...]]:
    """Those groups to which ways lead from home, or from others of them: between home and the rest nothing was measured."""
    pairs = [{*pair} for pair in ways]
    reached, rest = {*home}, away
    while near := [one for one in rest if any(pair & reached and not pair.isdisjoint(one) for pair in pairs)]:
        reached.update(*near)
        rest = [one for one in rest if one not in near]
    return [one for one in away if one not in rest]


def _conflict(
    facts: State, groups: list[tuple[Port, ...]], ways: Mapping[Pair, tuple[float, EvidenceKey]], limit: float
) -> Conflict:
    home, *away = groups
    others = [port for group in away for port in group]
    far = [(way[0], pair) for pair, way in ways.items() if way[0] >= limit and not {*pair}.isdisjoint(others)]
    took, key = ways[min(far)[1]]
    fastest = min(way[0] for way in ways.values())
    near = f", though others of this segment answer within {milliseconds(fastest)}" if fastest < limit else ""
    slow = f", or {naming(facts, others)} is slow" if len(others) == 1 else ""
    proof = (
        f"Between {naming(facts, home)} and {naming(facts, others)} a beacon and its answer are on their way for {milliseconds(took)} "
        f"at best{near}: something passes frames on between two segments (a relay, a tunnel){slow}."
    )
    return Conflict(kind=ConflictKind.RELAYED, where=ordered(others), proof=proof, evidence=(key,))
