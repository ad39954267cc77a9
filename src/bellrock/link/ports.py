"""Who holds a port of this machine, from /proc."""

from pathlib import Path
from typing import Final

from msgspec import Struct

_TCP_LISTEN: Final = "0A"
_LOCAL, _STATE, _INODE = 1, 3, 9
"""Columns of /proc/net/udp and /proc/net/tcp (proc_net_tcp.txt)."""


class Holder(Struct, frozen=True):
    """The owner of a socket. `pid` is None and `name` empty where this process may not look into the owner's."""

    pid: int | None
    name: str

    def text(self) -> str:
        """`maas-rackd (pid 123)`."""
        return f"{self.name} (pid {self.pid})" if self.pid else "a process that this user may not look into"


def holder_of(protocol: str, port: int, proc: Path = Path("/proc")) -> Holder | None:
    """The process that has a `udp` port, or listens on a `tcp` port, in this network namespace; None where nobody does."""
    inodes = {inode for name in (protocol, protocol + "6") for inode in _inodes(proc / "thread-self/net" / name, port)}
    if not inodes:
        return None
    links = {f"socket:[{inode}]" for inode in inodes}
    for directory in proc.glob("[0-9]*"):
        if any(_target(descriptor) in links for descriptor in _entries(directory / "fd")):
            return Holder(int(directory.name), _read(directory / "comm").strip())
    return Holder(None, "")


def _inodes(table: Path, port: int) -> list[str]:
    rows = [line.split() for line in _read(table).splitlines()[1:]]
    listening = _TCP_LISTEN if table.name.startswith("tcp") else None
    return [
        row[_INODE]
        for row in rows
        if len(row) > _INODE and int(row[_LOCAL].rpartition(":")[2], 16) == port and listening in (None, row[_STATE])
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []


def _target(path: Path) -> str:
    try:
        return str(path.readlink()) if path.is_symlink() else ""
    except OSError:
        return ""
