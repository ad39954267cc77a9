"""What the region shows to the network: its URLs, its certificate (renewed while it runs), and HTTP on its sockets."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from typing_extensions import override

from bellrock.model import Wall
from bellrock.region.addresses import Address, Listeners
from bellrock.region.authority import Authority, ServerCertificate
from bellrock.region.certificates import MAX_NAMES, CertificateError, is_name
from bellrock.region.crowd import Crowd, Listener, room
from bellrock.region.errors import RegionError
from bellrock.region.logs import Limited, line
from bellrock.region.machine import global_addresses
from bellrock.region.memory import slim_tls
from bellrock.region.protocol import BoundedHttp
from bellrock.region.size import USUAL, Size
from bellrock.region.tls import GOODBYE, HANDSHAKE, Door

MAX_URLS: Final = 8
"""URLs that agents are told; beacons carry them."""
LOOK: Final = 10.0
"""Seconds between two looks at this machine's addresses and the certificate's age."""
MAX_WS_MESSAGE: Final = 1 << 20
GRACE: Final = 1
"""Seconds for requests that are under way when the region stops, and again for what is left of them to be told so."""

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the program that runs the region decides when to stop."""

    def __init__(
        self, config: uvicorn.Config, tls: ssl.SSLContext | None = None, most: int = USUAL.connections
    ) -> None:
        super().__init__(config)
        self._most = most
        self.answering = asyncio.Event()
        self._tls = tls

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        # Its own way of listening with TLS has no bound on how long a handshake may take.
        handshake, goodbye = (HANDSHAKE, GOODBYE) if self._tls else (None, None)
        loop = asyncio.get_running_loop()
        for one in self._crowded(sockets or []):
            listening = await loop.create_server(
                self._protocol, sock=one, ssl=self._tls, ssl_handshake_timeout=handshake, ssl_shutdown_timeout=goodbye
            )
            self.servers.append(listening)
        self.answering.set()

    def _crowded(self, sockets: list[socket.socket]) -> list[socket.socket]:
        if self._tls is None:
            return sockets
        may = room(self._most)
        if may < self._most:
            log.warning(
                line(
                    "connections-bounded",
                    may=may,
                    wanted=self._most,
                    hint="raise LimitNOFILE of the unit, or ulimit -n",
                )
            )
        crowd = Crowd(may)
        return [Listener(one, crowd) for one in sockets]

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # Requests that were cancelled say so and are noted while the store is still open.
        if self.server_state.tasks:
            await asyncio.wait([*self.server_state.tasks], timeout=GRACE)

    def _protocol(self) -> asyncio.Protocol:
        return BoundedHttp(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Front:
    """One application on all sockets of a region, with TLS on those that want it."""

    def __init__(
        self,
        listeners: Listeners,
        authority: Authority,
        clock: Callable[[], Wall],
        told: Iterable[str] = (),
        size: Size = USUAL,
    ) -> None:
        """`told`: URLs that agents are given instead of those of the sockets; `size`: of the site, which bounds connections.

        Raises:
            RegionError: no certificate can be made.
        """
        slim_tls()
        self._size = size
        self._listeners = listeners
        self._authority = authority
        self._clock = clock
        self._told = tuple(told)
        self._complaints = Limited(3600.0)
        self._names = self.names()
        self._certificate = self._made()
        self._door = Door(authority.pem, self._certificate)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it listens, as URLs, loopback first."""
        addresses = sorted(self._listeners.addresses, key=lambda address: not address.is_loopback)
        return tuple(address.url for address in addresses)

    def regions(self) -> tuple[str, ...]:
        """The URLs by which agents reach this region with TLS, as of now; of all addresses where it listens on all of them."""
        if self._told:
            return self._told[:MAX_URLS]
        found = dict.fromkeys(url for address in self._listeners.addresses if address.tls for url in _urls(address))
        return tuple(found)[:MAX_URLS]

    def names(self) -> tuple[str, ...]:
        """What the certificate must name."""
        hosts = [urlsplit(url).hostname or "" for url in self._told]
        for address in self._listeners.addresses:
            if address.tls:
                hosts += global_addresses() if address.is_wildcard else [address.host]
        hosts += [socket.gethostname(), "localhost", "127.0.0.1", "::1"]
        return tuple(dict.fromkeys(host for host in hosts if is_name(host)))[:MAX_NAMES]

    async def run(self, app: Any, answering: asyncio.Event, stop: asyncio.Event) -> None:  # noqa: ANN401 -- uvicorn's own type for it is private
        """Serve until `stop`; `answering` is set once all sockets answer."""
        servers = [
            (Server(_config(app, None if context else self._size.local), context, self._size.connections), sockets)
            for context, sockets in (
                (None, self._listeners.speaking(tls=False)),
                (self._door.context, self._listeners.speaking(tls=True)),
            )
            if sockets
        ]
        async with asyncio.TaskGroup() as tasks:
            serving = [tasks.create_task(server.serve(sockets), name="http") for server, sockets in servers]
            for server, _ in servers:
                await server.answering.wait()
            answering.set()
            keeping = tasks.create_task(self._keep(), name="certificate")
            await stop.wait()
            keeping.cancel()
            for server, _ in servers:
                server.should_exit = True
            await asyncio.gather(*serving)

    def look(self) -> bool:
        """Renew the certificate if it is time, or if this machine has got another address; whether that was done.

        Raises:
            RegionError: it is time, and it cannot be done.
        """
        names = self.names()
        if names == self._names and self._clock() < self._certificate.renew:
            return False
        self._names = names
        self._certificate = self._made()
        self._door.show(self._certificate)
        log.info(line("certificate-renewed", names=",".join(names)))
        return True

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            try:
                self.look()
            except RegionError as error:
                if self._complaints.may():
                    log.error(line("certificate-not-renewed", error=str(error)))  # noqa: TRY400 -- the sentence says it all

    def _made(self) -> ServerCertificate:
        try:
            return self._authority.serve_as(self._names, self._clock())
        except CertificateError as error:
            raise RegionError(f"the region's own certificate cannot be made: {error}") from None


def _urls(address: Address) -> list[str]:
    if not address.is_wildcard:
        return [] if "%" in address.host else [address.url]  # a zone means nothing on another machine
    family = ":" in address.host
    return [Address(host, address.port, tls=True).url for host in global_addresses() if (":" in host) is family]


def _config(app: Any, limit: int | None) -> uvicorn.Config:  # noqa: ANN401 -- the same
    return uvicorn.Config(
        app, loop="none", http=BoundedHttp, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False, log_level="warning",
        ws_max_size=MAX_WS_MESSAGE, ws_per_message_deflate=False, ws_ping_interval=None,
        proxy_headers=False, server_header=False, limit_concurrency=limit, timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
