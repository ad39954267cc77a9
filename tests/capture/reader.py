"""A small reader of pcapng that checks what it reads; it shares nothing with the writer."""

import struct
from dataclasses import dataclass, field


@dataclass
class Contents:
    sections: list = field(default_factory=list)
    interfaces: list = field(default_factory=list)
    packets: list = field(default_factory=list)
    """(interface, nanoseconds, data, length on the wire, flags)."""
    statistics: list = field(default_factory=list)
    """(interface, nanoseconds, {code: value})."""


def options(octets):
    found = {}
    at = 0
    while at < len(octets):
        code, length = struct.unpack_from("<HH", octets, at)
        if code == 0:
            assert length == 0
            assert at + 4 == len(octets)
            return found
        value = octets[at + 4 : at + 4 + length]
        assert len(value) == length
        found.setdefault(code, []).append(value)
        padded = (length + 3) // 4 * 4
        assert octets[at + 4 + length : at + 4 + padded] == bytes(padded - length)
        at += 4 + padded
    assert not octets
    return found


def read(octets):
    contents = Contents()
    at = 0
    while at < len(octets):
        kind, total = struct.unpack_from("<II", octets, at)
        assert total % 4 == 0
        assert struct.unpack_from("<I", octets, at + total - 4)[0] == total
        body = octets[at + 8 : at + total - 4]
        match kind:
            case 0x0A0D0D0A:
                assert at == 0
                assert struct.unpack_from("<IHHq", body) == (0x1A2B3C4D, 1, 0, -1)
                contents.sections.append(options(body[16:]))
            case 1:
                linktype, reserved, snaplen = struct.unpack_from("<HHI", body)
                assert (linktype, reserved) == (1, 0)
                contents.interfaces.append((snaplen, options(body[8:])))
            case 6:
                number, high, low, kept, length = struct.unpack_from("<5I", body)
                assert number < len(contents.interfaces)
                assert kept <= length
                padded = (kept + 3) // 4 * 4
                flags = struct.unpack("<I", options(body[20 + padded :])[2][0])[0]
                contents.packets.append((number, high << 32 | low, body[20 : 20 + kept], length, flags))
            case 5:
                number, high, low = struct.unpack_from("<3I", body)
                assert number < len(contents.interfaces)
                contents.statistics.append((number, high << 32 | low, options(body[12:])))
            case _:
                raise AssertionError(f"block {kind:#x}")
        at += total
    assert at == len(octets)
    return contents
