"""Files by TFTP: the request, and what followed on ports that both ends chose (RFC 1350 §4, RFC 2347 to 2349, RFC 7440).

A transfer is known by the client's address and port, to which the server's data come from wherever they come. Data are counted by whole
columns; only what agrees or refuses is taken apart.
"""

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from bellrock.capture.reading.envelopes import Envelope
from bellrock.capture.reading.gather import fetch, layout
from bellrock.capture.reading.values import LATER_PIECE, WHOLE, Bits, Columns, Numbers
from bellrock.diagnosis.packets import Transfer
from bellrock.wire import tftp
from bellrock.wire.errors import WireError

MAX_TRANSFERS: Final = 20_000
"""That are told."""
HEAD: Final = 512
"""Octets of a file's beginning that are kept: the headers of programs are there."""
_HEADER: Final = layout(4, {"opcode": (">u2", 0), "block": (">u2", 2)})
_IP4, _IP6, _UDP_HEADER = 20, 40, 8
_WRAP: Final = 1 << 16

Key = tuple[str, str, int]
"""Where it was captured, the client's address, its port."""


class Running(Struct, kw_only=True):
    """A transfer as far as it was seen."""

    request: Envelope
    path: str
    until: int
    asked: int = 1
    blksize: int = tftp.DEFAULT_BLOCK
    agreed: bool = False
    tsize: int | None = None
    acks: int = 0
    acknowledged: int = 0
    """Blocks, beyond 16 bits."""
    sent: int = 0
    """The highest block that was seen."""
    short: int | None = None
    """Octets of the last block; None: it was not seen."""
    repeated: int = 0
    largest: int = 0
    head: bytes = b""
    came: bool = False
    """Anything came from a server."""
    refused: str | None = None
    aborted: bool = False
    answered_from: str = ""
    complained: str = ""


class Transfers:
    """All transfers of a capture."""

    def __init__(self) -> None:
        self._running: dict[Key, list[Running]] = {}
        self._ends: dict[tuple[str, int], list[Key]] = {}
        self._asked: dict[Key, None] = {}
        """Those who have asked since the last time that all was settled."""
        self._count = 0
        self.left_out = 0
        """Requests beyond MAX_TRANSFERS."""

    def ask(self, envelope: Envelope, read: tftp.Read) -> None:
        """A request."""
        fields = envelope.fields
        if self._count >= MAX_TRANSFERS:
            self.left_out += 1
            return
        key = (fields["point"], fields["source"], fields["source_port"])
        if key not in self._running:
            self._running[key] = []
            self._ends.setdefault(key[1:], []).append(key)
        self._running[key].append(Running(request=envelope, path=read.path, until=fields["at"]))
        self._asked[key] = None
        self._count += 1

    def settle(self) -> None:
        """After what followed in their chunk: a request for what was asked for before, and has not come, is another attempt at it."""
        for key in self._asked:
            kept: list[Running] = []
            for one in self._running[key]:
                if kept and kept[-1].path == one.path and not kept[-1].came:
                    kept[-1] = _together(kept[-1], one)
                    self._count -= 1
                else:
                    kept.append(one)
            self._running[key] = kept
        self._asked.clear()

    def wanted(self, key: Key) -> bool:
        """Whether a client has asked for a file from there."""
        return bool(self._running.get(key))

    def complain(self, address: str, port: int, kind: str) -> None:
        """An ICMP error about a packet from or to this end."""
        for key in self._ends.get((address, port), ()):
            one = self._running[key][-1]
            one.complained = one.complained or kind

    def add(
        self, columns: Columns, found: Numbers, key: Key, server: str, mine: Bits
    ) -> Iterator[tuple[int, tftp.Message]]:
        """Packets of a chunk between a client and a server, requests among them.

        Args:
            columns: of the chunk.
            found: their indices, ascending.
            key: of the client.
            server: address of the other end.
            mine: which of them the client sent.

        Yields:
            indices of those that agree or refuse, with what they say.
        """
        running = self._running[key]
        numbers = columns.chunk.first + found
        edges = np.searchsorted(numbers, [one.request.fields["number"] for one in running])
        for one, begin, end in zip(running, edges, [*edges[1:], len(found)], strict=True):
            if begin < end:
                yield from self._add(columns, found[begin:end], one, server, mine[begin:end])

    def told(self) -> Iterator[Transfer]:
        """All of them, in the order of their requests."""
        found = (_transfer(one) for running in self._running.values() for one in running)
        return iter(sorted(found, key=lambda one: one.packet))

    def _add(
        self, columns: Columns, found: Numbers, one: Running, server: str, mine: Bits
    ) -> Iterator[tuple[int, tftp.Message]]:
        seen = (columns.piece[found] != LATER_PIECE) & (columns.payload_kept[found] >= tftp.HEADER)
        assembled = sorted(columns.assembled.keys() & found.tolist()) if columns.assembled else []
        found, mine = found[seen], mine[seen]
        words = fetch(columns.chunk.octets, columns.payload[found], _HEADER)
        opcodes, blocks = words["opcode"].astype(np.int64), words["block"].astype(np.int64)
        for place in np.flatnonzero((opcodes == tftp.OACK) | (opcodes == tftp.ERROR)).tolist():
            yield from _speech(columns, int(found[place]), one, mine=bool(mine[place]))
        data, acks = (opcodes == tftp.DATA) & ~mine, (opcodes == tftp.ACK) & mine
        if data.any():
            _data(columns, found[data], blocks[data], one)
        for index in assembled:
            _joined(columns.assembled[index], one)
        if acks.any():
            one.acks += int(acks.sum())
            one.acknowledged = max(one.acknowledged, int(_unwrapped(blocks[acks], one.acknowledged).max()))
        if one.came and not one.answered_from and server != one.request.fields["destination"]:
            one.answered_from = server
        if len(found) and (opcodes != tftp.READ).any():
            one.until = max(one.until, int(columns.chunk.times[found[opcodes != tftp.READ]].max()))


def _together(first: Running, again: Running) -> Running:
    return replace(
        again, request=first.request, asked=first.asked + again.asked, complained=first.complained or again.complained
    )


def _speech(columns: Columns, index: int, one: Running, *, mine: bool) -> Iterator[tuple[int, tftp.Message]]:
    """Options agreed, or an error of either side."""
    begin, kept = int(columns.payload[index]), int(columns.payload_kept[index])
    try:
        said = tftp.parse(columns.chunk.octets[begin : begin + kept].tobytes())
    except WireError:
        return
    yield index, said
    one.came = one.came or not mine
    if isinstance(said, tftp.Agreed):
        one.agreed = True
        one.blksize = _number(said.options, "blksize", tftp.MIN_BLOCK, tftp.MAX_BLOCK) or one.blksize
        one.tsize = _number(said.options, "tsize", 0, 1 << 48)
    elif isinstance(said, tftp.Refusal) and one.refused is None:
        one.refused, one.aborted = said.text or f"code {said.code}", mine or one.sent > 0


def _data(columns: Columns, found: Numbers, blocks: Numbers, one: Running) -> None:
    one.came = True
    positions = _unwrapped(blocks, one.sent)
    before = np.maximum.accumulate(np.concatenate([[one.sent], positions[:-1]]))
    one.repeated += int((positions <= before).sum())
    one.sent = max(one.sent, int(positions.max()))
    for index in found[positions == 1][:1].tolist() if not one.head else ():
        begin, kept = int(columns.payload[index]), int(columns.payload_kept[index])
        one.head = columns.chunk.octets[begin + tftp.HEADER : begin + min(kept, tftp.HEADER + HEAD)].tobytes()
    whole = columns.piece[found] == WHOLE
    if whole.any():
        one.largest = max(one.largest, int(columns.ip_length[found[whole]].max()))
        sizes = columns.payload_length[found[whole]] - tftp.HEADER
        for size in sizes[sizes < one.blksize][-1:].tolist():
            one.short = int(size)
    if not whole.all():
        header = _IP4 if columns.version[found[0]] == 4 else _IP6
        one.largest = max(one.largest, header + _UDP_HEADER + tftp.HEADER + one.blksize)


def _joined(datagram: bytes, one: Running) -> None:
    """A datagram that came in fragments: how large the block in it is."""
    size = len(datagram) - _UDP_HEADER - tftp.HEADER
    if int.from_bytes(datagram[_UDP_HEADER : _UDP_HEADER + 2], "big") == tftp.DATA and 0 <= size < one.blksize:
        one.short = size


def _unwrapped(blocks: Numbers, last: int) -> Numbers:
    """Numbers of blocks beyond 16 bits, each near the one before it; they wrap after 65535."""
    steps = np.diff(blocks, prepend=last % _WRAP)
    near = (steps + _WRAP // 2) % _WRAP - _WRAP // 2
    positions: Numbers = last + np.cumsum(near)
    return positions


def _number(options: dict[str, str], name: str, least: int, most: int) -> int | None:
    text = options.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 and least <= int(text) <= most else None


def _transfer(one: Running) -> Transfer:
    fields = one.request.fields
    done = one.short is not None and (one.acknowledged >= one.sent or (one.acks > 0 and not one.repeated))
    octets = (one.sent - 1) * one.blksize + (one.short or 0) if done else one.acknowledged * one.blksize
    return Transfer(
        client=fields["source"], client_mac=fields["source_mac"], server=fields["destination"], path=one.path, point=fields["point"],
        vids=fields["vids"], packet=fields["number"], at=fields["at"], until=one.until, asked=one.asked,
        blksize=one.blksize if one.agreed or one.sent else None, tsize=one.tsize, octets=max(0, octets), repeated=one.repeated,
        largest=one.largest, ended=_ended(one, done=done), error=one.refused or "", answered_from=one.answered_from,
        complained=one.complained, acks=one.acks, head=one.head,
    )  # fmt: skip


def _ended(one: Running, *, done: bool) -> Literal["whole", "refused", "aborted", "silent", "open"]:
    if one.refused is not None:
        return "aborted" if one.aborted else "refused"
    if done:
        return "whole"
    return "open" if one.came else "silent"
