"""What all servers have in common: where they are made, and how they are started."""

import ipaddress
import os
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from bellrock.lab.schema import LabError

Transport = Literal["udp", "tcp"]
MACHINES: Final = {0: 0, 7: 0x8664, 9: 0x8664, 10: 0x01C2, 11: 0xAA64, 6: 0x014C, 16: 0x8664, 19: 0xAA64}
"""Architecture of option 93 → machine of a PE/COFF header; 0: a BIOS's loader has none."""
_DAY: Final = 86_400
_DEFAULT: Final = 4096


class FileSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that a server serves, by its path below the server's root."""

    text: str | None = None
    size: int | None = None
    """Octets of noise."""
    boots: int | None = None
    """It is a boot loader for this architecture (numbers as in option 93), as far as its header says."""
    age: float = 0.0
    """Days since it was modified."""
    absent: bool = False
    """It is not there."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a server is made."""

    name: str
    directory: Path
    """Its own; others may read it."""
    addresses: dict[str, tuple[str, ...]]
    """Of its host, by interface, with prefix length."""

    def own_address(self, towards: str) -> str:
        """The host's address in a network; else its first."""
        network = ipaddress.ip_network(towards)
        found = [ipaddress.ip_interface(text) for texts in self.addresses.values() for text in texts]
        inside = [str(one.ip) for one in found if one.version == network.version and one.ip in network]
        others = [str(one.ip) for one in found if one.version == network.version]
        if not others:
            raise LabError(f"service {self.name}: its host has no address of IPv{network.version}")
        return (inside or others)[0]


class Server(Struct, frozen=True, kw_only=True):
    """How one is started."""

    argv: tuple[str, ...]
    environment: dict[str, str] = {}
    listens: tuple[tuple[Transport, int], ...] = ()
    """It serves once somebody listens there."""
    leaves: tuple[str, ...] = ()
    """Files (patterns) that it leaves behind where it is ended at once."""


def serve_files(root: Path, files: dict[str, FileSpec]) -> None:
    """Make files below a root.

    Raises:
        LabError: a path that leads out of it.
    """
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)
    for name, spec in files.items():
        path = root / name
        if not path.resolve().is_relative_to(root.resolve()):
            raise LabError(f"file {name}: its path leads out of the server's root")
        if spec.absent:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(spec))
        then = time.time() - spec.age * _DAY
        os.utime(path, (then, then))


def _content(spec: FileSpec) -> bytes:
    if spec.text is not None:
        return spec.text.encode()
    size = _DEFAULT if spec.size is None else spec.size
    return os.urandom(size) if spec.boots is None else loader(spec.boots, size)


def loader(arch: int, size: int) -> bytes:
    """A boot loader as far as firmware looks at its header: PE/COFF for UEFI, none for BIOS."""
    machine = MACHINES.get(arch, 0x8664)
    if not machine:
        return (b"\xea\x05\x00\xc0\x07" + bytes(size))[:size]
    head = bytearray(134)
    head[:2] = b"MZ"
    struct.pack_into("<I", head, 0x3C, 128)
    struct.pack_into("<4sH", head, 128, b"PE\0\0", machine)
    return bytes(head).ljust(size, b"\0")


def write(place: Place, name: str, lines: Iterable[str]) -> str:
    """A file of a server's own; its path."""
    path = place.directory / name
    path.write_text("\n".join(lines) + "\n")
    return str(path)
