"""Ctrl-C and SIGTERM: a wish to stop, however often and whenever it comes."""

import asyncio
import signal
from typing import Final

TERMINAL_GONE: Final = (signal.SIGHUP, signal.SIGQUIT)
"""For what ends with its terminal: a connection that drops, and Ctrl-\\."""


class Stopping:
    """Holds from before the event loop runs until the process is gone: no second Ctrl-C finds nobody to take it.

    The loop's own handlers would leave at its end, with a traceback for a Ctrl-C in what follows.
    """

    def __init__(self, also: tuple[signal.Signals, ...] = ()) -> None:
        """`also`: further signals; one that whoever started us ignores (nohup) stays ignored."""
        self._asked = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        heeded = [number for number in also if signal.getsignal(number) is not signal.SIG_IGN]
        for number in (signal.SIGINT, signal.SIGTERM, *heeded):
            signal.signal(number, self._ask)

    def event(self) -> asyncio.Event:
        """Set once somebody asks, or has asked already. To be called in the running loop."""
        self._loop = asyncio.get_running_loop()
        if self._asked:
            self._event.set()
        return self._event

    def _ask(self, *_: object) -> None:
        self._asked = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)
