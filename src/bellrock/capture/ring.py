"""Capture files: one, or a ring of them by size or age of which the oldest go.

A file has its name from the moment that its first blocks are written, so that whatever has the name can be read. Whatever ends a
capture, what is in a file are whole blocks.
"""

import contextlib
import os
from collections import deque
from collections.abc import Callable
from errno import EEXIST, EISDIR
from pathlib import Path
from stat import S_ISREG
from typing import Final

from msgspec import Struct

from bellrock.capture.pcapng import whole_blocks

BUFFER: Final = 1 << 18
"""Octets gathered before they are written."""
_SPARE: Final = 256
STDOUT: Final = "-"
MAX_FILES: Final = 9999
"""As many numbers as the names have room for."""


class FileError(OSError):
    """A capture file that cannot be written: one line."""


class Turns(Struct, frozen=True, kw_only=True):
    """When a new file begins, and how many are kept."""

    size: int | None = None
    """Octets of a file at most."""
    seconds: float | None = None
    files: int = 8

    @property
    def any(self) -> bool:
        """Whether there is more than one file at all."""
        return bool(self.size or self.seconds)


class Files:
    """The files of a capture; `-` is standard output.

    Args:
        path: of the only file, or what the names of a ring are made from: `boot.pcapng` → `boot-0001.pcapng`.
        turns: when a new file begins.
        head: gives the blocks with which each file begins.
        tail: gives those with which it ends.
        now: seconds on any clock that does not go back.
        force: whether files that are there already may be replaced.
        whole: whether the file has its name only once it is closed. Until then nothing is replaced, and what is abandoned is removed.

    Raises:
        FileError: the file is there already, or cannot be made.
    """

    def __init__(
        self,
        path: str,
        turns: Turns,
        head: Callable[[], bytes],
        tail: Callable[[], bytes],
        now: float,
        *,
        force: bool = False,
        whole: bool = False,
    ) -> None:
        self._path, self._turns, self._head, self._tail, self._force = path, turns, head, tail, force
        self._whole = whole
        self._unnamed: Path | None = None
        self._number = self._reserved = 0
        self._descriptor = -1
        self._buffer = bytearray()
        self._written = self._fill = 0
        self._since = now
        self._empty = True
        self.kept: deque[str] = deque()
        """Names of the files that are there, the oldest first."""
        if path != STDOUT and not Path(path).name:
            raise _no_name(path)
        if path != STDOUT and turns.any and not force:
            self._refuse_others()
        self._begin(now)

    def write(self, block: bytes, now: float) -> None:
        """Add a packet's block; perhaps to a new file.

        Raises:
            FileError: the disk is full, or the like; the file ends with the last block that fitted.
        """
        limit = self._turns.size
        if limit and not self._empty and self._fill + len(block) + self._reserved > limit:
            self._turn(now)
        self._add(block)
        self._empty = False

    def announce(self, block: bytes) -> None:
        """Add a block that the packets after it need, as that of an interface.

        Raises:
            FileError: as for `write`.
        """
        self._add(block)
        self._reserve()

    def _reserve(self) -> None:
        # Counters that say why some are missing are longer.
        self._reserved = len(self._tail()) + _SPARE

    def _add(self, block: bytes) -> None:
        self._buffer += block
        self._fill += len(block)
        if len(self._buffer) >= BUFFER:
            self.flush()

    def tick(self, now: float) -> None:
        """To be called now and then: begins a new file where the time has come. A file without packets stays.

        Raises:
            FileError: as for `write`.
        """
        if self._turns.seconds and now - self._since >= self._turns.seconds and not self._empty:
            self._turn(now)

    def flush(self) -> None:
        """Hand what was gathered to the kernel.

        Raises:
            FileError: as for `write`.
        """
        taken = 0
        octets = bytes(self._buffer)
        self._buffer.clear()
        try:
            while taken < len(octets):
                taken += os.write(self._descriptor, memoryview(octets)[taken:])
        except BrokenPipeError:
            raise
        except OSError as error:
            self._cut(octets, taken)
            raise FileError(error.errno, f"{self.name}: {error.strerror}; the capture ends here") from None
        self._written += taken

    def close(self) -> None:
        """End the file; twice is once.

        Raises:
            FileError: there was no room for what was gathered.
        """
        if self._descriptor < 0:
            return
        try:
            self._add(self._tail())
            self.flush()
            if self._unnamed:
                self._name(self._unnamed, self.name)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Write nothing further; a file that has no name yet is removed."""
        if self._descriptor > 1:
            os.close(self._descriptor)
        self._descriptor = -1
        if self._unnamed:
            self._unnamed.unlink(missing_ok=True)
            self._unnamed = None

    @property
    def name(self) -> str:
        """Of the file that is being written."""
        return "standard output" if self._path == STDOUT else self.kept[-1] if self.kept else self._path

    @property
    def octets(self) -> int:
        """Of the file that is being written, so far."""
        return self._fill

    def _turn(self, now: float) -> None:
        self.close()
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._number += 1
        self._written = self._fill = 0
        self._reserve()
        self._since, self._empty = now, True
        if self._path == STDOUT:
            self._descriptor = 1
            self._add(self._head())
            return
        name = self._named(self._number) if self._turns.any else self._path
        while len(self.kept) >= self._turns.files:
            # Somebody may have moved it away: then there is nothing to do.
            with contextlib.suppress(FileNotFoundError):
                Path(self.kept.popleft()).unlink()
        self._make(name)

    def _make(self, name: str) -> None:
        """Write the first blocks under a name of their own, then give them theirs in one step."""
        _check_place(name)
        if self._whole and not self._force and os.path.lexists(name):
            raise _not_made(name, FileExistsError(EEXIST, ""))
        temporary = Path(name).with_name(f".{Path(name).name}.{os.getpid()}")
        try:
            # 0600: captures hold what others said in confidence.
            self._descriptor = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
        except OSError as error:
            raise FileError(error.errno, f"{name} cannot be made: {error.strerror}") from None
        try:
            self._unnamed = temporary
            self._add(self._head())
            self.flush()
            if not self._whole:
                self._name(temporary, name)
                self._unnamed = None
        except OSError as error:
            self.abandon()
            raise _not_made(name, error) from None
        self.kept.append(name)

    def _name(self, temporary: Path, name: str) -> None:
        try:
            if self._force:
                temporary.replace(name)
            else:
                _name_it(temporary, name)
        except OSError as error:
            raise _not_made(name, error) from None
        temporary.unlink(missing_ok=True)

    def _named(self, number: int) -> str:
        path = Path(self._path)
        number = (number - 1) % MAX_FILES + 1
        return str(path.with_name(f"{path.stem}-{number:04}{path.suffix or '.pcapng'}"))

    def _refuse_others(self) -> None:
        path = Path(self._path)
        for other in sorted(
            path.parent.glob(f"{_literal(path.stem)}-[0-9][0-9][0-9][0-9]{_literal(path.suffix or '.pcapng')}")
        ):
            raise FileError(EEXIST, f"{other} is there already, of an earlier capture; choose another name, or --force")

    def _cut(self, octets: bytes, taken: int) -> None:
        """Leave whole blocks only; a pipe cannot be cut."""
        with contextlib.suppress(OSError):
            end = self._written + whole_blocks(octets, taken)
            os.ftruncate(self._descriptor, end)
            os.lseek(self._descriptor, end, os.SEEK_SET)
            self._written = self._fill = end


def _name_it(temporary: Path, name: str) -> None:
    """Give a file a name that nobody has.

    Raises:
        OSError: somebody has it, or it cannot be given.
    """
    try:
        os.link(temporary, name)
    except FileExistsError:
        raise
    except OSError:
        # FAT, exFAT and some network mounts have no hard links: the name is taken empty, so that nobody else's is replaced.
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        try:
            temporary.replace(name)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _not_made(name: str, error: OSError) -> FileError:
    if isinstance(error, FileError):
        return error
    if isinstance(error, FileExistsError):
        return FileError(error.errno, f"{name} is there already; choose another name, or --force")
    return FileError(error.errno, f"{name} cannot be made: {error.strerror}")


def _check_place(name: str) -> None:
    """Nothing but a file may be replaced, whoever asks: a capture has no business in the place of a device or a link."""
    if Path(name).is_dir():
        raise _no_name(name)
    if os.path.lexists(name) and not S_ISREG(os.lstat(name).st_mode):
        raise FileError(EEXIST, f"{name} is no regular file and is not replaced; `-o -` writes to standard output")


def _no_name(name: str) -> FileError:
    return FileError(
        EISDIR, f"{name or 'nothing'} is no name of a file; give one, as {Path(name or '.') / 'boot.pcapng'}"
    )


def _literal(text: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
