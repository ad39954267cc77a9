"""libvirt's remote protocol far enough to learn whom a daemon lets in, and what it runs (libvirt: docs/kbase/internals/rpc)."""

from typing import Final

from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

REMOTE: Final = 0x20008086
VERSION: Final = 1
OPEN, CLOSE, TYPE, HYPERVISOR_VERSION, AUTH_LIST, LIBRARY_VERSION = 1, 2, 3, 4, 66, 157
"""Procedures (src/remote/remote_protocol.x, which never changes a number)."""
_CALL, _REPLY = 0, 1
_OK, _ERROR = 0, 1
READ_ONLY: Final = 1
HEAD: Final = 28
"""Octets of length and header."""
MAX_MESSAGE: Final = 64 * 1024
MAX_MECHANISMS: Final = 20
"""REMOTE_AUTH_TYPE_LIST_MAX."""
MECHANISMS: Final = {0: "none", 1: "sasl", 2: "polkit"}
NONE: Final = 0


class Reply(Struct, frozen=True):
    """An answer to a call."""

    procedure: int
    serial: int
    ok: bool
    body: bytes


class Refusal(Struct, frozen=True):
    """What an error says (struct remote_error)."""

    code: int
    """virErrorNumber."""
    domain: int
    """virErrorDomain."""
    message: str


def build_call(procedure: int, serial: int, body: bytes = b"") -> bytes:
    """A call, with its length in front."""
    words = (HEAD + len(body), REMOTE, VERSION, procedure, _CALL, serial, _OK)
    return b"".join(word.to_bytes(4, "big") for word in words) + body


def open_body(uri: str) -> bytes:
    """Arguments of CONNECT_OPEN: a name, which is there, and flags; read-only."""
    octets = uri.encode()
    # RFC 4506 §4.11, §4.19: a string is filled up with zeros to a multiple of four.
    text = len(octets).to_bytes(4, "big") + octets + bytes(-len(octets) % 4)
    return (1).to_bytes(4, "big") + text + READ_ONLY.to_bytes(4, "big")


def body_length(length: bytes) -> int:
    """Octets of a message that follow its first four.

    Raises:
        WireError: TRUNCATED, TOO_BIG, MALFORMED.
    """
    size = Cursor(length, "libvirt RPC").u32()
    if size > MAX_MESSAGE:
        raise WireError(
            Reason.TOO_BIG, ("libvirt RPC: a message of %d octets; at most %d are taken", size, MAX_MESSAGE)
        )
    if size < HEAD:
        raise WireError(Reason.MALFORMED, ("libvirt RPC: a message of %d octets is shorter than its header", size))
    return size - 4


def parse_reply(octets: bytes) -> Reply | None:
    """A message without its length; None: an event or a keep-alive, which answers no call.

    Raises:
        WireError: TRUNCATED, MALFORMED (another program or version).
    """
    cursor = Cursor(octets, "libvirt RPC")
    program, version, procedure, kind, serial, status = (cursor.u32() for _ in range(6))
    if version != VERSION:
        raise WireError(
            Reason.MALFORMED, ("libvirt RPC: version %d of program 0x%08x, where 1 belongs", version, program)
        )
    if program != REMOTE or kind != _REPLY:
        return None
    if status not in (_OK, _ERROR):
        raise WireError(Reason.MALFORMED, ("libvirt RPC: status %d of a reply", status))
    return Reply(procedure, serial, status == _OK, cursor.rest())


def parse_mechanisms(body: bytes) -> tuple[str, ...]:
    """Body of AUTH_LIST's reply.

    Raises:
        WireError: TRUNCATED, TOO_BIG.
    """
    cursor = Cursor(body, "libvirt authentication list")
    count = cursor.u32()
    if count > MAX_MECHANISMS:
        raise WireError(Reason.TOO_BIG, ("libvirt RPC: a list of %d ways to log in", count))
    numbers = [cursor.u32() for _ in range(count)]
    return tuple(MECHANISMS.get(number, str(number)) for number in numbers)


def parse_text(body: bytes) -> str:
    """A body that is one string.

    Raises:
        WireError: TRUNCATED.
    """
    return _text(Cursor(body, "libvirt string"))


def parse_version(body: bytes) -> str:
    """A body that is a version: major * 1,000,000 + minor * 1,000 + release.

    Raises:
        WireError: TRUNCATED.
    """
    number = int.from_bytes(Cursor(body, "libvirt version").take(8), "big")
    return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"


def parse_refusal(body: bytes) -> Refusal:
    """Body of an error: code, domain, and a message where there is one; the rest is of no use here.

    Raises:
        WireError: TRUNCATED.
    """
    cursor = Cursor(body, "libvirt error")
    code, domain, present = cursor.u32(), cursor.u32(), cursor.u32()
    return Refusal(code, domain, _text(cursor) if present else "")


def _text(cursor: Cursor) -> str:
    octets = cursor.take(cursor.u32())
    return printable(octets)
