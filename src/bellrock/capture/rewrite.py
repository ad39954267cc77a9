"""A capture written again with less in it."""

from collections.abc import Callable
from importlib.metadata import version

from msgspec import Struct

from bellrock.capture import pcapng
from bellrock.capture.reading.containers import opened
from bellrock.capture.ring import Files, Turns
from bellrock.link import clock


class Rewritten(Struct, frozen=True, kw_only=True):
    """What was written."""

    packets: int
    left_out: int = 0
    """Packets of links whose frames cannot be redacted: they are not in it at all."""
    troubles: tuple[str, ...] = ()


def rewrite(path: str, output: str, redact: Callable[[bytes], bytes], remark: str) -> Rewritten:
    """Write a capture's Ethernet frames as `redact` leaves them into a new pcapng file, with a comment that says so.

    Raises:
        CaptureError: it cannot be read.
        FileError: the new file cannot be written, or is there already.
    """
    with opened(path) as file:
        head = pcapng.section(f"bellrock {version('bellrock')}", (remark,))
        files = Files(output, Turns(), lambda: head, lambda: b"", clock.monotonic())
        numbers: dict[int, int] = {}
        packets = left_out = 0
        try:
            for chunk in file.chunks():
                for at in range(len(chunk)):
                    interface = int(chunk.interfaces[at])
                    known = file.interfaces[interface]
                    if known.link_type != pcapng.ETHERNET:
                        left_out += 1
                        continue
                    if interface not in numbers:
                        numbers[interface] = len(numbers)
                        files.announce(pcapng.interface(known.name, known.snaplen, known.filter, known.comments))
                    data = redact(chunk.data(at))
                    block = pcapng.packet(numbers[interface], int(chunk.times[at]), data, int(chunk.lengths[at]), 0)
                    files.write(block, clock.monotonic())
                    packets += 1
        finally:
            files.close()
        return Rewritten(packets=packets, left_out=left_out, troubles=tuple(file.troubles))
