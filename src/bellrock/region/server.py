"""Runs a region: store, service and HTTP in one event loop, from start to graceful stop."""

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from secrets import token_hex
from typing import Final

from litestar.types import ASGIApp
from msgspec import Struct

from bellrock.flows import SiteError, parse
from bellrock.model import Wall
from bellrock.region.addresses import allow, bind, parse_address
from bellrock.region.api import make_app, make_own_app
from bellrock.region.authority import Authority, open_authority
from bellrock.region.cluster import Process
from bellrock.region.cluster.process import member as this_member
from bellrock.region.errors import RegionError
from bellrock.region.front import Front
from bellrock.region.instruments import feel_pulse
from bellrock.region.logs import line
from bellrock.region.service import (
    MAX_SECRETS,
    Access,
    Outpost,
    Policy,
    Readied,
    Region,
    Secret,
    Secrets,
    monotonic,
    secrets_of,
    silent_of,
    wall,
)
from bellrock.region.size import USUAL, Size
from bellrock.region.store import BUDGET, Loaded, NotStored, Store, StoreError, move_aside, open_store
from bellrock.region.store.members import Post, belong
from bellrock.region.tracing import tracing

DATABASE: Final = "region.sqlite"

log = logging.getLogger(__name__)

__all__ = ["Policy", "Readied", "Ready", "RegionError", "Secret", "Settings", "StoreError", "secrets_of", "serve"]


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
    otlp: str = ""
    """Where traces are sent by OTLP: `https://…`, or `http://` on this machine; "": nowhere."""
    database: Path | str | None = None
    """The store's file, or the URL of a database on PostgreSQL; `region.sqlite` in `state_dir` where it is None."""
    disk_budget: int = BUDGET
    """Octets of disk that history may take; evidence and what stands now take what they need."""
    size: Size = USUAL
    """How many agents to be ready for: what all of them together may take follows from it."""
    standby: Readied = Readied.AUTO
    """When this process, where it shares the database with others, makes what it needs to lead."""
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
    running: Callable[[Region | Process], object] = id,
) -> None:
    """Serve until `stop` is set; `ready` is called once when it answers, and just before, `running` with what answers: the region, or one process of several.

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
        with tracing(settings.otlp, settings.name):
            async with _store(settings) as (store, aside):
                front = Front(listeners, authority, settings.clock, settings.urls, settings.size)
                await _run(settings, store, aside, authority, front, ready, running, stop)
    finally:
        listeners.close()


@contextlib.asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[tuple[Store, Path | None]]:
    where = settings.database or settings.state_dir / DATABASE
    if settings.rebuild and isinstance(where, str):
        raise RegionError("--rebuild moves a file aside; to begin anew on a server, create another database there")
    aside = (
        await asyncio.to_thread(move_aside, Path(where), own=settings.database is None) if settings.rebuild else None
    )
    if aside:
        log.warning(line("store-moved-aside", file=where, to=aside))
    store = await open_store(where)
    store.retention.budget = settings.disk_budget
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
    ready: Callable[[Ready], None], running: Callable[[Region | Process], object], stop: asyncio.Event,
) -> None:  # fmt: skip
    try:
        loaded = await store.load()
    except NotStored as error:
        raise StoreError(f"{store.name}: {error}; is the database running, and reached from here?") from None
    if settings.standby is not Readied.AUTO and not store.shared:
        effect = "none: a file has one process, and no other stands by"
        log.warning(line("standby-alone", standby=settings.standby, effect=effect))
    outpost = Outpost(
        store, loaded, settings.name, Secrets(settings.keys), settings.clock, monotonic,
        member=token_hex(8) if store.shared else "", size=settings.size, readied=settings.standby,
    )  # fmt: skip
    making = (
        _share(settings, store, outpost, authority, front)
        if store.shared
        else _alone(settings, store, loaded, outpost, authority, front)
    )
    async with making as parts:
        answering, ended = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            works = [tasks.create_task(work()) for work in (*parts.works, feel_pulse)]
            http = tasks.create_task(front.run(parts.app, answering, ended), name="http")
            await answering.wait()
            running(parts.served)
            ready(_ready(front, authority, parts.token, aside))
            log.info(line("listening", addresses=",".join(front.urls)))
            await stop.wait()
            log.info(line("stopping"))
            outpost.stop()
            await parts.end()
            ended.set()
            await http
            for work in works:
                work.cancel()


Work = Callable[[], Coroutine[None, None, None]]


class _Parts(Struct, frozen=True):
    """What runs."""

    app: ASGIApp
    served: Region | Process
    """What answers."""
    token: str
    """A fresh one-time login."""
    works: tuple[Work, ...]
    end: Work
    """What is done when it stops."""


@contextlib.asynccontextmanager
async def _alone(
    settings: Settings, store: Store, loaded: Loaded, outpost: Outpost, authority: Authority, front: Front
) -> AsyncIterator[_Parts]:
    """The only process of a region."""
    region = Region(
        store, loaded, outpost, settings.name, authority, settings.clock, policy=settings.policy, regions=front.regions
    )
    outpost.regions = front.regions
    token = await _started(region.access, settings)
    if settings.site is not None:
        await take_site(region, settings.site)
    yield _Parts(make_app(region), region, token, (outpost.run, region.run), region.stop)


@contextlib.asynccontextmanager
async def _share(
    settings: Settings, store: Store, outpost: Outpost, authority: Authority, front: Front
) -> AsyncIterator[_Parts]:
    """One process of several."""
    url = str(settings.database)
    if settings.site is not None:
        await asyncio.to_thread(check_site, settings.site)
    await belong(url, authority.fingerprint)
    token = await _started(Access(store), settings)
    post = Post(url, this_member(outpost.member, settings.name, front.regions()), settings.clock)

    async def make_region(outpost: Outpost, fenced: Store) -> Region:
        loaded = await fenced.load_mind()
        outpost.state.heard(loaded.agents)
        silent = silent_of(loaded.agents) - outpost.agents.sessions.keys()
        inference = await outpost.standby.take(loaded.registry, silent)
        # At once, so that nothing is committed before the mind is told of it.
        region = Region(
            fenced, loaded, outpost, settings.name, authority, settings.clock, policy=settings.policy,
            regions=process.regions, inference=inference,
        )  # fmt: skip
        await region.access.load(wall())
        if settings.site is not None and not region.probes.known.text:
            # What was pushed since counts for more than a file that this process may have had for long.
            await take_site(region, settings.site)
        return region

    process = Process(store, post, outpost, make_own_app(outpost), make_region, make_app, settings.clock)
    outpost.regions = process.regions
    try:
        yield _Parts(process.face, process, token, (process.run,), process.stop)
    finally:
        await post.close()


async def _started(access: Access, settings: Settings) -> str:
    try:
        return await access.start(settings.state_dir, wall())
    except NotStored as error:
        raise StoreError(f"{settings.state_dir}: the disk does not take what the region must keep: {error}") from None


def check_site(path: Path) -> None:
    """See that a site file can be gone by, before it is needed.

    Raises:
        RegionError: it cannot be read, or is wrong: a line for each mistake.
    """
    try:
        parse(_site_text(path).encode(), "site")
    except SiteError as error:
        raise RegionError("\n".join(f"{path}: {said}" for said in str(error).splitlines())) from None


def _site_text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; it is the site file that the region is to go by") from None


async def take_site(region: Region | Process, path: Path) -> bool:
    """Give a region the site that a file says; False: it has that already, or another process leads.

    Raises:
        RegionError: the file cannot be read, or is wrong: a line for each mistake.
    """
    try:
        text = await asyncio.to_thread(_site_text, path)
        mind = region.region if isinstance(region, Process) else region
        if mind is None or mind.probes.known.text == text:
            return False
        await mind.probes.put_site(text, f"file {path}")
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
