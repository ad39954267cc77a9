"""What an authenticated beacon means: ours or a peer's, on-link or not, new or a replay, and what follows from it."""

from collections.abc import Callable
from typing import Final

from bellrock.beacon.core import Core
from bellrock.beacon.doubts import Doubts
from bellrock.beacon.letters import Letters
from bellrock.beacon.mtu import Mtu
from bellrock.beacon.peers import Peer
from bellrock.beacon.ports import PortState
from bellrock.beacon.speaking import Speaker
from bellrock.beacon.states import Cause, State
from bellrock.beacon.timers import Alarm
from bellrock.beacon.transit import STEADY, read_held
from bellrock.beacon.values import BY_HAND, Arrival, Now, PortFacts
from bellrock.model import Port, Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension
from bellrock.wire.errors import Reason

DUPLICATE_AGENT: Final = "duplicate-agent"
"""Another running agent has our id."""
TOO_MANY: Final = "too-many"
"""A table is full."""
LATER: Final = 2.0
"""Seconds after our start; a beacon of our id and another boot that was sent later was not sent by our former life."""
RESERVED_VID: Final = 0xFFF
"""IEEE 802.1Q §9.6, table 9-2: shall not be used as a VID, nor transmitted in a tag."""
SURVEYED: Final = 1.0
"""Seconds for which an urgent solicitation, by whomever, makes another one unnecessary."""


def is_on_link(arrival: Arrival) -> bool:
    """Whether no router can have passed the frame on.

    TTL and hop limit must have arrived as 1, as they are sent: a router would have made them 0 (RFC 1812 §5.3.1,
    RFC 8200 §3). An IPv6 source must be link-local or unspecified.
    """
    if not arrival.multicast or arrival.hop_limit != 1:
        return False
    source = arrival.source_ip.lower()
    # RFC 4291 §2.5.6: "Routers must not forward any packets with Link-Local source or destination addresses to other
    # links." §2.5.2: "An IPv6 packet with a source address of unspecified must never be forwarded by an IPv6 router."
    return ":" not in source or source == "::" or source[:3] in ("fe8", "fe9", "fea", "feb")


def sender(beacon: Beacon) -> Port:
    """The port that a beacon names as its sender's.

    A plain MAAS peer says neither host nor port: its MAC stands for the host, and its VLAN interfaces are ports of their
    lower devices.
    """
    extension, remote = beacon.extension, beacon.remote
    if extension is not None:
        return Port(extension.agent, extension.interface or remote.name, extension.vid)
    lower = remote.parents[0] if remote.type == "vlan" and remote.parents else remote.name
    return Port(f"peer-{remote.mac_address}", lower, remote.vid or None)


NewPort = Callable[[PortFacts, Now], PortState]
"""Makes a port for a VID that was heard tagged."""


class Hearing:
    """Judges arrivals and lets peers, answers and doubts follow."""

    def __init__(self, core: Core, speaker: Speaker, doubts: Doubts, new_port: NewPort, letters: Letters,
                 mtu: Mtu) -> None:  # fmt: skip
        self._core = core
        self._speaker = speaker
        self._doubts = doubts
        self._mtu = mtu
        self._new_port = new_port
        self._letters = letters

    def hear(self, arrival: Arrival, now: Now) -> None:
        """Take in one arrival."""
        extension = arrival.beacon.extension
        ours = extension is not None and extension.agent == self._core.identity.agent
        if arrival.multicast and not is_on_link(arrival):
            self._refuse(arrival, Reason.OFF_LINK, _off_link(arrival), now)
        elif arrival.fragment:
            self._hear_fragment(arrival, now)
        elif ours or self._core.sent.get(arrival.beacon.id) is not None:
            self._hear_own(arrival, now)
        elif (state := self._port(arrival, now)) is not None:
            self._hear_peer(state, arrival, now)

    def _refuse(self, arrival: Arrival, reason: str, detail: str, now: Now) -> None:
        self._core.refuse(arrival.port, arrival.source_mac, reason, detail, now)

    def _port(self, arrival: Arrival, now: Now) -> PortState | None:
        """The port of an arrival, made if it is a VID to be learnt; None if nothing is to be heard there."""
        state = self._core.ports.get(arrival.port)
        if state is not None or not arrival.multicast:
            return state
        facts = self._core.ports.learnable(arrival.port)
        if facts is None:
            return None
        if arrival.port.vid == RESERVED_VID:
            self._refuse(arrival, Reason.MALFORMED, f"tagged with VID {RESERVED_VID}, which is reserved", now)
            return None
        limit = self._core.config.max_dynamic_vids
        if len(self._core.ports.learnt(arrival.port.interface)) >= limit:
            self._refuse(arrival, TOO_MANY, f"{limit} VIDs are learnt on this interface already", now)
            return None
        return self._new_port(facts, now)

    def _hear_own(self, arrival: Arrival, now: Now) -> None:
        """A beacon under our own agent id: proof of where it went, if it is fresh and really ours."""
        sent = self._core.sent.get(arrival.beacon.id)
        if sent is None:
            self._refuse_stranger(arrival, now)
            return
        if not arrival.multicast:
            return
        age = arrival.received.mono - sent.at.mono
        if age > self._core.config.confirm_within:
            self._refuse(
                arrival, Reason.REPLAY, f"a beacon of our own, sent {age:.1f} s ago on {_name(sent.port)}", now
            )
            return
        state = self._port(arrival, now)
        if state is None or (state.facts.hears_itself and sent.port == arrival.port):
            return
        if self._is_fresh(state, None, arrival, now):
            newcomer = state.peers.get(sent.port) is None
            cause = Cause.OWN_ECHO if sent.port == arrival.port else Cause.OWN_BEACON
            self._mtu.arrived(sent.port, arrival.port, arrival.beacon.id, now)
            peer = self._know(state, sent.port, arrival, cause, now)
            if peer is not None and newcomer and cause is Cause.OWN_BEACON:
                self._greet(state, peer, None, now)

    def _refuse_stranger(self, arrival: Arrival, now: Now) -> None:
        """Our agent id, but not a beacon that we remember."""
        extension, core = arrival.beacon.extension, self._core
        began = core.started or now
        if extension is None or extension.boot == core.identity.boot:
            self._refuse(arrival, Reason.REPLAY, "a beacon of our own, sent too long ago to be remembered", now)
        elif extension.sent_us / 1e6 > began.wall + LATER:
            detail = f"another running agent ({extension.host}) has our id {extension.agent}; was a disk cloned?"
            self._refuse(arrival, DUPLICATE_AGENT, detail, now)
        else:
            self._refuse(arrival, Reason.REPLAY, "a beacon of our own from before this start", now)

    def _hear_fragment(self, arrival: Arrival, now: Now) -> None:
        """Of fragments only one thing is told, to their sender: that they are some. They are evidence of nothing."""
        state, extension = self._core.ports.get(arrival.port), arrival.beacon.extension
        if state is None or extension is None or not extension.padded or not arrival.multicast:
            self._refuse(arrival, Reason.FRAGMENT, "a beacon in fragments", now)
        elif self._core.seen.knows(state.port, arrival.beacon.id):
            self._refuse(arrival, Reason.REPLAY, "a piece of a beacon that was heard whole before", now)
        elif self._core.seen.accept(state.port, f"{arrival.beacon.id}/fragment"):
            # Under a name of its own: who sends a piece of a captured probe ahead of it makes no replay of the whole.
            self._speaker.acknowledge_padded(state, arrival.beacon.id, True, now)

    def _hear_peer(self, state: PortState, arrival: Arrival, now: Now) -> None:
        cause = Cause.BEACON if arrival.multicast else Cause.UNICAST
        port = sender(arrival.beacon)
        extension = arrival.beacon.extension
        if extension is not None and extension.role == BY_HAND:
            self._hear_hand(state, port, arrival, now)
            return
        known = state.peers.get(port, arrival.multicast)
        if not self._is_fresh(state, known, arrival, now):
            return
        newcomer = known is None or self._restarted(state, known, arrival, now)
        peer = self._know(state, port, arrival, cause, now)
        if peer is None:
            return
        if extension is None and arrival.beacon.acks is not None:
            self._mtu.take_plain(state, port.host, arrival.beacon.acks, now)
        if extension is None or not arrival.multicast:
            self._answer_plain(state, arrival, now)
            if newcomer and arrival.multicast:
                self._greet(state, peer, None, now)
        else:
            self._answer_agent(state, peer, newcomer, extension, arrival, now)

    def _hear_hand(self, state: PortState, port: Port, arrival: Arrival, now: Now) -> None:
        """A person asks who is there: he gets his answer, and is no peer, as he is gone the next moment."""
        if not self._is_fresh(state, None, arrival, now):
            return
        extension = arrival.beacon.extension
        if extension is not None and extension.padded:
            self._speaker.acknowledge_padded(state, arrival.beacon.id, False, now)
        elif arrival.multicast and arrival.beacon.type is BeaconType.SOLICITATION:
            self._speaker.acknowledge(state, port, arrival.beacon.id, now)

    def _answer_agent(
        self, state: PortState, peer: Peer, newcomer: bool, extension: Extension, arrival: Arrival, now: Now
    ) -> None:
        """What another Bellrock agent's beacon asks of us."""
        challenged = self._take_acks(state, peer, extension, arrival, now)
        self._mtu.take(state, peer, extension, now)
        solicited = arrival.beacon.type is BeaconType.SOLICITATION
        if solicited and extension.urgent:
            state.urgent_heard = now.mono
            self._core.timers.cancel((state.port, Alarm.SURVEY))
        if newcomer:
            self._greet(state, peer, challenged, now)
        if extension.padded:
            self._speaker.acknowledge_padded(state, arrival.beacon.id, False, now)
        elif solicited:
            state.trickle.consistent()
            self._speaker.want(state, peer, extension.urgent, now)
        elif extension.urgent and challenged is not None:
            self._speaker.want(state, peer, True, now)
        self._letters.hear(state, extension, arrival, now)

    def _is_fresh(self, state: PortState, peer: Peer | None, arrival: Arrival, now: Now) -> bool:
        """Neither the id nor the sender's number of it was accepted on this port before."""
        extension = arrival.beacon.extension
        stale = ""
        if peer is not None and extension is not None:
            if extension.boot in peer.retired:
                stale = "sent before its sender's last restart"
            elif extension.boot == peer.boot and not peer.window.accept(extension.seq):
                stale = f"number {extension.seq} of its sender was heard here before, or is far behind"
        if not stale and not self._core.seen.accept(state.port, arrival.beacon.id):
            stale = "its id was heard here before"
        if stale:
            self._refuse(arrival, Reason.REPLAY, stale, now)
        return not stale

    def _restarted(self, state: PortState, peer: Peer, arrival: Arrival, now: Now) -> bool:
        """Whether the peer begins anew with this beacon."""
        extension = arrival.beacon.extension
        if extension is None or extension.boot == peer.boot:
            return False
        peer.restarted(extension.boot, now)
        peer.window.accept(extension.seq)
        if arrival.multicast:
            # It is not silent, so what it observes of us stands: no time from which on it did not answer.
            state.peers.move(peer, Cause.RESTART, now, "restarted", Wall(0.0))
        return True

    def _know(self, state: PortState, port: Port, arrival: Arrival, cause: Cause, now: Now) -> Peer | None:
        """The peer, entered into the table if there is room; its evidence is renewed."""
        peer = state.peers.get(port, arrival.multicast)
        extension = arrival.beacon.extension
        if peer is None:
            if self._is_full(state):
                detail = f"{len(state.peers)} peers are known on this port, there is no room for more"
                self._refuse(arrival, TOO_MANY, detail, now)
                return None
            peer = Peer(port, extension is None, arrival.received)
            if extension is not None:
                peer.boot = extension.boot
                peer.window.accept(extension.seq)
            self._mtu.soon(state, now)
        state.peers.hear(peer, arrival, cause)
        self._doubts.watch(state, peer)
        return peer

    def _is_full(self, state: PortState) -> bool:
        config, ports = self._core.config, self._core.ports
        together = sum(len(port.peers) for port in ports)
        return len(state.peers) >= config.max_peers or together >= config.max_peers_together

    def _answer_plain(self, state: PortState, arrival: Arrival, now: Now) -> None:
        """Do for a MAAS rack what another MAAS rack would."""
        plain = arrival.beacon.extension is None
        if plain and arrival.multicast and arrival.beacon.version == 1:
            state.v1_heard = now.mono
        if arrival.beacon.type is not BeaconType.SOLICITATION:
            return
        self._speaker.reply(state, arrival, now)
        if arrival.multicast and now.mono >= state.maas_round:
            state.maas_round = now.mono + self._core.between(*self._core.config.maas_round)
            delay = self._core.between(*self._core.config.answer_window)
            self._core.arm(state, Alarm.MAAS_ROUND, now.mono + delay)

    def _take_acks(
        self, state: PortState, peer: Peer, extension: Extension, arrival: Arrival, now: Now
    ) -> float | None:
        """When we sent what the beacon acknowledges, on this very port; if that was just now, the peer is confirmed."""
        found = self._core.sent.newest(extension.acks, state.port)
        if found is None:
            return None
        ack, sent = found
        round_trip = arrival.received.mono - sent.at.mono
        on_link = extension.received is not None and extension.received.hops == 1
        if on_link and round_trip <= self._core.config.confirm_within:
            peer.round_trip = max(0.0, round_trip)
            peer.proof = (ack, arrival.beacon.id)
            state.peers.move(peer, Cause.ACK, now, "")
            held = read_held(extension.held, extension.acks.index(ack))
            steady = now.mono - peer.known_since >= STEADY
            if held is not None and steady and peer.transit.add(round_trip, held):
                state.peers.measured(peer)
        return sent.at.mono

    def _greet(self, state: PortState, peer: Peer, challenged: float | None, now: Now) -> None:
        """A newcomer: tell it of us, and see whether the segment changed.

        `challenged`: when we sent the beacon that it answers, if it does. Who was heard since then was on this segment with it.
        """
        state.trickle.inconsistent(now.mono)
        self._core.timers.set((state.port, Alarm.TRICKLE), state.trickle.at)
        if peer.state is State.HEARD and not peer.plain:
            self._doubts.greet(state, peer, now)
        if challenged is None and now.mono - state.urgent_heard > SURVEYED and state.facts.speaks:
            self._core.arm(state, Alarm.SURVEY, now.mono + self._core.between(0, self._core.config.survey_within))
        self._doubts.segment_changed(state, now.mono if challenged is None else challenged, now)
        self._verify_elsewhere(state, peer, now)

    def _verify_elsewhere(self, state: PortState, peer: Peer, now: Now) -> None:
        """The newcomer may have been known on another port of ours, and have left it."""
        for other in self._core.ports:
            if other is state:
                continue
            if (there := other.peers.get(peer.port)) is not None:
                self._doubts.doubt(other, there, now)


def _off_link(arrival: Arrival) -> str:
    return f"a multicast beacon from {arrival.source_ip} with hop limit {arrival.hop_limit}; on-link it is 1, IPv6 from fe80::/10"


def _name(port: Port) -> str:
    return port.interface if port.vid is None else f"{port.interface}.{port.vid}"
