"""What passes between neighbours, who is to blame where it is too little, and orders to measure it now."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Final

from msgspec import Struct
from ulid_transform import ulid_now

from bellrock.contract import Done, MeasureMtu, Order
from bellrock.model import Monotonic, Neighbour, Port, Wall
from bellrock.region.service.agents import Session
from bellrock.region.service.names import chosen
from bellrock.region.service.shapes import CulpritView, EndView, MtuPairView, MtuView, PortView
from bellrock.region.service.state import State
from bellrock.topology.mtu import Culprit, Way, culprits, limited_by, mtus, ways
from bellrock.topology.mtuwords import proof_of, sentence_of

PATIENCE: Final = 20.0
"""Seconds after which an order that nobody answered counts as over."""
MAX_ORDERS: Final = 4096
"""Orders under way, over all agents."""


class Given(Struct, frozen=True):
    """An order under way."""

    agent: str
    until: Monotonic


class Measurements:
    """Renders what agents measured, and has them measure."""

    def __init__(
        self, state: State, sessions: Mapping[str, Session], mono: Callable[[], Monotonic], changed: Callable[[], None]
    ) -> None:
        self._state = state
        self._sessions = sessions
        self._mono = mono
        self._changed = changed
        self._given: OrderedDict[str, Given] = OrderedDict()
        self._found: tuple[tuple[Way, ...], tuple[Culprit, ...]] = ((), ())

    def view(self, names: Mapping[str, str], lapsed: Collection[str], now: Wall) -> MtuView:
        """All pairs, all culprits, and who is measuring. `names`: unique, by id; `lapsed`: agents whose word does not count."""
        table: dict[Port, int] = {}
        for account in self._state.accounts.values():
            table |= mtus(account.host.id, (interface for interface, _ in account.interfaces.values()))

        def mtu_of(port: Port) -> int:
            return table.get(port) or table.get(Port(port.host, port.interface), 0)

        told = [
            seen
            for account in self._state.accounts.values()
            if account.host.id not in lapsed
            for seen, _ in account.mtu.values()
        ]
        measured = sorted(ways(told, mtu_of), key=lambda way: (way.seen.port, way.seen.peer))
        pairs = tuple(_pair(way, names, now) for way in measured)
        return MtuView(
            pairs, tuple(self._culprit(one, names) for one in self._blamed(measured)), self._measuring(names)
        )

    def order(self, names: Mapping[str, str], host: str, interface: str) -> tuple[str, ...]:
        """Have agents measure now, one by name or id, or all; the names of those who were told.

        Raises:
            UnknownHost: no connected agent is meant.
        """
        connected = {agent: session.host.name for agent, session in self._sessions.items()}
        wanted = chosen([host] if host else [], connected, names)
        self._expire()
        for agent in wanted:
            if len(self._given) < MAX_ORDERS:
                order = Order(ulid_now(), MeasureMtu(interface))
                self._given[order.id] = Given(agent, Monotonic(self._mono() + PATIENCE))
                self._sessions[agent].say(order)
        self._changed()
        return tuple(sorted(self._name(agent, names) for agent in wanted))

    def done(self, agent: str, message: Done) -> str:
        """An agent answered an order: why it was not carried out, if so."""
        given = self._given.get(message.order)
        if given is None or given.agent != agent:
            return "no order of this id was given to this agent"
        del self._given[message.order]
        self._changed()
        return message.why

    def left(self, agent: str) -> None:
        """An agent is gone, and with it the answers that it owes."""
        self._given = OrderedDict((order, given) for order, given in self._given.items() if given.agent != agent)

    def _blamed(self, measured: list[Way]) -> tuple[Culprit, ...]:
        """Inferred again when anything but the age of a measurement has changed."""
        now = tuple(measured)
        if now != self._found[0]:
            self._found = now, culprits(measured)
        return self._found[1]

    def _measuring(self, names: Mapping[str, str]) -> tuple[str, ...]:
        self._expire()
        return tuple(sorted({self._name(given.agent, names) for given in self._given.values()}))

    def _name(self, agent: str, names: Mapping[str, str]) -> str:
        """An agent that has just connected for the first time has no account yet."""
        session = self._sessions.get(agent)
        return names.get(agent) or (session.host.name if session else agent)

    def _expire(self) -> None:
        now = self._mono()
        while self._given and next(iter(self._given.values())).until < now:
            self._given.popitem(last=False)

    def _culprit(self, one: Culprit, names: Mapping[str, str]) -> CulpritView:
        return CulpritView(
            what=sentence_of(one, names, self._neighbour), where=_ports(one.where, names), kind=one.kind.value,
            direction=one.direction.value, towards=_ports(one.towards, names), vids=one.vids, mtu=one.mtu,
            others=one.others, proof=proof_of(one, names, self._neighbour),
        )  # fmt: skip

    def _neighbour(self, port: Port) -> Neighbour | None:
        account = self._state.accounts.get(port.host)
        held = account.evidence.items() if account else ()
        found = (evidence for key, (evidence, _) in held if key.port.interface == port.interface and evidence.neighbour)
        return next((evidence.neighbour for evidence in found), None)


def _pair(way: Way, names: Mapping[str, str], now: Wall) -> MtuPairView:
    seen = way.seen
    return MtuPairView(
        from_=_end(seen.port, names), to=_end(seen.peer, names), vid=seen.port.vid, mtu=seen.mtu,
        limited_by=limited_by(way), expected=way.expected, tried=seen.tried, lost=seen.lost,
        age=round(max(0.0, now - seen.seen), 3),
    )  # fmt: skip


def _end(port: Port, names: Mapping[str, str]) -> EndView:
    return EndView(names.get(port.host, port.host), port.interface)


def _ports(ports: tuple[Port, ...], names: Mapping[str, str]) -> tuple[PortView, ...]:
    return tuple(PortView(names.get(port.host, port.host), port.interface, port.vid) for port in ports)
