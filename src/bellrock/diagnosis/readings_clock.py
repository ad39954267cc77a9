"""Readings of clocks: what servers say that the time is, beside the clock of the machine that captured it."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

from bellrock.diagnosis.packets import NS, Packet, Response, Wire
from bellrock.diagnosis.readings import NOBODY, of
from bellrock.model import Wall
from bellrock.wire import ntp

GRANULARITY: Final = 1.0
"""Seconds by which the date of an HTTP head is coarse (RFC 9110 §5.6.7)."""


class Told(NamedTuple):
    """What one server says of the time."""

    address: str
    point: str
    offset: float
    """Seconds by which it is ahead of the point's clock."""
    by: str
    """`NTP`, `HTTP`."""
    packets: tuple[Packet, ...]


def told(wire: Wire) -> Iterator[Told]:
    """One for each server and point; NTP's word where there is one."""
    found: dict[tuple[str, str], Told] = {}
    for one in (*_ntp(wire), *_http(wire)):
        found.setdefault((one.address, one.point), one)
    yield from found.values()


def _ntp(wire: Wire) -> Iterator[Told]:
    """Servers that are set; RFC 5905 §7.3: others say so, and what they tell is no time."""
    answers: dict[tuple[str, str], list[Packet]] = defaultdict(list)
    for packet, said in of(wire, ntp.Packet):
        if said.mode == ntp.SERVER and set_by_somebody(said) and said.transmit:
            answers[packet.source, packet.point].append(packet)
    for (address, point), packets in answers.items():
        offsets = [
            ntp.seconds(packet.said.transmit, Wall(packet.at / NS)) - packet.at / NS
            for packet in packets
            if isinstance(packet.said, ntp.Packet)
        ]
        yield Told(address, point, median(offsets), "NTP", tuple(packets))


def set_by_somebody(said: ntp.Packet) -> bool:
    """Whether a server says that its clock is set."""
    return said.leap != ntp.UNSYNCHRONISED and 0 < said.stratum < ntp.MAX_STRATUM


def _http(wire: Wire) -> Iterator[Told]:
    """Heads whose dates go on as time does: a cache repeats the date at which something was fetched, and says nothing of now."""
    answers: dict[tuple[str, str], list[Packet]] = defaultdict(list)
    for packet, said in of(wire, Response):
        if said.date is not None and not said.via and packet.source not in NOBODY:
            answers[packet.source, packet.point].append(packet)
    for (address, point), packets in answers.items():
        first, last = packets[0], packets[-1]
        passed, dated = (last.at - first.at) / NS, _date(last) - _date(first)
        if passed >= 2 * GRANULARITY and abs(dated - passed) <= GRANULARITY:
            yield Told(address, point, _date(last) + GRANULARITY / 2 - last.at / NS, "HTTP", (first, last))


def _date(packet: Packet) -> int:
    return (packet.said.date or 0) if isinstance(packet.said, Response) else 0
