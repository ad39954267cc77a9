"""The switch ports that LLDP and CDP frames tell of, each for as long as it asked to be remembered.

Nobody signs these frames: whoever is on the wire may send as many as it likes, and say something else in each.
"""

import logging
from dataclasses import dataclass, field
from typing import Final

import msgspec

from bellrock.beacon import Event, EvidenceFound, EvidenceLost, Now
from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Monotonic, Neighbour, Port, key_of
from bellrock.wire.logline import sentence

MAX_NEIGHBOURS: Final = 1024
"""Over all interfaces; beyond, an interface has room for its first one only."""
MAX_PER_INTERFACE: Final = 16
"""Those that are there first stay: if newcomers took their places, a flood would push the real switch out."""
MAX_TTL: Final = 3600
"""Seconds; LLDP can ask for 18 hours (IEEE 802.1AB §8.5.4), in which a made-up neighbour would keep its place."""
EVERY: Final = 1.0
"""Seconds between two events of one neighbour; what it says meanwhile is told at their end, the newest only."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """One neighbour: what it said last, and what was told of it."""

    heard: Evidence
    until: Monotonic
    """When it is forgotten unless it is heard again."""
    told: Evidence | None = None
    gone: str = ""
    """Why it is no longer there."""
    quiet_until: Monotonic = field(default=Monotonic(float("-inf")))

    @property
    def owes(self) -> bool:
        """Whether something is to be told as soon as it may be."""
        if self.gone or self.told is None:
            return bool(self.gone) == (self.told is not None)
        return (self.told.neighbour, self.told.source_mac) != (self.heard.neighbour, self.heard.source_mac)

    @property
    def due(self) -> Monotonic:
        """When it next needs a look."""
        return self.quiet_until if self.gone or self.owes else self.until

    def tell(self, now: Now) -> list[Event]:
        """What may be told of it now."""
        if not self.owes or now.mono < self.quiet_until:
            return []
        self.quiet_until = Monotonic(now.mono + EVERY)
        if self.gone:
            self.told = None
            return [EvidenceLost(key_of(self.heard), self.gone, now.wall)]
        self.told = self.heard
        return [EvidenceFound(self.heard)]


class Neighbours:
    """What is known of the other ends of cables."""

    def __init__(self) -> None:
        self._known: dict[str, dict[EvidenceKey, _Held]] = {}
        self._crowded: set[str] = set()

    def hear(self, port: Port, source_mac: str, neighbour: Neighbour, now: Now) -> list[Event]:
        """Take in one LLDP or CDP frame; a time to live of 0 takes the neighbour back (IEEE 802.1AB §9.2.7.3).

        At most one event per neighbour and second; what is held back `expire` tells when `next_deadline` has come.
        """
        heard = Evidence(
            kind=EvidenceKind.LLDP,
            port=port,
            peer_name=neighbour.system_name,
            source_mac=source_mac,
            neighbour=neighbour,
            since=now.wall,
            seen=now.wall,
        )
        key, until = key_of(heard), Monotonic(now.mono + min(neighbour.ttl, MAX_TTL))
        held = self._known.get(port.interface, {}).get(key)
        if held is None and (neighbour.ttl == 0 or not self._has_room(port.interface)):
            return []
        if held is None:
            held = self._known.setdefault(port.interface, {})[key] = _Held(heard, until)
        elif neighbour.ttl == 0:
            held.gone = held.gone or "the neighbour said that it shuts down"
        else:
            _renew(held, heard, until)
        return held.tell(now)

    def expire(self, now: Now) -> list[Event]:
        """Tell what was held back and is due, and forget those whose time to live has passed."""
        events: list[Event] = []
        for interface, table in list(self._known.items()):
            for key, held in list(table.items()):
                if held.until <= now.mono and not held.gone:
                    held.gone = "its time to live passed without another frame"
                events += held.tell(now)
                if held.gone and held.quiet_until <= now.mono:
                    del table[key]
            if not table:
                del self._known[interface]
        return events

    def drop_interface(self, interface: str, now: Now) -> list[Event]:
        """Forget those of an interface that went down."""
        self._crowded.discard(interface)
        over = self._known.pop(interface, {})
        return [EvidenceLost(key, "port down", now.wall) for key, held in over.items() if held.told]

    def next_deadline(self) -> Monotonic | None:
        """When `expire` next has something to do."""
        return min((held.due for table in self._known.values() for held in table.values()), default=None)

    def _has_room(self, interface: str) -> bool:
        own = len(self._known.get(interface, ()))
        # No interface can take the place of another's first neighbour.
        if own < MAX_PER_INTERFACE and (own == 0 or sum(map(len, self._known.values())) < MAX_NEIGHBOURS):
            return True
        if interface not in self._crowded:
            self._crowded.add(interface)
            log.warning(
                sentence(
                    "neighbours-left-out",
                    "interface={interface}: more than {kept} LLDP or CDP neighbours, the rest is left out",
                    interface=interface,
                    kept=own,
                )
            )
        return False


def _renew(held: _Held, heard: Evidence, until: Monotonic) -> None:
    """Take in another frame of a neighbour; one that is not yet told as gone was there all the time."""
    if held.told is not None:
        heard = msgspec.structs.replace(heard, since=held.told.since)
    held.heard, held.until, held.gone = heard, until, ""
