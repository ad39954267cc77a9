"""One agent from start to stop."""

import asyncio
import logging
import socket
import uuid
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

import ulid_transform
from msgspec import Struct, structs

from bellrock.agent import identity, privileges
from bellrock.agent.capturing import AT_ONCE, Capturer
from bellrock.agent.exposure import Exposure, keep_file, listen
from bellrock.agent.figures import Figures
from bellrock.agent.here import Inspector
from bellrock.agent.loop import Loop, jitter, now
from bellrock.agent.measuring import Measuring
from bellrock.agent.membership import Membership
from bellrock.agent.network import RawNetwork, UdpNetwork, open_network
from bellrock.agent.orders import Orders
from bellrock.agent.probing import Probing
from bellrock.agent.relay import Relay
from bellrock.agent.reporter import Reporter
from bellrock.agent.settings import Settings
from bellrock.agent.sight import Watched
from bellrock.agent.spool import Spool
from bellrock.agent.stream import Stream
from bellrock.agent.telling import Look, Telling
from bellrock.agent.walks import WalkTools, open_tools, take_part
from bellrock.agent.ways import Fixed
from bellrock.beacon import Engine, Identity
from bellrock.contract import TELLS_HERE, Done, MeasureMtu, RunProbes
from bellrock.contract.capturing import EndCapture, ReadCapture, RunCapture
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.link.spare import Spares
from bellrock.link.taps import Taps, open_dhcp_taps
from bellrock.model import Host, Wall
from bellrock.model.here import Here
from bellrock.wire.keys import Keyring
from bellrock.wire.logline import sentence

DRAIN: Final = 1.0
"""Seconds given to the last reports when the agent stops; what is left stays on disk."""

REFRESH: Final = 10.0
"""Seconds between two looks at where the region listens."""
Known = tuple[tuple[str, ...], str]
"""Where a region listens, as URLs, and the fingerprint of its authority."""

log = logging.getLogger(__name__)


class Ready(Struct, frozen=True):
    """The agent listens and speaks. `raw` is False where it has only UDP sockets; `hint` then says how to grant more."""

    agent: str
    name: str
    raw: bool
    hint: str
    interfaces: int


class Opened(Struct):
    """What needs privileges, opened before they are given up."""

    identity: Identity
    spool: Spool
    network: RawNetwork | UdpNetwork
    monitor: LinkMonitor
    taps: Taps | None
    """Raw frames for DHCP; None without the right to them."""
    walks: WalkTools
    spares: Spares | None = None
    """For captures; None without the right to them."""
    metrics: socket.socket | None = None
    """Where figures are told."""

    def close(self) -> None:
        """Close all of it."""
        self.walks.close()
        if self.taps is not None:
            self.taps.close()
        if self.spares is not None:
            self.spares.close()
        if self.metrics is not None:
            self.metrics.close()
        self.network.close()
        self.monitor.close()
        self.spool.close()


def open_all(settings: Settings) -> Opened:
    """Open state, sockets and netlink.

    Raises:
        IdentityError, SpoolError, LinkError: each one line for an operator.
    """
    who = identity.load(settings)
    walks = open_tools(udp_only=settings.udp_only)
    with ExitStack() as undo:
        undo.callback(walks.close)
        spool = Spool(settings.state_dir / "spool.sqlite")
        undo.callback(spool.close)
        network = open_network(udp_only=settings.udp_only)
        undo.callback(network.close)
        metrics = listen(settings.metrics)
        undo.pop_all()
    taps, spares = (_open_taps(), _open_spares()) if network.raw else (None, None)
    return Opened(who, spool, network, LinkMonitor(), taps, walks, spares, metrics)


def _open_taps() -> Taps | None:
    try:
        return open_dhcp_taps()
    except LinkError as error:
        log.warning(
            sentence("no-dhcp", "{error}; this agent cannot ask for DHCP when the region wants it to", error=error)
        )
        return None


def _open_spares() -> Spares | None:
    try:
        return Spares(AT_ONCE)
    except LinkError as error:
        log.warning(
            sentence("no-captures", "{error}; this agent cannot capture when the region wants it to", error=error)
        )
        return None


async def run(
    settings: Settings,
    keyring: Keyring,
    opened: Opened,
    ready: Callable[[Ready], None],
    stop: asyncio.Event,
    *,
    secrets_changed: Callable[[Callable[[Keyring], None]], object] = id,
    known: Callable[[], Known] | None = None,
) -> None:
    """Beacon and report until `stop` is set, then put what is owed on disk and, where the region listens, deliver it.

    Args:
        ready: called once it listens and speaks.
        secrets_changed: given a function to call with the new keyring whenever the secrets have changed.
        known: where the region listens and its authority, asked now and then; without it, what was joined is passed on.
    """
    who = opened.identity
    host = Host(who.agent, who.host, who.role)
    engine = Engine(who, new_id, jitter, settings.beacon)
    reporter = Reporter(host, who.boot, opened.spool)
    loop: Loop | None = None

    def forgotten() -> None:
        if loop is not None:
            loop.tell_anew()

    member = None if is_plain(settings.region) else Membership(settings, host, who.boot, keyring, engine.introduce)
    stream = Stream(member or Fixed(settings.region), host, who.boot, keyring, opened.spool, forgotten)
    loop = Loop(
        settings, who.agent, engine, keyring, opened.network, opened.monitor,
        reporter if member is None else Watched(reporter, member.sight), stream.wake,
        witness=None if member is None else member.sight.witness,
    )  # fmt: skip
    relay = Relay(engine, now, loop.kick, stream.say, who.role)
    loop.listeners.append(relay.note)
    stream.listeners.append(relay.answered)
    stream.watchers.append(relay.connected)
    measuring = Measuring(engine, now, loop.kick)
    loop.listeners.append(measuring.note)
    orders = Orders(partial(_answer, loop, stream))
    orders.carry_out(MeasureMtu, measuring.measure)
    take_part(orders, opened.walks, stream.say)
    probing = Probing(stream.tell, who.host, opened.taps)
    orders.carry_out(RunProbes, probing.probe)
    capturer = Capturer(stream.tell, settings.state_dir, opened.spares)
    orders.carry_out(RunCapture, capturer.run)
    orders.carry_out(EndCapture, capturer.end)
    orders.carry_out(ReadCapture, capturer.read)
    telling = Telling(_looking(opened, who, known), stream.say, lambda: TELLS_HERE in stream.takes)
    loop.listeners.append(telling.note)
    stream.watchers.append(telling.connected)
    stream.listeners.append(orders.ordered)
    stream.watchers.append(orders.connected)
    stream.watchers.append(capturer.connected)
    secrets_changed(partial(_rekey, (loop, stream) if member is None else (loop, stream, member)))
    if not privileges.drop(settings.state_dir):
        log.warning(
            sentence(
                "privileges-kept",
                "state={directory}: it belongs to another user, so that this process keeps its privileges",
                directory=settings.state_dir,
            )
        )
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(stream.run()), tasks.create_task(orders.run()), tasks.create_task(telling.run())]
        if member is not None:
            beside.append(tasks.create_task(member.run()))
        if known is not None:
            beside.append(tasks.create_task(_introduce(engine, known)))
        figures = Figures(who, engine, loop, reporter, opened.spool, stream, probing)
        beside += [tasks.create_task(one) for one in _told(figures, opened, settings)]
        try:
            loop.start()
            ready(Ready(who.agent, who.host, opened.network.raw, opened.network.hint, loop.interface_count))
            await stop.wait()
        finally:
            loop.stop()
        if stream.connected.is_set():
            await stream.drained(DRAIN)
        for task in beside:
            task.cancel()


def _answer(loop: Loop, stream: Stream, done: Done) -> None:
    """Say that an order is over, behind the reports of what it brought to light."""
    if not loop.report():
        done = structs.replace(
            done, why=done.why or "it is done, but this agent's disk takes no reports now: they follow later"
        )
    stream.say(done, behind_reports=True)


def _looking(opened: Opened, who: Identity, known: Callable[[], Known] | None) -> Look:
    """How this host is looked at, for the region."""
    companion = opened.walks.companion
    inspector = Inspector(who.host, (who.role,), None if companion is None else companion.rules)

    async def look(refused: tuple[tuple[str, str, int], ...]) -> Here:
        advertised = known()[0] if known is not None else ()
        return await inspector.look(refused=refused, advertised=advertised, waiting=opened.spool.waiting)

    return look


def _rekey(parts: Iterable[Loop | Stream | Membership], keyring: Keyring) -> None:
    for part in parts:
        part.rekey(keyring)
    log.info(
        sentence(
            "secrets-in-use", "secrets in use: {ids}; the first signs", ids=", ".join(key.id for key in keyring.keys)
        )
    )


def _told(figures: Figures, opened: Opened, settings: Settings) -> Iterator[Coroutine[None, None, None]]:
    """What tells the figures to those who want them."""
    if opened.metrics is not None:
        yield Exposure(figures.text, lambda: figures.connected).serve(opened.metrics)
    if settings.metrics_file is not None:
        yield keep_file(settings.metrics_file, figures.text)
    if opened.metrics is not None or settings.metrics_file is not None:
        yield figures.feel_pulse()


async def _introduce(engine: Engine, known: Callable[[], Known]) -> None:
    """Say in beacons where the region listens; addresses come and go."""
    said: Known | None = None
    while True:
        if (now := known()) != said:
            said = now
            engine.introduce(*now)
        await asyncio.sleep(REFRESH)


def is_plain(region: str) -> bool:
    """Whether what was typed is one address without TLS: nothing to join. "", a name, and https URLs are joined."""
    return region.startswith(("http://", "unix:"))


def new_id(version: int, wall: Wall) -> str:
    """A beacon id of now: ULID (v2), or version-1 UUID (v1) with a random node that names no interface."""
    if version == 1:
        return str(uuid.uuid1(node=_NODE))
    return ulid_transform.ulid_at_time(wall)


# RFC 9562 §6.10: a node that is not a MAC address has its multicast bit set.
_NODE: Final = uuid.uuid4().int & 0xFFFF_FFFF_FFFF | 0x0100_0000_0000
