"""The kernel filter of a live capture, made of the program for untagged frames.

On live frames the kernel has taken the outermost tag out of most of those that arrive, but not out of those that this machine
sends from a raw socket; it says so beside the frame. So tags are counted first, those beside and those inside, and then the program
runs at the offsets that fit: there is one copy of it for each number of tags inside.
"""

from typing import Final

from bellrock.link.filter import Instruction
from bellrock.wire.ethernet import TPIDS

_LOAD_HALF, _LOAD_BYTE = 0x28, 0x30
_JUMP, _JUMP_EQUAL, _RETURN = 0x05, 0x15, 0x06
_ANCILLARY: Final = 0xFFFFF000
"""SKF_AD_OFF: from here on a load is of what the kernel knows beside the octets (linux/filter.h)."""
_TAG_PRESENT: Final = Instruction(_LOAD_BYTE, 0, 0, _ANCILLARY + 48)
_HARDWARE: Final = Instruction(_LOAD_HALF, 0, 0, _ANCILLARY + 28)
_ETHERNET_LIKE: Final = (1, 772)
"""ARPHRD_ETHER, ARPHRD_LOOPBACK: where frames have an Ethernet header."""
_TYPE_AT: Final = 12
_TAG_SIZE: Final = 4
DROP: Final = Instruction(_RETURN, 0, 0, 0)


def keep(snaplen: int) -> tuple[Instruction, ...]:
    """The program that passes every frame."""
    return (Instruction(_RETURN, 0, 0, snaplen),)


def live_program(untagged: tuple[Instruction, ...], tags: int) -> tuple[Instruction, ...]:
    """The program for live frames with at most `tags` tags on an Ethernet interface or on the loopback.

    Args:
        untagged: what libpcap makes of the filter for frames without tags.
        tags: 0 to 2.
    """
    copies = [shifted(untagged, _TAG_SIZE * number) for number in range(tags + 1)]
    heads = [*_other_hardware(), _TAG_PRESENT]
    inside, beside = _walk(tags), _walk(tags - 1)
    program = [*heads, Instruction(_JUMP_EQUAL, 0, 1, 1), Instruction(_JUMP, 0, 0, len(inside))]
    first_copy = len(program) + len(inside) + len(beside)
    starts = [first_copy + sum(map(len, copies[:number])) for number in range(len(copies))]
    for step in (*inside, *beside):
        # A step that is a number stands for a jump to that copy.
        at = len(program)
        program.append(Instruction(_JUMP, 0, 0, starts[step] - at - 1) if isinstance(step, int) else step)
    return (*program, *(one for copy in copies for one in copy))


def _other_hardware() -> list[Instruction]:
    """Frames of interfaces without Ethernet headers (tun, PPP) are dropped: the offsets mean nothing there."""
    return [
        _HARDWARE,
        Instruction(_JUMP_EQUAL, 2, 0, _ETHERNET_LIKE[0]),
        Instruction(_JUMP_EQUAL, 1, 0, _ETHERNET_LIKE[1]),
        DROP,
    ]


def _walk(most: int) -> list[Instruction | int]:
    """Count the tags inside; then to the copy for that number, or drop where there are more than `most`."""
    if most < 0:
        return [DROP]
    steps: list[Instruction | int] = []
    for number in range(most + 1):
        steps.append(Instruction(_LOAD_HALF, 0, 0, _TYPE_AT + _TAG_SIZE * number))
        tpids = sorted(TPIDS)
        steps += [Instruction(_JUMP_EQUAL, len(tpids) - at, 0, tpid) for at, tpid in enumerate(tpids)]
        steps.append(number)
    return [*steps, DROP]


def cut(program: tuple[Instruction, ...], snaplen: int) -> tuple[Instruction, ...]:
    """The program that keeps at most `snaplen` octets of a frame."""
    return tuple(one._replace(k=min(one.k, snaplen)) if one.code == _RETURN else one for one in program)


def shifted(program: tuple[Instruction, ...], octets: int) -> tuple[Instruction, ...]:
    """The program for frames in which so many octets stand between the addresses and the EtherType."""
    return tuple(_shifted(one, octets) for one in program)


def _shifted(one: Instruction, octets: int) -> Instruction:
    loads = one.code & 7 in (0, 1)
    mode = one.code & 0xE0
    absolute = mode == 0x20 and _TYPE_AT <= one.k < _ANCILLARY
    if loads and (absolute or mode in (0x40, 0xA0)):
        return one._replace(k=one.k + octets)
    return one
