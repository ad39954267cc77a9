"""Syslog: messages (RFC 5424, RFC 3164) and how they follow each other on a TCP connection (RFC 6587)."""

import re
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

MAX_PRIORITY: Final = 191
"""RFC 5424 §6.2.1: facility 23, severity 7."""
MAX_MESSAGE: Final = 8192
"""RFC 5424 §6.1: receivers should take so many octets, and must take 480."""
NIL: Final = "-"
_HEADER: Final = re.compile(rb"<(\d{1,3})>(1 )?")
_FIELDS: Final = 5
"""RFC 5424 §6: TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID."""
_STRUCTURED: Final = re.compile(
    rb'(?:-|(?:\[[^ \]="]{1,32}(?: [^ \]="]{1,32}="(?:[^"\\\]]|\\.)*")*\])+)(?: |$)', re.DOTALL
)
_TAG: Final = re.compile(rb"([\w./-]{1,48})(?:\[(\w{0,32})\])?: ?")
_TIME: Final = re.compile(rb"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S{1,255}) ")
_BOM: Final = b"\xef\xbb\xbf"


class Message(Struct, frozen=True, kw_only=True):
    """What is logged. Fields that are not known are `-` in RFC 5424, and left out in RFC 3164."""

    priority: int
    """8 × facility + severity."""
    text: str
    timestamp: str = NIL
    host: str = NIL
    app: str = NIL
    process: str = NIL
    id: str = NIL
    """MSGID; RFC 5424 only."""


def build(message: Message) -> bytes:
    """RFC 5424 §6, without structured data.

    Raises:
        ValueError: a priority, or a field that is empty or holds what is not printable ASCII.
    """
    _check(message)
    fields = (message.timestamp, message.host, message.app, message.process, message.id)
    return f"<{message.priority}>1 {' '.join(fields)} - {message.text}".encode()


def build_bsd(message: Message) -> bytes:
    """RFC 3164 §4.1; without timestamp and host where they are not known, which a relay then adds (§4.3.2).

    Raises:
        ValueError: as `build`.
    """
    _check(message)
    head = "" if NIL in (message.timestamp, message.host) else f"{message.timestamp} {message.host} "
    process = "" if message.process == NIL else f"[{message.process}]"
    return f"<{message.priority}>{head}{message.app}{process}: {message.text}".encode()


def counted(message: bytes) -> bytes:
    """RFC 6587 §3.4.1: octet counting."""
    return b"%d %b" % (len(message), message)


def delimited(message: bytes) -> bytes:
    """RFC 6587 §3.4.2: ended by a newline, so that none may stand within."""
    return message.replace(b"\n", b" ") + b"\n"


def parse(payload: bytes | memoryview) -> Message:
    """A message of either kind; structured data are passed over. The text is made fit to be shown.

    Raises:
        WireError: MALFORMED (no priority, or fields that are missing), TOO_BIG.
    """
    data = bytes(payload)
    if len(data) > MAX_MESSAGE:
        raise WireError(Reason.TOO_BIG, ("syslog: %d octets, at most %d are taken", len(data), MAX_MESSAGE))
    head = _HEADER.match(data)
    if head is None or int(head[1]) > MAX_PRIORITY:
        raise WireError(Reason.MALFORMED, "syslog: it does not begin with a priority, `<0>` to `<191>`")
    rest, priority = data[head.end() :], int(head[1])
    return _modern(rest, priority) if head[2] else _bsd(rest, priority)


def _modern(rest: bytes, priority: int) -> Message:
    *fields, rest = rest.split(b" ", _FIELDS)
    structured = _STRUCTURED.match(rest)
    if len(fields) != _FIELDS or not all(fields) or structured is None:
        raise WireError(Reason.MALFORMED, "syslog: RFC 5424 has six fields before the text")
    timestamp, host, app, process, kind = map(printable, fields)
    text = printable(rest[structured.end() :].removeprefix(_BOM))
    return Message(priority=priority, timestamp=timestamp, host=host, app=app, process=process, id=kind, text=text)


def _bsd(rest: bytes, priority: int) -> Message:
    timestamp, host, app, process = NIL, NIL, NIL, NIL
    if found := _TIME.match(rest):
        timestamp, host, rest = printable(found[1]), printable(found[2]), rest[found.end() :]
    if found := _TAG.match(rest):
        app, process, rest = printable(found[1]), printable(found[2] or b"") or NIL, rest[found.end() :]
    return Message(priority=priority, timestamp=timestamp, host=host, app=app, process=process, text=printable(rest))


def _check(message: Message) -> None:
    if not 0 <= message.priority <= MAX_PRIORITY:
        raise ValueError(f"priority {message.priority}; 0 to {MAX_PRIORITY} fit")
    for field in (message.timestamp.replace(" ", "_"), message.host, message.app, message.process, message.id):
        if not re.fullmatch(r"[!-~]{1,255}", field):
            raise ValueError(f"{field!r} does not fit a field: 1 to 255 printable ASCII characters without spaces")
