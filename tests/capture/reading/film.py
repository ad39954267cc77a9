"""Captures made packet by packet: what went over the wire, when, seen where."""

import struct

from bellrock.capture import pcapng
from bellrock.capture.reading.columns import columns
from bellrock.capture.reading.containers import opened
from bellrock.capture.reading.fragments import Pieces
from bellrock.capture.reading.sight import read_wire
from bellrock.wire import arp, dhcp, ethernet, ip, tftp, udp
from bellrock.wire.ethernet import EthernetFrame, Tag

CLIENT, SERVER = "52:54:00:12:34:56", "02:00:00:00:00:02"
HERE, THERE = "10.0.0.57", "10.0.0.2"
HERE6, THERE6 = "fd00::57", "fd00::2"
BEGIN = 1_790_000_000_000_000_000
SYN, ACK, FIN, RST, PSH = 2, 16, 1, 4, 8


class Film:
    """A capture in the making. `at` is the time of the next packet in seconds from the beginning; each takes 1 ms."""

    def __init__(self, *points, snaplen=262144):
        self.points, self.snaplen = points or ("eth0",), snaplen
        self.at = 0.0
        self.blocks = []

    def frame(self, data, *, at=None, point=0, length=None):
        """A whole frame."""
        self.at = self.at + 0.001 if at is None else at
        kept = data[: self.snaplen]
        self.blocks.append(pcapng.packet(point, BEGIN + round(self.at * 1e9), kept, length or len(data), 0))
        return self

    def packet(self, data, *, back=False, vids=(), tpid=0x8100, **how):
        """An IP packet from client to server; `back`: the other way."""
        source, destination = (SERVER, CLIENT) if back else (CLIENT, SERVER)
        tags = tuple(Tag(tpid, vid) for vid in vids)
        kind = 0x0800 if data[0] >> 4 == 4 else 0x86DD
        return self.frame(ethernet.build(EthernetFrame(destination, source, tags, kind, data)), **how)

    def below(self, ethertype, payload, *, source=CLIENT, destination=SERVER, **how):
        """A frame of no IP."""
        return self.frame(ethernet.build(EthernetFrame(destination, source, (), ethertype, payload)), **how)

    def udp(self, sport, dport, payload, *, back=False, ends=(HERE, THERE), **how):
        source, destination = ends[::-1] if back else ends
        segment = udp.build(source, destination, udp.Segment(sport, dport, payload))
        return self.packet(ip.build(source, destination, 64, 17, segment), back=back, **how)

    def tcp(self, sport, dport, seq, ack, flags, payload=b"", *, back=False, ends=(HERE, THERE), **how):
        source, destination = ends[::-1] if back else ends
        segment = struct.pack("!HHIIBBHHH", sport, dport, seq % 2**32, ack % 2**32, 0x50, flags, 65535, 0, 0) + payload
        return self.packet(ip.build(source, destination, 64, 6, segment), back=back, **how)

    def icmp(self, message, *, back=False, ends=(HERE, THERE), **how):
        source, destination = ends[::-1] if back else ends
        return self.packet(ip.build(source, destination, 64, 58 if ":" in source else 1, message), back=back, **how)

    def call(self, sport=50000, dport=5240, **how):
        """A TCP connection, opened."""
        return Call(self, sport, dport, **how).open()

    def octets(self):
        heads = b"".join(pcapng.interface(name, self.snaplen) for name in self.points)
        return pcapng.section("film") + heads + b"".join(self.blocks)

    def save(self, directory, name="film.pcapng"):
        path = directory / name
        path.write_bytes(self.octets())
        return str(path)

    def wire(self, directory, **how):
        """As rules read it."""
        return read_wire([self.save(directory)], **how)

    def columns(self, directory):
        """Of its only chunk."""
        with opened(self.save(directory)) as capture:
            (chunk,) = capture.chunks()
            return columns(chunk, capture.interfaces, Pieces())


class Call:
    """A TCP connection; both ends' sequence numbers go on by themselves."""

    def __init__(self, film, sport, dport, *, initial=(1000, 9000), **how):
        self.film, self.sport, self.dport, self.how = film, sport, dport, how
        self.seq, self.ack = initial

    def send(self, payload=b"", flags=ACK, *, back=False, seq=None, **how):
        """A segment; `seq` sends an earlier one again, and nothing goes on."""
        ports = (self.dport, self.sport) if back else (self.sport, self.dport)
        ours, theirs = (self.ack, self.seq) if back else (self.seq, self.ack)
        self.film.tcp(
            *ports,
            ours if seq is None else seq,
            theirs if flags & ACK else 0,
            flags,
            payload,
            back=back,
            **self.how,
            **how,
        )
        if seq is None:
            step = len(payload) + bool(flags & (SYN | FIN))
            self.seq, self.ack = (self.seq, self.ack + step) if back else (self.seq + step, self.ack)
        return self

    def open(self):
        return self.send(flags=SYN).send(flags=SYN | ACK, back=True).send()

    def close(self):
        return self.send(flags=FIN | ACK).send(flags=FIN | ACK, back=True).send()


def discover(kind=dhcp.Kind.DISCOVER, mac=CLIENT, **fields):
    """A DHCP message of a client that boots by PXE."""
    options = {93: b"\0\7", 60: b"PXEClient:Arch:00007"} | fields.pop("options", {})
    return dhcp.encode(dhcp.Message(op=1, xid=7, kind=kind, chaddr=ethernet.mac_bytes(mac), options=options, **fields))


def who_has(target=THERE, sender=HERE, mac=CLIENT):
    return arp.build(arp.Arp(1, mac, sender, "00:00:00:00:00:00", target))


def fetch_file(
    film,
    blocks,
    *,
    blksize=512,
    path="grub.efi",
    port=2070,
    chosen=40000,
    options=None,
    last=100,
    acks=True,
    server=THERE,
):
    """A TFTP transfer without trouble."""
    film.udp(port, 69, tftp.build(tftp.Read(path, options or {})))
    ends = (HERE, server)
    if options:
        film.udp(chosen, port, tftp.build(tftp.Agreed(options)), back=True, ends=ends)
        film.udp(port, chosen, tftp.build(tftp.Ack(0)), ends=ends)
    for block in range(1, blocks + 1):
        data = bytes(blksize if block < blocks else last)
        film.udp(chosen, port, tftp.build(tftp.Data(block % 65536, data)), back=True, ends=ends)
        if acks:
            film.udp(port, chosen, tftp.build(tftp.Ack(block % 65536)), ends=ends)
    return film


def fragment(packet, begin, end):
    """A fragment of an IPv4 packet without options."""
    data = packet[20:][begin:end]
    more = 0 if end is None else 0x2000
    return (
        packet[:2]
        + (20 + len(data)).to_bytes(2, "big")
        + b"\0\7"
        + (more | begin // 8).to_bytes(2, "big")
        + packet[8:20]
        + data
    )
