"""Filters that this kernel takes for live frames: it bounds not only their instructions but also the memory that they become."""

import errno
import socket
from pathlib import Path
from typing import Final

from bellrock.capture.compiled import MAX_INSTRUCTIONS, FilterError, compile_filter
from bellrock.capture.filter import body
from bellrock.capture.fitted import Fitted, fitted
from bellrock.capture.program import live_program
from bellrock.capture.values import Wanted
from bellrock.link import libc
from bellrock.link.filter import Instruction, pack

OPTMEM: Final = Path("/proc/sys/net/core/optmem_max")
"""Octets that filters of a socket may take: 20,480 before Linux 6.7, 131,072 since."""


def accepted(wanted: Wanted) -> tuple[Fitted, tuple[Instruction, ...]]:
    """The filter of a selection, as wide as it had to be made for this kernel, and its program for live frames.

    Raises:
        NothingWantedError: no packet can be one of those wanted.
        FilterError: libpcap is not there or refuses it, or the kernel takes no filter of that size.
    """
    limit = MAX_INSTRUCTIONS
    while True:
        try:
            made = fitted(wanted, limit)
        except FilterError as error:
            raise FilterError(f"{error}{_hint() if limit < MAX_INSTRUCTIONS else ''}") from None
        program = live_program(compile_filter(body(made.wanted)), made.wanted.tags)
        if takes(program):
            return made, program
        limit = len(made.program or program) * 3 // 4


def takes(program: tuple[Instruction, ...]) -> bool:
    """Whether the kernel takes a filter, tried on a socket that gets nothing.

    Raises:
        FilterError: it has another reason against it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            libc.attach_filter(probe.fileno(), pack(program))
        except OSError as error:
            if len(program) > MAX_INSTRUCTIONS or error.errno == errno.ENOMEM:
                return False
            raise FilterError(f"the kernel does not take the filter: {error.strerror}") from None
    return True


def _hint() -> str:
    try:
        size = OPTMEM.read_text().strip()
    except OSError:
        return ""
    return f"; or let filters be larger: net.core.optmem_max is {size} octets"
