"""UDP segments. The first octet: 0x01 over IPv6 · 0x02 checksum filled in · 0x04 make the checksum right."""

from bellrock.wire import udp
from bellrock.wire.checksum import complement_nonzero, remainder
from bellrock.wire.ip import PROTOCOL_UDP, Datagram, address_bytes
from fuzz.contract import demand, value_or_refusal

PAIRS = {4: ("10.20.30.41", "224.0.0.118"), 6: ("fe80::5054:ff:fe12:3456", "ff02::15a")}


def with_right_checksum(segment: bytes, version: int) -> bytes:
    size = int.from_bytes(segment[4:6], "big")
    if not 8 <= size <= len(segment):
        return segment
    blank = segment[:6] + b"\0\0" + segment[8:size]
    addresses = b"".join(map(address_bytes, PAIRS[version]))
    total = remainder(addresses) + PROTOCOL_UDP + size + remainder(blank)
    return segment[:6] + complement_nonzero(total).to_bytes(2, "big") + segment[8:]


def one(data: bytes) -> None:
    flags, rest = (data[0], data[1:]) if data else (0, b"")
    version = 6 if flags & 1 else 4
    if flags & 4:
        rest = with_right_checksum(rest, version)
    source, destination = PAIRS[version]
    datagram = Datagram(version, source, destination, 1, PROTOCOL_UDP, rest)
    segment = value_or_refusal(lambda: udp.parse(datagram, bool(flags & 2)))
    if segment is None:
        return
    again = udp.build(source, destination, segment)
    built = Datagram(version, source, destination, 1, PROTOCOL_UDP, again)
    demand(udp.parse(built) == segment, "what was parsed is not built as it was")
