"""dnsmasq processes of this machine that serve DHCP, and the libvirt networks that they are of."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from bellrock.link import listeners, proc
from bellrock.model.listening import Listener, Owner

CONFIGURATIONS: Final = "/var/lib/libvirt/dnsmasq/"
"""libvirt gives each network a file here: `default.conf`."""
_MAX_ARGUMENTS: Final = 65_536
_MAX_TRIE: Final = 4 << 20


class Dnsmasq(Struct, frozen=True, kw_only=True):
    """One process."""

    pid: int
    interface: str
    """To which its socket is bound; empty: any."""
    address: str
    namespace: str
    """Network namespace; empty: that of the caller."""
    network: str
    """Of libvirt, by its name; empty: not started by libvirt, or that may not be seen."""
    local: frozenset[str] = frozenset()
    """IPv4 addresses of its network namespace."""

    def text(self) -> str:
        """`pid 123 in namespace blue, libvirt's network default`."""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        on = f" on {self.interface}" if self.interface else ""
        return f"pid {self.pid}{where}{on}" + (f", libvirt's network {self.network}" if self.network else "")

    def ending(self) -> str:
        """The command that ends it."""
        return f"virsh net-destroy {self.network}" if self.network else f"kill {self.pid}"


def dnsmasqs(root: Path = Path("/proc")) -> tuple[Dnsmasq, ...]:
    """Every dnsmasq of this machine that holds UDP port 67, in whatever network namespace; by pid."""
    found = listeners.listening(root)
    held = [(one, owner) for one in (*found.here, *found.elsewhere) if one.port == 67 and one.protocol == "udp" for owner in one.owners]  # fmt: skip
    known = {owner.pid: _one(listener, owner, root) for listener, owner in held if owner.name == "dnsmasq"}
    return tuple(known[pid] for pid in sorted(known))


def _one(listener: Listener, owner: Owner, root: Path) -> Dnsmasq:
    return Dnsmasq(
        pid=owner.pid, interface=listener.interface, address=listener.address, namespace=listener.namespace, network=_network(root / str(owner.pid)),
        local=_local(root / str(owner.pid)),
    )  # fmt: skip


def _network(process: Path) -> str:
    """From its `--conf-file`; nothing else of the command line is looked at, because secrets may stand there."""
    words = proc.read(process / "cmdline", _MAX_ARGUMENTS).split("\0")
    for word in words:
        path = word.removeprefix("--conf-file=")
        if path.startswith(CONFIGURATIONS) and path.endswith(".conf"):
            return path.removeprefix(CONFIGURATIONS).removesuffix(".conf")
    return ""


def _local(process: Path) -> frozenset[str]:
    """From the kernel's routing trie as the process sees it: an address, and below it that it is the machine's own."""
    found, address = set[str](), ""
    for line in proc.read(process / "net" / "fib_trie", _MAX_TRIE).splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            address = words[-1]
        elif words == ["/32", "host", "LOCAL"]:
            found.add(address)
    return frozenset(found)
