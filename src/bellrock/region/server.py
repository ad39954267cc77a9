"""Runs a region: store, service and HTTP in one event loop, from start to graceful stop."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from msgspec import Struct
from typing_extensions import override

from bellrock.region.addresses import Address, Listeners, allow, bind, parse_address
from bellrock.region.api import make_app
from bellrock.region.errors import RegionError
from bellrock.region.logs import line
from bellrock.region.protocol import BoundedHttp
from bellrock.region.service import MAX_SECRETS, Region, Secret, Secrets, secrets_of, wall
from bellrock.region.store import NotStored, Store, StoreError, move_aside, open_store

MAX_WS_MESSAGE: Final = 1 << 20
MAX_CONNECTIONS: Final = 1024
GRACE: Final = 1
"""Seconds for requests that are under way when the region stops."""
DATABASE: Final = "region.sqlite"

log = logging.getLogger(__name__)

__all__ = ["Ready", "RegionError", "Secret", "Settings", "StoreError", "secrets_of", "serve"]


class Settings(Struct, frozen=True, kw_only=True):
    """How a region runs."""

    state_dir: Path
    """Holds the store, the API token and unix sockets; made with mode 0700 if it is not there."""
    keys: tuple[Secret, ...]
    """Of every secret that agents may prove (`secrets_of` a keyring): several while one is being rotated, the one to use first."""
    listen: tuple[str, ...] = ("127.0.0.1:5240",)
    """`IPV4:PORT`, `[IPV6]:PORT`, `unix:/path`; loopback only, unless `in_lab`."""
    in_lab: bool = False
    """Allow other addresses if this process is in a network namespace other than init's."""
    database: Path | None = None
    """The store's file; `region.sqlite` in `state_dir` where it is None."""
    name: str = "region"
    """What the region calls itself to agents."""
    rebuild: bool = False
    """Move an existing store aside and begin with an empty one."""


class Ready(Struct, frozen=True, kw_only=True):
    """The region serves."""

    addresses: tuple[str, ...]
    """Where, as URLs (`http://127.0.0.1:5240`, `unix:/path`), with the ports that the kernel chose."""
    login_token: str
    """Good for one login; never to be logged."""
    login_url: str
    """The page's address with the token in its fragment, which browsers do not send; empty if there is no TCP address."""
    moved_aside: Path | None = None
    """Where `rebuild` put the old store."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the program that runs the region decides when to stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    settings: Settings,
    ready: Callable[[Ready], None],
    stop: asyncio.Event,
    bound: Callable[[], object] = lambda: None,
) -> None:
    """Serve until `stop` is set; `ready` is called once when it answers.

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
    listeners = bind(addresses)
    try:
        bound()
        async with _store(settings) as (store, aside):
            await _run(settings, store, aside, listeners, ready, stop)
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


async def _run(
    settings: Settings, store: Store, aside: Path | None, listeners: Listeners,
    ready: Callable[[Ready], None], stop: asyncio.Event,
) -> None:  # fmt: skip
    region = Region(store, await store.load(), settings.name, Secrets(settings.keys))
    try:
        token = await region.access.start(settings.state_dir, wall())
    except NotStored as error:
        raise StoreError(f"{settings.state_dir}: the disk does not take what the region must keep: {error}") from None
    server = _Server(_config(make_app(region)))
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(region.run(), name="region")
        http = tasks.create_task(server.serve(listeners.sockets), name="http")
        await server.answering.wait()
        bound = listeners.addresses
        ready(_ready(bound, token, aside))
        log.info(line("listening", addresses=",".join(str(address) for address in bound)))
        await stop.wait()
        log.info(line("stopping"))
        await region.stop()
        server.should_exit = True
        await http
        work.cancel()


def _ready(bound: list[Address], token: str, aside: Path | None) -> Ready:
    urls = tuple(address.url for address in bound)
    page = next((url for url in urls if url.startswith("http")), "")
    return Ready(
        addresses=urls, login_token=token, login_url=f"{page}/#login={token}" if page else "", moved_aside=aside
    )


def _config(app: Any) -> uvicorn.Config:  # noqa: ANN401 -- uvicorn's own type for it is private
    return uvicorn.Config(
        app, loop="none", http=BoundedHttp, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False, log_level="warning",
        ws_max_size=MAX_WS_MESSAGE, ws_per_message_deflate=False, ws_ping_interval=20.0, ws_ping_timeout=20.0,
        proxy_headers=False, server_header=False, limit_concurrency=MAX_CONNECTIONS, timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE,
    )  # fmt: skip


def _make_state_dir(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; the region keeps its state there") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise RegionError(f"{path}: not writable; the region keeps its state there")
