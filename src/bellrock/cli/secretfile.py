"""A secret file with several lines, changed in place: whole or not at all, and never readable by others."""

import os
from pathlib import Path
from typing import Final

from bellrock.cli.keys import read_secret_file, split_secrets
from bellrock.cli.output import Failure

MAX_SECRETS: Final = 4
"""As many as a region accepts (`contract.join`); a test holds the two together."""


def read_lines(path: Path) -> list[str]:
    """The secrets of a file, the one that signs first.

    Raises:
        Failure: it cannot be read, or holds something else.
    """
    from bellrock.wire.keys import SecretError, parse_secret

    lines = [line.strip() for line in split_secrets(read_secret_file(path))]
    for number, line in enumerate(lines, 1):
        try:
            parse_secret(line)
        except SecretError as error:
            raise Failure(f"{path}, line {number}: {error}") from None
    return lines


def write_lines(path: Path, lines: list[str]) -> None:
    """Replace the secrets of a file; owner and mode stay.

    Raises:
        Failure: it cannot be written; the file is as before.
    """
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.new")
    try:
        kept = path.stat()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            os.fchown(descriptor, kept.st_uid, kept.st_gid)
            os.fchmod(descriptor, kept.st_mode & 0o770)
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        if not isinstance(error, FileExistsError):
            temporary.unlink(missing_ok=True)
        raise Failure(f"{path}: {error.strerror} ({temporary.name}); the secrets are as before") from None
