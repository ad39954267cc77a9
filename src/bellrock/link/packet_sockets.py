"""Raw sockets of this network namespace (AF_PACKET), which see frames before any rule of nftables does: /proc/net/packet."""

from pathlib import Path
from typing import Final

from bellrock.link.proc import MAX_TABLE, read

_TABLE: Final = Path("/proc/thread-self/net/packet")
_PROTOCOL, _INODE = 3, 8
_READERS: Final = frozenset((0x0003, 0x0800))
"""ETH_P_ALL and ETH_P_IP: who has one of these may take DHCP's packets by it."""


def readers(table: Path = _TABLE) -> frozenset[int]:
    """Inode numbers of raw sockets that see IPv4; empty where the kernel does not tell."""
    rows = [line.split() for line in read(table, MAX_TABLE).splitlines()[1:]]
    return frozenset(inode for row in rows if len(row) > _INODE if (inode := _reader(row)))


def _reader(row: list[str]) -> int:
    try:
        return int(row[_INODE]) if int(row[_PROTOCOL], 16) in _READERS else 0
    except ValueError:
        return 0
