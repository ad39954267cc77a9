"""Capture files of every kind, written here by the formats' drafts and nothing of Bellrock's; and chunks of given octets."""

import struct

import numpy as np

from bellrock.capture.reading.columns import columns
from bellrock.capture.reading.fragments import Pieces
from bellrock.capture.reading.values import PADDING, Chunk, Interface

BEGIN = 1_790_000_000
"""Seconds since the epoch."""
US, NS = 10**6, 10**9


def classic(packets, order="<", unit=US, link=1, snaplen=262144, magic=None, major=2):
    """A pcap file of (seconds since BEGIN, octets[, length on the wire])."""
    magic = magic or {US: 0xA1B2C3D4, NS: 0xA1B23C4D}[unit]
    out = struct.pack(f"{order}IHHiIII", magic, major, 4, 0, 0, snaplen, link)
    return out + b"".join(record(order, unit, *packet) for packet in packets)


def record(order, unit, at, data, length=None):
    whole = BEGIN * unit + round(at * unit)
    return struct.pack(f"{order}IIII", whole // unit, whole % unit, len(data), length or len(data)) + data


def option(order, code, value):
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(order, kind, body):
    total = 12 + len(body)
    return struct.pack(f"{order}II", kind, total) + body + struct.pack(f"{order}I", total)


def section(order="<", major=1):
    return block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, major, 0, -1))


def interface(order="<", name=b"", link=1, snaplen=0, resolution=None, offset=None, more=()):
    options = [(2, name)] if name else []
    options += [(9, bytes([resolution]))] if resolution is not None else []
    options += [(14, struct.pack(f"{order}q", offset))] if offset is not None else []
    said = b"".join(option(order, *one) for one in (*options, *more))
    return block(order, 1, struct.pack(f"{order}HHI", link, 0, snaplen) + (said + bytes(4) if said else b""))


def enhanced(ticks, data, order="<", number=0, length=None, kept=None, said=b""):
    head = struct.pack(
        f"{order}IIIII",
        number,
        ticks >> 32,
        ticks & 0xFFFFFFFF,
        len(data) if kept is None else kept,
        length or len(data),
    )
    return block(order, 6, head + data + bytes(-len(data) % 4) + said)


def simple(data, order="<", length=None):
    return block(order, 3, struct.pack(f"{order}I", length or len(data)) + data + bytes(-len(data) % 4))


def obsolete(ticks, data, order="<", number=0, drops=0):
    head = struct.pack(f"{order}HHIIII", number, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(order, 2, head + data + bytes(-len(data) % 4))


def statistics(number=0, order="<", **counts):
    codes = {"received": 4, "dropped": 5, "lost": 7}
    said = b"".join(option(order, codes[name], struct.pack(f"{order}Q", count)) for name, count in counts.items())
    return block(order, 5, struct.pack(f"{order}III", number, 0, 0) + said + bytes(4))


def new(packets, order="<", **about):
    """A pcapng file with one interface, in microseconds unless it says otherwise."""
    blocks = [enhanced(round((BEGIN + at) * US), data, order) for at, data in packets]
    return section(order) + interface(order, **about) + b"".join(blocks)


def chunk_of(*frames, link=1, kept=None, lengths=None):
    """A chunk of these octets, and its interfaces."""
    octets = np.frombuffer(b"".join(frames) + bytes(PADDING), np.uint8)
    sizes = np.array([len(frame) for frame in frames], np.int64)
    count = len(frames)
    numbers = np.arange(count, dtype=np.int64)
    links = link if isinstance(link, list) else [link]
    made = Chunk(
        octets=octets, offsets=np.cumsum(sizes) - sizes, kept=np.array(kept or sizes, np.int64), lengths=np.array(lengths or sizes, np.int64),
        times=BEGIN * NS + numbers * 1000, interfaces=(numbers % len(links)).astype(np.int32), first=1,
    )  # fmt: skip
    return made, [Interface(number=at, link_type=kind) for at, kind in enumerate(links)]


def columns_of(*frames, pieces=None, **about):
    """The columns of these octets."""
    chunk, interfaces = chunk_of(*frames, **about)
    return columns(chunk, interfaces, pieces or Pieces())
