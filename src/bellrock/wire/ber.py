"""The part of ASN.1's basic encoding that LDAP uses: definite lengths, tags of one octet (RFC 4511 §5.1, X.690)."""

from collections.abc import Iterable, Iterator
from typing import Final

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError

BOOLEAN, INTEGER, OCTET_STRING, ENUMERATED = 0x01, 0x02, 0x04, 0x0A
SEQUENCE, SET = 0x30, 0x31
_HIGH_TAG: Final = 0x1F
_MAX_LENGTH_OCTETS: Final = 4


def element(tag: int, content: bytes) -> bytes:
    """A tag, a length, and what they are of."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def constructed(tag: int, parts: Iterable[bytes]) -> bytes:
    """An element of elements."""
    return element(tag, b"".join(parts))


def integer(number: int, tag: int = INTEGER) -> bytes:
    """X.690 §8.3: two's complement in as few octets as possible; not negative here."""
    return element(tag, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def take(cursor: Cursor) -> tuple[int, bytes]:
    """The next element: tag and content.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (a long tag, an indefinite length), TOO_BIG (a length of more than four octets).
    """
    tag = cursor.u8()
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise WireError(Reason.UNSUPPORTED, ("BER: a tag of several octets, which begins with 0x%02x", tag))
    return tag, cursor.take(length(cursor))


def length(cursor: Cursor) -> int:
    """The length that comes next (X.690 §8.1.3); it need not be the shortest form."""
    first = cursor.u8()
    if first < 0x80:
        return first
    if first == 0x80:
        # RFC 4511 §5.1: only the definite form is used.
        raise WireError(Reason.UNSUPPORTED, "BER: an indefinite length")
    if first & 0x7F > _MAX_LENGTH_OCTETS:
        raise WireError(Reason.TOO_BIG, ("BER: a length of %d octets", first & 0x7F))
    return int.from_bytes(cursor.take(first & 0x7F), "big")


def expect(cursor: Cursor, tag: int) -> bytes:
    """The content of the next element, which has this tag.

    Raises:
        WireError: as `take`; MALFORMED, it has another.
    """
    found, content = take(cursor)
    if found != tag:
        raise WireError(Reason.MALFORMED, ("BER: tag 0x%02x where 0x%02x belongs", found, tag))
    return content


def number(content: bytes) -> int:
    """The value of an INTEGER or ENUMERATED.

    Raises:
        WireError: MALFORMED, none or more than eight octets.
    """
    if not 0 < len(content) <= 8:
        raise WireError(Reason.MALFORMED, ("BER: a number of %d octets", len(content)))
    return int.from_bytes(content, "big", signed=True)


def elements(content: bytes, what: str) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element of a sequence or set; raises as `take`."""
    cursor = Cursor(content, what)
    while cursor.left:
        yield take(cursor)
