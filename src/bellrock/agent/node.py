"""One short run on a machine that is being commissioned: look at every cable, tell the region, leave no trace."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Final

import ulid_transform
from msgspec import Struct, structs

from bellrock.agent.delivery import Mail, Relayer, Told, relayers
from bellrock.agent.errand import tell_region
from bellrock.agent.lookout import Lookout
from bellrock.agent.loop import now
from bellrock.agent.machine import machine_id, physical
from bellrock.agent.network import RawNetwork, UdpNetwork
from bellrock.agent.ports import ignored
from bellrock.agent.settings import Settings
from bellrock.beacon import Identity
from bellrock.contract import MAX_OBSERVATIONS, NodeAnswer, NodeReport
from bellrock.diagnosis import Lies, Look, diagnose
from bellrock.link import clock
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Finding, Host, Interface, Role
from bellrock.wire.keys import Keyring

TO_TELL: Final = 1.0
"""Seconds of the run that are kept for the report; of a short run, TELL_SHARE of it."""
TELL_SHARE: Final = 0.3
BY_LETTER: Final = 0.6
"""Seconds of those for the way through whom is heard, where a region that was typed does not answer; half where fewer are left."""
PUT_BACK: Final = 0.2
"""Seconds for setting interfaces down again and for what is printed."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What one run is told. Times in seconds."""

    within: float = 5.0
    """From the program's start to its end."""
    spent: float = 0.0
    """How much of it is gone when the run begins."""
    region: str = ""
    """https://HOST:PORT, or on this machine http:// or unix:; empty: through whom is heard."""
    name: str = ""
    ignore: tuple[str, ...] = ()
    expected: tuple[tuple[str, str], ...] = ()
    """(interface, VLAN) where its untagged frames should be."""
    mtu: int | None = None


class Found(Struct, frozen=True):
    """What one run has found, and how it told of it."""

    look: Look
    relayers: tuple[Relayer, ...]
    told: Told
    findings: tuple[Finding, ...]
    took: float
    left: tuple[str, ...] = ()
    """Interfaces that could not be put back as they were, one line each."""


class StoppedError(Exception):
    """Somebody asked the run to stop; everything was put back."""


class _Senses(Struct):
    """What a scout needs, open."""

    identity: Identity
    network: RawNetwork | UdpNetwork
    monitor: LinkMonitor


async def run(wanted: Wanted, keyring: Keyring, stop: asyncio.Event) -> Found:
    """The whole run; interfaces are put back whatever happens.

    Raises:
        LinkError: no right to raw frames, or to set interfaces up.
        StoppedError: `stop` was set before the end.
    """
    work = asyncio.ensure_future(_run(wanted, keyring))
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((work, asked), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise StoppedError("stopped; every interface was put back")
        return work.result()
    finally:
        for task in (work, asked):
            task.cancel()
        await asyncio.gather(work, asked, return_exceptions=True)


async def _run(wanted: Wanted, keyring: Keyring) -> Found:
    began = clock.monotonic() - wanted.spent
    monitor = LinkMonitor()
    network: RawNetwork | None = None
    try:
        network = RawNetwork()
        who = _identity(wanted, monitor)
        found = await _look(wanted, keyring, _Senses(who, network, monitor), began)
    finally:
        monitor.close()
        if network is not None:
            network.close()
    return structs.replace(found, took=clock.monotonic() - began)


async def _look(wanted: Wanted, keyring: Keyring, senses: _Senses, began: float) -> Found:
    settings = Settings(state_dir=Path(os.devnull), role=Role.NODE, ignore=wanted.ignore)
    lookout = Lookout(settings, keyring, senses)
    left: tuple[str, ...] = ()
    try:
        lookout.start()
        await lookout.listen(began + wanted.within - min(TO_TELL, wanted.within * TELL_SHARE))
        found = await _tell(wanted, keyring, senses.identity, lookout, began + wanted.within - PUT_BACK)
    finally:
        left = lookout.stop()
    return structs.replace(found, left=left)


async def _tell(wanted: Wanted, keyring: Keyring, who: Identity, lookout: Lookout, until: float) -> Found:
    host = Host(who.agent, who.host, Role.NODE)
    look = _described(wanted, who, lookout)
    wall = clock.wall()
    report = NodeReport(
        host=host, boot=who.boot, sent=wall, observations=lookout.observations(host, wall, MAX_OBSERVATIONS),
        findings=diagnose(structs.replace(look, told="whoever reads this")), expected=wanted.expected,
    )  # fmt: skip
    ways = tuple(relayers(lookout.sight))
    told = await _deliver(wanted, keyring, lookout, report, ways, until)
    region = told.answer.region if told.answer and not told.answer.why else ""
    final = structs.replace(look, told=region, placed=_lies(told.answer))
    return Found(final, ways, told, _findings(final, told.answer), 0.0)


async def _deliver(
    wanted: Wanted, keyring: Keyring, lookout: Lookout, report: NodeReport, ways: tuple[Relayer, ...], until: float
) -> Told:
    """To the address that was typed; where that fails, or none was, through whom is heard."""
    failed = ""
    if wanted.region:
        left = until - clock.monotonic()
        told = await tell_region(wanted.region, keyring, report, left - min(BY_LETTER, left / 2) if ways else left)
        if told.answer is not None or not ways:
            return told
        failed = f"{told.why}; "
    mail = Mail(lookout.scout.engine, now, lookout.scout.kick)
    lookout.scout.listeners.append(mail.note)
    told = await mail.deliver(report, list(ways), until)
    return told if told.answer is not None else structs.replace(told, why=failed + told.why)


def _described(wanted: Wanted, who: Identity, lookout: Lookout) -> Look:
    regions = {
        url for heard in lookout.sight.beacons if heard.beacon.extension for url in heard.beacon.extension.regions
    }
    return Look(
        host=who.host, cables=lookout.cables(), regions=tuple(sorted(regions)),
        relays=tuple(way.name for way in relayers(lookout.sight)), expected=wanted.expected, mtu=wanted.mtu,
    )  # fmt: skip


def _lies(answer: NodeAnswer | None) -> tuple[Lies, ...]:
    if answer is None:
        return ()
    # A region of another version may tell names without VIDs.
    return tuple(
        Lies(one.interface, one.fabric, one.vlans, one.vids if len(one.vids) == len(one.vlans) else (None,) * len(one.vlans))
        for one in answer.placed
    )  # fmt: skip


def _findings(look: Look, answer: NodeAnswer | None) -> tuple[Finding, ...]:
    """Ours, and what the region added: it alone knows which VLANs there are, so it judges its placement itself."""
    own = diagnose(structs.replace(look, placed=()))
    said = {(one.id, one.interface) for one in own}
    added = [one for one in answer.findings if (one.id, one.interface) not in said] if answer else []
    return (*own, *added)


def _identity(wanted: Wanted, monitor: LinkMonitor) -> Identity:
    """The machine's own id, or, where it is to join by itself, one for this run alone: its certificate ends with it.

    Raises:
        LinkError: there is no interface to look at.
    """
    interfaces = monitor.snapshot().values()
    found = physical(interfaces)
    if not found:
        raise LinkError("this machine has no Ethernet interface to look at")
    if all(ignored(one.name, wanted.ignore) for one in found):
        raise LinkError(f"--ignore leaves none of this machine's Ethernet interfaces to look at ({_few(found)})")
    run_id = ulid_transform.ulid_at_time(clock.wall())
    agent = run_id if wanted.region.startswith("https:") else machine_id(interfaces)
    return Identity(agent, wanted.name or socket.gethostname(), Role.NODE, ulid_transform.ulid_at_time(clock.wall()))


def _few(interfaces: list[Interface]) -> str:
    names = [one.name for one in interfaces]
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
