"""TLS as far as it goes in clear: the client's hello, the server's certificate before TLS 1.3, alerts (RFC 5246, RFC 8446).

Records and messages are read as they stand at the beginning of one direction of a stream; what is encrypted ends the reading.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from bellrock.wire import certificate
from bellrock.wire.certificate import Certificate
from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

ALERT, HANDSHAKE = 21, 22
"""RFC 8446 §5.1: content types."""
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 1, 2, 11
"""RFC 8446 §4, RFC 5246 §7.4: handshake types."""
MAX_RECORD: Final = (1 << 14) + 2048
"""RFC 5246 §6.2.3."""
MAX_OCTETS: Final = 1 << 16
"""Octets of one direction that are looked at: chains of certificates are shorter."""
MAX_EXTENSIONS: Final = 128
HEADER: Final = 5
_SERVER_NAME: Final = 0
_FATAL: Final = 2
ALERTS: Final = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
    44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
    49: "access_denied", 50: "decode_error", 51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
    109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name", 113: "bad_certificate_status_response",
    115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip
"""RFC 8446 §6, RFC 5246 §7.2, IANA's registry."""


class ClientHello(Struct, frozen=True, gc=False):
    """The beginning of TLS."""

    name: str = ""
    """Server name indication (RFC 6066 §3)."""


class Alert(Struct, frozen=True, gc=False):
    """A TLS alert in clear (RFC 8446 §6): `bad_certificate`, `unknown_ca`, `certificate_expired` …"""

    description: str
    fatal: bool = True


Said = ClientHello | Certificate | Alert


def begins(octets: bytes) -> bool:
    """Whether these octets may be the beginning of a record of handshake or of an alert, at a glance."""
    return len(octets) >= 3 and octets[0] in (HANDSHAKE, ALERT) and octets[1] == 3 and octets[2] <= 4


class Heard(NamedTuple):
    """What one direction of a stream has said so far."""

    said: tuple[Said, ...]
    more: bool
    """Its next octets may say more in clear, or complete what has only begun."""


def parse(octets: bytes | memoryview) -> Heard:
    """What is said in clear at the beginning of one direction of a stream, as far as these octets reach. A hello whose end is
    missing is told with what has come of it; a certificate only once it is whole.

    Raises:
        WireError: UNSUPPORTED (no record of handshake or alert), MALFORMED, TRUNCATED (an inner length that does not fit).
    """
    data = bytes(octets[:MAX_OCTETS])
    if not begins(data):
        raise WireError(Reason.UNSUPPORTED, "TLS: no record of a handshake or an alert")
    messages, alerts, ended = bytearray(), list[Said](), False
    for kind, body, whole in _records(data):
        if kind != HANDSHAKE:
            alerts += _alert(kind, body) if whole else []
            ended = whole or kind != ALERT
            break
        messages += body
    said, done = _messages(bytes(messages))
    if not done:
        # What is said behind that comes from a stream that this does not follow any more.
        said += alerts
    return Heard(tuple(said), not (ended or done or len(octets) >= MAX_OCTETS))


def _records(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Content type, what there is of the fragment, and whether that is all of it."""
    at = 0
    while at + HEADER <= len(data):
        kind, major, size = data[at], data[at + 1], int.from_bytes(data[at + 3 : at + 5], "big")
        if major != 3 or not 0 < size <= MAX_RECORD:
            raise WireError(Reason.MALFORMED, ("TLS: a record of version %d.x and %d octets", major, size))
        body = data[at + HEADER : at + HEADER + size]
        yield kind, body, len(body) == size
        at += HEADER + size


def _alert(kind: int, body: bytes) -> list[Said]:
    """RFC 8446 §6: level and description; one of another size is encrypted."""
    return (
        [Alert(ALERTS.get(body[1], f"alert {body[1]}"), body[0] == _FATAL)] if kind == ALERT and len(body) == 2 else []
    )


def _messages(data: bytes) -> tuple[list[Said], bool]:
    """Handshake messages (RFC 8446 §4), and whether the rest of them is of no interest."""
    at = 0
    while at + 4 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 4], "big")
        body = data[at + 4 : at + 4 + size]
        whole = len(body) == size
        if kind == CLIENT_HELLO:
            return [ClientHello(_server_name(body, whole=whole))], whole
        if kind == CERTIFICATE:
            return _leaf(body) if whole else ([], False)
        if kind != SERVER_HELLO:
            return [], True
        at += 4 + size
    return [], False


def _leaf(body: bytes) -> tuple[list[Said], bool]:
    """The first of the chain (RFC 5246 §7.4.2)."""
    cursor = Cursor(body, "TLS certificate")
    if not int.from_bytes(cursor.take(3), "big"):
        return [], True
    return [certificate.parse(cursor.take(int.from_bytes(cursor.take(3), "big")))], True


def _server_name(body: bytes, *, whole: bool) -> str:
    """RFC 8446 §4.1.2, RFC 6066 §3; empty where none was sent or, of a hello that is cut, has come yet."""
    cursor = Cursor(body, "TLS client hello")
    try:
        cursor.take(2 + 32)
        cursor.take(cursor.u8())
        cursor.take(cursor.u16())
        cursor.take(cursor.u8())
        value = _extension(cursor) if cursor.left else b""
    except WireError:
        if whole:
            raise
        return ""
    # One entry: length of the list, type 0, length of the name.
    return printable(value[5:]) if value[2:3] == b"\0" else ""


def _extension(cursor: Cursor) -> bytes:
    cursor.u16()
    for _ in range(MAX_EXTENSIONS):
        if not cursor.left:
            return b""
        kind, value = cursor.u16(), cursor.take(cursor.u16())
        if kind == _SERVER_NAME:
            return value
    raise WireError(Reason.MALFORMED, ("TLS: a client hello with more than %d extensions", MAX_EXTENSIONS))
