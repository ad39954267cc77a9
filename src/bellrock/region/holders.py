"""Which process listens on a TCP port, from /proc."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

LISTEN: Final = "0A"
"""TCP_LISTEN in /proc/net/tcp (Linux include/net/tcp_states.h)."""


def holders_of(port: int, proc: Path = Path("/proc")) -> list[str]:
    """`NAME (pid N)` of each process that listens on the TCP port in this network namespace; of those that can be seen."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening(proc / "self/net" / table, port)}
    if not inodes:
        return []
    return [f"{_name(process)} (pid {process.name})" for process in _processes(proc) if _holds(process, inodes)]


def _listening(table: Path, port: int) -> Iterator[str]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for fields in map(str.split, lines):
        # local_address is HEX:PORT in hex, then remote_address and state; the socket's inode is the tenth field.
        if len(fields) > 9 and fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
            yield f"socket:[{fields[9]}]"


def _processes(proc: Path) -> list[Path]:
    return sorted((entry for entry in proc.iterdir() if entry.name.isdigit()), key=lambda entry: int(entry.name))


def _holds(process: Path, inodes: set[str]) -> bool:
    try:
        for descriptor in (process / "fd").iterdir():
            if _target(descriptor) in inodes:
                return True
    except OSError:
        pass  # gone, or another user's
    return False


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process that has just ended"
