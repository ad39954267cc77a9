"""The engine: ports come and go, alarms ring, and hearing, speaking and doubting do the rest."""

from collections.abc import Callable, Mapping

from msgspec import structs

from bellrock.beacon.core import Core
from bellrock.beacon.doubts import Doubts
from bellrock.beacon.hearing import Hearing
from bellrock.beacon.letters import Letters
from bellrock.beacon.mtu import Mtu
from bellrock.beacon.ports import PortState
from bellrock.beacon.responder import Responder, is_scan
from bellrock.beacon.speaking import Speaker
from bellrock.beacon.states import Cause
from bellrock.beacon.strangers import Strangers
from bellrock.beacon.timers import Alarm
from bellrock.beacon.values import (
    Arrival,
    Config,
    Deadline,
    Event,
    Identity,
    Jitter,
    NewId,
    Now,
    PortFacts,
    Refusal,
    Settled,
    TooBig,
    Transmission,
)
from bellrock.model import Monotonic, Port
from bellrock.wire.errors import Reason

DEFAULTS = Config()


class Engine:
    """One host's half of the beacon protocol, on all its ports.

    Every call may leave transmissions and events to be polled, and may change the next deadline. No input makes it raise.
    """

    def __init__(self, identity: Identity, new_id: NewId, jitter: Jitter, config: Config = DEFAULTS) -> None:
        self._core = Core(identity, new_id, jitter, config)
        self._speaker = Speaker(self._core)
        self._doubts = Doubts(self._core, self._speaker)
        self._strangers = Strangers(self._core, self._speaker)
        self._letters = Letters(self._core)
        self._responder = Responder(self._core)
        self._mtu = Mtu(self._core, self._speaker)
        self._hearing = Hearing(self._core, self._speaker, self._doubts, self._learn_port, self._letters, self._mtu)
        self._handlers: dict[Alarm, Callable[[PortState, Now], None]] = {
            Alarm.BURST: self._burst,
            Alarm.SETTLE: self._settle,
            Alarm.TRICKLE: self._trickle,
            Alarm.ANSWER: self._speaker.advertise,
            Alarm.SURVEY: self._survey,
            Alarm.ASK: self._doubts.ask_again,
            Alarm.DOUBT: self._doubts.verify,
            Alarm.FADE: self._doubts.fade,
            Alarm.MAAS_ROUND: self._speaker.advertise_to_maas,
            Alarm.STRANGER: self._strangers.speak,
            Alarm.LETTER: self._letters.work,
            Alarm.SCAN: self._responder.answer,
            Alarm.MTU: self._mtu.due,
        }

    def receive(self, input: PortFacts | Arrival | Refusal | TooBig, now: Now) -> None:
        """Take in a frame, a refusal, an ICMP message, or a port that came up or changed."""
        self._core.started = self._core.started or now
        match input:
            case PortFacts():
                self._port_up(input, now)
            case Arrival() if is_scan(input.beacon):
                self._responder.hear(input, now)
            case Arrival():
                self._strangers.heard(input)
                self._hearing.hear(input, now)
            case TooBig():
                self._mtu.too_big(input.port, input.size)
            case Refusal():
                error = input.error
                self._core.refuse(
                    input.port, input.source_mac, error.reason, error.detail, now, error.skew, input.times
                )
                if error.reason is Reason.WRONG_SECRET:
                    self._strangers.refused(input.port, input.source_mac, input.received)

    def introduce(self, regions: tuple[str, ...], authority: str) -> None:
        """From the next beacon on, say that the region listens there and has this authority."""
        core = self._core
        core.identity = structs.replace(core.identity, regions=regions, authority=authority)
        core.composer.introduce(core.identity)

    def drop_port(self, port: Port, now: Now) -> None:
        """A port went down: its evidence is lost, and so are the dynamic ports of its interface if it was the untagged one."""
        if port.vid is None:
            for learnt in self._core.ports.learnt(port.interface):
                self._remove(learnt, now)
        self._remove(port, now)

    @property
    def refused(self) -> Mapping[str, int]:
        """How many frames were refused since the start, by reason."""
        return self._core.refusals.totals

    @property
    def relays(self) -> bool:
        """Whether letters to nobody in particular are taken: a region listens to this agent now."""
        return self._letters.relays

    @relays.setter
    def relays(self, value: bool) -> None:
        self._letters.relays = value

    def post(self, port: Port, to: str, octets: bytes, now: Now) -> str:
        """Send a letter on a port to the agent `to`, or, where that is empty, to any that a region listens to; its id.

        An event tells what became of it: LetterDelivered or LetterLost.
        """
        return self._letters.post(port, self._core.ports.get(port), to, octets, now)

    def measure(self, port: Port | None, now: Now, *, interface: str = "") -> tuple[Port, ...]:
        """Measure what passes to the neighbours, at once, on one port, on those of an interface, or on all; on which it is done.

        `MtuMeasured` events tell what was found, and one `MtuSearched` for each of the ports that its measurement is over.
        """
        wanted = [
            state
            for state in self._core.ports
            if port in (None, state.port) and interface in ("", state.port.interface, state.facts.interface)
        ]
        for state in wanted:
            self._mtu.measure(state, now)
        return tuple(state.port for state in wanted)

    def handle_timeout(self, now: Now) -> None:
        """Do what is due."""
        for port, alarm in self._core.timers.pop_due(now.mono):
            if port is None:
                self._tell_refusals(now)
            elif (state := self._core.ports.get(port)) is not None:
                self._handlers[alarm](state, now)
                if state.dynamic and alarm in (Alarm.FADE, Alarm.DOUBT) and not len(state.peers):
                    self._remove(port, now)

    def poll_transmit(self) -> Transmission | None:
        """Next beacon to send, or None."""
        return self._core.out.popleft() if self._core.out else None

    def poll_event(self) -> Event | None:
        """Next event, or None."""
        return self._core.events.popleft() if self._core.events else None

    def next_deadline(self) -> Deadline | None:
        """When and why `handle_timeout` is wanted next."""
        due = self._core.timers.next()
        if due is None:
            return None
        at, (port, alarm) = due
        where = "" if port is None else f" on {port.interface}" + ("" if port.vid is None else f".{port.vid}")
        return Deadline(Monotonic(at), f"{alarm}{where}")

    def _port_up(self, facts: PortFacts, now: Now) -> None:
        state = self._core.ports.get(facts.port)
        if state is None:
            self._begin(self._core.new_port(facts, False, now), now)
        elif state.dynamic or (facts.speaks and not state.facts.speaks):
            self._core.ports.keep(facts.port)
            state.update(facts)
            self._begin(state, now)
        elif facts != state.facts:
            state.update(facts)
            state.trickle.inconsistent(now.mono)
            self._arm_trickle(state)
            self._mtu.soon(state, now)

    def _learn_port(self, facts: PortFacts, now: Now) -> PortState:
        state = self._core.new_port(facts, True, now)
        self._begin(state, now)
        return state

    def _begin(self, state: PortState, now: Now) -> None:
        """The first burst: solicit at once and a few times more, then leave it to Trickle."""
        config = self._core.config
        if not state.dynamic:
            self._core.timers.set((state.port, Alarm.SETTLE), now.mono + config.settle)
        state.burst = sorted((now.mono + self._core.around(after) for after in config.burst), reverse=True)
        state.trickle.restart(state.burst[0] if state.burst else now.mono)
        if state.facts.speaks and state.burst:
            self._core.timers.set((state.port, Alarm.BURST), state.burst[-1])
        self._arm_trickle(state)

    def _arm_trickle(self, state: PortState) -> None:
        if state.facts.speaks:
            self._core.timers.set((state.port, Alarm.TRICKLE), state.trickle.at)

    def _burst(self, state: PortState, now: Now) -> None:
        # Once all who were heard have confirmed us, those who missed the first solicitation are left to be found: to them
        # we are new, so they answer a steady one too, and the others need not answer again.
        first = state.last_round == float("-inf")
        urgent = first or not len(state.peers) or bool(state.peers.unconfirmed)
        state.burst.pop()
        self._speaker.solicit(state, urgent, now)
        if state.burst:
            self._core.timers.set((state.port, Alarm.BURST), max(state.burst[-1], now.mono))

    def _settle(self, state: PortState, now: Now) -> None:  # noqa: ARG002 -- the shape of all handlers
        self._core.events.append(Settled(state.port))

    def _trickle(self, state: PortState, now: Now) -> None:
        if state.trickle.expire(now.mono):
            self._speaker.solicit(state, False, now)
        self._arm_trickle(state)

    def _survey(self, state: PortState, now: Now) -> None:
        self._speaker.solicit(state, True, now)

    def _tell_refusals(self, now: Now) -> None:
        self._core.events.extend(self._core.refusals.flush(now))
        if (due := self._core.refusals.due) is not None:
            self._core.timers.set((None, Alarm.REFUSALS), due)

    def _remove(self, port: Port, now: Now) -> None:
        state = self._core.ports.remove(port)
        if state is None:
            return
        self._strangers.drop(port)
        for alarm in Alarm:
            self._core.timers.cancel((port, alarm))
        self._letters.drop(port)
        self._responder.forget(port)
        self._mtu.forget(port)
        for peer in list(state.peers):
            state.peers.move(peer, Cause.DOWN, now, "port down")
        for other in self._core.ports:
            if (peer_there := other.peers.get(port)) is not None:
                other.peers.move(peer_there, Cause.DOWN, now, "port down")
