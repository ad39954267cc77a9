"""The keeper: loads rules, and puts back what was there unless somebody who can still get in says that they may stay.

A process of its own, in a session of its own, without a terminal: neither the end of the shell nor of an SSH session
reaches it. It is armed before anything is loaded, it alone loads and decides, and what it has to put back is on disk.
"""

import os
import select
import signal
import socket
import syslog
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.cli import nft_table
from bellrock.cli.output import Failure
from bellrock.cli.rollback import Rollback, Short, put_back

_GO_WITHIN: Final = 60.0
"""Seconds in which whoever armed the keeper has to say go."""
_TRIES: Final = 5
_PAUSE: Final = 1.0
"""Seconds between tries to put back, should the kernel be short of memory; each is twice the one before."""
_LOADING: Final = (5.0, 60.0)
"""Seconds that nft may take to load, at least and at most; between them, as long as the rules may stay unconfirmed."""
_PUTTING_BACK: Final = 20.0
_WORD: Final = 64
"""Octets of a command, at most."""


class Order(Struct, frozen=True, kw_only=True):
    """What to load, what to put back, and when."""

    table: str
    new: str
    """A file for nft, whole."""
    shown: str | None
    """The live table without counters, as the changes were shown against it; None where there was none."""
    within: float
    """Seconds, from loading."""
    directory: Path
    """Where state is kept, from the root; made if need be."""


class Event(Struct, frozen=True, omit_defaults=True):
    """What a keeper says: armed, busy, failed, loaded, undone, kept, restored, stuck.

    `failed`: before anything was loaded. `undone`: loading failed, and what was there before is in force.
    """

    event: str
    why: str = ""


def arm(order: Order) -> socket.socket:
    """Start a keeper; the end of a line to it, on which it first says `armed` or why not.

    Raises:
        OSError: no process could be made.
    """
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        _become(order, theirs)
    theirs.close()
    os.waitpid(child, 0)
    return ours


def call(directory: Path, table: str) -> socket.socket | None:
    """A line to the keeper that waits for a confirmation; None where none waits.

    Raises:
        OSError: its socket is not ours to use.
        Failure: the table is not ours.
    """
    door = Rollback(directory, table).socket
    line = socket.socket(socket.AF_UNIX)
    try:
        with Short(directory) as short:
            line.connect(f"{short}/{door.name}")
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        line.close()
        return None
    except BaseException:
        line.close()
        raise
    return line


def say(line: socket.socket, word: str) -> None:
    """Send a command: `go`, `keep`, `restore`."""
    with suppress(OSError):
        line.sendall(word.encode() + b"\n")


def hear(line: socket.socket) -> Event | None:
    """The next event; None where the keeper is gone."""
    raw = b""
    while not raw.endswith(b"\n"):
        try:
            octet = line.recv(1)
        except ConnectionError:
            return None
        if not octet:
            return None
        raw += octet
    return msgspec.json.decode(raw, type=Event)


def _become(order: Order, line: socket.socket) -> None:
    """Leave session, terminal and parent behind, and keep. Never returns."""
    try:
        os.setsid()
        if os.fork() == 0:
            _detach(line.fileno())
            Keeper(order, line, _ended()).run()
    finally:
        os._exit(0)


def _detach(kept: int) -> None:
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTSTP):
        signal.signal(ignored, signal.SIG_IGN)
    os.chdir("/")
    os.umask(0o077)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    # Nobody may wait for the end of a pipe that we happen to hold.
    os.closerange(3, kept)
    os.closerange(kept + 1, min(1 << 16, os.sysconf("SC_OPEN_MAX")))


def _ended() -> socket.socket:
    """Readable once we are told to end.

    SIGTERM comes from whoever clears a session away: put back at once rather than be killed before we could.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    return reader


class Keeper:
    """One keeper's work. Everything it does to the kernel is one transaction each."""

    def __init__(self, order: Order, line: socket.socket, ended: socket.socket) -> None:
        self._order = order
        self._line: socket.socket | None = line
        self._ended = ended
        self._files = Rollback(order.directory, order.table)
        self._lock = -1
        self._settled = False

    def run(self) -> None:
        """From arming to the end."""
        try:
            self._run()
        finally:
            if self._lock >= 0:
                os.close(self._lock)

    def _run(self) -> None:
        try:
            self._prepare()
        except BlockingIOError:
            return self._tell(Event("busy"))
        except OSError as error:
            return self._tell(Event("failed", f"{error.filename or self._order.directory}: {error.strerror}"))
        except Failure as error:
            return self._tell(Event("failed", error.message))
        with self._listener:
            self._tell(Event("armed"))
            if not self._told_to_go():
                return self._forget()
            try:
                if self._loaded():
                    self._wait()
            finally:
                if not self._settled:
                    self._put_back("the keeper failed")
        return None

    def _prepare(self) -> None:
        """Take the table for ourselves, write down what to put back, open a door for confirmations."""
        self._lock = self._files.lock()  # held to the end
        before = self._as_shown()
        self._restore = nft_table.restoring(self._order.table, before)
        nft_table.check(self._restore, f"table {self._order.table} as it is now, which would have to be put back,")
        self._files.write(self._restore)
        try:
            self._listener = self._files.listen()
        except BaseException:
            self._files.forget()
            raise

    def _as_shown(self) -> str | None:
        """The live table, listed when nobody else can be loading it: what another apply has not had confirmed is never put back."""
        table = self._order.table
        before = nft_table.listing(table)
        if nft_table.listing(table, counters=False) != self._order.shown:
            raise Failure(f"table {table} has changed since the changes were shown; see them again: run apply again")
        return before

    def _told_to_go(self) -> bool:
        assert self._line is not None  # noqa: S101 -- for the type checker
        ready, _, _ = select.select([self._line, self._ended], [], [], _GO_WITHIN)
        return ready == [self._line] and _word(self._line) == "go"

    def _loaded(self) -> bool:
        """Whether the rules are in force. A complaint proves nothing: whatever became of it is undone."""
        at_least, at_most = _LOADING
        patience = min(max(self._order.within, at_least), at_most)
        why = nft_table.load(self._order.new, patience=patience, hold=(self._lock,))
        if why:
            self._put_back(why, outcome="undone")
            return False
        self._tell(Event("loaded"))
        return True

    def _wait(self) -> None:
        """Until somebody decides, or time is up."""
        deadline = time.monotonic() + self._order.within
        while (left := deadline - time.monotonic()) > 0:
            watched = [s for s in (self._line, self._listener, self._ended) if s is not None]
            ready, _, _ = select.select(watched, [], [], left)
            if self._ended in ready:
                return self._put_back("the keeper was told to end")
            for one in ready:
                if self._decided(one):
                    return None
        return self._put_back(f"not confirmed within {self._order.within:g} s")

    def _decided(self, ready: socket.socket) -> bool:
        """Whether what came is a decision; acts on it."""
        if ready is not self._listener:
            word = _word(ready)
            if not word:
                ready.close()
                self._line = None
            return self._act(word, ready)
        client, _ = self._listener.accept()
        with client:
            client.settimeout(_PAUSE)
            return self._act(_word(client), client)

    def _act(self, word: str, asker: socket.socket) -> bool:
        if word == "keep":
            self._forget()
            self._tell(Event("kept"), asker)
        elif word == "restore":
            self._put_back("asked to", asker)
        return word in ("keep", "restore")

    def _put_back(self, why: str, asker: socket.socket | None = None, *, outcome: str = "restored") -> None:
        trouble = ""
        for turn in range(_TRIES):
            trouble = put_back(self._order.table, self._restore, _PUTTING_BACK, (self._lock,))
            if not trouble:
                self._forget()
                return self._tell(Event(outcome, why), asker)
            select.select([], [], [], _PAUSE * 2**turn)
        self._settled = True
        words = self._files.rescue(self._restore, trouble)
        _log(f"table {self._order.table} could not be put back: {words}")
        return self._tell(Event("stuck", words), asker)

    def _forget(self) -> None:
        """Nothing is left to put back."""
        self._settled = True
        self._files.forget()

    def _tell(self, event: Event, asker: socket.socket | None = None) -> None:
        raw = msgspec.json.encode(event) + b"\n"
        for one in {self._line, asker} - {None}:
            with suppress(OSError):
                one.sendall(raw)  # type: ignore[union-attr]  # None was taken out


def _word(line: socket.socket) -> str:
    """The last of the words that have come; empty where the line has ended."""
    try:
        words = line.recv(_WORD).decode(errors="replace").split()
    except OSError:
        return ""
    return words[-1] if words else ""


def _log(line: str) -> None:
    """Where it is seen when whoever ran apply is gone."""
    syslog.openlog("bellrock", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_CRIT, line)
