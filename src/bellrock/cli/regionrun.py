"""A region and the agent of role `region` beside it, which tells everybody on its segments where the region is."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import structs

from bellrock.agent.identity import IdentityError
from bellrock.agent.privileges import drop
from bellrock.agent.run import Known, Opened, Ready, open_all, run
from bellrock.agent.settings import Settings as AgentSettings
from bellrock.agent.spool import SpoolError
from bellrock.cli.keys import LOCAL_SOCKET
from bellrock.link.device import LinkError
from bellrock.region.addresses import parse_address
from bellrock.region.cluster import Process
from bellrock.region.memory import settle_in
from bellrock.region.server import Ready as RegionReady
from bellrock.region.server import RegionError, secrets_of, serve, take_site
from bellrock.region.server import Settings as RegionSettings
from bellrock.region.service import Region
from bellrock.wire.keys import Keyring
from bellrock.wire.logline import sentence

MAX_SOCKET: Final = 107
"""Octets of a Unix socket's path (unix(7)); where the state directory is deeper, any free port of loopback serves."""

log = logging.getLogger(__name__)

Reload = Callable[[Callable[[Keyring], None]], None]


class Beside:
    """What a region needs to beacon: sockets opened while there are privileges. Without them, the region runs unheard."""

    def __init__(self, settings: AgentSettings, *, wanted: bool) -> None:
        self.settings = settings
        self.opened: Opened | None = None
        try:
            self.opened = open_all(settings) if wanted else None
        except (LinkError, SpoolError, IdentityError) as error:
            log.warning(
                sentence(
                    "no-beacons",
                    "{error}; this region does not beacon, so that nobody finds it but by its URL",
                    error=error,
                )
            )

    def close(self) -> None:
        """Close them."""
        if self.opened is not None:
            self.opened.close()


def speaks_tls(listen: tuple[str, ...]) -> bool:
    """Whether another machine can join at one of these addresses.

    Raises:
        AddressError: one of them is none.
    """
    return any(parse_address(text).tls for text in listen)


def with_local(settings: RegionSettings) -> RegionSettings:
    """Listening where this machine's own agent and commands ask, too: on a Unix socket in a directory that is its owner's alone."""
    path = str(Path(settings.state_dir / LOCAL_SOCKET).absolute())
    if len(path.encode("utf-8", "surrogateescape")) <= MAX_SOCKET:
        there = f"unix:{path}" in settings.listen
        return settings if there else structs.replace(settings, listen=(*settings.listen, f"unix:{path}"))
    if any(address.is_loopback and not address.tls for address in map(parse_address, settings.listen)):
        return settings
    return structs.replace(settings, listen=(*settings.listen, "127.0.0.1:0"))


async def run_region(
    settings: RegionSettings,
    keyring: Keyring,
    beside: Beside,
    reload: Reload,
    say_region: Callable[[RegionReady], None],
    say_agent: Callable[[Ready], None],
    stop: asyncio.Event,
) -> None:
    """Run both until `stop`; the agent ends first, and ends when the region does."""
    told: list[RegionReady] = []
    region: list[Region | Process] = []
    answering, over = asyncio.Event(), asyncio.Event()

    def ready(said: RegionReady) -> None:
        settle_in()
        say_region(said)
        told.append(said)
        answering.set()

    async with asyncio.TaskGroup() as tasks:
        dropped = settings.state_dir
        serving = tasks.create_task(serve(settings, ready, over, lambda: drop(dropped), region.append))
        started = tasks.create_task(answering.wait())
        await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if not serving.done():
                await _until(settings, stop, told[0], region[0], keyring, beside, reload, say_agent)
        finally:
            started.cancel()
            over.set()


async def _until(
    settings: RegionSettings,
    stop: asyncio.Event,
    told: RegionReady,
    region: Region | Process,
    keyring: Keyring,
    beside: Beside,
    reload: Reload,
    say_agent: Callable[[Ready], None],
) -> None:
    secrets_changed = rekeying(region, reload, settings.site)
    if beside.opened is None:
        await stop.wait()
        return

    def known() -> Known:
        return region.regions(), told.authority

    local = next(url for url in told.addresses if not url.startswith("https://"))
    agent = structs.replace(beside.settings, region=local)
    await run(agent, keyring, beside.opened, say_agent, stop, secrets_changed=secrets_changed, known=known)


def rekeying(region: Region | Process, reload: Reload, site: Path | None = None) -> Reload:
    """Have SIGHUP give the secrets read again, and the site file, to the region; what comes back adds others that take secrets, after it."""
    takers: list[Callable[[Keyring], None]] = [lambda changed: _rekey(region, changed)]
    if site is not None:
        reading: set[asyncio.Task[None]] = set()

        def read_site(_: Keyring) -> None:
            task = asyncio.get_running_loop().create_task(_site_again(region, site))
            reading.add(task)
            task.add_done_callback(reading.discard)

        takers.append(read_site)

    def take_all(changed: Keyring) -> None:
        for take in takers:
            take(changed)

    reload(take_all)
    return takers.append


async def _site_again(region: Region | Process, path: Path) -> None:
    try:
        await take_site(region, path)
    except RegionError as error:
        log.warning(
            sentence("site-not-taken", "{error}; the site so far stays in force", error=str(error).splitlines()[0])
        )


def _rekey(region: Region | Process, keyring: Keyring) -> None:
    try:
        region.set_secrets(secrets_of(keyring))
    except ValueError as error:
        log.warning(sentence("secrets-not-taken", "{error}; the secrets so far stay in force", error=error))
