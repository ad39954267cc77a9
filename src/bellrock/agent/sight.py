"""What one look around has shown: who beacons where, whom this secret does not open, and whose clock is off.

Everything in it but the interfaces was said by others. Beacons are authenticated, which is not the same as fresh: one that was
recorded can be played back within its minute, and among the skewed ones, at any time. Nobody is believed for being in here.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from bellrock.agent.incoming import Incoming, NeighbourHeard
from bellrock.agent.loop import Account
from bellrock.beacon import Arrival, Event, EvidenceFound, EvidenceLost, Refusal, is_on_link
from bellrock.link.clock import Clocks
from bellrock.link.device import Frame
from bellrock.link.udp import Datagram
from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Interface, Monotonic, Port, Wall, key_of
from bellrock.wire.beacon import Beacon, sealed_at
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.frame import open_beacon_frame
from bellrock.wire.keys import Keyring

MAX_HEARD: Final = 4096
"""Senders that are kept, of each kind; who comes later is only counted."""
MAX_REFUSED: Final = 1024
OTHERS: Final = "others"
"""The source under which refused frames are counted for which there is no room."""

_K = TypeVar("_K")
_V = TypeVar("_V")


class Heard(Struct, frozen=True):
    """The newest authenticated beacon of one sender on one port. `skew`: seconds by which its clock is ahead of this one."""

    port: Port
    source_mac: str
    beacon: Beacon
    skew: float
    at: Monotonic
    """When it came in."""


class Wrong(Struct, frozen=True):
    """Frames of one source on one port that no secret of ours made."""

    port: Port
    source_mac: str
    count: int
    skew: float | None
    """Seconds by which its clock seems to be ahead, by what the last frame says in clear; None: it says nothing of the kind."""


class Sight:
    """Fills up while somebody looks around. Bounded, whatever is on the wire.

    Attributes:
        interfaces: by name, as of now, with `speaks` and `settled`.
        evidence: what the engine and the neighbour table hold for true now.
        refused: (port, source MAC, reason) → frames, for every reason there is.
        settled: whether every interface has had its burst, so that who is there has answered.
        more: beacons of senders for which there was no room.
    """

    def __init__(self, agent: str, keyring: Keyring, changed: Callable[[], None]) -> None:
        """Begin empty. `changed` is called after every change, often."""
        self._agent = agent
        self._changed = changed
        self._again = Incoming(agent, keyring)
        self._heard: dict[tuple[Port, str, str], Heard] = {}
        self._skewed: dict[tuple[Port, str, str], Heard] = {}
        self._wrong: dict[tuple[Port, str], Wrong] = {}
        self.interfaces: dict[str, Interface] = {}
        self.evidence: dict[EvidenceKey, Evidence] = {}
        self.refused: dict[tuple[Port, str, str], int] = {}
        self.settled = False
        self.more = 0

    @property
    def tried(self) -> tuple[str, ...]:
        """The interfaces on which this machine has spoken."""
        return tuple(sorted(name for name, interface in self.interfaces.items() if interface.speaks))

    @property
    def beacons(self) -> tuple[Heard, ...]:
        """Beacons that our secret opens and whose time is near ours."""
        return tuple(self._heard.values())

    @property
    def skewed(self) -> tuple[Heard, ...]:
        """Beacons that our secret opens and whose time is too far from ours; the engine was not told of them."""
        return tuple(self._skewed.values())

    @property
    def wrong(self) -> tuple[Wrong, ...]:
        """Those whose secret is not ours."""
        return tuple(self._wrong.values())

    @property
    def plain(self) -> tuple[Heard, ...]:
        """Plain MAAS racks among `beacons`."""
        return tuple(heard for heard in self._heard.values() if heard.beacon.extension is None)

    @property
    def neighbours(self) -> tuple[Evidence, ...]:
        """What switches say by LLDP and CDP."""
        return tuple(evidence for evidence in self.evidence.values() if evidence.kind is EvidenceKind.LLDP)

    def witness(self, item: Frame | Datagram | None, heard: Arrival | Refusal | NeighbourHeard, clocks: Clocks) -> None:
        """What came in, and what was made of it (`agent.loop.Witness`)."""
        if isinstance(heard, Arrival):
            self._hear(self._heard, heard)
        elif isinstance(heard, Refusal):
            self._refuse(item, heard, clocks)
        else:
            return
        self._changed()

    def known(self, interfaces: Iterable[Interface]) -> None:
        """The interfaces that are there now."""
        self.interfaces = {interface.name: interface for interface in interfaces}
        self._again.follow({interface.index: interface for interface in self.interfaces.values()})
        self._changed()

    def note(self, event: Event) -> None:
        """What the engine or the neighbour table found or lost."""
        if isinstance(event, EvidenceFound):
            _keep(self.evidence, key_of(event.evidence), event.evidence, MAX_HEARD)
        elif isinstance(event, EvidenceLost):
            self.evidence.pop(event.key, None)
        else:
            return
        self._changed()

    def settle(self) -> None:
        """Every interface has had its burst."""
        self.settled = True
        self._changed()

    def rekey(self, keyring: Keyring) -> None:
        """The secrets have changed: what earlier ones did not open is to be heard anew."""
        self._again.rekey(keyring)
        self._wrong.clear()

    def forget(self, before: float) -> None:
        """Drop beacons that came in before this time on the monotonic clock."""
        for table in (self._heard, self._skewed):
            for key in [key for key, heard in table.items() if heard.at < before]:
                del table[key]

    def _hear(self, table: dict[tuple[Port, str, str], Heard], arrival: Arrival) -> None:
        extension = arrival.beacon.extension
        if extension is not None and extension.agent == self._agent:
            return
        if arrival.multicast and not is_on_link(arrival):
            return
        said = arrival.received.wall if extension is None else extension.sent_us / 1e6
        who = "" if extension is None else extension.agent
        moment = arrival.received
        heard = Heard(arrival.port, arrival.source_mac, arrival.beacon, said - moment.wall, moment.mono)
        if not _keep(table, (arrival.port, arrival.source_mac, who), heard, MAX_HEARD):
            self.more += 1

    def _refuse(self, item: Frame | Datagram | None, refusal: Refusal, clocks: Clocks) -> None:
        error = refusal.error
        key = (refusal.port, refusal.source_mac, str(error.reason))
        if key not in self.refused and len(self.refused) >= MAX_REFUSED:
            key = (Port(refusal.port.host, refusal.port.interface), OTHERS, str(error.reason))
        self.refused[key] = self.refused.get(key, 0) + refusal.times
        if error.reason is Reason.WRONG_SECRET:
            self._mistrust(item, refusal, self.refused[key], key)
        elif error.reason is Reason.SKEW and error.skew is not None and item is not None:
            self._read_again(item, error.skew, clocks)

    def _mistrust(
        self, item: Frame | Datagram | None, refusal: Refusal, count: int, key: tuple[Port, str, str]
    ) -> None:
        said = None if item is None else _sealed_at(item)
        earlier = self._wrong.get(key[:2])
        skew = said - refusal.received.wall if said is not None else earlier.skew if earlier else None
        self._wrong[key[:2]] = Wrong(key[0], key[1], count, skew)

    def _read_again(self, item: Frame | Datagram, skew: float, clocks: Clocks) -> None:
        """Open a beacon by its sender's clock. What is sealed is the sender's own, at whatever time it was."""
        by_its_clock = msgspec.structs.replace(clocks, wall=Wall(clocks.wall + skew))
        arrival = self._again.take(item, by_its_clock)
        if not isinstance(arrival, Arrival):
            return
        moment = msgspec.structs.replace(arrival.received, wall=Wall(arrival.received.wall - skew))
        self._hear(self._skewed, msgspec.structs.replace(arrival, received=moment))


class Watched:
    """An agent's reporter, with a sight that is kept beside it (`agent.loop.Account`)."""

    def __init__(self, account: Account, sight: Sight) -> None:
        self._account = account
        self._sight = sight
        self.event = account.event
        self.begin_anew = account.begin_anew
        self.flush = account.flush

    @property
    def owes(self) -> bool:
        """As the reporter says."""
        return self._account.owes

    def interfaces(self, now_known: Iterable[Interface]) -> None:
        """Told to both."""
        known = tuple(now_known)
        self._sight.known(known)
        self._account.interfaces(known)

    def complete(self) -> None:
        """Told to both."""
        self._sight.settle()
        self._account.complete()


def _sealed_at(item: Frame | Datagram) -> Wall | None:
    if isinstance(item, Datagram):
        return sealed_at(item.payload)
    try:
        return sealed_at(open_beacon_frame(item.data, item.tags, item.checksum_ready).payload)
    except WireError:
        return None


def _keep(table: dict[_K, _V], key: _K, value: _V, limit: int) -> bool:
    """Enter or renew; those that are there first stay."""
    if key not in table and len(table) >= limit:
        return False
    table[key] = value
    return True
