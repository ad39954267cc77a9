"""NTP, RFC 5905: the packet of clients and servers, its 48 octets without extension fields."""

import struct
from typing import Final

from msgspec import Struct

from bellrock.model import Wall
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable

HEADER: Final = struct.Struct("!BBbbII4sQQQQ")
CLIENT, SERVER = 3, 4
"""RFC 5905 §7.3, figure 10: modes."""
UNSYNCHRONISED: Final = 3
"""RFC 5905 §7.3, figure 9: the leap indicator of a clock that is not set."""
MAX_STRATUM: Final = 16
"""RFC 5905 §7.3, figure 11: unsynchronised; above it, reserved."""
_EPOCH: Final = 2_208_988_800
"""RFC 5905 §6: seconds from 1900, where era 0 begins, to 1970."""
_ERA: Final = 1 << 32
_VERSION: Final = 4


class Packet(Struct, frozen=True, kw_only=True):
    """What a packet says. Timestamps are its own 64 bits; `seconds` reads them. Delay and dispersion: seconds."""

    leap: int = 0
    version: int = _VERSION
    mode: int = CLIENT
    stratum: int = 0
    poll: int = 0
    """Power of two of seconds."""
    precision: int = 0
    """The same, of the sender's clock."""
    root_delay: float = 0.0
    root_dispersion: float = 0.0
    reference: bytes = bytes(4)
    reference_time: int = 0
    """When the sender's clock was set last."""
    origin: int = 0
    """The client's transmit time, which a server sends back."""
    receive: int = 0
    transmit: int = 0

    @property
    def kiss(self) -> str:
        """RFC 5905 §7.4: why a server does not serve (`RATE`, `DENY`); empty: this is no kiss-o'-death."""
        return printable(self.reference) if self.stratum == 0 else ""

    @property
    def source(self) -> str:
        """RFC 5905 §7.3: what the sender's clock is set by: a name at stratum 1; above, an IPv4 address or a hash of an IPv6 address."""
        if self.stratum <= 1:
            return printable(self.reference)
        return ".".join(map(str, self.reference))


def build(packet: Packet) -> bytes:
    """Its octets.

    Raises:
        ValueError: a value that its field does not hold.
    """
    if not (0 <= packet.leap <= 3 and 0 <= packet.version <= 7 and 0 <= packet.mode <= 7):
        raise ValueError(f"leap {packet.leap}, version {packet.version} and mode {packet.mode} do not fit their bits")
    first = packet.leap << 6 | packet.version << 3 | packet.mode
    try:
        return HEADER.pack(
            first, packet.stratum, packet.poll, packet.precision, _short(packet.root_delay), _short(packet.root_dispersion),
            packet.reference, packet.reference_time, packet.origin, packet.receive, packet.transmit,
        )  # fmt: skip
    except struct.error as error:
        raise ValueError(f"does not fit an NTP packet: {error}") from None


def parse(payload: bytes | memoryview) -> Packet:
    """The packet at the front of a datagram; what follows it (extension fields, a MAC) is passed over.

    Raises:
        WireError: TRUNCATED, UNKNOWN_VERSION (0, and 5 and later).
    """
    if len(payload) < HEADER.size:
        raise WireError(Reason.TRUNCATED, ("NTP: %d octets, a packet has 48", len(payload)))
    first, stratum, poll, precision, delay, dispersion, reference, *times = HEADER.unpack_from(payload)
    version = first >> 3 & 7
    if not 1 <= version <= _VERSION:
        raise WireError(Reason.UNKNOWN_VERSION, ("NTP version %d; 1 to 4 are known", version))
    return Packet(
        leap=first >> 6, version=version, mode=first & 7, stratum=stratum, poll=poll, precision=precision,
        root_delay=delay / 65536, root_dispersion=dispersion / 65536, reference=reference,
        reference_time=times[0], origin=times[1], receive=times[2], transmit=times[3],
    )  # fmt: skip


def seconds(timestamp: int, near: Wall) -> Wall:
    """What a 64-bit timestamp means. RFC 5905 §6: it does not say its era, so the one is taken that is nearest to `near`."""
    since_1900 = timestamp / _ERA
    era = round((near + _EPOCH - since_1900) / _ERA)
    return Wall(since_1900 - _EPOCH + era * _ERA)


def timestamp(time: Wall) -> int:
    """The 64 bits of a time, without its era."""
    whole, fraction = divmod(time + _EPOCH, 1.0)
    return (int(whole) % _ERA) << 32 | min(int(fraction * _ERA), _ERA - 1)


def offset_and_delay(answer: Packet, sent: Wall, came: Wall) -> tuple[float, float]:
    """RFC 5905 §8: seconds by which the server's clock is ahead of the client's (+) or behind (−), and the round trip."""
    there, back = seconds(answer.receive, sent), seconds(answer.transmit, came)
    return ((there - sent) + (back - came)) / 2, max(0.0, (came - sent) - (back - there))


def _short(value: float) -> int:
    """RFC 5905 §6: NTP short format, 16 bits of seconds and 16 of fraction."""
    return round(value * 65536)
