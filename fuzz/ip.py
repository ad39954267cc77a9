"""IP packets. The first octet: 0x01 makes an IPv4 header checksum right, which hardly a mutation would."""

from bellrock.wire import ip
from fuzz.contract import demand, value_or_refusal
from fuzz.frame import with_right_header


def one(data: bytes) -> None:
    packet = data[1:]
    if data[:1] and data[0] & 1:
        packet = with_right_header(packet)
    datagram = value_or_refusal(lambda: ip.parse(packet))
    if datagram is None:
        return
    demand(datagram == ip.parse(memoryview(packet)), "bytes and memoryview disagree")
    demand(bytes(datagram.payload) in packet, "a payload that was not there")
    again = ip.build(
        datagram.source, datagram.destination, datagram.hop_limit, datagram.protocol, bytes(datagram.payload)
    )
    # No header of IPv6 that is passed over, and no fragment header, is ever left as the protocol.
    demand(ip.parse(again) == datagram, "what was parsed is not built as it was")
