"""Peers that may be gone: asked again, verified after a change of the segment, given up after silence.

A peer is asked by an urgent advertisement that acknowledges its last beacon: only those named in it answer, so that a
question costs the segment two frames, not one of every agent.
"""

from bellrock.beacon.core import Core
from bellrock.beacon.peers import Peer
from bellrock.beacon.ports import PortState
from bellrock.beacon.speaking import Speaker
from bellrock.beacon.states import Cause, State
from bellrock.beacon.timers import Alarm
from bellrock.beacon.values import Now


class Doubts:
    """Asks, verifies and gives up."""

    def __init__(self, core: Core, speaker: Speaker) -> None:
        self._core = core
        self._speaker = speaker

    def greet(self, state: PortState, peer: Peer, now: Now) -> None:
        """A Bellrock peer is new here: acknowledge it, and ask it to acknowledge us, until it does."""
        self._speaker.want(state, peer, True, now)
        peer.next_ask = now.mono + self._core.around(self._core.config.ask_again[0])
        self._core.arm(state, Alarm.ASK, peer.next_ask)

    def ask_again(self, state: PortState, now: Now) -> None:
        """Alarm.ASK: peers that we hear and that have acknowledged nothing yet."""
        waiting = [peer for peer in state.peers.unconfirmed.values() if peer.next_ask is not None]
        for peer in waiting:
            if peer.next_ask is not None and peer.next_ask <= now.mono:
                self._speaker.want(state, peer, True, now, ask=True)
                peer.next_ask = self._ask_after(peer, now)
        times = [peer.next_ask for peer in waiting if peer.next_ask is not None]
        if times:
            self._core.arm(state, Alarm.ASK, max(min(times), now.mono + self._core.config.answer_spacing[0]))

    def _ask_after(self, peer: Peer, now: Now) -> float | None:
        """When the schedule asks next; None at its end: from then on only answers to others carry the question."""
        elapsed = now.mono - peer.known_since
        later = next((at for at in self._core.config.ask_again if at > elapsed * 1.25), None)
        return None if later is None else now.mono + self._core.around(later - elapsed)

    def segment_changed(self, state: PortState, before: float, now: Now) -> None:
        """A newcomer on a port that has peers: it joined us, or we were moved to it; the peers' silence tells which.

        `before`: those heard since then were heard together with the newcomer.
        """
        for peer in state.peers.silent(before):
            self.doubt(state, peer, now)

    def doubt(self, state: PortState, peer: Peer, now: Now) -> None:
        """Verify one peer, if it is one of whom an answer can be expected."""
        if peer.state is not State.CONFIRMED or not state.facts.speaks:
            return
        peer.doubted = now
        peer.asks = 0
        state.peers.move(peer, Cause.DOUBT, now, "")
        self._verify_next(state, now)

    def verify(self, state: PortState, now: Now) -> None:
        """Alarm.DOUBT: ask those who have not been heard since, or give them up."""
        config = self._core.config
        for peer in list(state.peers.doubted.values()):
            since = peer.doubted or now
            if now.mono >= since.mono + config.verify_for and peer.asks >= config.verify_asks:
                state.peers.move(peer, Cause.SILENCE, now, "moved", since.wall)
            else:
                self._speaker.want(state, peer, True, now, ask=True)
        if state.peers.doubted:
            self._verify_next(state, now)

    def _verify_next(self, state: PortState, now: Now) -> None:
        """After a while, and no later than the first verdict."""
        config = self._core.config
        oldest = next(iter(state.peers.doubted.values()))
        verdict = (oldest.doubted or now).mono + config.verify_for
        after = now.mono + self._core.around(config.verify_every)
        self._core.arm(state, Alarm.DOUBT, min(after, verdict) if verdict > now.mono else after)

    def watch(self, state: PortState, peer: Peer) -> None:
        """See to it that the peer's silence will be noticed."""
        config = self._core.config
        self._core.arm(state, Alarm.FADE, peer.heard.mono + config.fade_after)

    def fade(self, state: PortState, now: Now) -> None:
        """Alarm.FADE: give up who was silent too long, ask who is about to be."""
        config = self._core.config
        for peer in state.peers.silent(now.mono - config.fade_after):
            if now.mono >= peer.heard.mono + config.peer_ttl:
                since = peer.asked or peer.heard
                state.peers.move(peer, Cause.SILENCE, now, "silent", since.wall)
            else:
                self._rouse(state, peer, now)
        self._watch_on(state, now)

    def _watch_on(self, state: PortState, now: Now) -> None:
        config = self._core.config
        oldest = next(iter(state.peers), None)
        if oldest is None:
            return
        begin = oldest.heard.mono + config.fade_after + self._core.between(0, config.fade_every / 2)
        again = min(now.mono + self._core.around(config.fade_every), oldest.heard.mono + config.peer_ttl)
        self._core.arm(state, Alarm.FADE, begin if begin > now.mono else again)

    def _rouse(self, state: PortState, peer: Peer, now: Now) -> None:
        """Ask a fading peer for a sign of life, in the way that it answers to."""
        if peer.state is State.ROUTABLE:
            return
        ours = peer.state in (State.OWN, State.LOOP)
        if ours or peer.plain:
            sender = self._core.ports.get(peer.port) if ours else state
            if sender is not None and now.mono - sender.last_round >= 1:
                self._speaker.solicit(sender, False, now)
            return
        self._speaker.want(state, peer, True, now, ask=True)
