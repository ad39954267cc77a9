"""Version 1 of the contract: captures that a region orders. The agent writes a file of its own; the region fetches it piece by piece."""

from typing import Annotated, Final

from msgspec import Meta, Struct

MAX_SECONDS: Final = 3600.0
MAX_OCTETS: Final = 256 << 20
"""Octets of one capture file."""
MAX_PROGRAM: Final = 4096
"""Instructions of a filter (BPF_MAXINSNS of linux/bpf_common.h)."""
PIECE: Final = 192 * 1024
"""Octets of a file in one message."""

_Word = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
_Code = Annotated[int, Meta(ge=0, le=0xFFFF)]
_Jump = Annotated[int, Meta(ge=0, le=255)]


class RunCapture(Struct, frozen=True, tag="run-capture", kw_only=True):
    """Capture now, into a file at the agent; known secrets in payloads are blanked before they are written.

    `Capturing` tells how it goes, about once a second and once more when it has ended; `Done` comes behind that.
    """

    interface: str = ""
    """Empty: all."""
    seconds: Annotated[float, Meta(gt=0, le=MAX_SECONDS)]
    octets: Annotated[int, Meta(ge=4096, le=MAX_OCTETS)]
    """The file is not to be larger."""
    program: Annotated[tuple[tuple[_Code, _Jump, _Jump, _Word], ...], Meta(max_length=MAX_PROGRAM)] = ()
    """Classic BPF for live frames, which the kernel checks; none: every packet."""
    expression: Annotated[str, Meta(max_length=4096)] = ""
    """What the program was made from, for the file."""
    headers_only: bool = False


class EndCapture(Struct, frozen=True, tag="end-capture"):
    """End a capture, if it goes on; `forget`: its file is not needed any more."""

    capture: str
    """Id of the order that began it."""
    forget: bool = False


class ReadCapture(Struct, frozen=True, tag="read-capture"):
    """A piece of the file, answered by `Captured`; only once the capture has ended."""

    capture: str
    at: Annotated[int, Meta(ge=0, le=2 * MAX_OCTETS)]


class Capturing(Struct, frozen=True, tag="capturing", kw_only=True):
    """How a capture goes. Counters are since it began."""

    order: str
    packets: int
    dropped: int
    """Packets that were lost because they came too fast."""
    octets: int
    """Of the file."""
    ended: str = ""
    """Why it has, in words; empty while it goes on."""


class Captured(Struct, frozen=True, tag="captured"):
    """A piece of a file; none left behind the last."""

    order: str
    at: int
    piece: bytes
    size: int
    """Octets of the whole file."""


CaptureOrder = RunCapture | EndCapture | ReadCapture
CaptureAnswer = Capturing | Captured
