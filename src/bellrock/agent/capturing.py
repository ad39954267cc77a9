"""Captures that the region orders: into a file of this agent's own, bounded, and fetched from there piece by piece."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Final

from msgspec import Struct

from bellrock.capture.interfaces import indexes
from bellrock.capture.live import Capture, Description, Limits
from bellrock.capture.program import keep
from bellrock.capture.redact import Blanker, headers_only
from bellrock.capture.ring import FileError, Files, Turns
from bellrock.contract import AgentMessage, Order
from bellrock.contract.capturing import PIECE, Captured, Capturing, EndCapture, ReadCapture, RunCapture
from bellrock.link import clock
from bellrock.link.device import LinkError
from bellrock.link.filter import Instruction
from bellrock.link.spare import NoneLeftError, Spares

AT_ONCE: Final = 2
"""Captures that go on at one time."""
KEPT: Final = 600.0
"""Seconds for which a file waits to be fetched; each piece that is fetched begins them anew."""
MAX_FILES: Final = 4
SNAPLEN: Final = 262144
_FOLDER: Final = "captures"
_ENDING: Final = ".pcapng"

log = logging.getLogger(__name__)

Tell = Callable[[AgentMessage], Awaitable[bool]]


class _Kept(Struct):
    """A capture: `stop` is written to end it; None once it has ended."""

    path: Path
    stop: int | None
    end: asyncio.TimerHandle | None = None
    """What removes its file."""
    unwanted: bool = False
    """Its file is not needed once it has ended."""


class Capturer:
    """Captures for the region. Payloads are never written with secrets that are known to be in them."""

    def __init__(self, tell: Tell, directory: Path, spares: Spares | None) -> None:
        """`directory`: the agent's state; files that an earlier run left there are removed. `spares`: None without the right to raw frames."""
        self._tell = tell
        self._spares = spares
        self._folder = directory / _FOLDER
        self._kept: dict[str, _Kept] = {}
        self._numbers = count(1)
        """Names of files: what the region calls a capture is a word of somebody else's, and no path."""
        for left in self._folder.glob(f"*{_ENDING}"):
            left.unlink(missing_ok=True)

    async def run(self, order: Order) -> str:
        """Carry out an order of RunCapture; why it cannot be, or nothing."""
        assert isinstance(order.do, RunCapture)  # noqa: S101 -- Orders finds handlers by type
        if self._spares is None:
            return "this agent has no right to hear raw frames (CAP_NET_RAW)"
        if order.id in self._kept:
            return "a capture of this name is kept here already"
        if len(self._kept) >= MAX_FILES:
            return f"{len(self._kept)} captures wait here to be fetched; at most {MAX_FILES} are kept"
        log.info(
            "order=%s: capturing on %s for %g s", order.id, order.do.interface or "all interfaces", order.do.seconds
        )
        try:
            with self._spares.lent() as sock:
                return await self._captured(order.id, order.do, sock)
        except NoneLeftError:
            return f"{AT_ONCE} captures go on here already"
        except (LinkError, FileError) as error:
            return str(error.strerror or error)

    async def end(self, order: Order) -> str:
        """Carry out an order of EndCapture."""
        assert isinstance(order.do, EndCapture)  # noqa: S101 -- Orders finds handlers by type
        kept = self._kept.get(order.do.capture)
        if kept is None:
            return ""
        if kept.stop is not None:
            kept.unwanted = kept.unwanted or order.do.forget
            os.write(kept.stop, b".")
        elif order.do.forget:
            self._forget(order.do.capture)
        return ""

    async def read(self, order: Order) -> str:
        """Carry out an order of ReadCapture."""
        assert isinstance(order.do, ReadCapture)  # noqa: S101 -- Orders finds handlers by type
        kept = self._kept.get(order.do.capture)
        if kept is None:
            return "there is no such capture here, or no longer"
        if kept.stop is not None:
            return "this capture goes on"
        self._keep(order.do.capture, kept)
        try:
            piece, size = await asyncio.to_thread(_piece, kept.path, order.do.at)
        except OSError as error:
            return f"{kept.path.name}: {error.strerror}"
        await self._tell(Captured(order.id, order.do.at, piece, size))
        return ""

    async def _captured(self, identity: str, do: RunCapture, sock: socket.socket) -> str:
        """Capture with a socket. What it needs is opened here, so that a refusal is told before it begins."""
        blanker = None if do.headers_only else Blanker()
        capture = Capture(
            indexes((do.interface,)) if do.interface else (), _program(do), _description(do), headers_only if blanker is None else blanker,
            sock=sock,
        )  # fmt: skip
        with contextlib.closing(capture), contextlib.ExitStack() as undo:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / f"{next(self._numbers)}{_ENDING}"
            files = Files(str(path), Turns(), capture.head, capture.tail, clock.monotonic())
            reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            undo.callback(os.close, reading)
            undo.callback(os.close, writing)
            kept = self._kept[identity] = _Kept(path, writing)
            try:
                ended = await self._to_its_end(identity, do, capture, files, kept, reading)
            except BaseException:
                self._forget(identity)
                raise
            kept.stop = None
            self._keep(identity, kept)
            if kept.unwanted:
                self._forget(identity)
            await self._tell(_figures(identity, capture, files, ended))
        return ""

    async def _to_its_end(
        self, identity: str, do: RunCapture, capture: Capture, files: Files, kept: _Kept, reading: int
    ) -> str:
        """Write until it ends; why it did. A capture that nobody waits for any more ends, too."""
        loop = asyncio.get_running_loop()
        news: asyncio.Queue[Capturing] = asyncio.Queue(maxsize=1)

        def tell() -> None:
            loop.call_soon_threadsafe(_newest, news, _figures(identity, capture, files, ""))

        limits = Limits(seconds=do.seconds, octets=do.octets)
        work = loop.run_in_executor(None, capture.run, files, limits, reading, tell)
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._pass_on(news))
                ended = await asyncio.shield(work)
                telling.cancel()
        finally:
            if kept.stop is not None and not work.done():
                os.write(kept.stop, b".")
                await asyncio.wait((work,))
            await asyncio.to_thread(files.close)
        return ended

    async def _pass_on(self, news: asyncio.Queue[Capturing]) -> None:
        while True:
            await self._tell(await news.get())

    def connected(self, connected: bool) -> None:
        """The region listens, or does so no longer: then nobody fetches what has ended. What goes on is cancelled as an order."""
        if not connected:
            for identity in [name for name, kept in self._kept.items() if kept.stop is None]:
                self._forget(identity)

    def _keep(self, identity: str, kept: _Kept) -> None:
        """From now on for KEPT."""
        if kept.end is not None:
            kept.end.cancel()
        kept.end = asyncio.get_running_loop().call_later(KEPT, self._forget, identity)

    def _forget(self, identity: str) -> None:
        kept = self._kept.pop(identity)
        if kept.end is not None:
            kept.end.cancel()
        with contextlib.suppress(OSError):
            kept.path.unlink()


def _newest(news: asyncio.Queue[Capturing], figures: Capturing) -> None:
    """Who is slow to take them gets the newest alone."""
    if news.full():
        news.get_nowait()
    news.put_nowait(figures)


def _program(do: RunCapture) -> tuple[Instruction, ...]:
    return tuple(Instruction(*one) for one in do.program) or keep(SNAPLEN)


def _description(do: RunCapture) -> Description:
    said = "headers only: payloads were left out" if do.headers_only else "secrets in payloads were blanked"
    return Description(
        application=f"bellrock {version('bellrock')}", expression=do.expression, comments=(f"{said} while capturing",), snaplen=SNAPLEN
    )  # fmt: skip


def _figures(identity: str, capture: Capture, files: Files, ended: str) -> Capturing:
    totals = capture.totals()
    return Capturing(order=identity, packets=totals.packets, dropped=totals.dropped, octets=files.octets, ended=ended)


def _piece(path: Path, at: int) -> tuple[bytes, int]:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(PIECE), os.fstat(file.fileno()).st_size
