"""Runs a region: store, service and HTTP in one event loop, from start to graceful stop."""

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from bellrock.flows import SiteError
from bellrock.model import Wall
from bellrock.region.addresses import allow, bind, parse_address
from bellrock.region.api import make_app
from bellrock.region.authority import Authority, open_authority
from bellrock.region.errors import RegionError
from bellrock.region.front import Front
from bellrock.region.logs import line
from bellrock.region.service import MAX_SECRETS, Policy, Region, Secret, Secrets, secrets_of, wall
from bellrock.region.store import NotStored, Store, StoreError, move_aside, open_store

DATABASE: Final = "region.sqlite"

log = logging.getLogger(__name__)

__all__ = ["Policy", "Ready", "RegionError", "Secret", "Settings", "StoreError", "secrets_of", "serve"]


class Settings(Struct, frozen=True, kw_only=True):
    """How a region runs."""

    state_dir: Path
    """Holds the store, the API token and unix sockets; made with mode 0700 if it is not there."""
    keys: tuple[Secret, ...]
    """Of every secret that agents may prove (`secrets_of` a keyring): several while one is being rotated, the one to use first."""
    listen: tuple[str, ...] = ("127.0.0.1:5240",)
    """`IPV4:PORT`, `[IPV6]:PORT`, `unix:/path`, on which TLS is spoken beyond loopback; `https://…` and `http://…` say it."""
    in_lab: bool = False
    """Allow `http://` beyond loopback if this process is in a network namespace other than init's."""
    urls: tuple[str, ...] = ()
    """Where agents are told to find the region, instead of the addresses that it listens on."""
    authority_cert: Path | None = None
    """Certificate of a certificate authority to use; None: the one in `state_dir`, made at the first start."""
    authority_key: Path | None = None
    policy: Policy = Policy.AUTO
    """What happens to agents that prove the secret for the first time."""
    clock: Callable[[], Wall] = wall
    database: Path | None = None
    """The store's file; `region.sqlite` in `state_dir` where it is None."""
    name: str = "region"
    """What the region calls itself to agents."""
    site: Path | None = None
    """The site file to go by; None: the one that the region was given before."""
    rebuild: bool = False
    """Move an existing store aside and begin with an empty one."""


class Ready(Struct, frozen=True, kw_only=True):
    """The region serves."""

    addresses: tuple[str, ...]
    """Where, as URLs (`http://127.0.0.1:5240`, `unix:/path`), with the ports that the kernel chose."""
    regions: tuple[str, ...]
    """Where agents are told to find the region with TLS; empty where it speaks none."""
    authority: str
    """The fingerprint of its certificate authority, SHA-256 in hex."""
    login_token: str
    """Good for one login; never to be logged."""
    login_url: str
    """The page's address with the token in its fragment, which browsers do not send; empty if there is no TCP address."""
    moved_aside: Path | None = None
    """Where `rebuild` put the old store."""


async def serve(
    settings: Settings,
    ready: Callable[[Ready], None],
    stop: asyncio.Event,
    bound: Callable[[], object] = lambda: None,
    running: Callable[[Region], object] = id,
) -> None:
    """Serve until `stop` is set; `ready` is called once when it answers, and just before, `running` with the region itself.

    `bound` is called when the sockets are bound and before any thread is started: the moment to give up privileges,
    which belong to threads.

    Raises:
        RegionError: it cannot start: one clear line.
    """
    addresses = [parse_address(text) for text in settings.listen]
    allow(addresses, in_lab=settings.in_lab)
    if not settings.keys or not addresses:
        raise RegionError("a region needs at least one secret and one address to listen on")
    if len(settings.keys) > MAX_SECRETS:
        raise RegionError(
            f"{len(settings.keys)} secrets are given; a region accepts {MAX_SECRETS} at a time, so retire one"
        )
    _make_state_dir(settings.state_dir)
    authority = _authority(settings)
    listeners = bind(addresses)
    try:
        bound()
        async with _store(settings) as (store, aside):
            front = Front(listeners, authority, settings.clock, settings.urls)
            await _run(settings, store, aside, authority, front, ready, running, stop)
    finally:
        listeners.close()


@contextlib.asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[tuple[Store, Path | None]]:
    path = settings.database or settings.state_dir / DATABASE
    aside = await asyncio.to_thread(move_aside, path) if settings.rebuild else None
    if aside:
        log.warning(line("store-moved-aside", file=path, to=aside))
    store = await open_store(path)
    try:
        yield store, aside
    finally:
        await store.close()


def _authority(settings: Settings) -> Authority:
    certificate, key = settings.authority_cert, settings.authority_key
    if (certificate is None) is not (key is None):
        raise RegionError("an authority's certificate and its key are given together, or neither")
    given = (certificate, key) if certificate and key else None
    return open_authority(settings.state_dir, settings.name, settings.clock(), given)


async def _run(
    settings: Settings, store: Store, aside: Path | None, authority: Authority, front: Front,
    ready: Callable[[Ready], None], running: Callable[[Region], object], stop: asyncio.Event,
) -> None:  # fmt: skip
    region = Region(
        store, await store.load(), settings.name, Secrets(settings.keys), authority, settings.clock,
        policy=settings.policy, regions=front.regions,
    )  # fmt: skip
    try:
        token = await region.access.start(settings.state_dir, wall())
    except NotStored as error:
        raise StoreError(f"{settings.state_dir}: the disk does not take what the region must keep: {error}") from None
    if settings.site is not None:
        await take_site(region, settings.site)
    answering, ended = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(region.run(), name="region")
        http = tasks.create_task(front.run(make_app(region), answering, ended), name="http")
        await answering.wait()
        running(region)
        ready(_ready(front, authority, token, aside))
        log.info(line("listening", addresses=",".join(front.urls)))
        await stop.wait()
        log.info(line("stopping"))
        await region.stop()
        ended.set()
        await http
        work.cancel()


async def take_site(region: Region, path: Path) -> bool:
    """Give a region the site that a file says; False: it has that already.

    Raises:
        RegionError: the file cannot be read, or is wrong: a line for each mistake.
    """
    try:
        text = (await asyncio.to_thread(path.read_bytes)).decode(errors="replace")
        if region.probes.known.text == text:
            return False
        await region.probes.put_site(text, f"file {path}")
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; it is the site file that the region is to go by") from None
    except (SiteError, NotStored) as error:
        raise RegionError("\n".join(f"{path}: {said}" for said in str(error).splitlines())) from None
    return True


def _ready(front: Front, authority: Authority, token: str, aside: Path | None) -> Ready:
    # Not the wildcard that it may listen on: people click this.
    pages = [*(url for url in front.urls if url.startswith("http://")), *front.regions()]
    page = pages[0] if pages else ""
    return Ready(
        addresses=front.urls, regions=front.regions(), authority=authority.fingerprint, login_token=token,
        login_url=f"{page}/#login={token}" if page else "", moved_aside=aside,
    )  # fmt: skip


def _make_state_dir(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            log.warning(line("state-dir-closed", directory=path, was=f"{stat.S_IMODE(found.st_mode):04o}", now="0700"))
            path.chmod(0o700)
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; the region keeps its state there") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise RegionError(f"{path}: not writable; the region keeps its state there")
