"""Captures for measuring, as large as is asked: a boot, and then bulk (images by HTTP, and what else goes on meanwhile)."""

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bellrock.wire import arp, dhcp, ethernet, ip, tftp, udp
from bellrock.wire.ethernet import EthernetFrame, Tag

BEGIN = 1_790_000_000
SERVER = "02:00:00:00:00:02"
CONNECTIONS = 8
BLOCK = 24_576
"""Packets of a second; after that all goes on with other sequence numbers."""
DATA = 1448
Frame = tuple[bytes, int | None]
"""Octets, and where in them a TCP header begins whose numbers go on from second to second."""


def mac(number: int) -> str:
    return f"52:54:00:00:00:{number:02x}"


def framed(source: str, destination: str, packet: bytes, vid: int = 0) -> bytes:
    tags = (Tag(0x8100, vid),) if vid else ()
    return ethernet.build(EthernetFrame(destination, source, tags, 0x0800 if packet[0] >> 4 == 4 else 0x86DD, packet))


def datagram(ends: tuple[str, str], ports: tuple[int, int], payload: bytes) -> bytes:
    return ip.build(*ends, 64, 17, udp.build(*ends, udp.Segment(*ports, payload)))


def boot(number: int) -> Iterator[bytes]:
    """Of one machine, without trouble: DHCP, ARP, a boot file by TFTP."""
    here, there, card = f"10.0.0.{100 + number}", "10.0.0.2", mac(number)
    chaddr = ethernet.mac_bytes(card)
    common = {"xid": 7 + number, "chaddr": chaddr}
    offer = {54: bytes((10, 0, 0, 2)), 51: (3600).to_bytes(4, "big"), 1: bytes((255, 255, 255, 0))}
    for op, kind, options in (
        (1, dhcp.Kind.DISCOVER, {93: b"\0\7", 60: b"PXEClient:Arch:00007"}), (2, dhcp.Kind.OFFER, offer),
        (1, dhcp.Kind.REQUEST, {93: b"\0\7", 60: b"PXEClient:Arch:00007", 50: bytes((10, 0, 0, 100 + number))}), (2, dhcp.Kind.ACK, offer),
    ):  # fmt: skip
        message = dhcp.Message(
            op=op, kind=kind, options=options, yiaddr=here if op == 2 else "0.0.0.0", siaddr=there if op == 2 else "0.0.0.0",
            file=b"grubx64.efi" if op == 2 else b"", **common,
        )  # fmt: skip
        ends = ("0.0.0.0", "255.255.255.255") if op == 1 else (there, "255.255.255.255")
        ports = (68, 67) if op == 1 else (67, 68)
        yield framed(card if op == 1 else SERVER, "ff:ff:ff:ff:ff:ff", datagram(ends, ports, dhcp.encode(message)))
    asked = arp.build(arp.Arp(1, card, here, "00:00:00:00:00:00", there))
    yield ethernet.build(EthernetFrame("ff:ff:ff:ff:ff:ff", card, (), 0x0806, asked))
    yield ethernet.build(EthernetFrame(card, SERVER, (), 0x0806, arp.build(arp.Arp(2, SERVER, there, card, here))))
    yield framed(card, SERVER, datagram((here, there), (2070, 69), tftp.build(tftp.Read("grubx64.efi", {}))))
    for block in range(1, 65):
        data = tftp.build(tftp.Data(block, bytes(512 if block < 64 else 100)))
        yield framed(SERVER, card, datagram((there, here), (40000, 2070), data))
        yield framed(card, SERVER, datagram((here, there), (2070, 40000), tftp.build(tftp.Ack(block))))


def bulk() -> Iterator[Frame]:
    """A second of images on their way: two segments and an acknowledgement, now and then a name asked for and a line logged."""
    sent = [1000] * CONNECTIONS
    for at in range(BLOCK // 4):
        number = at % CONNECTIONS
        here, there, card = f"10.0.{number % 2}.{100 + number}", "10.0.0.2", mac(number)
        vid = 10 if number % 2 else 0
        head = 14 + (4 if vid else 0) + 20
        for _ in (0, 1):
            yield (
                framed(SERVER, card, tcp((there, here), (80, 40000 + number), sent[number], 1, bytes(DATA)), vid),
                head,
            )
            sent[number] += DATA
        yield framed(card, SERVER, tcp((here, there), (40000 + number, 80), 1, sent[number], b""), vid), head
        if at % 16 < 3:
            yield (named(at, here, there, card), answered(at, there), logged(at, here, card))[at % 16], None
            continue
        yield framed(SERVER, card, tcp((there, here), (80, 40000 + number), sent[number], 1, bytes(DATA)), vid), head
        sent[number] += DATA


NAME = b"\7archive\6ubuntu\3com\0\0\1\0\1"


def named(at: int, here: str, there: str, card: str) -> bytes:
    question = struct.pack("!6H", at % 65536, 0x100, 1, 0, 0, 0) + NAME
    return framed(card, SERVER, datagram((here, there), (33000 + at % 64, 53), question))


def answered(at: int, there: str) -> bytes:
    """What was asked one before, by the neighbour."""
    answer = (
        struct.pack("!6H", (at - 1) % 65536, 0x8180, 1, 1, 0, 0)
        + NAME
        + struct.pack("!HHHIH4s", 0xC00C, 1, 1, 60, 4, b"\x0a\0\0\x07")
    )
    asker = (at - 1) % CONNECTIONS
    return framed(
        SERVER, mac(asker), datagram((there, f"10.0.{asker % 2}.{100 + asker}"), (53, 33000 + (at - 1) % 64), answer)
    )


def logged(at: int, here: str, card: str) -> bytes:
    return framed(
        card,
        SERVER,
        datagram((here, "10.0.0.9"), (50000, 514), b"<30>Nov 22 11:00:00 node cloud-init: " + b"x" * (at % 90)),
    )


def tcp(ends: tuple[str, str], ports: tuple[int, int], seq: int, ack: int, payload: bytes) -> bytes:
    return ip.build(*ends, 64, 6, struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, 0x10, 65535, 0, 0) + payload)


class Block:
    """Records of a second, whose times and sequence numbers are moved on in place."""

    def __init__(self) -> None:
        frames = list(bulk())
        self.size = len(frames)
        out, starts, heads = bytearray(), [], []
        for at, (data, head) in enumerate(frames):
            starts.append(len(out))
            if head is not None:
                heads.append(len(out) + 16 + head)
            out += struct.pack("<IIII", 0, at * 10**6 // len(frames), len(data), len(data)) + data
        self.octets = np.frombuffer(out, np.uint8).copy()
        self._starts, self._heads = np.array(starts), np.array(heads)
        self._numbers = [self._read(offset) for offset in (4, 8)]
        self._steps = self._advance(frames)

    def at(self, second: int) -> np.ndarray:
        """The octets of this second."""
        self._write(self._starts, 0, np.full(len(self._starts), BEGIN + 1 + second), big=False)
        for offset, numbers in zip((4, 8), self._numbers, strict=True):
            # What stays 1 is of the side that sends nothing.
            self._write(
                self._heads, offset, np.where(numbers == 1, 1, numbers + second * self._steps) % 2**32, big=True
            )
        return self.octets

    @staticmethod
    def _advance(frames: list[Frame]) -> np.ndarray:
        """Octets that the connection of each segment sends in a second."""
        ports = [max(struct.unpack_from("!HH", data, head)) for data, head in frames if head is not None]
        sizes = [len(data) - head - 20 for data, head in frames if head is not None]
        sums = dict.fromkeys(ports, 0)
        for port, size in zip(ports, sizes, strict=True):
            sums[port] += size
        return np.array([sums[port] for port in ports])

    def _read(self, offset: int) -> np.ndarray:
        places = self._heads + offset
        return sum(self.octets[places + at].astype(np.int64) << 8 * (3 - at) for at in range(4))

    def _write(self, places: np.ndarray, offset: int, numbers: np.ndarray, *, big: bool) -> None:
        for at in range(4):
            self.octets[places + offset + at] = numbers >> 8 * (3 - at if big else at) & 0xFF


def write(path: Path, *, packets: int = 0, octets: int = 0) -> int:
    """A pcap file of at least so many packets or octets; how many packets it has."""
    block, count = Block(), 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number in range(3):
            for data in boot(number):
                file.write(struct.pack("<IIII", BEGIN, count * 1000, len(data), len(data)) + data)
                count += 1
        second = 0
        while count < packets or file.tell() < octets:
            file.write(block.at(second).data)
            second, count = second + 1, count + block.size
    return count


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), packets=int(sys.argv[2]), octets=int(sys.argv[3])))
