"""Files that an option of a probe names: read without ever waiting, and none that does something when it is opened."""

import os
import stat


class Unusable(Exception):  # noqa: N818 -- says what it is
    """It cannot be read, or is none that is read: why, in a few words."""


def contents(path: str, most: int) -> bytes:
    """What a regular file holds.

    Raises:
        Unusable: it cannot be read, holds more than `most` octets, or is a device, a pipe or the like. Of these some act when
            they are opened (a watchdog begins to count, a tape winds back), and others let whoever opens them wait.
    """
    try:
        _must_be_regular(os.stat(path).st_mode)
        # Between the look and the opening it may have become another: then at least nothing waits.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:
            _must_be_regular(os.fstat(file.fileno()).st_mode)
            found = file.read(most + 1)
    except (OSError, ValueError) as error:
        raise Unusable((getattr(error, "strerror", None) or str(error)).lower()) from None
    if len(found) > most:
        raise Unusable(f"larger than {most // 1024 // 1024} MiB")
    return found


def _must_be_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise Unusable("is a directory" if stat.S_ISDIR(mode) else "no regular file")
