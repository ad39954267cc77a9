"""What /proc tells of sockets and of the processes that have them (proc_net_tcp.txt, proc(5))."""

import struct
import sys
from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from bellrock.model.listening import Listener, Owner

MAX_PROCESSES: Final = 65536
MAX_DESCRIPTORS: Final = 1 << 20
"""Of one process; the kernel's own limit is `fs.nr_open`, 1,048,576 unless raised."""
MAX_TABLE: Final = 64 << 20
"""Octets read of one table, enough for 400,000 sockets."""
_MAX_WORD: Final = 4096
_LOCAL, _STATE, _UID, _INODE = 1, 3, 7, 9
_WANTED: Final = {"tcp": "0A", "udp": "07"}
"""TCP_LISTEN, and TCP_CLOSE, which for UDP means that it has no peer."""
_TABLES: Final[tuple[tuple[str, Literal["tcp", "udp"], Literal[4, 6]], ...]] = (
    ("tcp", "tcp", 4),
    ("tcp6", "tcp", 6),
    ("udp", "udp", 4),
    ("udp6", "udp", 6),
)


def sockets(directory: Path, *, connected: bool = False) -> Iterator[Listener]:
    """TCP sockets that listen and UDP sockets without a peer, from the tables of a namespace (`/proc/thread-self/net`).

    `connected`: UDP sockets with a peer as well, because they too hold their port.
    These tables tell neither the device nor whether an IPv6 socket takes IPv4; `::` is taken to, as kernels have it by default.
    """
    for name, protocol, family in _TABLES:
        for line in read(directory / name, MAX_TABLE).splitlines()[1:]:
            row = line.split()
            if len(row) > _INODE and (row[_STATE] == _WANTED[protocol] or (connected and protocol == "udp")):
                listener = _listener(protocol, family, row)
                if listener:
                    yield listener


def _listener(protocol: Literal["tcp", "udp"], family: Literal[4, 6], row: list[str]) -> Listener | None:
    try:
        address, _, port = row[_LOCAL].partition(":")
        text = _address(bytes.fromhex(address), family)
        return Listener(
            protocol=protocol,
            family=family,
            address=text,
            port=int(port, 16),
            dual=text == "::",
            uid=int(row[_UID]),
            inode=int(row[_INODE]),
        )
    except (ValueError, struct.error):
        return None


def _address(octets: bytes, family: Literal[4, 6]) -> str:
    """The kernel prints each 32-bit word of the address as a number of the machine's own byte order."""
    if sys.byteorder == "little":
        octets = b"".join(struct.pack("<I", word) for (word,) in struct.iter_unpack(">I", octets))
    return str(IPv4Address(octets) if family == 4 else IPv6Address(octets))


class Owners(Struct, frozen=True):
    """Who has which sockets."""

    owners: dict[int, tuple[Owner, ...]]
    """Inode → processes, in the order of their pids."""
    closed: int
    """Processes whose descriptors this user may not see."""


def owners(inodes: Collection[int], proc: Path = Path("/proc")) -> Owners:
    """The processes that have sockets with these inode numbers open."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, tuple[Owner, ...]] = {}
    closed = 0
    for directory in processes(proc):
        descriptors = _entries(directory / "fd")
        if descriptors is None:
            closed += 1
            continue
        held = {wanted[target] for entry in descriptors if (target := link_target(entry)) in wanted}
        for inode in held:
            found[inode] = (*found.get(inode, ()), owner(directory))
    return Owners(found, closed)


def owner(directory: Path) -> Owner:
    """The process of a directory of /proc."""
    name = read(directory / "comm", _MAX_WORD).strip()
    program = read(directory / "cmdline", _MAX_WORD).partition("\0")[0]
    # A process may have overwritten its arguments with a sentence (nginx, sshd): its first word alone is kept.
    words = program.split()
    return Owner(int(directory.name), name, words[0] if words else "", namespace_of(directory))


def processes(proc: Path = Path("/proc")) -> list[Path]:
    """The directories of processes, by pid."""
    found = [entry for entry in _entries(proc) or () if entry.name.isdecimal()]
    return sorted(found, key=lambda entry: int(entry.name))[:MAX_PROCESSES]


def namespace_of(directory: Path) -> int:
    """Inode number of a process's network namespace; 0 where it may not be seen."""
    digits = link_target(directory / "ns" / "net").removeprefix("net:[").removesuffix("]")
    return int(digits) if digits.isdecimal() else 0


def read(path: Path, limit: int) -> str:
    """At most so many octets of a file, as text; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(limit).decode(errors="replace")
    except OSError:
        return ""


def link_target(path: Path) -> str:
    """Where a symbolic link points; nothing where there is none or it may not be seen."""
    try:
        return str(path.readlink()) if path.is_symlink() else ""
    except OSError:
        return ""


def _entries(directory: Path) -> list[Path] | None:
    """None where it may not be seen; a process that has just ended has none."""
    try:
        return list(islice(directory.iterdir(), MAX_DESCRIPTORS))
    except PermissionError:
        return None
    except OSError:
        return []
