"""Who listens on this host: sockets with their processes, of this network namespace and of the others on the machine."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.link import inet_diag, proc
from bellrock.model.listening import Listener

MAX_NAMESPACES: Final = 64
_NAMED: Final = Path("/run/netns")


class Listening(Struct, frozen=True, kw_only=True):
    """What was found, and what could not be seen."""

    here: tuple[Listener, ...]
    """Of the network namespace of the caller's thread."""
    elsewhere: tuple[Listener, ...] = ()
    """Of other network namespaces in which processes run that may be looked at."""
    hidden: int = 0
    """Processes whose sockets this user may not see."""
    namespaces_left: int = 0
    """Other network namespaces that were not looked into, because there are more than MAX_NAMESPACES."""

    @property
    def nameless(self) -> int:
        """Listeners here whose owner could not be seen."""
        return sum(not listener.owners for listener in self.here)


def listening(root: Path = Path("/proc"), named: Path = _NAMED) -> Listening:
    """Everything that listens here and in the machine's other network namespaces."""
    here = _sockets_here(root)
    others, left = _namespaces(root)
    elsewhere = [
        msgspec.structs.replace(listener, namespace=name)
        for directory, name in _with_names(others, named)
        for listener in proc.sockets(directory / "net")
    ]
    known = proc.owners({listener.inode for listener in (*here, *elsewhere) if listener.inode}, root)
    return Listening(
        here=_owned(here, known),
        elsewhere=_owned(elsewhere, known),
        hidden=known.closed,
        namespaces_left=left,
    )


def _sockets_here(root: Path) -> list[Listener]:
    """By sock_diag where the kernel has it, else from /proc, which tells less."""
    try:
        return inet_diag.sockets()
    except OSError:
        return list(proc.sockets(root / "thread-self" / "net"))


def _namespaces(root: Path) -> tuple[dict[int, Path], int]:
    """A process for each other network namespace, and how many were left out."""
    own = proc.namespace_of(root / "thread-self")
    found: dict[int, Path] = {}
    for directory in proc.processes(root):
        namespace = proc.namespace_of(directory)
        if namespace not in (0, own):
            found.setdefault(namespace, directory)
    kept = dict(list(found.items())[:MAX_NAMESPACES])
    return kept, len(found) - len(kept)


def _with_names(namespaces: dict[int, Path], named: Path) -> Iterable[tuple[Path, str]]:
    """`ip netns` binds names to namespaces: a file with the inode number of the namespace."""
    names: dict[int, str] = {}
    try:
        for entry in named.iterdir():
            names[entry.stat().st_ino] = entry.name
    except OSError:
        pass  # none have names, or one went while it was read
    return [(directory, names.get(inode, f"net:[{inode}]")) for inode, directory in namespaces.items()]


def _owned(listeners: Iterable[Listener], known: proc.Owners) -> tuple[Listener, ...]:
    found = [msgspec.structs.replace(it, owners=known.owners.get(it.inode, ())) for it in listeners]
    return tuple(sorted(found, key=lambda it: (it.port, it.protocol, it.family, it.address, it.interface, it.inode)))
