"""Who holds a port of this machine."""

from pathlib import Path

from msgspec import Struct

from bellrock.link import proc as proc_tables


class Holder(Struct, frozen=True):
    """The owner of a socket. `pid` is None and `name` empty where this process may not look into the owner's."""

    pid: int | None
    name: str

    def text(self) -> str:
        """`maas-rackd (pid 123)`."""
        return f"{self.name} (pid {self.pid})" if self.pid else "a process that this user may not look into"


def holder_of(protocol: str, port: int, proc: Path = Path("/proc")) -> Holder | None:
    """The process that has a `udp` port, or listens on a `tcp` port, in this network namespace; None where nobody does."""
    here = proc / "thread-self" / "net"
    inodes = {
        it.inode for it in proc_tables.sockets(here, connected=True) if (it.protocol, it.port) == (protocol, port)
    }
    if not inodes:
        return None
    owners = proc_tables.owners(inodes, proc).owners
    first = next((them[0] for them in owners.values()), None)
    return Holder(first.pid, first.name) if first else Holder(None, "")
