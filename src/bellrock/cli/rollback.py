"""What was there before rules were loaded: on disk, under one lock for each table, and how it comes back.

The lock is held by whoever loads, the nft that it runs included: once it can be had, nothing that was begun can still be
committed.
"""

import fcntl
import os
import re
import select
import shlex
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from bellrock.cli import nft_table
from bellrock.cli.output import EXIT_UNREADABLE, EXIT_USAGE, Failure

_OURS: Final = re.compile(r"bellrock[A-Za-z0-9_]{0,23}")
"""Names of tables that we may replace: no other is ours, and no other becomes part of a path."""
_TRIES: Final = 50
"""To have the lock of a keeper that was killed."""
_PAUSE: Final = 0.1
"""Seconds between them."""
_PATIENCE: Final = 20.0
"""Seconds that nft may take to put back."""


def require_ours(table: str) -> str:
    """The name itself. Raises Failure (exit 2) for a table that is not ours to replace."""
    if _OURS.fullmatch(table):
        return table
    raise Failure(
        f"--table {table}: apply replaces the whole table, so its name has to begin with bellrock, "
        "with at most 23 letters, digits or underscores after it",
        EXIT_USAGE,
    )


class Rollback:
    """The files of one table in this network namespace."""

    def __init__(self, directory: Path, table: str) -> None:
        """Touches nothing yet. Raises Failure (exit 2): not a table of ours."""
        self.directory = directory
        self.table = require_ours(table)
        self._name = f"{table}-{os.stat('/proc/thread-self/ns/net').st_ino}"
        self.before = directory / f"{self._name}.before.nft"
        """A file for nft that makes the table what it was."""
        self.socket = directory / f"{self._name}.sock"
        """Where a keeper waits for a confirmation."""

    def lock(self) -> int:
        """The lock's descriptor; whoever gets a copy holds it too.

        Raises:
            BlockingIOError: somebody else has it.
            OSError: the directory is not ours to use.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.chmod(0o700)  # whoever may write here may confirm, and say what is put back
        descriptor = os.open(self.directory / f"{self._name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, restore: str) -> None:
        """To disk before anything depends on it. Raises OSError; Failure where an earlier one was never put back."""
        try:
            _write(self.before, restore, os.O_EXCL)
        except FileExistsError:
            raise Failure(
                f"an earlier apply was killed before it could put back what {self.before} holds; "
                f"load that with: {self._command(self.before)}; then, or if you do not want it, remove the file",
                EXIT_UNREADABLE,
            ) from None

    def listen(self) -> socket.socket:
        """A door for confirmations. Raises OSError."""
        listener = socket.socket(socket.AF_UNIX)
        try:
            self.socket.unlink(missing_ok=True)
            with Short(self.directory) as short:
                listener.bind(f"{short}/{self.socket.name}")
            listener.listen(4)
        except BaseException:
            listener.close()
            raise
        return listener

    def forget(self) -> None:
        """Nothing is left to put back."""
        for path in (self.socket, self.before):
            with suppress(OSError):
                path.unlink()

    def put_back_for(self, restore: str) -> str:
        """Put back in place of a keeper that was killed, once what it began has ended; why not, or nothing."""
        lock = self._lock_in_time()
        try:
            trouble = put_back(self.table, restore, _PATIENCE, lock)
        finally:
            for descriptor in lock:
                os.close(descriptor)
        if trouble:
            return self.rescue(restore, trouble)
        self.forget()
        return ""

    def _lock_in_time(self) -> tuple[int, ...]:
        """The lock, or nothing where it cannot be had: the rules matter more then."""
        for _ in range(_TRIES):
            try:
                return (self.lock(),)
            except BlockingIOError:
                select.select([], [], [], _PAUSE)
            except OSError:
                break
        return ()

    def rescue(self, restore: str, trouble: str) -> str:
        """What a person has to know and do: where the old rules are, surely, and the command that loads them."""
        kept = self._kept(restore)
        if kept is None:
            return f"{trouble}; and what was there could be written nowhere. See: nft list table inet {self.table}"
        return f"{trouble}. What was there is in {kept}; load it with: {self._command(kept)}"

    def _kept(self, restore: str) -> Path | None:
        """The file that holds it, written once more should it have vanished."""
        with suppress(OSError):
            if self.before.read_text() == restore:
                return self.before
        with suppress(OSError):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self.before, restore, os.O_TRUNC)
            return self.before
        with suppress(OSError):
            descriptor, name = tempfile.mkstemp(prefix=f"{self._name}.", suffix=".before.nft")
            with os.fdopen(descriptor, "w") as file:
                file.write(restore)
            return Path(name)
        return None

    @staticmethod
    def _command(path: Path) -> str:
        return shlex.join(["nft", "-f", str(path)])


class Short:
    """A short name for a directory: a socket's path has 107 octets at most (unix(7))."""

    def __init__(self, path: Path) -> None:
        """Raises OSError: no such directory, or not ours."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> str:
        return f"/proc/self/fd/{self._descriptor}"

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def put_back(table: str, restore: str, patience: float, hold: tuple[int, ...] = ()) -> str:
    """One try to make the table what it was: why that failed, or nothing.

    An nft that fails after it has committed has put back all the same, and one that failed before may have had nothing to do.
    """
    trouble = nft_table.load(restore, patience=patience, hold=hold)
    return "" if trouble and nft_table.is_as(table, restore) else trouble


def _write(path: Path, text: str, how: int) -> None:
    """For the owner's eyes only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
