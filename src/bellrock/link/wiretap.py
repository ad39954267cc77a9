"""The wire of this host as a walk needs it: what comes in before any firewall sees it, what leaves after all of them have.

One AF_PACKET socket, opened while the process may. It passes nothing until it is told for what to look; its filter may be changed
without any privilege.
"""

from collections.abc import Collection
from typing import Final, Literal

from msgspec import Struct

from bellrock.link import libc
from bellrock.link.device import Frame
from bellrock.link.filter import _TAGS, Instruction, assemble, pack
from bellrock.link.packet import PacketDevice

BLOCKS: Final = 16
"""Half a MiB of ring."""
SNAP: Final = 576
"""Octets kept of a frame: more than any marked first packet, and than routers quote of one (RFC 1812 §4.3.2.3)."""
MAX_WATCHED: Final = 8
"""Walks at one time."""

_IDLE: Final = "ret #0"
_WALKS: Final = """
kind:   jeq  #0x0800, ipv4
        jeq  #0x86dd, ipv6, drop
ipv4:   ldh  [x + 20]
        jset #0x1fff, drop         ; a later fragment has no ports
        ldb  [x + 23]
        st   M[0]
        ldb  [x + 14]
        and  #0x0f
        lsh  #2
        add  x
        tax                        ; X + 14: the transport header
        ld   M[0]
        jeq  #1, icmp4, ports
icmp4:  ldb  [x + 14]
        jeq  #3, pass              ; destination unreachable
        jeq  #11, pass             ; time exceeded
        jeq  #12, pass, drop       ; parameter problem
ipv6:   ldb  [x + 20]
        st   M[0]
        ld   #40
        add  x
        tax
        ld   M[0]
        jeq  #58, icmp6, ports
icmp6:  ldb  [x + 14]
        jge  #5, drop, pass        ; RFC 4443 §2.1: 1 to 4 are errors that are in use
ports:  jeq  #6, tcp
        jeq  #17, udp, drop
"""


class Watched(Struct, frozen=True):
    """What is looked for: packets of this protocol from or to a port, or from or to one of a block of ports.

    Of TCP at `port` alone only what begins or ends a connection (SYN, RST) passes, because a busy service may be there.
    """

    protocol: Literal["tcp", "udp"]
    port: int
    first: int
    last: int
    """First and last port of the block, both included."""


class Wiretap:
    """Hears what comes and goes on every Ethernet interface.

    Raises:
        LinkError: no right to open the socket, or no memory.
    """

    def __init__(self) -> None:
        self._device = PacketDevice(BLOCKS, assemble(_IDLE), outgoing=True)

    def fileno(self) -> int:
        """Polls readable while `receive` has frames."""
        return self._device.fileno()

    def watch(self, wanted: Collection[Watched]) -> None:
        """Look for these from now on, and for errors about any packet; for nothing where there are none.

        Raises:
            ValueError: more than MAX_WATCHED.
        """
        if len(wanted) > MAX_WATCHED:
            raise ValueError(f"{len(wanted)} walks; at most {MAX_WATCHED} are watched at one time")
        libc.attach_filter(self._device.fileno(), pack(program(tuple(wanted))))

    def receive(self, budget: int) -> list[Frame]:
        """At most `budget` frames, at most SNAP octets of each."""
        return self._device.receive(budget)

    @property
    def lost(self) -> int:
        """Frames that came faster than they were taken, since it was opened."""
        return self._device.statistics().dropped

    def close(self) -> None:
        """Give back the socket; may be called twice."""
        self._device.close()


def program(wanted: tuple[Watched, ...]) -> tuple[Instruction, ...]:
    """The filter that passes what is wanted."""
    if not wanted:
        return assemble(_IDLE)
    udp = [one for one in wanted if one.protocol == "udp"]
    tcp = [one for one in wanted if one.protocol == "tcp"]
    lines = [_TAGS, _WALKS, "tcp: ldh [x + 14]\n", _blocks("a", tcp), "ldh [x + 16]\n", _blocks("b", tcp)]
    lines += ["ldb [x + 27]\n", "jset #0x06, begin, drop\n"]  # TCP's flags: SYN, RST
    lines += ["begin: ldh [x + 14]\n", _ports(tcp), "ldh [x + 16]\n", _ports(tcp), "jmp drop\n"]
    lines += ["udp: ldh [x + 14]\n", _ports(udp), _blocks("c", udp), "ldh [x + 16]\n", _ports(udp), _blocks("d", udp)]
    lines += ["jmp drop\n", f"pass: ret #{SNAP}\n", "drop: ret #0\n"]
    return assemble("".join(lines))


def _ports(wanted: list[Watched]) -> str:
    return "".join(f"jeq #{one.port}, pass\n" for one in wanted)


def _blocks(name: str, wanted: list[Watched]) -> str:
    """Whether the number at hand is in a block; else on to what follows."""
    lines = []
    for number, one in enumerate(wanted):
        above, after = f"{name}{number}", f"{name}{number + 1}x"
        lines.append(f"jge #{one.first}, {above}, {after}\n{above}: jge #{one.last + 1}, {after}, pass\n{after}: ")
    return "".join(lines)
