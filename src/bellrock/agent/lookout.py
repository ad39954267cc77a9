"""A look at every cable of this machine: set up what is down, listen and solicit on all of it, and put it back."""

import asyncio
from collections.abc import Iterable
from typing import Final

from msgspec import structs

from bellrock.agent.machine import physical
from bellrock.agent.overheard import Overheard, SwitchEar
from bellrock.agent.ports import ignored
from bellrock.agent.scout import Scout, Senses
from bellrock.agent.settings import Settings
from bellrock.agent.sight import Sight
from bellrock.diagnosis import Cable
from bellrock.link import clock
from bellrock.link.ethtool import line_rate
from bellrock.link.raising import Raised
from bellrock.model import EvidenceKind, EvidenceSeen, Host, HostSeen, Interface, InterfaceSeen, Observation, Wall
from bellrock.wire.keys import Keyring

LISTEN: Final = 1.2
"""Seconds of carrier in which a switch has its say: LACP comes every second while nobody answers (IEEE 802.1AX §6.4.13)."""
CARRIER: Final = 3.2
"""Seconds for carrier to come: gigabit copper negotiates for up to three."""
TURN: Final = 0.1
"""Seconds between two looks at the clock."""


class Lookout:
    """The interfaces, what is heard on them, and since when they have carrier."""

    def __init__(self, settings: Settings, keyring: Keyring, senses: Senses) -> None:
        """Begin with nothing changed.

        Raises:
            LinkError: no right to hear what the switches say among themselves.
        """
        self._settings = settings
        self._monitor = senses.monitor
        self._raised = Raised()
        self._ear = SwitchEar()
        self._stopped = False
        self._lit: dict[str, float] = {}
        """Interface → since when it has carrier."""
        self._born: set[str] = set()
        """Those whose carrier came while we looked."""
        self.began = clock.monotonic()
        self.scout = Scout(settings, keyring, senses)

    @property
    def sight(self) -> Sight:
        """What beacons and neighbours have shown so far."""
        return self.scout.sight

    def start(self) -> None:
        """Set every physical interface up, and begin to listen and to speak.

        Raises:
            LinkError: the kernel does not let this process set interfaces up.
        """
        found = self._physical(self._monitor.snapshot().values())
        self._ear.follow(found)
        asyncio.get_running_loop().add_reader(self._ear.fileno(), self._read)
        # A member of a bond or bridge is what its master makes of it.
        self._raised.up(one for one in found if one.master is None)
        self.began = clock.monotonic()
        self._lit = {one.name: self.began for one in found if one.up and one.carrier is not False}
        self.scout.start()

    def stop(self) -> tuple[str, ...]:
        """End all of it and put the interfaces back; one line for each that could not be. May be called twice."""
        if not self._stopped:
            self._stopped = True
            try:
                asyncio.get_running_loop().remove_reader(self._ear.fileno())
                self.scout.stop()
            finally:
                try:
                    self._ear.close()
                finally:
                    left = self._raised.restore()
            return left
        return self._raised.restore()

    async def listen(self, until: float) -> None:
        """Wait until every cable has had its say, or this moment on the monotonic clock."""
        while (left := until - clock.monotonic()) > 0:
            if await self.scout.until(self._enough, min(left, TURN)):
                return

    def cables(self) -> tuple[Cable, ...]:
        """Every physical interface and what came out of its cable."""
        now = clock.monotonic()
        found = self._physical(self.sight.interfaces.values())
        self._note_carrier(found, now)
        return tuple(self._cable(one, now) for one in found)

    def observations(self, host: Host, wall: Wall, most: int) -> tuple[Observation, ...]:
        """What the region is to be told, at most so many, that which places interfaces first."""
        interfaces = [InterfaceSeen(host.id, _with_rate(one)) for one in self.sight.interfaces.values()]
        evidence = [EvidenceSeen(one) for one in self.sight.evidence.values()]
        told: list[Observation] = [HostSeen(host, wall), *interfaces, *evidence]
        return tuple(told[:most])

    def _physical(self, interfaces: Iterable[Interface]) -> list[Interface]:
        return [one for one in physical(interfaces) if not ignored(one.name, self._settings.ignore)]

    def _read(self) -> None:
        self._ear.read(clock.read())

    def _enough(self, sight: Sight) -> bool:
        now = clock.monotonic()
        found = self._physical(sight.interfaces.values())
        self._note_carrier(found, now)
        heard = {one.port.interface for one in sight.evidence.values() if one.peer is not None}
        for cable in found:
            # What comes in at a member of a bond or bridge is heard by its master.
            one, since = _top(cable, sight.interfaces.values()), self._lit.get(cable.name)
            if since is None:
                if now - self.began < CARRIER:
                    return False
            elif now - since < LISTEN or (one.speaks and (not one.settled or one.name not in heard)):
                return False
        return True

    def _note_carrier(self, found: Iterable[Interface], now: float) -> None:
        for one in found:
            if not one.up or one.carrier is False:
                self._lit.pop(one.name, None)
            elif one.name not in self._lit:
                self._lit[one.name] = now
                self._born.add(one.name)

    def _cable(self, interface: Interface, now: float) -> Cable:
        over = self._ear.cables.get(interface.index, Overheard())
        since = self._lit.get(interface.name)
        sight, name = self.sight, interface.name
        evidence = [one for one in sight.evidence.values() if one.port.interface == name]
        return Cable(
            interface=_with_rate(interface),
            looked=now - self.began,
            carrier_for=None if since is None else now - since,
            lit_before=since is not None and interface.name not in self._born,
            heard=tuple(one for one in evidence if one.peer is not None),
            heard_above=self._heard_above(interface),
            neighbour=next((one.neighbour for one in evidence if one.neighbour), None),
            lacp=over.lacp,
            bpdu=over.bpdu,
            held_back=over.held_back,
            first_frame=self._after(name, since, over.first_frame),
            first_passed=self._after(name, since, over.first_passed),
            tags=tuple(sorted(over.tags)),
            strangers=sum(one.count for one in sight.wrong if one.port.interface == name),
        )

    def _heard_above(self, interface: Interface) -> bool:
        top = _top(interface, self.sight.interfaces.values()).name
        others = (EvidenceKind.HEARD, EvidenceKind.CONFIRMED)
        heard = any(one.port.interface == top and one.kind in others for one in self.sight.evidence.values())
        return top != interface.name and heard

    def _after(self, name: str, since: float | None, at: float | None) -> float | None:
        """From carrier to a frame; 0 where carrier was there before anybody looked."""
        if at is None or since is None:
            return None
        return max(0.0, at - since) if name in self._born else 0.0


def _top(interface: Interface, all_of_them: Iterable[Interface]) -> Interface:
    """The bond or bridge that an interface is in at last; itself where it is in none."""
    by_name = {one.name: one for one in all_of_them}
    for _ in by_name:
        if interface.master is None or interface.master not in by_name:
            break
        interface = by_name[interface.master]
    return interface


def _with_rate(interface: Interface) -> Interface:
    speed, duplex = line_rate(interface.name) if interface.up and interface.carrier is not False else (None, "")
    return structs.replace(interface, speed=speed, duplex=duplex)
