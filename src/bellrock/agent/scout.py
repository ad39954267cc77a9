"""Looking around: the engine on all interfaces for a bounded time, without spool, report or region."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from bellrock.agent.incoming import NeighbourHeard
from bellrock.agent.loop import Loop, Witness, jitter
from bellrock.agent.network import RawNetwork, UdpNetwork
from bellrock.agent.run import new_id
from bellrock.agent.settings import Settings
from bellrock.agent.sight import Sight
from bellrock.beacon import Arrival, Engine, Event, Identity, Refusal
from bellrock.link.clock import Clocks
from bellrock.link.clock import read as read_clocks
from bellrock.link.device import Frame
from bellrock.link.netlink import LinkMonitor
from bellrock.link.udp import Datagram
from bellrock.model import Interface, Wall
from bellrock.wire.keys import Keyring


class Senses(Protocol):
    """What a scout needs of an agent's open things (`agent.run.Opened` has them): who it is, its network, its interfaces."""

    identity: Identity
    network: RawNetwork | UdpNetwork
    monitor: LinkMonitor


class Scout:
    """One look around. `start`, then `until` as often as wanted, then `stop`.

    A scout speaks under the identity that it was given, and numbers its beacons from 1: whoever goes on afterwards as the
    same agent takes another boot id, or its beacons are taken for replays.

    Attributes:
        sight: what has been seen so far.
        engine: its engine, for whoever has more to say.
        listeners: called with every event of the engine and of the neighbour table.
    """

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        opened: Senses,
        *,
        clock: Callable[[], Clocks] = read_clocks,
        witness: Witness | None = None,
    ) -> None:
        who = opened.identity
        self.sight = Sight(who.agent, keyring, self._changed)
        self.engine = Engine(who, new_id, jitter, settings.beacon)
        self.listeners: list[Callable[[Event], None]] = []
        self._news = asyncio.Event()
        self._also = witness
        self._loop = Loop(
            settings, who.agent, self.engine, keyring, opened.network, opened.monitor, self, _nobody,
            witness=self._witness, clock=clock,
        )  # fmt: skip

    def start(self) -> None:
        """Begin to listen and to speak."""
        self._loop.start()

    def stop(self) -> None:
        """Stop both; sockets stay open."""
        self._loop.stop()

    def kick(self) -> None:
        """Whoever has told the engine something has it said now."""
        self._loop.kick()

    async def until(self, enough: Callable[[Sight], bool], within: float) -> bool:
        """Wait until the sight is enough; False if so many seconds have passed first."""
        try:
            async with asyncio.timeout(within):
                while not enough(self.sight):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    # What the loop tells an account:

    owes: bool = False

    def interfaces(self, now_known: Iterable[Interface]) -> None:
        """The interfaces as they are now."""
        self.sight.known(now_known)

    def event(self, event: Event) -> None:
        """An event of the engine or of the neighbour table."""
        self.sight.note(event)
        for listener in self.listeners:
            listener(event)

    def complete(self) -> None:
        """Every interface has had its burst."""
        self.sight.settle()

    def begin_anew(self) -> None:
        """Nobody keeps an account of a scout."""

    def flush(self, wall: Wall) -> bool:  # noqa: ARG002 -- the shape of all accounts
        """There is nothing to pass on."""
        return True

    def _changed(self) -> None:
        self._news.set()

    def _witness(
        self, item: Frame | Datagram | None, heard: Arrival | Refusal | NeighbourHeard, clocks: Clocks
    ) -> None:
        self.sight.witness(item, heard, clocks)
        if self._also is not None:
            self._also(item, heard, clocks)


async def scout(
    settings: Settings,
    keyring: Keyring,
    opened: Senses,
    enough: Callable[[Sight], bool],
    within: float,
    *,
    clock: Callable[[], Clocks] = read_clocks,
) -> Sight:
    """Look around on all interfaces until it is enough, or so many seconds have passed.

    Args:
        settings: which interfaces to leave alone, which VIDs to beacon on.
        opened: sockets and netlink, still open afterwards.
        enough: judges the sight after each change.
        clock: another than the machine's, for whoever wants to see what a skewed clock sees.
    """
    look = Scout(settings, keyring, opened, clock=clock)
    look.start()
    try:
        await look.until(enough, within)
    finally:
        look.stop()
    return look.sight


def _nobody() -> None:
    """Nobody waits for reports."""
