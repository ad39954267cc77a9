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

_HEADERS: Final = re.compile(
    rb"(?:^|(?<=\n))[ \t]*(?:proxy-|x-forwarded-)?(?:authorization|cookie2?|set-cookie2?|x-auth-token|x-api-key|x-csrftoken)[ \t]*:[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)
_USER_IN_ADDRESS: Final = re.compile(rb"://([^/\s@]{1,256})@")
_NAMES: Final = (
    b"authorization:", b"proxy-authorization:", b"x-forwarded-authorization:", b"cookie:", b"cookie2:", b"set-cookie:", b"set-cookie2:",
    b"x-auth-token:", b"x-api-key:", b"x-csrftoken:",
)  # fmt: skip


class _Open(Struct, frozen=True):
    """What one direction of a connection left open where a segment ended."""

    pending: bytes = b""
    """The beginning of a line that may yet become a secret header."""
    in_value: bool = False
    """The line is a secret one and goes on."""
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
    start = b"authorization: " if before.in_value else before.pending
    text = start + payload
    shift = len(start)
    spans = [
        (max(match.start(1), shift) - shift, match.end(1) - shift)
        for match in (*_HEADERS.finditer(text), *_USER_IN_ADDRESS.finditer(text))
        if match.end(1) > max(match.start(1), shift)
    ]
    line = text[text.rfind(b"\n") + 1 :]
    in_value = bool(_HEADERS.match(line))
    return spans, _Open(b"" if in_value or not _may_become_secret(line) else line, in_value)


def _may_become_secret(line: bytes) -> bool:
    lowered = line.lower().replace(b" ", b"").replace(b"\t", b"")
    return len(line) <= MAX_PENDING and any(name.startswith(lowered) for name in _NAMES)


def _ldap(payload: bytes, before: _Open) -> tuple[list[Span], _Open]:
    at = min(before.owed, len(payload))
    spans = [(0, at)] if at else []
    owed = before.owed - at
    while (message := _element(payload, at)) and message[0] == 0x30:
        _, start, at = message
        span = _credential(payload, start)
        if span:
            spans.append((span[0], min(span[1], len(payload))))
            owed = max(0, span[1] - len(payload))
    return spans, _Open(owed=owed)


def _credential(payload: bytes, at: int) -> Span | None:
    """RFC 4511 §4.2: messageID, then [APPLICATION 0] of version, name and either [0] password or [3] SASL mechanism and credentials."""
    number = _element(payload, at)
    bind = _element(payload, number[2]) if number and number[0] == 0x02 else None
    version = _element(payload, bind[1]) if bind and bind[0] == 0x60 else None
    name = _element(payload, version[2]) if version else None
    proof = _element(payload, name[2]) if name else None
    if proof is None or proof[0] not in (0x80, 0xA3):
        return None
    return proof[1], proof[2]


def _element(payload: bytes, at: int) -> tuple[int, int, int] | None:
    """Tag, and where the contents of a BER element begin and end (X.690 §8.1); None where it is cut in its header."""
    if at + 2 > len(payload):
        return None
    tag, length, start = payload[at], payload[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or start + count > len(payload):
            return None
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
