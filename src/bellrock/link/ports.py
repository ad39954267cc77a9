"""Who holds a port of this machine."""

from ipaddress import IPv6Address, ip_address
from pathlib import Path

from msgspec import Struct

from bellrock.link import proc as proc_tables
from bellrock.model.listening import Listener


class Holder(Struct, frozen=True):
    """The owner of a socket. `pid` is None and `name` empty where this process may not look into the owner's."""

    pid: int | None
    name: str

    def text(self) -> str:
        """`maas-rackd (pid 123)`."""
        return f"{self.name} (pid {self.pid})" if self.pid else "a process that this user may not look into"


def holder_of(protocol: str, port: int, proc: Path = Path("/proc"), *, address: str = "") -> Holder | None:
    """The process that has a `udp` port, or listens on a `tcp` port, in this network namespace; None where nobody does.

    `address`: only who has it at this address of the host; who listens on 127.0.0.1 alone does not.
    """
    here = proc / "thread-self" / "net"
    inodes = {
        it.inode
        for it in proc_tables.sockets(here, connected=True)
        if (it.protocol, it.port) == (protocol, port) and (not address or _serves(it, address))
    }
    if not inodes:
        return None
    owners = proc_tables.owners(inodes, proc).owners
    first = next((them[0] for them in owners.values()), None)
    return Holder(first.pid, first.name) if first else Holder(None, "")


def _serves(it: Listener, address: str) -> bool:
    """Whether a socket gets what is sent to an address of this host."""
    wanted, held = ip_address(address), ip_address(it.address)
    if isinstance(held, IPv6Address) and held.ipv4_mapped:
        held = held.ipv4_mapped
    if held.is_unspecified:
        return wanted.version == held.version or (it.dual and wanted.version == 4)
    return held == wanted
