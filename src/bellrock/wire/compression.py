"""One bounded gzip stream (RFC 1952)."""

import zlib
from typing import Final

from bellrock.wire.errors import Reason, WireError

MAX_INFLATED: Final = 64 * 1024
_GZIP: Final = 31
"""zlib's name for "gzip header and trailer, window of 32 KiB"."""


def inflate(data: bytes, most: int = MAX_INFLATED) -> bytes:
    """The content of exactly one gzip stream, at most `most` octets of it.

    Raises:
        WireError: TOO_BIG, MALFORMED (no gzip, damaged, truncated, or followed by something).
    """
    stream = zlib.decompressobj(_GZIP)
    try:
        # One octet more than is allowed, so that a stream of exactly the allowed size is seen to end.
        content = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise WireError(Reason.MALFORMED, ("gzip: %s", error)) from None
    if len(content) > most:
        raise WireError(Reason.TOO_BIG, ("gzip: inflates to more than %d octets", most))
    if not stream.eof:
        raise WireError(Reason.MALFORMED, "gzip: the stream does not end")
    if stream.unused_data:
        raise WireError(Reason.MALFORMED, ("gzip: %d octets after the stream's end", len(stream.unused_data)))
    return content


def deflate(data: bytes, mtime: int = 0) -> bytes:
    """One gzip stream; `mtime` is the time in its header, seconds since the epoch, 0 for none."""
    stream = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    packed = stream.compress(data) + stream.flush()
    # RFC 1952 §2.3.1: MTIME, four octets at offset 4, least significant first.
    return packed[:4] + mtime.to_bytes(4, "little") + packed[8:] if mtime else packed
