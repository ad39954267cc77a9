"""What somebody speaks who answers in another protocol than was expected, told by the first octets that he says."""

import re
from typing import Final

from bellrock.wire.text import printable

MAX_SHOWN: Final = 40
_KNOWN: Final = (
    (re.compile(rb"HTTP/\d"), "HTTP"),
    (re.compile(rb"SSH-\d"), "SSH"),
    # RFC 8446 §5.1: a record of alert or handshake; its version begins with 3.
    (re.compile(rb"[\x15\x16]\x03[\0-\4]"), "TLS"),
    (re.compile(rb"220[ -][^\r\n]*(?:SMTP|ESMTP|Postfix)"), "SMTP"),
    (re.compile(rb"220[ -]"), "FTP or SMTP"),
    (re.compile(rb"\* OK"), "IMAP"),
    (re.compile(rb"\+OK"), "POP3"),
    (re.compile(rb"RFB \d{3}\.\d{3}\n"), "VNC"),
    (re.compile(rb"[\xff][\xfb-\xfe]"), "telnet"),
    # RFC 4511 §4.1.1: a SEQUENCE that begins with a message id, then an ExtendedResponse, SearchResultDone or BindResponse.
    (re.compile(rb"0(?:[\0-\x7f]|\x84....)\x02\x01[\0-\x7f][\x61\x65\x78]", re.DOTALL), "LDAP"),
    (re.compile(rb"<\?xml|<!DOCTYPE|<html", re.IGNORECASE), "a bare document"),
)


def protocol_of(octets: bytes) -> str:
    """The protocol whose servers begin like this; empty: none that is known."""
    return next((name for pattern, name in _KNOWN if pattern.match(octets)), "")


def described(octets: bytes) -> str:
    """A phrase for people: `HTTP`, or the first of what was said."""
    if not octets:
        return "nothing"
    if name := protocol_of(octets):
        return name
    first, *_ = octets.splitlines()
    text = printable(first[:MAX_SHOWN])
    readable = sum(32 <= octet < 127 for octet in first[:MAX_SHOWN])
    return f"{text!r}" if text and readable == len(first[:MAX_SHOWN]) else f"octets {octets[:16].hex(' ')}"
