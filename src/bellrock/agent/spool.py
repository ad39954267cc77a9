"""Reports on disk until the region has them: an SQLite file that survives kill -9 at any moment."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from bellrock.contract import Report

MAX_REPORTS: Final = 10_000
"""Unacknowledged reports kept on disk; while there are as many, changes wait in memory."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS report (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO mark VALUES ('last', 0);
"""


class SpoolError(Exception):
    """The spool cannot be used: which file, why, and what to do."""


class Spool:
    """Numbered reports that wait for their acknowledgement. Numbers grow by one, over restarts too."""

    def __init__(self, path: Path) -> None:
        """Open or make the spool.

        Raises:
            SpoolError: the file cannot be written or is not a spool.
        """
        self._path = path
        self._lock = _lock(path.with_name(path.name + ".lock"))
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise SpoolError(f"spool {path}: {error}; is its directory there and writable?") from None
        try:
            # WAL with NORMAL loses nothing when a process is killed; a power cut may lose the last reports,
            # which the next boot's full account makes good.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
            self.last = int(self._db.execute("SELECT value FROM mark WHERE name = 'last'").fetchone()[0])
            self.waiting = int(self._db.execute("SELECT count(*) FROM report").fetchone()[0])
        except sqlite3.Error as error:
            self.close()
            raise SpoolError(f"spool {path}: {error}; move the file away to start with an empty one") from None
        self._decoder = msgspec.json.Decoder(Report)
        self._encoder = msgspec.json.Encoder()

    def append(self, report: Report) -> None:
        """Keep a report, whose number must be the next one.

        Raises:
            SpoolError: the disk is full or failing; the spool is as before.
        """
        if report.seq != self.last + 1:
            raise ValueError(f"report {report.seq} after {self.last}")
        with self._transaction():
            self._db.execute("INSERT INTO report VALUES (?, ?)", (report.seq, self._encoder.encode(report)))
            self._db.execute("UPDATE mark SET value = ? WHERE name = 'last'", (report.seq,))
        self.last = report.seq
        self.waiting += 1

    def after(self, seq: int, limit: int = 100) -> list[Report]:
        """Up to `limit` waiting reports numbered above `seq`, in order."""
        rows = self._db.execute("SELECT body FROM report WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
        return [self._decoder.decode(body) for (body,) in rows]

    def acknowledge(self, seq: int) -> None:
        """Forget reports up to and with `seq`; a number above `last` means that this spool is younger than the region's memory.

        Raises:
            SpoolError: the disk is full or failing; the reports stay, and are acknowledged again later.
        """
        with self._transaction():
            self._db.execute("DELETE FROM report WHERE seq <= ?", (seq,))
            if seq > self.last:
                self._db.execute("UPDATE mark SET value = ? WHERE name = 'last'", (seq,))
        self.last = max(self.last, seq)
        self.waiting = int(self._db.execute("SELECT count(*) FROM report").fetchone()[0])

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._db.close()
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise SpoolError(
                f"spool {self._path}: {error}; free space or mend the disk, reports wait in memory"
            ) from None


def _lock(path: Path) -> int:
    """Hold a lock file, as two agents with one identity and one spool would each undo what the other does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SpoolError(f"spool {path}: {error.strerror}; is its directory there and writable?") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise SpoolError(
            f"another agent runs with the state directory {path.parent}; stop it, or give this one another with --state-dir"
        ) from None
    return descriptor
