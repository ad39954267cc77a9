"""Readings of the switch port behind a point: machines that ask there before it passes anything on."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeVar

from bellrock.diagnosis.once import once
from bellrock.diagnosis.packets import Packet, Wire
from bellrock.diagnosis.readings import of
from bellrock.wire import dhcp
from bellrock.wire.dhcp import Kind
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu

T = TypeVar("T")
LOCAL: Final = "01:80:c2:00:00:0"
"""IEEE 802.1Q §8.6.3: groups that no bridge passes on; what is sent to them comes from the other end of the cable."""
_CDP: Final = ("01:00:0c:cc:cc:cc", "01:00:0c:cc:cc:cd")


class Wait(NamedTuple):
    """A machine that asks for an address at a point, and nothing but the switch's own frames comes from the cable meanwhile."""

    point: str
    client: str
    asked: tuple[Packet, ...]
    """Its DISCOVERs until something came, at least one."""
    passed: Packet | None
    """The first frame of anybody else; None: none until the end."""
    until: int

    @property
    def seconds(self) -> float:
        """From its first question until something came, or the last packet of the capture."""
        return (self.until - self.asked[0].at) / 1e9


def waits(wire: Wire) -> Iterator[Wait]:
    """Each time that a machine asked and heard nothing from beyond its switch port.

    Only at points on the machine's own cable: no other ordinary machine is heard there before its first question either, as long as
    its link comes up with its boot; where others were heard within the last of its waits, it is no wait.
    """
    for point in dict.fromkeys(packet.point for packet in wire.packets):
        here = [packet for packet in wire.packets if packet.point == point and packet.source_mac]
        yield from _waits(point, here, wire.last)


def held_back(wire: Wire, patience: float, why: Callable[[Wire, Wait], T | None]) -> Iterator[tuple[Wait, T]]:
    """Waits of `patience` seconds or more for which a reason is found, and that; one for each machine and point."""
    long = (wait for wait in waits(wire) if wait.seconds >= patience)
    found = ((wait, reason) for wait in long if (reason := why(wire, wait)) is not None)
    return once(found, lambda held: (held[0].point, held[0].client))


def _waits(point: str, here: list[Packet], end: int) -> Iterator[Wait]:
    asked: dict[str, list[Packet]] = {}
    for packet in here:
        if own_of_switch(packet):
            continue
        client = _asker(packet)
        if client and packet.source_mac == client:
            asked.setdefault(client, []).append(packet)
        for other in [mac for mac in asked if mac != packet.source_mac]:
            mine = asked.pop(other)
            yield Wait(point, other, tuple(mine), packet, packet.at)
    for client, mine in asked.items():
        yield Wait(point, client, tuple(mine), None, end)


def own_of_switch(packet: Packet) -> bool:
    """Whether the frame is one that a switch makes for the other end of the cable, and does not pass on."""
    return (
        packet.destination_mac.startswith(LOCAL)
        or packet.destination_mac in _CDP
        or isinstance(packet.said, Bpdu | Lacpdu)
    )


def _asker(packet: Packet) -> str:
    said = packet.said
    if isinstance(said, dhcp.Message) and said.kind == Kind.DISCOVER and len(said.chaddr) == 6:
        return said.chaddr.hex(":")
    return ""


def bpdus(wire: Wire, point: str) -> list[tuple[Packet, Bpdu]]:
    """BPDUs that came to a point, by time."""
    return [(packet, said) for packet, said in of(wire, Bpdu) if packet.point == point]


def lacpdus(wire: Wire, point: str) -> list[tuple[Packet, Lacpdu]]:
    """The same of LACP."""
    return [(packet, said) for packet, said in of(wire, Lacpdu) if packet.point == point]
