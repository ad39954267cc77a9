"""CDP. The first octet: 0x01 makes the checksum right · 0x02 puts a device id and a port id in front · 0x04 LLC and SNAP too."""

from bellrock.wire import cdp
from bellrock.wire.checksum import complement, remainder
from fuzz.contract import judge_neighbour, value_or_refusal

IDS = bytes.fromhex("0001 0007 737731 0003 0006 4731")


def packet(flags: int, rest: bytes) -> bytes:
    if flags & 2:
        rest = b"\x02\xb4\0\0" + IDS + rest
    if flags & 1 and len(rest) >= 4:
        blank = rest[:2] + b"\0\0" + rest[4:]
        rest = blank[:2] + complement(remainder(blank)).to_bytes(2, "big") + blank[4:]
    return cdp.LLC_SNAP + rest if flags & 4 else rest


def one(data: bytes) -> None:
    payload = packet(data[0], data[1:]) if data else b""
    neighbour = value_or_refusal(lambda: cdp.parse(payload))
    if neighbour is not None:
        judge_neighbour(neighbour)
