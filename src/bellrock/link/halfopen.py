"""TCP connections that have begun and do not stand: what the kernel's table says of them (proc_net_tcp.txt)."""

from pathlib import Path
from typing import Final

from bellrock.link.proc import MAX_TABLE, read

_LOCAL, _REMOTE, _STATE = 1, 2, 3
_SYN_RECV: Final = "03"
"""A SYN was taken and answered; the answer to that has not come."""
_HERE: Final = Path("/proc/thread-self/net")


def half_open(port: int, directory: Path = _HERE) -> tuple[int, ...]:
    """The peers' ports of connections to a local port whose SYN this kernel has taken and answered, and which do not stand yet."""
    found: list[int] = []
    for name in ("tcp", "tcp6"):
        for line in read(directory / name, MAX_TABLE).splitlines()[1:]:
            row = line.split()
            if len(row) > _STATE and row[_STATE] == _SYN_RECV and _port(row[_LOCAL]) == port:
                found.append(_port(row[_REMOTE]))
    return tuple(found)


def _port(text: str) -> int:
    """Of `0100007F:1F90`; 0 where it is none."""
    try:
        return int(text.rpartition(":")[2], 16)
    except ValueError:
        return 0
