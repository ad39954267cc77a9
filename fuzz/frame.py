"""Whole frames in one pass. The first octet: 0x01 checksum filled in · 0x02, 0x04 tags from the kernel · 0x08 make the IPv4 header
checksum right, which hardly a mutation would."""

from bellrock.wire import ethernet, ip, udp
from bellrock.wire.checksum import complement, remainder
from bellrock.wire.ethernet import Tag
from bellrock.wire.frame import BEACON_PORT, HeardDatagram, open_beacon_frame
from fuzz.contract import demand, value_or_refusal

TAGS = (Tag(0x88A8, 0, 5), Tag(0x8100, 10))


def with_right_header(packet: bytes) -> bytes:
    """An IPv4 packet with a right header checksum; anything else as it is."""
    size = (packet[0] & 15) * 4 if packet else 0
    if size < 20 or packet[0] >> 4 != 4 or len(packet) < size:
        return packet
    header = packet[:10] + b"\0\0" + packet[12:size]
    return header[:10] + complement(remainder(header)).to_bytes(2, "big") + packet[10 + 2 :]


def repaired(data: bytes) -> bytes:
    frame = value_or_refusal(lambda: ethernet.parse(data))
    if frame is None or frame.ethertype != ethernet.ETHERTYPE_IPV4:
        return data
    packet = bytes(frame.payload)
    return data[: len(data) - len(packet)] + with_right_header(packet)


def layers(data: bytes, tags: tuple[Tag, ...], ready: bool) -> tuple[str, str, int, int, bytes]:
    """The same by the parsers of the layers."""
    frame = ethernet.parse(data, tags)
    datagram = ip.parse(frame.payload)
    segment = udp.parse(datagram, ready)
    demand(segment.destination_port == BEACON_PORT, "another port was taken for the beacon's")
    return datagram.source, datagram.destination, datagram.hop_limit, segment.source_port, bytes(segment.payload)


def one(data: bytes) -> None:
    flags, rest = (data[0], data[1:]) if data else (0, b"")
    tags = TAGS[: flags >> 1 & 1] + TAGS[1 : 1 + (flags >> 2 & 1)]
    ready = bool(flags & 1)
    if flags & 8:
        rest = repaired(rest)
    heard: HeardDatagram | None = value_or_refusal(lambda: open_beacon_frame(rest, tags, ready))
    if heard is None:
        return
    said = (heard.source_ip, heard.destination_ip, heard.hop_limit, heard.source_port, heard.payload)
    demand(said == layers(rest, tags, ready), "the one pass and the layers disagree")
    demand(open_beacon_frame(memoryview(rest), tags, ready) == heard, "bytes and memoryview disagree")
