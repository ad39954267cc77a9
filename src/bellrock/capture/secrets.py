"""Where in payloads secrets are: HTTP's headers, LDAP's binds, IPMI's sessions."""

import re
from collections import OrderedDict
from typing import Final

from msgspec import Struct

from bellrock.capture.layers import Layers

Span = tuple[int, int]
"""First octet and the one after the last."""

MAX_STREAMS: Final = 4096
MAX_PENDING: Final = 64
"""Octets of an unfinished line that are remembered: more than the longest name of a header."""
MAX_BIND: Final = 1024
"""Octets of an unfinished bind that are remembered: more than names in a directory have."""

_HEADERS: Final = re.compile(
    rb"(?:^|(?<=\n))[ \t]*(?:proxy-|x-forwarded-)?(?:authorization|cookie2?|set-cookie2?|x-auth-token|x-auth-key|x-subject-token|x-service-token|x-api-key|x-csrftoken)[ \t]*:[ \t]*"
    rb"([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)",
    re.IGNORECASE,
)
"""A value goes on in lines that begin with a blank (RFC 9112 §5.2, obs-fold)."""
_LINE_ENDS: Final = (b"", b"\r", b"\n", b"\r\n")
_USER_IN_ADDRESS: Final = re.compile(rb"://([^/\s@]{1,256})@")
_NAMES: Final = (
    b"authorization:", b"proxy-authorization:", b"x-forwarded-authorization:", b"cookie:", b"cookie2:", b"set-cookie:", b"set-cookie2:",
    b"x-auth-token:", b"x-auth-key:", b"x-subject-token:", b"x-service-token:", b"x-api-key:", b"x-csrftoken:",
)  # fmt: skip


class _Open(Struct, frozen=True):
    """What one direction of a connection left open where a segment ended."""

    pending: bytes = b""
    """The beginning of a line that may yet become a secret header, or of a bind without its credential; of a secret value,
    the line's end."""
    in_value: bool = False
    """The line is a secret one and goes on, or the next may go on with it."""
    owed: int = 0
    """Octets of an LDAP credential that are still to come."""


_CLOSED: Final = _Open()


class Streams:
    """Follows connections as far as is needed to blank what one segment begins and the next goes on with. At most MAX_STREAMS.

    What a segment left open is kept by the sequence number that goes on from there, so that a segment sent twice is blanked twice.
    One that comes before the segment that it goes on from is looked at for itself.
    """

    def __init__(self, directory_ports: frozenset[int]) -> None:
        self._directory_ports = directory_ports
        self._open: OrderedDict[tuple[bytes, int], _Open] = OrderedDict()

    def secrets(self, data: bytes, found: Layers) -> list[Span]:
        """Where in a TCP segment with a payload secrets are."""
        at = found.transport or 0
        ports = data[at : at + 4]
        key = found.addresses + ports
        sequence = int.from_bytes(data[at + 4 : at + 8], "big")
        payload = data[found.payload : found.end]
        before = self._open.get((key, sequence), _CLOSED)
        look = _ldap if int.from_bytes(ports[2:], "big") in self._directory_ports else _http
        spans, after = look(payload, before)
        if after != _CLOSED:
            self._open[key, (sequence + len(payload)) & 0xFFFFFFFF] = after
            if len(self._open) > MAX_STREAMS:
                self._open.popitem(last=False)
        return [(found.payload + start, found.payload + end) for start, end in spans]


def _http(payload: bytes, before: _Open) -> tuple[list[Span], _Open]:
    start = b"authorization: " + before.pending if before.in_value else before.pending
    text = start + payload
    shift = len(start)
    headers = list(_HEADERS.finditer(text))
    spans = [
        (max(match.start(1), shift) - shift, match.end(1) - shift)
        for match in (*headers, *_USER_IN_ADDRESS.finditer(text))
        if match.end(1) > max(match.start(1), shift)
    ]
    if headers and (rest := text[headers[-1].end() :][:3]) in _LINE_ENDS:
        return spans, _Open(rest, in_value=True)
    line = text[text.rfind(b"\n") + 1 :]
    return spans, _Open(line if _may_become_secret(line) else b"")


def _may_become_secret(line: bytes) -> bool:
    lowered = line.lower().replace(b" ", b"").replace(b"\t", b"")
    return len(line) <= MAX_PENDING and any(name.startswith(lowered) for name in _NAMES)


class _CutError(Exception):
    """The octets end before what they began."""


def _ldap(payload: bytes, before: _Open) -> tuple[list[Span], _Open]:
    if before.pending:
        shift = len(before.pending)
        spans, after = _binds(before.pending + payload, 0)
        if spans or after != _CLOSED:
            return [(max(start, shift) - shift, end - shift) for start, end in spans if end > shift], after
    # What looked like the beginning of a bind was none: the segment is looked at for itself.
    at = min(before.owed, len(payload))
    spans, after = _binds(payload, at)
    owed = before.owed - at
    return [*([(0, at)] if at else []), *spans], _Open(owed=owed) if owed else after


def _binds(text: bytes, at: int) -> tuple[list[Span], _Open]:
    """The credentials of the messages from `at` on, and what is open where the octets end."""
    spans: list[Span] = []
    owed = 0
    while text[at : at + 1] == b"\x30":
        end = len(text) + 1
        try:
            if (message := _element(text, at)) is None:
                break
            _, start, end = message
            span = _credential(text, start)
        except _CutError:
            return spans, _unfinished(text[at:], end - len(text)) if end > len(text) else _Open(owed=owed)
        if span:
            spans.append((span[0], min(span[1], len(text))))
            owed = max(0, span[1] - len(text))
        at = end
    return [span for span in spans if span[0] < span[1]], _Open(owed=owed)


def _unfinished(text: bytes, missing: int) -> _Open:
    """A message that may be a bind; one that is too long to remember is blanked to its end."""
    return _Open(text) if len(text) <= MAX_BIND else _Open(owed=missing)


def _credential(payload: bytes, at: int) -> Span | None:
    """RFC 4511 §4.2: messageID, then [APPLICATION 0] of version, name and either [0] password or [3] SASL mechanism and credentials.

    Raises:
        _CutError: the octets end before the credential begins, and so far they are those of a bind.
    """
    number = _element(payload, at, 0x02)
    bind = _element(payload, number[2], 0x60) if number else None
    version = _element(payload, bind[1], 0x02) if bind else None
    name = _element(payload, version[2], 0x04) if version else None
    proof = _element(payload, name[2], 0x80, 0xA3) if name else None
    return proof and proof[1:]


def _element(payload: bytes, at: int, *tags: int) -> tuple[int, int, int] | None:
    """Tag, and where the contents of a BER element begin and end (X.690 §8.1); None where it has another tag than these, or no definite length.

    Raises:
        _CutError: the octets end in its header.
    """
    if at >= len(payload):
        raise _CutError
    tag, start = payload[at], at + 2
    if tags and tag not in tags:
        return None
    if start > len(payload):
        raise _CutError
    length = payload[at + 1]
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            return None
        if start + count > len(payload):
            raise _CutError
        length = int.from_bytes(payload[start : start + count], "big")
        start += count
    return tag, start, start + length


_RMCP_IPMI: Final = b"\x06\x00"
_RMCP_PLUS: Final = 0x06
_PROOF_AT: Final = {0x13: 40, 0x14: 8, 0x15: 8}
"""IPMI 2.0 §13.21 to §13.23: RAKP message 2, 3 and 4 → where its authentication code begins. Message 2's lets the password be guessed."""


def ipmi_secrets(data: bytes, start: int, end: int) -> list[Span]:
    """Where in a datagram of UDP 623 authentication codes are (IPMI 2.0 §13.6)."""
    if end - start < 16 or data[start : start + 2] != _RMCP_IPMI or data[start + 3] & 0x1F != 0x07:
        return []
    kind = data[start + 4]
    if kind == _RMCP_PLUS:
        first = start + 16 + _PROOF_AT.get(data[start + 5] & 0x3F, end)
        return [(first, end)] if first < end else []
    # Version 1.5: MD2, MD5, a straight password or an OEM's code, 16 octets.
    return [(start + 13, min(end, start + 29))] if kind else []


def users(payload: bytes, start: int) -> list[Span]:
    """Where `user:password` is in addresses of a datagram (boot file names of DHCP, TFTP's, logs)."""
    return [(start + match.start(1), start + match.end(1)) for match in _USER_IN_ADDRESS.finditer(payload)]


def community(payload: bytes, start: int) -> list[Span]:
    """Where the community of SNMP 1 and 2c is (RFC 1157 §4: version, community, data). What is cut in it is one to its end."""
    try:
        message = _element(payload, 0, 0x30)
        version = _element(payload, message[1], 0x02) if message else None
        word = _element(payload, version[2], 0x04) if version else None
    except _CutError:
        return [(start, start + len(payload))] if payload else []
    return [(start + word[1], start + min(word[2], len(payload)))] if word else []
