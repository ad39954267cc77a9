"""What a port says: solicitations, the advertisements that answer, and replies to plain MAAS peers."""

from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType

from bellrock.beacon.core import Core
from bellrock.beacon.peers import Peer
from bellrock.beacon.ports import Ask, PortState
from bellrock.beacon.states import State
from bellrock.beacon.timers import Alarm
from bellrock.beacon.transit import write_held
from bellrock.beacon.values import Arrival, Now, Transmission
from bellrock.model import Port
from bellrock.wire.beacon import BeaconType

FRAMES_AT_ONCE = 4
"""Advertisements, counted once for all address families, that one answer may take; what is left follows later."""
NOBODY = frozenset(("", "::", "0.0.0.0"))  # noqa: S104 -- sources that cannot be answered, not addresses to bind to
MAX_PADDED = 512
"""Padded solicitations that wait for their acknowledgement; more are as good as lost."""
DEMAND = 1.0
"""Seconds without an answer after which the spacing of answers begins anew."""


class Speaker:
    """Composes beacons and queues them for the shell."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def solicit(self, state: PortState, urgent: bool, now: Now) -> None:
        """Ask everyone on the segment for an advertisement: urgently of all, or of those who have been quiet."""
        if urgent:
            state.urgent_heard = now.mono
            self._core.timers.cancel((state.port, Alarm.SURVEY))
        self._round(state, BeaconType.SOLICITATION, (), urgent, now)

    def want(self, state: PortState, peer: Peer, urgent: bool, now: Now, ask: bool = False) -> None:
        """The newest beacon of a peer is to be acknowledged; `ask`: and the peer shall acknowledge that in turn.

        Without urgency nothing is said if this port has been heard lately: that was answer enough.
        """
        if not state.facts.speaks or (not urgent and now.mono - state.last_round < self._core.config.answer_rest):
            return
        earlier = state.pending.get(peer.port)
        state.pending[peer.port] = Ask(peer.ids[-1], ask or (earlier is not None and earlier.urgent))
        if earlier is None and len(state.pending) == 1:
            self._core.arm(state, Alarm.ANSWER, self._answer_at(state, now))

    def acknowledge(self, state: PortState, port: Port, beacon_id: str, now: Now) -> None:
        """Answer somebody who is no peer, in the next advertisement."""
        if not state.facts.speaks:
            return
        first = not state.pending
        state.pending[port] = Ask(beacon_id, False)
        if first:
            self._core.arm(state, Alarm.ANSWER, self._answer_at(state, now))

    def acknowledge_padded(self, state: PortState, beacon_id: str, fragment: bool, now: Now) -> None:
        """Tell the sender of a padded solicitation that it arrived; every one of them, as each is of another size."""
        if not state.facts.speaks or len(state.padded) >= MAX_PADDED:
            return
        state.padded[beacon_id] = fragment
        self._core.arm(state, Alarm.ANSWER, self._answer_at(state, now))

    def probe(self, state: PortState, size: int, now: Now) -> list[str]:
        """Send a solicitation padded to `size`, in all its copies; their ids."""
        ids = []
        for copy in state.copies:
            for version in self._versions(state, now):
                beacon = self._core.composer.probe(state.facts, copy, version, size, now)
                self._core.sent.add(beacon.id, state.port, now)
                sent = Transmission(
                    port=state.port, beacon=beacon, family=copy.family, source_ip=copy.source_ip, padded=size
                )
                self._core.out.append(sent)
                ids.append(beacon.id)
        return ids

    def advertise(self, state: PortState, now: Now) -> None:
        """One multicast advertisement, or as few as hold them, for all that is to be acknowledged."""
        limit = state.max_acks(self._core.config.max_acks)
        self._space(state, now)
        for _ in range(FRAMES_AT_ONCE):
            if not state.pending and not state.padded:
                return
            chunk = dict(state.pending.popitem(last=False) for _ in range(min(limit, len(state.pending))))
            room = min(limit - len(chunk), len(state.padded))
            padded = dict(state.padded.popitem(last=False) for _ in range(room))
            self._add_unconfirmed(state, chunk, limit - len(padded))
            acks = tuple(ask.id for ask in chunk.values())
            asking = [peer for port in chunk if (peer := self._asked(state, chunk[port], port)) is not None]
            held = write_held(_waited(state, port, ask, now) for port, ask in chunk.items())
            self._round(state, BeaconType.ADVERTISEMENT, acks, bool(asking), now, padded, held)
            for peer in asking:
                peer.asks += 1
                peer.asked = peer.asked or now
        if state.pending or state.padded:
            self._core.arm(state, Alarm.ANSWER, self._answer_at(state, now))

    def advertise_to_maas(self, state: PortState, now: Now) -> None:
        """The multicast round that follows a plain MAAS peer's solicitation."""
        self._round(state, BeaconType.ADVERTISEMENT, (), False, now)

    def reply(self, state: PortState, arrival: Arrival, now: Now) -> None:
        """Answer a plain MAAS peer as it expects: at once, by unicast, in its own version, naming its beacon."""
        family = 6 if ":" in arrival.source_ip else 4
        copy = next((copy for copy in state.copies if copy.family == family), None)
        if not state.facts.speaks or arrival.source_ip in NOBODY or (copy is None and family == 4):
            return
        if not state.bucket.take(now.mono):
            return
        beacon = arrival.beacon
        answer = self._core.composer.reply(
            state.facts, beacon.version, beacon.id, arrival.port.vid, arrival.hop_limit, now
        )
        self._core.sent.add(answer.id, state.port, now)
        source = copy.source_ip if copy else None
        to = (arrival.source_mac, arrival.source_ip, arrival.source_port)
        self._core.out.append(Transmission(port=state.port, beacon=answer, family=family, source_ip=source, unicast=to))

    def _round(
        self, state: PortState, type: BeaconType, acks: tuple[str, ...], urgent: bool, now: Now,
        padded: Mapping[str, bool] = MappingProxyType({}), held: str = "",
    ) -> None:  # fmt: skip
        """Send one beacon in all its copies: each address family, and each protocol version that is listened to.

        `padded`: padded solicitations to acknowledge too, and whether they came in fragments. `held`: as in the beacon.
        """
        if not state.facts.speaks:
            return
        core = self._core
        state.last_round = now.mono
        whole = tuple(name for name, fragment in padded.items() if not fragment)
        pieces = tuple(name for name, fragment in padded.items() if fragment)
        for copy in state.copies:
            for version in self._versions(state, now):
                beacon = core.composer.multicast(state.facts, copy, version, type, acks + whole, urgent, now, held)
                if padded:
                    beacon = core.composer.verdict(state.facts, beacon, pieces)
                core.sent.add(beacon.id, state.port, now)
                core.out.append(
                    Transmission(port=state.port, beacon=beacon, family=copy.family, source_ip=copy.source_ip)
                )

    def _versions(self, state: PortState, now: Now) -> tuple[int, ...]:
        config = self._core.config
        v1 = config.speak_v1 or now.mono - state.v1_heard < config.peer_ttl
        return (2, 1) if v1 else (2,)

    def _answer_at(self, state: PortState, now: Now) -> float:
        """A random moment in the answer window, and not too soon after the last answer."""
        delay = self._core.between(*self._core.config.answer_window)
        return max(now.mono + delay, state.answered + self._core.around(state.spacing))

    def _space(self, state: PortState, now: Now) -> None:
        least, most = self._core.config.answer_spacing
        in_demand = now.mono - state.answered < DEMAND
        state.spacing = min(state.spacing * 2, most) if in_demand else least
        state.answered = now.mono

    def _add_unconfirmed(self, state: PortState, chunk: dict[Port, Ask], limit: int) -> None:
        """Room that is left asks those who hear us or do not: one-way links turn up so, at no cost."""
        unconfirmed = state.peers.unconfirmed
        for port in list(islice(unconfirmed, max(0, limit - len(chunk)))):
            chunk.setdefault(port, Ask(unconfirmed[port].ids[-1], True))
            unconfirmed.move_to_end(port)

    def _asked(self, state: PortState, ask: Ask, port: Port) -> Peer | None:
        """The peer, if the advertisement asks it to acknowledge."""
        peer = state.peers.get(port)
        if peer is None or not (ask.urgent or peer.state is State.HEARD):
            return None
        return peer


def _waited(state: PortState, port: Port, ask: Ask, now: Now) -> float | None:
    """Seconds since the beacon that is acknowledged came in; None for one that is not the newest of a peer."""
    peer = state.peers.get(port)
    return now.mono - peer.heard.mono if peer is not None and peer.ids[-1:] == (ask.id,) else None
