"""Where commands find the shared secret: a file, or the environment; never the command line."""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.output import Failure
from bellrock.cli.paths import PathName

if TYPE_CHECKING:
    from bellrock.wire.keys import Key, Keyring

FILE_VARIABLE: Final = "BELLROCK_SECRET_FILE"
TEXT_VARIABLE: Final = "BELLROCK_SECRET"
STATE_VARIABLE: Final = "BELLROCK_STATE_DIR"
CREDENTIAL: Final = "secret"
"""What a service manager calls the shared secret that it hands over (systemd.exec(5), LoadCredential=)."""
HERE: Final = "http://127.0.0.1:5240"
"""The region that commands ask unless they are told otherwise."""
LOCAL_SOCKET: Final = "local.sock"
"""In a region's state directory, which is its owner's alone: listened on besides all of its `--listen`."""
MAX_SECRET_FILE: Final = 16 * 1024

_F = TypeVar("_F", bound=Callable[..., Any])


def secret_option(command: _F) -> _F:
    """`--secret-file`, which may be given several times while a secret is being rotated."""
    return click.option(
        "--secret-file",
        "secret_files",
        multiple=True,
        type=PathName(path_type=Path),
        help=f"File with the shared secret in hex; also ${FILE_VARIABLE}. The first signs, all open (rotation).",
    )(command)


def default_state_dir() -> Path:
    """$BELLROCK_STATE_DIR, else `/var/lib/bellrock` for root, else a service's state directory (systemd.exec(5)) or the user's own (XDG)."""
    if named := os.environ.get(STATE_VARIABLE):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/bellrock")
    if named := os.environ.get("STATE_DIRECTORY"):
        return Path(named.split(":")[0])
    if named := os.environ.get("XDG_STATE_HOME"):
        return Path(named) / "bellrock"
    try:
        return Path.home() / ".local/state/bellrock"
    except RuntimeError:
        raise Failure("this user has no home directory to keep state in; set HOME, or give --state-dir") from None


def load_keyring(files: tuple[Path, ...], default: Path | None = None) -> "Keyring":
    """The keys derived from the secrets found, in the order given.

    Raises:
        Failure: no secret, or one that is empty, not hex, or readable by everybody.
    """
    from bellrock.wire.keys import Keyring

    return Keyring(key for _, key in load_keys(files, default))


def load_keys(files: tuple[Path, ...], default: Path | None = None) -> "list[tuple[str, Key]]":
    """The same, each key with where it was found.

    Raises:
        Failure: as `load_keyring`.
    """
    from bellrock.wire.keys import SecretError, derive, parse_secret

    keys = []
    for origin, text in _sources(files, default, os.environ):
        lines = split_secrets(text)
        for number, line in enumerate(lines, 1):
            try:
                keys.append((origin, derive(parse_secret(line))))
            except SecretError as error:
                where = f"{origin}, line {number}" if len(lines) > 1 else origin
                raise Failure(f"{where}: {error}") from None
    return keys


def split_secrets(text: str) -> list[str]:
    """The secrets of a file, one per line, the one that signs first.

    A secret that is broken into short lines, as some editors do, is not told from several: each line is one.
    """
    return [line for line in text.splitlines() if line.strip()] or [text]


def secrets_reloader(
    files: tuple[Path, ...], default: Path | None = None
) -> Callable[[Callable[["Keyring"], None]], None]:
    """What makes SIGHUP read the secrets again: call it in the running loop with what takes the new keyring.

    A file that is gone or damaged is told in the log, and the secrets so far stay in use.
    """

    def arm(take: Callable[["Keyring"], None]) -> None:
        import asyncio
        import logging
        import signal

        from bellrock.wire.logline import sentence

        def again() -> None:
            try:
                keyring = load_keyring(files, default)
            except Failure as failure:
                text = "{error}; the secrets so far stay in use"
                log = logging.getLogger(__name__)
                log.warning(sentence("secrets-not-read", text, error=failure.message))
                return
            take(keyring)

        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again)

    return arm


def _sources(files: tuple[Path, ...], default: Path | None, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    if not files and (named := environ.get(FILE_VARIABLE)):
        files = tuple(Path(part) for part in named.split(os.pathsep))
    if files:
        return [(str(path), read_secret_file(path)) for path in files]
    if TEXT_VARIABLE in environ:
        return [(f"${TEXT_VARIABLE}", environ[TEXT_VARIABLE])]
    default = credential(environ) or default
    if default is not None and is_there(default):
        return [(str(default), read_secret_file(default))]
    raise Failure(
        f"no shared secret: give --secret-file FILE, or set {FILE_VARIABLE}; `bellrock secret new FILE` makes one"
    )


def credential(environ: Mapping[str, str]) -> Path | None:
    """The shared secret that the service manager handed over; None: it did not."""
    directory = environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory, CREDENTIAL) if directory else None
    return path if path is not None and is_there(path) else None


def is_there(path: Path) -> bool:
    """Whether there is such a file, or one that cannot be looked at, which opening it will say better."""
    try:
        return path.exists()
    except OSError:
        return True


def read_secret_file(path: Path) -> str:
    """The text of a secret file.

    Raises:
        Failure: the file is missing, unreadable, too large, not text, or readable by everybody.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
                raise Failure(f"{path}: not a regular file, so not a secret; `bellrock secret new FILE` makes one")
            if mode & (stat.S_IROTH | stat.S_IWOTH):
                raise Failure(f"{path}: everybody on this machine can read this secret; chmod 600 {path}")
            data = file.read(MAX_SECRET_FILE + 1)
    except FileNotFoundError as error:
        raise Failure(f"{path}: {error.strerror}; `bellrock secret new {path}` makes one") from None
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}; it is where the secret is looked for") from None
    if len(data) > MAX_SECRET_FILE:
        raise Failure(f"{path}: larger than {MAX_SECRET_FILE} bytes, so not a secret in hex")
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise Failure(f"{path}: not hex: a secret is an even number of the digits 0-9 and a-f") from None


def make_secret_file(path: Path) -> None:
    """Write a new secret of 16 random bytes in hex, readable by its owner alone.

    Raises:
        Failure: the file exists (a secret in use is never overwritten) or cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise Failure(f"{path.parent}: not a directory") from None
    except OSError as error:
        raise Failure(f"{path.parent}: {error.strerror}") from None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if isinstance(error, FileExistsError) and is_there(path):
            raise Failure(f"{path}: there is a file already, and a secret in use is not overwritten") from None
        raise Failure(f"{path}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(new_secret() + "\n")
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Failure(f"{path}: {error.strerror}; no secret was made") from None


def new_secret() -> str:
    """16 random bytes in hex, as MAAS makes them."""
    import secrets

    return secrets.token_hex(16)
