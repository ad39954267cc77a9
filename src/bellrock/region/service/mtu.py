"""What passes between neighbours, who is to blame where it is too little, and orders to measure it now."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import Final

from msgspec import Struct
from ulid_transform import ulid_now

from bellrock.contract import Done, MeasureMtu, Order
from bellrock.model import InterfaceSeen, Monotonic, Neighbour, Observation, Port, Wall
from bellrock.region.service.agentsession import Session
from bellrock.region.service.names import chosen
from bellrock.region.service.shapes import CulpritView, EndView, MtuPairView, MtuView, PortView, WayView
from bellrock.region.service.state import State
from bellrock.topology.measured import Measured, Pair
from bellrock.topology.mtu import Culprit, Way, limited_by
from bellrock.topology.mtuwords import proof_of, sentence_of

PATIENCE: Final = 20.0
"""Seconds after which an order that nobody answered counts as over."""
MAX_ORDERS: Final = 4096
"""Orders under way, over all agents."""
MANY: Final = 2000
"""Measured directions from which on those alone are listed that fall short, and all of a host where one is asked for."""


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
        self._measured = Measured()
        self._unread = dict.fromkeys(state.accounts)
        """Agents whose account is not taken in yet: at the beginning, that of all takes its time."""

    def take_in(self, most: int | None = None) -> bool:
        """Take in what is known since before, of so many agents at most; whether there is more."""
        for agent in [*islice(self._unread, most)]:
            self._read(agent)
        return bool(self._unread)

    def apply(self, agent: str, told: Iterable[Observation]) -> None:
        """An agent has told something, which the state holds already."""
        if agent in self._unread:
            self._read(agent)
        self._measured.apply(told)

    def turned(self, lapsed: Collection[str]) -> set[Pair]:
        """The directions that began or ceased to fall short, or do so otherwise, since this was last asked."""
        self._settle(lapsed)
        found, self._measured.turned = self._measured.turned, set()
        return found

    def rest(self) -> None:
        """Nobody follows: what turned until now is of no interest."""
        self._measured.turned.clear()

    def pairs(
        self, names: Mapping[str, str], now: Wall, wanted: Collection[Pair]
    ) -> tuple[list[MtuPairView], list[WayView]]:
        """Of these directions, those that fall short; and those that do not."""
        short = self._measured.short
        others = [
            WayView(from_=_end(one, names), to=_end(peer, names), vid=one.vid)
            for one, peer in wanted
            if (one, peer) not in short
        ]
        return [_pair(short[one], names, now) for one in wanted if one in short], others

    @property
    def fine(self) -> int:
        """How many directions pass as expected, where they are too many to list."""
        return self._measured.measured - len(self._measured.short) if self.many else 0

    @property
    def many(self) -> bool:
        """Whether there are too many to list those that pass as expected."""
        return self._measured.measured > MANY

    def culprits(self, names: Mapping[str, str]) -> tuple[CulpritView, ...]:
        """All of them, as they were concluded last."""
        return tuple(self._culprit(one, names) for one in self._measured.culprits)

    def view(self, names: Mapping[str, str], lapsed: Collection[str], now: Wall, host: str | None = None) -> MtuView:
        """Pairs, all culprits, and who is measuring.

        Args:
            names: unique, by id.
            lapsed: agents whose word does not count.
            host: by id: all pairs of this one, and no others.
        """
        self._settle(lapsed)
        known = self._measured
        listed = (
            known.ways(host) if host is not None or not self.many else [known.short[one] for one in sorted(known.short)]
        )
        fine = self.fine if host is None else 0
        pairs = tuple(_pair(way, names, now) for way in listed)
        return MtuView(pairs, self.culprits(names), self.measuring(names), fine)

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

    def _settle(self, lapsed: Collection[str]) -> None:
        self.take_in()
        self._measured.settle(lapsed)

    def _read(self, agent: str) -> None:
        self._unread.pop(agent, None)
        if (account := self._state.accounts.get(agent)) is not None:
            self._measured.apply(InterfaceSeen(agent, interface) for interface, _ in account.interfaces.values())
            self._measured.apply(account.all_mtu())

    def measuring(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """Names of the agents that were told to measure and have not finished."""
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
        held = account.devices().get(port.interface) if account else None
        return held.neighbour if held else None


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
