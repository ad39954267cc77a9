"""Traffic that was seen, beside the flows that explain it."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from bellrock.flows.lint.values import Kind, Remark, Scene, Weight, single, within
from bellrock.flows.passages import Passage
from bellrock.flows.values import ConditionKind, PortRange, Stance
from bellrock.model.listening import Conversation
from bellrock.wire.text import endpoint

TOP: Final = 10
"""Kinds of traffic without a flow that are told one by one."""
MAX_SETTLED: Final = 100_000


class Settled(Struct, frozen=True, kw_only=True):
    """Conversations beside flows."""

    seen: tuple[tuple[str, int], ...]
    """Flow id and packets, in the order of the catalogue."""
    forbidden: tuple[tuple[Passage, Conversation], ...]
    unexplained: tuple[Conversation, ...]


class _Ends(Struct, frozen=True, gc=False):
    """Both ends of a conversation, addresses as integers."""

    family: int
    source: int
    source_port: int
    destination: int
    destination_port: int

    def turned(self) -> "_Ends":
        """As the answers have it."""
        return _Ends(self.family, self.destination, self.destination_port, self.source, self.source_port)


class Index:
    """Passages by protocol and by their fixed ports, so that each conversation is compared with few of them."""

    def __init__(self, passages: tuple[Passage, ...]) -> None:
        self._fixed: dict[tuple[str, int], list[Passage]] = {}
        self._wide: dict[str, list[Passage]] = {}
        self._breadths: dict[str, int] = {}
        for passage in passages:
            exchange = passage.exchange
            ports = [*single(exchange.destination_ports)] or [*single(exchange.source_ports)]
            for port in ports:
                self._fixed.setdefault((exchange.protocol, port), []).append(passage)
            if not ports:
                self._wide.setdefault(exchange.protocol, []).append(passage)

    def explain(self, it: Conversation, *, related: bool = False) -> Passage | None:
        """The passage that a conversation, or its answers, belong to.

        Needed ones go before forbidden ones, and narrow ones before wide ones: a rack among nodes speaks as a rack.

        `related`: passages without a fixed port, which packets belong to only if a request went before.
        """
        source, destination = ip_address(it.source), ip_address(it.destination)
        forth = _Ends(source.version, int(source), it.source_port, int(destination), it.destination_port)
        back = forth.turned()
        if related:
            near = self._wide.get(it.protocol, [])
        else:
            keys = dict.fromkeys(((it.protocol, it.destination_port), (it.protocol, it.source_port)))
            near = [passage for key in keys for passage in self._fixed.get(key, ())]
        found = [one for one in near if _fits(one, forth) or (_has_answers(one) and _fits(one, back))]
        return min(found, key=lambda one: (one.flow.stance is Stance.FORBIDDEN, self._breadth(one)), default=None)

    def _breadth(self, passage: Passage) -> int:
        """How many addresses its ends have."""
        for party in (passage.source, passage.destination):
            if party.name not in self._breadths:
                self._breadths[party.name] = sum(last - first + 1 for first, last in party.ranges)
        return self._breadths[passage.source.name] + self._breadths[passage.destination.name]


def _has_answers(passage: Passage) -> bool:
    return passage.exchange.answered or passage.exchange.expected


def _fits(passage: Passage, ends: _Ends) -> bool:
    exchange = passage.exchange
    return (
        passage.family == ends.family
        and _port_in(ends.source_port, exchange.source_ports)
        and _port_in(ends.destination_port, exchange.destination_ports)
        and within(ends.source, passage.source.ranges)
        and within(ends.destination, passage.destination.ranges)
    )


def _port_in(port: int, ranges: tuple[PortRange, ...]) -> bool:
    return any(first <= port <= last for first, last in ranges)


def settle(passages: tuple[Passage, ...], conversations: tuple[Conversation, ...]) -> Settled:
    """Each conversation with the flow that explains it, or with none."""
    index = Index(passages)
    packets: Counter[str] = Counter()
    asked: set[tuple[str, frozenset[str]]] = set()
    forbidden: list[tuple[Passage, Conversation]] = []
    left: list[Conversation] = []
    for it in conversations[:MAX_SETTLED]:
        found = None if _own(it) else index.explain(it)
        if found is None:
            left.append(it)
            continue
        packets[found.flow.id] += it.packets
        asked.add((found.flow.id, frozenset((it.source, it.destination))))
        if found.flow.stance is Stance.FORBIDDEN:
            forbidden.append((found, it))
    unexplained = []
    for it in left:
        found = index.explain(it, related=True)
        if found and (found.flow.id, frozenset((it.source, it.destination))) in asked:
            packets[found.flow.id] += it.packets
        elif not _own(it):
            unexplained.append(it)
    order = dict.fromkeys(passage.flow.id for passage in passages)
    return Settled(
        seen=tuple((flow, packets[flow]) for flow in order if packets[flow]),
        forbidden=tuple(forbidden),
        unexplained=tuple(unexplained),
    )


def _own(it: Conversation) -> bool:
    """Within this host."""
    return ip_address(it.source).is_loopback or ip_address(it.destination).is_loopback


def remarks(scene: Scene, settled: Settled) -> Iterator[Remark]:
    """Forbidden traffic, DHCP from where none should come, and the most of what no flow explains."""
    for passage, it in settled.forbidden:
        yield Remark(
            kind=Kind.FORBIDDEN,
            weight=Weight.COMPLAINT,
            flow=passage.flow.id,
            sentence=f"traffic of {passage.flow.id} was seen, which must not be: {_line(it)}",
            proof=passage.exchange.why or passage.flow.note,
            advice=f"stop its sender {it.source}",
        )
    dhcp = _dhcp_answers(scene)
    foreign = [it for it in settled.unexplained if (it.protocol, it.source_port) in dhcp and _client(it)]
    for it in foreign[:TOP]:
        yield Remark(
            kind=Kind.ROGUE_DHCP,
            weight=Weight.COMPLAINT,
            flow=dhcp[it.protocol, it.source_port],
            sentence=f"{it.source} answers DHCP{_where(it)}, and is no DHCP server or relay of the site",
            proof=f"seen: {_line(it)}",
            advice=f"find it by its address or MAC and stop it, or add it to the racks or relays of {scene.file}",
        )
    yield from _top(scene, tuple(it for it in settled.unexplained if it not in foreign))


def _dhcp_answers(scene: Scene) -> dict[tuple[str, int], str]:
    """Protocol and port that only servers of a one-per-VLAN flow send from, and the flow."""
    return {
        (exchange.protocol, port): flow.id
        for flow in scene.flows
        if any(condition.kind is ConditionKind.ONE_SERVER_PER_VLAN for condition in flow.conditions)
        for exchange in flow.exchanges
        if set(exchange.source) & set(flow.destination)
        for port in single(exchange.source_ports)
    }


def _client(it: Conversation) -> bool:
    """Answers go to the port of clients, which is another than the servers' own."""
    return it.destination_port != it.source_port


def _top(scene: Scene, unexplained: tuple[Conversation, ...]) -> Iterator[Remark]:
    packets: Counter[tuple[str, str, str, int]] = Counter()
    for it in unexplained:
        client, server, port = _oriented(it)
        packets[it.protocol, client, server, port] += it.packets
    for (protocol, client, server, port), count in packets.most_common(TOP):
        yield Remark(
            kind=Kind.UNEXPLAINED,
            weight=Weight.HINT,
            sentence=f"no flow of the site explains {client} → {server} on {protocol}/{port}",
            proof=f"{_packets(count)} seen",
            advice=f"add what is missing to {scene.file} (an address, a port of a flow), or find out what it is",
        )
    if len(packets) > TOP:
        rest = sum(count for _, count in packets.most_common()[TOP:])
        yield Remark(
            kind=Kind.UNEXPLAINED,
            weight=Weight.HINT,
            sentence=f"no flow of the site explains {len(packets) - TOP} more pairs of hosts and ports",
            proof=f"{_packets(rest)} seen",
            advice="the most frequent are listed first; --json has the same",
        )


def _oriented(it: Conversation) -> tuple[str, str, int]:
    """Client, server, port of the server: as the beginning shows, else the lower port is taken for the server's."""
    if it.begun or it.destination_port <= it.source_port:
        return it.source, it.destination, it.destination_port
    return it.destination, it.source, it.source_port


def _line(it: Conversation) -> str:
    ends = f"{endpoint(it.source, it.source_port)} → {endpoint(it.destination, it.destination_port)}"
    return f"{ends} {it.protocol}, {_packets(it.packets)}{_where(it)}"


def _where(it: Conversation) -> str:
    vlan = f" VLAN {it.vid}" if it.vid is not None else ""
    return f" on {it.interface}{vlan}" if it.interface else ""


def _packets(count: int) -> str:
    return f"{count} packet{'' if count == 1 else 's'}"
