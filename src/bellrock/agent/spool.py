"""Reports on disk until the region has them: an SQLite file that survives kill -9 at any moment.

A file that is damaged is set aside under another name, never deleted, and a new one is begun: the agent goes on, and
the region is told everything anew (`Spool.unsure`).
"""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from bellrock.contract import Report
from bellrock.model import Wall
from bellrock.wire.logline import sentence

MAX_REPORTS: Final = 10_000
"""Unacknowledged reports kept on disk; while there are as many, changes wait in memory."""
MAX_SEQ: Final = 2**62
"""No agent comes to this number; whoever names a higher one is mistaken."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS report (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO mark VALUES ('last', 0), ('agreed', 0);
"""
_LAST: Final = "SELECT value FROM mark WHERE name = 'last'"
_HIGHEST: Final = "SELECT coalesce(max(seq), 0) FROM report"
_DAMAGE: Final = frozenset(
    (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT)
)
"""What SQLite says of a file that no waiting mends: torn pages, no database, no such table, rows that cannot be."""

log = logging.getLogger(__name__)


class SpoolError(Exception):
    """The spool cannot be used: which file, why, and what to do."""


class SpoolDamagedError(SpoolError):
    """The spool was damaged; a new one is in its place, and what waited in the old one is not in it."""


class Spool:
    """Numbered reports that wait for their acknowledgement. Numbers grow by one, over restarts too."""

    def __init__(self, path: Path) -> None:
        """Open or make the spool; a damaged one is set aside.

        Raises:
            SpoolError: the file cannot be written, or another agent uses it.
        """
        self._path = path
        self._decoder = msgspec.json.Decoder(Report)
        self._encoder = msgspec.json.Encoder()
        self._db: sqlite3.Connection | None = None
        self._closed = False
        self.last = 0
        self.waiting = 0
        self.unsure = True
        """Whether the region may know more than this file, or other things: until `acknowledge`."""
        self.generation = 0
        """How many files were set aside since the start: what was under way from an earlier one is void."""
        self._lock = _lock(path.with_name(path.name + ".lock"))
        try:
            with self._guarded("is it a file that this user may write?"):
                pass
        except SpoolDamagedError:
            pass  # told in the log; whoever opens a spool gives a full account anyway
        except SpoolError:
            self.close()
            raise

    def append(self, report: Report) -> None:
        """Keep a report, whose number must be the next one.

        Raises:
            SpoolError: the disk is full or failing; the spool is as before.
            SpoolDamagedError: as the class says; numbers go on.
        """
        if report.seq != self.last + 1:
            raise ValueError(f"report {report.seq} after {self.last}")
        body = self._encoder.encode(report)
        with self._transaction() as db:
            db.execute("INSERT INTO report VALUES (?, ?)", (report.seq, body))
            db.execute("UPDATE mark SET value = ? WHERE name = 'last'", (report.seq,))
        self.last = report.seq
        self.waiting += 1

    def after(self, seq: int, limit: int = 100) -> list[Report]:
        """Up to `limit` waiting reports numbered above `seq`, in order.

        Raises:
            SpoolError: the disk is failing.
            SpoolDamagedError: one of them cannot be read, or as the class says; numbers go on.
        """
        # Whatever type a damaged row has: octets are what the decoder judges.
        query = "SELECT seq, CAST(body AS BLOB) FROM report WHERE seq > ? ORDER BY seq LIMIT ?"
        with self._guarded() as db:
            return [self._decode(number, body) for number, body in db.execute(query, (seq, limit))]

    def acknowledge(self, seq: int) -> None:
        """Forget reports up to and with `seq`, and go on behind it even if this file's last number is lower.

        Since the region said it of this file, the two continue each other: the spool is no longer `unsure`.

        Raises:
            SpoolError: the disk is full or failing; the reports stay, and are acknowledged again later.
            SpoolDamagedError: as the class says; numbers go on.
        """
        if not 0 <= seq <= MAX_SEQ:
            raise SpoolError(f"spool {self._path}: the region says that it has report {seq}, which cannot be")
        last = max(self.last, seq)
        with self._transaction() as db:
            db.execute("DELETE FROM report WHERE seq <= ?", (seq,))
            db.execute("UPDATE mark SET value = ? WHERE name = 'last' AND value <> ?", (last, last))
            db.execute("UPDATE mark SET value = 1 WHERE name = 'agreed' AND value <> 1")
            waiting = _one(db, "SELECT count(*) FROM report")
        self.last, self.waiting, self.unsure = last, waiting, False

    @property
    def size(self) -> int:
        """Octets on disk; 0 where that cannot be told."""
        paths = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        found = 0
        for path in paths:
            with suppress(OSError):
                found += path.stat().st_size
        return found

    def oldest(self) -> Wall | None:
        """When the report that waits longest was made, by this machine's clock; None: none waits, or the disk is failing."""
        with suppress(SpoolError):
            return next((report.sent for report in self.after(0, limit=1)), None)
        return None

    def close(self) -> None:
        """Close the file; what is in it stays."""
        if not self._closed:
            self._closed = True
            self._shut()
            os.close(self._lock)

    def _decode(self, seq: int, body: bytes) -> Report:
        try:
            report = self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise _Damage(f"report {seq} cannot be read: {error}") from None
        if report.seq != seq:
            raise _Damage(f"report {seq} says that it is number {report.seq}")
        return report

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guarded() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def _guarded(
        self, hint: str = "free space or mend the disk, reports wait in memory"
    ) -> Iterator[sqlite3.Connection]:
        """The open file; what goes wrong with it becomes a SpoolError, and damage a new file."""
        try:
            yield self._open()
        except (sqlite3.Error, _Damage) as error:
            if self._db is not None and self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if _is_damage(error):
                raise self._set_aside(str(error)) from None
            raise SpoolError(f"spool {self._path}: {error}; {hint}") from None

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("it is closed")
        if self._db is None:
            self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(self._db)
            except (sqlite3.Error, _Damage) as error:
                self._shut(salvage=_is_damage(error))
                raise
        return self._db

    def _prepare(self, db: sqlite3.Connection) -> None:
        # WAL with NORMAL loses nothing when a process is killed; a power cut may lose the last reports,
        # which the next boot's full account makes good.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(_SCHEMA)
        # Numbers never fall behind those of a file that was set aside, nor behind the rows themselves.
        self.last = max(self.last, _one(db, _LAST), _one(db, _HIGHEST))
        db.execute("UPDATE mark SET value = ? WHERE name = 'last' AND value < ?", (self.last, self.last))
        self.waiting = _one(db, "SELECT count(*) FROM report")
        self.unsure = not _one(db, "SELECT value FROM mark WHERE name = 'agreed'")

    def _set_aside(self, why: str) -> SpoolDamagedError:
        """Give the file another name, and begin a new one that goes on with its numbers where they can be read."""
        self._shut(salvage=True)
        try:
            aside = _rename(self._path)
            line = f"spool {self._path}: {why}; set aside as {aside.name}, and the region is told everything anew"
            log.error(sentence("spool-set-aside", "{what}", what=line))
            self.generation += 1
            self._open()
        except (OSError, sqlite3.Error, _Damage) as error:
            raise SpoolError(f"spool {self._path}: {why}; no new one can be begun: {error}; mend the disk") from None
        return SpoolDamagedError(line)

    def _shut(self, *, salvage: bool = False) -> None:
        if self._db is None:
            return
        for query in (_LAST, _HIGHEST) if salvage else ():
            with suppress(sqlite3.Error, _Damage):
                self.last = max(self.last, _one(self._db, query))
        self._db.close()
        self._db, self.waiting = None, 0


class _Damage(Exception):  # noqa: N818 -- never leaves this module
    """What is in the file cannot be."""


def _is_damage(error: Exception) -> bool:
    return isinstance(error, _Damage) or (getattr(error, "sqlite_errorcode", -1) & 0xFF) in _DAMAGE


def _one(db: sqlite3.Connection, query: str) -> int:
    row = db.execute(query).fetchone()
    if row is None or not isinstance(row[0], int) or not 0 <= row[0] <= MAX_SEQ:
        raise _Damage(f"{query} gives {row!r:.80}")
    return row[0]


def _rename(path: Path) -> Path:
    """Move a spool and what SQLite keeps beside it; returns its new name, which no other file had."""
    aside = next(name for n in count(1) if not (name := path.with_name(f"{path.name}.broken-{n}")).exists())
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


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
