"""Others with another secret: whoever begins to speak here shall hear soon that it is not alone.

A machine that joins with a wrong secret hears nobody's answer, because nobody can read its question. Without a word from us it would
learn only at the next steady solicitation, half a minute later, that others are there whom its secret does not open.
"""

from collections import OrderedDict
from typing import Final

from bellrock.beacon.core import Core
from bellrock.beacon.ports import PortState
from bellrock.beacon.speaking import Speaker
from bellrock.beacon.timers import Alarm
from bellrock.beacon.values import Arrival, Now
from bellrock.model import Port

LIMIT: Final = 256
"""Sources that are watched at a time; the one that spoke least lately makes room."""
ROUNDS: Final = 3
"""So many times a source must have spoken ..."""
WITHIN: Final = 1.0
"""... in so many seconds: a burst, as at a start. Who is long there speaks once in a while, and is no reason to."""
APART: Final = 0.02
"""Seconds; what comes closer together is one word in several copies (IPv4 and IPv6, both versions)."""


class Strangers:
    """Watches the sources whose frames no secret of ours made."""

    def __init__(self, core: Core, speaker: Speaker) -> None:
        self._core = core
        self._speaker = speaker
        self._spoke: OrderedDict[tuple[Port, str], list[float]] = OrderedDict()
        self._told: dict[Port, float] = {}
        self._armed: dict[Port, float] = {}

    def refused(self, port: Port, source_mac: str, now: Now) -> None:
        """A frame of this source was refused for its secret."""
        state = self._core.ports.get(port)
        if state is None or not state.facts.speaks or not self._begins((port, source_mac), now.mono):
            return
        config = self._core.config
        if now.mono - self._told.get(port, float("-inf")) < config.stranger_rest:
            return
        self._armed.setdefault(port, now.mono)
        self._core.arm(state, Alarm.STRANGER, now.mono + self._core.between(*config.stranger_delay))

    def heard(self, arrival: Arrival) -> None:
        """Somebody of ours spoke there to all, and so to the stranger."""
        if arrival.multicast and self._armed.pop(arrival.port, None) is not None:
            self._core.timers.cancel((arrival.port, Alarm.STRANGER))

    def speak(self, state: PortState, now: Now) -> None:
        """Nobody else spoke meanwhile: unless this port did, one solicitation, which nobody need answer."""
        if state.last_round < self._armed.pop(state.port, now.mono):
            self._told[state.port] = now.mono
            self._speaker.solicit(state, False, now)

    def drop(self, port: Port) -> None:
        """A port is gone."""
        self._told.pop(port, None)
        self._armed.pop(port, None)

    def _begins(self, key: tuple[Port, str], mono: float) -> bool:
        """Whether the source has just spoken as often as one does at its start."""
        spoke = self._spoke.setdefault(key, [])
        self._spoke.move_to_end(key)
        if len(self._spoke) > LIMIT:
            self._spoke.popitem(last=False)
        if spoke and mono - spoke[-1] < APART:
            return False
        spoke.append(mono)
        spoke[:] = [at for at in spoke if mono - at <= WITHIN][-ROUNDS:]
        return len(spoke) >= ROUNDS
