"""Opening a database on PostgreSQL: checked, migrated; or one clear line why not."""

import asyncio
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bellrock.region import databaseurl
from bellrock.region.databaseurl import Address, UrlError, is_url, with_key_password
from bellrock.region.logs import line
from bellrock.region.store.dialect import WRITE_LOCK, said
from bellrock.region.store.errors import StoreError
from bellrock.region.store.migrating import migrate, version_flaw

CREDENTIAL: Final = "database-password"
"""Name of the systemd credential (systemd.exec(5), LoadCredential=) that holds the password."""
MAX_PASSWORD: Final = 4096
CONNECT: Final = 10.0
"""Seconds for a connection to be made."""
COMMAND: Final = 60.0
"""Seconds for an answer: a connection whose other end is cut off is given up then."""
SETTINGS: Final = {
    "application_name": "bellrock",
    # A region that hangs, or is cut off, in the middle of writing must not keep all others from it; nor from leading, which waits for
    # less than members.IN_TIME.
    "idle_in_transaction_session_timeout": "8s",
    "lock_timeout": "30s",
    "statement_timeout": "55s",
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "2",
    # Keepalives are not sent while octets are under way, which may be sent again for a quarter of an hour (tcp(7)).
    "tcp_user_timeout": "10000",
}
GONE: Final = 10
"""Seconds after which a server is gone whose kernel answers nothing; one that is slow is waited for."""
OLDEST: Final = 130000
"""server_version_num from which on DDL of partitions waits for no reader, and what is used here is there."""
FILES: Final = ("passfile", "sslrootcert", "sslcert", "sslkey", "sslcrl")
"""Parameters that name files, which are to be there."""

log = logging.getLogger(__name__)

__all__ = ["Address", "connect", "is_url", "make_engine", "open_postgres", "parse_url", "told"]


def parse_url(text: str) -> Address:
    """`postgresql://USER@HOST:PORT/DATABASE?…`, with libpq's parameters, taken apart.

    Raises:
        StoreError: it is none. The message does not show it, as it may hold a password.
    """
    try:
        return databaseurl.parse_url(text)
    except UrlError as error:
        raise StoreError(str(error)) from None


def credential(environment: Mapping[str, str] = os.environ) -> str | None:
    """The password that systemd hands over in a file, if it does.

    Raises:
        StoreError: it cannot be read.
    """
    directory = environment.get("CREDENTIALS_DIRECTORY")
    path = Path(directory, CREDENTIAL) if directory else None
    if path is None or not path.exists():
        return None
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_PASSWORD).rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise StoreError(f"{path}: {said(error)}; it is to hold the database's password") from None


async def connect(address: Address, *, command_timeout: float = COMMAND, gone: int = GONE) -> asyncpg.Connection:
    """A connection with the settings of all of them; `gone`: seconds as of GONE. What asyncpg raises, it raises."""
    parts, given = urlsplit(address.url), address.parameters
    password = address.password
    if password is None and "passfile" not in given:
        password = credential()
    # Of several servers all but one are standbys, at any time another one.
    several = "," in parts.netloc + given.get("host", "") and "target_session_attrs" not in given
    made = await asyncpg.connect(
        with_key_password(address), password=password, timeout=CONNECT, command_timeout=command_timeout,
        server_settings={name: value for name, value in SETTINGS.items() if name not in given},
        **({"target_session_attrs": "read-write"} if several else {}),
    )  # fmt: skip
    _watch_over(made, gone)
    return made


def _watch_over(connection: asyncpg.Connection, gone: int) -> None:
    """Have the kernel notice a server, or a network, that is gone (tcp(7)); asyncpg has no word for it."""
    transport: asyncio.Transport = connection._transport  # noqa: SLF001
    found = transport.get_extra_info("socket")
    if found is not None and found.family != socket.AF_UNIX:
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, gone * 1000)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(1, gone // 3))
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, gone // 3))


def make_engine(address: Address) -> AsyncEngine:
    """A small pool of connections: one writes, some read."""

    async def creator() -> asyncpg.Connection:
        return await connect(address)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=creator,
        pool_size=4,
        max_overflow=4,
        pool_timeout=CONNECT,
        pool_pre_ping=True,
    )


async def open_postgres(address: Address) -> AsyncEngine:
    """An engine for a database that is a region's and has the newest schema.

    Raises:
        StoreError: not reached, not allowed, not a region's, newer than this Bellrock, or read-only. It is left as it was.
    """
    warn_if_unproved(address)
    engine = make_engine(address)
    try:
        async with told(address), engine.begin() as connection:
            # Regions that start together: one makes the tables, the others find them.
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
            await connection.run_sync(check_database, address)
            await connection.run_sync(migrate)
    except BaseException:
        await engine.dispose()
        raise
    return engine


def warn_if_unproved(address: Address, environment: Mapping[str, str] = os.environ) -> None:
    """One line where a server beyond this machine is spoken to without proof of who it is, and nobody said so."""
    if address.remote and "sslmode" not in address.parameters and not environment.get("PGSSLMODE"):
        effect = "whoever is between can read and change all that the region keeps"
        fix = "add sslmode=verify-full (and sslrootcert=FILE) to the URL"
        log.warning(line("database-unproved", hosts=",".join(address.remote), effect=effect, fix=fix))


def check_files(address: Address, environment: Mapping[str, str] = os.environ) -> None:
    """That the files are there which the URL names, and that a file of passwords is the reader's alone.

    Raises:
        StoreError: one is not; the driver would say so without its name, or not at all.
    """
    given = {name: path for name, path in address.parameters.items() if name in FILES and path}
    if address.password is None and (path := environment.get("PGPASSFILE")):
        given.setdefault("passfile", path)
    for name, path in given.items():
        try:
            with open(path, "rb", opener=_unwaiting) as file:
                mode = os.fstat(file.fileno()).st_mode
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; it is the database's {name}") from None
        if name == "passfile" and (mode & 0o077 or not stat.S_ISREG(mode)):
            raise StoreError(f"{path}: others can read it, so that no password is taken from there; chmod 600 {path}")


def _unwaiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


@asynccontextmanager
async def told(address: Address) -> AsyncIterator[None]:
    """Turn what the driver raises into one line that names the database and never its password.

    Raises:
        StoreError: what happened, and what to do.
    """
    await asyncio.to_thread(check_files, address)
    try:
        yield
    except (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StoreError(f"{address.shown}: {_line(error, address)}") from None


def _line(error: Exception, address: Address) -> str:
    what = said(error)
    for secret in filter(None, (address.password, address.key_password)):
        what = what.replace(secret, "…")
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = str(getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or "")
    hints = (
        ("3D000", "; create it with: createdb --encoding=UTF8 NAME"),
        (
            "28",
            "; is the password in PGPASSFILE, ~/.pgpass or a systemd credential, and does pg_hba.conf let this user in?",
        ),
        ("42501", "; the user must own the database, or be given CREATE on its schema"),
        ("25006", "; it is a standby: give the address of the primary"),
        ("53100", "; free space on the server's disk"),
    )
    if isinstance(cause, asyncpg.TargetServerAttributeNotMatched) or isinstance(
        getattr(cause, "__cause__", None), asyncpg.TargetServerAttributeNotMatched
    ):
        return "none of these servers takes changes: all are standbys"
    hint = next((text for prefix, text in hints if state.startswith(prefix)), "")
    return what + (hint or ("" if state else _unreached(what, address)))


def _unreached(what: str, address: Address) -> str:
    if "SSL upgrade" in what:
        return f"; the server speaks no TLS, which sslmode={address.parameters.get('sslmode', '')} asks for"
    places = [
        f"{name}={address.parameters[name]}" for name in ("host", "hostaddr", "port") if name in address.parameters
    ]
    return "; is the server running, and reached from here?" + (
        f" It was looked for at {' '.join(places)}" if places else ""
    )


def check_database(connection: Connection, address: Address, *, writing: bool = True) -> None:
    """That it is empty, or a region's of a version that is known; and that it can be written to, if it is to be.

    Raises:
        StoreError: it is not.
    """

    def scalar(query: str) -> Any:  # noqa: ANN401 -- whatever the query asks for
        return connection.exec_driver_sql(query).scalar()

    if int(scalar("SHOW server_version_num")) < OLDEST:
        raise StoreError(f"{address.shown}: PostgreSQL {scalar('SHOW server_version')}; 13 or newer is needed")
    if (encoding := scalar("SHOW server_encoding")) != "UTF8":
        raise StoreError(
            f"{address.shown}: its encoding is {encoding}; create one with: createdb --encoding=UTF8 --template=template0 NAME"
        )
    if writing and scalar("SHOW transaction_read_only") == "on":
        raise StoreError(f"{address.shown}: read-only; if it is a standby, give the address of the primary")
    if scalar("SELECT current_schema()") is None:
        raise StoreError(f"{address.shown}: no schema of its search_path is there, or this user may not use it")
    names = set(inspect(connection).get_table_names())
    if names and (flaw := _flaw(connection, names)):
        raise StoreError(f"{address.shown}: {flaw}; give it another database, or restore this one from a backup")


def _flaw(connection: Connection, names: set[str]) -> str | None:
    if not {"alembic_version", "agents"} <= names:
        return "its schema version is missing" if "agents" in names else "a database, but not a region's"
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return version_flaw(found) if found else "its schema version is missing"
