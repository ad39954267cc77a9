"""Octets of a capture, from a file or a pipe, unpacked where they are compressed; memory is bounded whatever is in them."""

import gzip
import io
import sys
import zlib
from typing import Any, Final, Protocol

from typing_extensions import override

from bellrock.capture.reading.values import CaptureError

STDIN: Final = "-"
MAX_WINDOW: Final = 1 << 27
"""Octets that unpacking zstd may look back (`zstd --long` makes 2²⁷); more is refused."""
_PART: Final = 1 << 18
"""Octets that are unpacked at a time."""
_HEAD: Final = 6
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""RFC 1952 §2.3.1, RFC 8878 §3.1.1."""
_OTHERS: Final = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x04\x22\x4d\x18": "lz4", b"PK\x03\x04": "zip"}
"""How files begin that are compressed in other ways."""


class Reader(Protocol):
    """What a source is read from: a file, or an unpacker."""

    def readinto(self, into: memoryview, /) -> int | None:
        """Some octets, put there; none at the end."""

    def close(self) -> None:
        """Give back what it holds."""


class Source:
    """Octets one after the other. Close it."""

    def __init__(self, reader: Reader, path: str, kind: str = "") -> None:
        self._reader, self._kind = reader, kind
        self.path = "" if path == STDIN else path
        """Empty: standard input."""
        self.name = name_of(path)
        self.trouble = ""
        """Why it ended before its end, where it did."""

    def fill(self, into: memoryview) -> int:
        """Put octets into all of `into`; fewer where it ends, or cannot be read further: then `trouble` says why."""
        done = 0
        while done < len(into) and (count := self._some(into[done:])):
            done += count
        return done

    def close(self) -> None:
        """Give back what it holds."""
        self._reader.close()

    def _some(self, into: memoryview) -> int:
        if self.trouble:
            return 0
        try:
            return self._reader.readinto(into) or 0
        except EOFError:
            self.trouble = f"it ends in the middle of what {self._kind} compressed"
        except (zlib.error, gzip.BadGzipFile) as error:
            self.trouble = f"what {self._kind} compressed is damaged ({error})"
        except OSError as error:
            self.trouble = error.strerror or str(error)
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            self.trouble = f"what {self._kind} compressed is damaged ({error})"
        return 0


def source(path: str) -> Source:
    """The octets of a file, or with `-` of standard input; those of a gzip or zstd file unpacked.

    Raises:
        CaptureError: it cannot be opened, is compressed in another way, or by zstd where that cannot be unpacked here.
    """
    name = name_of(path)
    try:
        raw: io.RawIOBase = io.FileIO(sys.stdin.fileno(), closefd=False) if path == STDIN else io.FileIO(path)
    except (OSError, ValueError) as error:
        raise CaptureError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    try:
        return _unpacked(_Rejoined(raw, name), path)
    except BaseException:
        raw.close()
        raise


def name_of(path: str) -> str:
    """What a source is called in sentences."""
    return "standard input" if path == STDIN else path


def _unpacked(rejoined: "_Rejoined", path: str) -> Source:
    head, name = rejoined.head, name_of(path)
    for magic, kind in _OTHERS.items():
        if head.startswith(magic):
            raise CaptureError(f"{name} is compressed with {kind}, which is not read; unpack it, or take gzip or zstd")
    if head.startswith(_GZIP):
        packed = io.BufferedReader(rejoined, _PART)
        return Source(_Closing(gzip.GzipFile(fileobj=packed), packed), path, "gzip")
    if head.startswith(_ZSTD):
        packed = io.BufferedReader(rejoined, _PART)
        return Source(_Closing(_zstd(packed, name), packed), path, "zstd")
    return Source(rejoined, path)


def _zstd(packed: "io.BufferedReader[_Rejoined]", name: str) -> Any:  # noqa: ANN401 -- zstandard is optional, its types as well
    try:
        import zstandard
    except ImportError:
        raise CaptureError(
            f"{name} is compressed with zstd, which cannot be unpacked here: install bellrock[capture], or unpack it first"
        ) from None
    # The library counts the window in octets.
    unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    return unpacker.stream_reader(packed, read_across_frames=True, closefd=False)


class _Rejoined(io.RawIOBase):
    """A file whose first octets were looked at."""

    def __init__(self, raw: io.RawIOBase, name: str) -> None:
        self._raw, self.head = raw, b""
        try:
            while len(self.head) < _HEAD and (more := raw.read(_HEAD - len(self.head))):
                self.head += more
        except OSError as error:
            raise CaptureError(f"{name}: {error.strerror}") from None
        self._left = self.head

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, into: Any, /) -> int | None:
        if not self._left:
            return self._raw.readinto(into)
        part, self._left = self._left[: len(into)], self._left[len(into) :]
        into[: len(part)] = part
        return len(part)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _Closing:
    """An unpacker that closes what it reads from as well."""

    def __init__(self, unpacker: Any, packed: Any) -> None:  # noqa: ANN401 -- gzip's or zstd's
        self._unpacker, self._packed = unpacker, packed

    def readinto(self, into: memoryview, /) -> int:
        # In parts: what was unpacked before damage is met is not lost.
        part = self._unpacker.read1(min(_PART, len(into)))
        into[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._unpacker.close()
        self._packed.close()
