"""One agent from start to stop."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Final

import ulid_transform
from msgspec import Struct

from bellrock.agent import identity, privileges
from bellrock.agent.loop import Loop, jitter
from bellrock.agent.network import RawNetwork, UdpNetwork, open_network
from bellrock.agent.reporter import Reporter
from bellrock.agent.settings import Settings
from bellrock.agent.spool import Spool
from bellrock.agent.stream import Stream
from bellrock.beacon import Engine, Identity
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Host, Wall
from bellrock.wire.keys import Keyring

DRAIN: Final = 1.0
"""Seconds given to the last reports when the agent stops; what is left stays on disk."""

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

    def close(self) -> None:
        """Close all of it."""
        self.network.close()
        self.monitor.close()
        self.spool.close()


def open_all(settings: Settings) -> Opened:
    """Open state, sockets and netlink.

    Raises:
        IdentityError, SpoolError, LinkError: each one line for an operator.
    """
    who = identity.load(settings)
    spool = Spool(settings.state_dir / "spool.sqlite")
    try:
        network = open_network(udp_only=settings.udp_only)
    except BaseException:
        spool.close()
        raise
    return Opened(who, spool, network, LinkMonitor())


async def run(
    settings: Settings,
    keyring: Keyring,
    opened: Opened,
    ready: Callable[[Ready], None],
    stop: asyncio.Event,
) -> None:
    """Beacon and report until `stop` is set, then put what is owed on disk and, where the region listens, deliver it."""
    who = opened.identity
    host = Host(who.agent, who.host, who.role)
    engine = Engine(who, new_id, jitter, settings.beacon)
    reporter = Reporter(host, who.boot, opened.spool)
    loop: Loop | None = None

    def forgotten() -> None:
        if loop is not None:
            loop.tell_anew()

    stream = Stream(settings.region, host, who.boot, keyring.keys[0].stream_key, opened.spool, forgotten)
    loop = Loop(settings, who.agent, engine, keyring, opened.network, opened.monitor, reporter, stream.wake)
    if not privileges.drop(settings.state_dir):
        log.warning(
            "state=%s: it belongs to another user, so that this process keeps its privileges", settings.state_dir
        )
    async with asyncio.TaskGroup() as tasks:
        streaming = tasks.create_task(stream.run())
        try:
            loop.start()
            ready(Ready(who.agent, who.host, opened.network.raw, opened.network.hint, loop.interface_count))
            await stop.wait()
        finally:
            loop.stop()
        if stream.connected.is_set():
            await stream.drained(DRAIN)
        streaming.cancel()


def new_id(version: int, wall: Wall) -> str:
    """A beacon id of now: ULID (v2), or version-1 UUID (v1) with a random node that names no interface."""
    if version == 1:
        return str(uuid.uuid1(node=_NODE))
    return ulid_transform.ulid_at_time(wall)


# RFC 9562 §6.10: a node that is not a MAC address has its multicast bit set.
_NODE: Final = uuid.uuid4().int & 0xFFFF_FFFF_FFFF | 0x0100_0000_0000
