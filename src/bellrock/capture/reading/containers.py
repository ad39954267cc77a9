"""Capture files of any kind, opened by what they begin with: pcap or pcapng, plain or compressed, from a file or a pipe."""

from collections.abc import Iterator
from typing import Final

from bellrock.capture.reading import blocks, records
from bellrock.capture.reading.pieces import Feed
from bellrock.capture.reading.source import Source, source
from bellrock.capture.reading.values import CaptureError, Chunk, Interface

_STRANGERS: Final = {
    b"snoop\0": "a capture of snoop", b"TRSN": "a capture of Sniffer", b"XCP\0": "a capture of NetXRay", b"GMBU": "a capture of Network Monitor",
    b"RTSS": "a capture of Network Monitor", b"\x7fELF": "a program", b"BZh": "packed with bzip2", b"{": "text", b"<": "text", b"#": "text",
}  # fmt: skip
"""How other files begin that are given by mistake."""


class Opened:
    """A capture, whose chunks come once. Close it, or use it with `with`."""

    def __init__(self, origin: Source, interfaces: list[Interface]) -> None:
        self._source = origin
        self._feed = Feed(origin)
        self.name = origin.name
        self.interfaces = interfaces
        """Those that are known so far: a pcapng file tells of each before its first packet."""
        self.troubles: list[str] = []
        """What could not be read or used, one line each; known once all chunks were taken."""
        self.damaged = False
        """It could not be read to its end."""
        head = self._feed.peek(24)
        self._inside = _inside(head, origin, interfaces)

    def __enter__(self) -> "Opened":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._source.close()

    @property
    def packets(self) -> int:
        """Read so far."""
        return self._feed.packets

    def chunks(self) -> Iterator[Chunk]:
        """All packets in their order."""
        yield from self._inside.chunks(self._feed)
        notes = self._inside.notes
        self.troubles += [f"{self.name}: {count} {what}" for what, count in notes.items()]
        self._end()

    def _end(self) -> None:
        where = f"{self.name}: after packet {self._feed.packets} (octet {self._feed.place})"
        if self._inside.trouble:
            self.damaged = True
            self.troubles.append(f"{where} it is damaged: {self._inside.trouble}; what follows is not read")
        elif self._source.trouble:
            self.damaged = True
            self.troubles.append(f"{where} it cannot be read further: {self._source.trouble}")
        elif self._feed.left:
            self.troubles.append(
                f"{where} it is cut: {self._feed.left} octets of another packet are there, and no more"
            )


def opened(path: str, interfaces: list[Interface] | None = None) -> Opened:
    """A capture file; `-` is standard input.

    Args:
        path: of it.
        interfaces: of files that are read together with it: their packets' numbers go on.

    Raises:
        CaptureError: it cannot be opened, or is no capture.
    """
    origin = source(path)
    try:
        return Opened(origin, interfaces if interfaces is not None else [])
    except BaseException:
        origin.close()
        raise


def _inside(head: bytes, origin: Source, interfaces: list[Interface]) -> records.Records | blocks.Blocks:
    name = origin.name
    if head[:4] == blocks.MAGIC:
        return blocks.Blocks(interfaces, origin.path)
    if head[:4] in records.MAGICS:
        if len(head) < records.HEADER:
            raise CaptureError(f"{name} is cut: {len(head)} octets, a pcap file begins with {records.HEADER}")
        number = len(interfaces)
        interfaces.append(records.interface(head, origin, number))
        return records.Records(head, number)
    if not head:
        raise CaptureError(f"{name} is empty: not even the header of a capture is there")
    if head[:4] in records.KUZNETZOV:
        raise CaptureError(f"{name} is a pcap file of a variant of 1999, which is not read; rewrite it: editcap IN OUT")
    kind = next((f" (it is {kind})" for magic, kind in _STRANGERS.items() if head.startswith(magic)), "")
    raise CaptureError(f"{name} is no capture{kind}: pcap and pcapng files are read, also packed with gzip or zstd")
