"""Measuring from this machine what passes to its neighbours, without a region and without a rack that runs."""

import asyncio
from typing import Final

from msgspec import Struct

from bellrock.agent.loop import now
from bellrock.agent.scout import Scout, Senses
from bellrock.agent.settings import Settings
from bellrock.beacon import Event, EvidenceFound, MtuMeasured, MtuSearched
from bellrock.model import Evidence, Interface, MtuSeen, Port
from bellrock.wire.keys import Keyring

LISTEN: Final = 1.5
"""Seconds for neighbours to be heard before they are measured."""


class Gauged(Struct, frozen=True, kw_only=True):
    """What was found. `finished` is False where time ran out on some ports."""

    interfaces: tuple[Interface, ...]
    ports: tuple[Port, ...]
    """Those that were measured."""
    seen: tuple[MtuSeen, ...]
    names: dict[str, str]
    """Agent id → host name, of the neighbours heard."""
    switches: tuple[Evidence, ...]
    """What LLDP and CDP tell."""
    finished: bool


class _Notes:
    """Collects events."""

    def __init__(self) -> None:
        self.seen: dict[tuple[Port, Port], MtuSeen] = {}
        self.names: dict[str, str] = {}
        self.switches: dict[Port, Evidence] = {}
        self.over: set[Port] = set()
        self.news = asyncio.Event()

    def note(self, event: Event) -> None:
        match event:
            case EvidenceFound(evidence) if evidence.peer is not None:
                self.names[evidence.peer.host] = evidence.peer_name
            case EvidenceFound(evidence):
                self.switches[evidence.port] = evidence
            case MtuMeasured(seen):
                self.seen[seen.port, seen.peer] = seen
            case MtuSearched(port):
                self.over.add(port)
                self.news.set()
            case _:
                pass


async def gauge(
    settings: Settings, keyring: Keyring, senses: Senses, *, interface: str = "", listen: float = LISTEN, within: float
) -> Gauged:
    """Listen for neighbours, then measure what passes to them.

    Args:
        settings: which interfaces to leave alone; its beacon settings should not measure unasked.
        senses: open sockets and netlink, still open afterwards.
        interface: the one to measure on; empty: all.
        listen: seconds for which neighbours are listened for.
        within: seconds that the measurement itself may take.
    """
    scout, notes = Scout(settings, keyring, senses), _Notes()
    scout.listeners.append(notes.note)
    scout.start()
    try:
        await asyncio.sleep(listen)
        ports = scout.engine.measure(None, now(), interface=interface)
        scout.kick()
        finished = await _over(notes, set(ports), within)
    finally:
        scout.stop()
    return Gauged(
        interfaces=tuple(senses.monitor.snapshot().values()), ports=ports, seen=tuple(notes.seen.values()),
        names=notes.names, switches=tuple(notes.switches.values()), finished=finished,
    )  # fmt: skip


async def _over(notes: _Notes, ports: set[Port], within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            while not ports <= notes.over:
                notes.news.clear()
                await notes.news.wait()
    except TimeoutError:
        return False
    return True
