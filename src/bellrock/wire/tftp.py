"""TFTP, RFC 1350, with options (RFC 2347 to 2349, RFC 7440)."""

from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

READ, DATA, ACK, ERROR, OACK = 1, 3, 4, 5, 6
"""RFC 1350 §5, RFC 2347: opcodes. Writing (2) is not spoken."""
MAX_REQUEST: Final = 512
"""RFC 2347: octets of a request, from opcode to its last option."""
MIN_BLOCK, DEFAULT_BLOCK, MAX_BLOCK = 8, 512, 65464
"""RFC 2348: octets of data in one packet."""
MAX_WINDOW: Final = 65535
"""RFC 7440 §3: packets of data before one acknowledgement."""
HEADER: Final = 4
"""Octets of a data packet before its data."""
NOT_DEFINED, NOT_FOUND, NO_ACCESS, UNKNOWN_PORT, OPTION_REFUSED = 0, 1, 2, 5, 8
"""RFC 1350 §5, RFC 2347: codes of errors."""


class Read(Struct, frozen=True):
    """RRQ: asks for a file, in octet mode unless said otherwise. Names of options are in lower case."""

    path: str
    options: dict[str, str] = {}
    mode: str = "octet"


class Data(Struct, frozen=True, gc=False):
    """A block of the file; one that is shorter than agreed is the last. Numbers begin with 1 and wrap after 65535."""

    block: int
    payload: bytes


class Ack(Struct, frozen=True, gc=False):
    """All blocks up to this one have come; 0: the options are agreed."""

    block: int


class Refusal(Struct, frozen=True):
    """ERROR: the transfer ends, or does not begin."""

    code: int
    text: str = ""


class Agreed(Struct, frozen=True):
    """OACK: which options the server keeps, with its own values."""

    options: dict[str, str]


Message = Read | Data | Ack | Refusal | Agreed


def build(message: Message) -> bytes:
    """Its octets.

    Raises:
        ValueError: a number or a text that does not fit.
    """
    match message:
        case Read(path, options, mode):
            octets = _number(READ) + _strings(path, mode, *_flat(options))
            if len(octets) > MAX_REQUEST:
                raise ValueError(f"a request of {len(octets)} octets; at most {MAX_REQUEST} fit")
            return octets
        case Data(block, payload):
            return _number(DATA) + _number(block) + payload
        case Ack(block):
            return _number(ACK) + _number(block)
        case Refusal(code, text):
            return _number(ERROR) + _number(code) + _strings(text)
        case _:
            return _number(OACK) + _strings(*_flat(message.options))


def parse(payload: bytes | memoryview) -> Message:
    """One packet.

    Raises:
        WireError: TRUNCATED, MALFORMED (strings that do not end, an option without value), UNSUPPORTED (another opcode).
    """
    data = bytes(payload)
    if len(data) < 4:
        raise WireError(Reason.TRUNCATED, ("TFTP: %d octets, the shortest packet has 4", len(data)))
    opcode, number = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    if opcode == DATA:
        return Data(number, data[HEADER:])
    if opcode == ACK:
        return Ack(number)
    if opcode == ERROR:
        # Some servers leave out the NUL at the end.
        return Refusal(number, printable(data[HEADER:].partition(b"\0")[0]))
    if opcode == OACK:
        return Agreed(_pairs(_texts(data[2:], 0)))
    if opcode == READ:
        path, mode, *rest = _texts(data[2:], 2)
        return Read(path, _pairs(rest), mode.lower())
    raise WireError(Reason.UNSUPPORTED, ("TFTP: opcode %d, expected 1 or 3 to 6", opcode))


def _number(value: int) -> bytes:
    try:
        return value.to_bytes(2, "big")
    except OverflowError:
        raise ValueError(f"{value} does not fit 16 bits") from None


def _strings(*texts: str) -> bytes:
    if any("\0" in text for text in texts):
        raise ValueError("a text with NUL in it")
    return b"".join(text.encode() + b"\0" for text in texts)


def _flat(options: dict[str, str]) -> list[str]:
    return [text for pair in options.items() for text in pair]


def _texts(data: bytes, least: int) -> list[str]:
    if len(data) > MAX_REQUEST:
        raise WireError(Reason.TOO_BIG, ("TFTP: strings of %d octets, at most %d are allowed", len(data), MAX_REQUEST))
    *strings, rest = data.split(b"\0")
    if rest:
        raise WireError(Reason.MALFORMED, "TFTP: a string without its NUL")
    if len(strings) < least or len(strings) % 2:
        raise WireError(Reason.MALFORMED, ("TFTP: %d strings, expected pairs and at least %d", len(strings), least))
    return [printable(string) for string in strings]


def _pairs(texts: list[str]) -> dict[str, str]:
    # RFC 2347: names are case insensitive; an option may stand only once, so that the first is as good as another.
    found: dict[str, str] = {}
    for name, value in zip(texts[::2], texts[1::2], strict=True):
        found.setdefault(name.lower(), value)
    return found
