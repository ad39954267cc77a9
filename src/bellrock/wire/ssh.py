"""SSH as it begins, before anything is encrypted: identification, packets, KEXINIT, what both ends agree on (RFC 4253)."""

from typing import Final

from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

MAX_LINE: Final = 255
"""RFC 4253 §4.2: octets of the identification with CR LF."""
MAX_PACKET: Final = 35_000
"""RFC 4253 §6.1: the least that every implementation takes, and the most that is read here."""
MAX_NAMES: Final = 256
"""Algorithms in one list."""

DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, EXT_INFO = 1, 2, 3, 4, 7
KEXINIT, NEWKEYS, KEX_INIT, KEX_REPLY = 20, 21, 30, 31
"""RFC 4253 §12; 30 and 31 are those of the method that was agreed on (RFC 4253 §8, RFC 5656 §7.1)."""
BY_APPLICATION: Final = 11
_BLOCK: Final = 8


class Identification(Struct, frozen=True):
    """The line with which an SSH server begins."""

    protocol: str
    """`2.0`; `1.99` speaks both."""
    software: str
    comments: str
    line: bytes
    """Without CR LF, as it goes into the exchange hash."""


class Algorithms(Struct, frozen=True, kw_only=True):
    """What a KEXINIT offers, the best first; of the two directions, that from the server."""

    kex: tuple[str, ...]
    host_key: tuple[str, ...]
    cipher: tuple[str, ...]
    mac: tuple[str, ...]
    compression: tuple[str, ...] = ("none",)


class Agreed(Struct, frozen=True):
    """The key exchange and the kind of host key that both ends take (RFC 4253 §7.1)."""

    kex: str
    host_key: str


def identification(line: bytes) -> Identification | None:
    """The identification, or None for a line that comes before it (RFC 4253 §4.2).

    Raises:
        WireError: MALFORMED, it begins like one and is none.
    """
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    if not line.startswith(b"SSH-"):
        return None
    protocol, dash, rest = line[4:].partition(b"-")
    software, _, comments = rest.partition(b" ")
    if not dash or not protocol or len(line) + 2 > MAX_LINE:
        raise WireError(Reason.MALFORMED, "SSH: the identification is not SSH-VERSION-SOFTWARE of at most 255 octets")
    return Identification(printable(protocol), printable(software), printable(comments), line)


def packet(payload: bytes) -> bytes:
    """A payload as it is sent before there are keys (RFC 4253 §6): length, padding length, payload, padding."""
    padding = _BLOCK - (5 + len(payload)) % _BLOCK
    padding += _BLOCK if padding < 4 else 0
    return (1 + len(payload) + padding).to_bytes(4, "big") + bytes((padding,)) + payload + bytes(padding)


def packet_length(head: bytes) -> int:
    """Octets that follow the first four of a packet.

    Raises:
        WireError: MALFORMED or TOO_BIG, no packet is so long.
    """
    length = Cursor(head, "SSH packet").u32()
    if length > MAX_PACKET:
        raise WireError(Reason.TOO_BIG, ("SSH: a packet of %d octets; at most %d are taken", length, MAX_PACKET))
    if length < 12 or (length + 4) % _BLOCK:
        raise WireError(Reason.MALFORMED, ("SSH: a packet of %d octets is not filled up to a multiple of 8", length))
    return length


def payload_of(body: bytes) -> bytes:
    """The payload of a packet, from what follows its length; with at least the octet that says what message it is.

    Raises:
        WireError: TRUNCATED, MALFORMED.
    """
    cursor = Cursor(body, "SSH packet")
    padding = cursor.u8()
    size = cursor.left - padding
    if padding < 4 or size < 1:
        raise WireError(Reason.MALFORMED, ("SSH: padding of %d octets in a packet of %d", padding, len(body)))
    return cursor.take(size)


def string(octets: bytes) -> bytes:
    """RFC 4251 §5: a string with its length."""
    return len(octets).to_bytes(4, "big") + octets


def mpint(number: int) -> bytes:
    """RFC 4251 §5: a number that is not negative."""
    return string(number.to_bytes((number.bit_length() + 8) // 8 if number else 0, "big"))


def take_string(cursor: Cursor) -> bytes:
    """The string that comes next."""
    return cursor.take(cursor.u32())


def build_kexinit(offer: Algorithms, cookie: bytes) -> bytes:
    """A KEXINIT payload that offers the same both ways. `cookie`: 16 random octets."""
    both = (offer.cipher, offer.cipher, offer.mac, offer.mac, offer.compression, offer.compression, (), ())
    lists = b"".join(string(",".join(names).encode()) for names in (offer.kex, offer.host_key, *both))
    return bytes((KEXINIT,)) + cookie + lists + b"\0" + bytes(4)


def parse_kexinit(payload: bytes) -> Algorithms:
    """RFC 4253 §7.1.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another message), MALFORMED (names that are none), TOO_BIG.
    """
    cursor = Cursor(payload, "SSH KEXINIT")
    if (message := cursor.u8()) != KEXINIT:
        raise WireError(Reason.UNSUPPORTED, ("SSH: message %d where KEXINIT (20) belongs", message))
    cursor.take(16)  # cookie
    lists = [_names(cursor) for _ in range(10)]
    cursor.take(5)  # first_kex_packet_follows, reserved
    return Algorithms(kex=lists[0], host_key=lists[1], cipher=lists[3], mac=lists[5], compression=lists[7])


def _names(cursor: Cursor) -> tuple[str, ...]:
    octets = take_string(cursor)
    if not octets:
        return ()
    # RFC 4251 §6: names are printable US-ASCII of at most 64 octets, commas between.
    names = octets.split(b",")
    if len(names) > MAX_NAMES:
        raise WireError(Reason.TOO_BIG, ("SSH: %d algorithms in one list; at most %d are taken", len(names), MAX_NAMES))
    for name in names:
        if not 0 < len(name) <= 64 or not all(32 < octet < 127 for octet in name):
            raise WireError(Reason.MALFORMED, "SSH: an algorithm's name is not 1 to 64 printable characters")
    return tuple(name.decode("ascii") for name in names)


def agree(client: Algorithms, server: Algorithms) -> Agreed | None:
    """RFC 4253 §7.1: of each list the client's first that the server has too; None where there is none."""
    kex = next((name for name in client.kex if name in server.kex), "")
    host_key = next((name for name in client.host_key if name in server.host_key), "")
    return Agreed(kex, host_key) if kex and host_key else None


def build_kex(public: bytes) -> bytes:
    """KEX_ECDH_INIT with a public point, or KEXDH_INIT with the octets of a public number."""
    return bytes((KEX_INIT,)) + string(public)


class KexReply(Struct, frozen=True):
    """RFC 4253 §8, RFC 5656 §4: the server's half of the exchange, and its host key's signature over all of it."""

    host_key: bytes
    public: bytes
    signature: bytes


def parse_kex_reply(payload: bytes) -> KexReply:
    """KEX_ECDH_REPLY or KEXDH_REPLY.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another message).
    """
    cursor = Cursor(payload, "SSH key exchange")
    if (message := cursor.u8()) != KEX_REPLY:
        raise WireError(Reason.UNSUPPORTED, ("SSH: message %d where the key exchange's reply (31) belongs", message))
    return KexReply(take_string(cursor), take_string(cursor), take_string(cursor))


def build_disconnect(why: str) -> bytes:
    """RFC 4253 §11.1: a goodbye, so that the server's log says who it was."""
    return bytes((DISCONNECT,)) + BY_APPLICATION.to_bytes(4, "big") + string(why.encode()) + string(b"")


def parse_disconnect(payload: bytes) -> tuple[int, str]:
    """The reason code and description of a DISCONNECT.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another message).
    """
    cursor = Cursor(payload, "SSH DISCONNECT")
    if (message := cursor.u8()) != DISCONNECT:
        raise WireError(Reason.UNSUPPORTED, ("SSH: message %d where DISCONNECT (1) belongs", message))
    return cursor.u32(), printable(take_string(cursor))
