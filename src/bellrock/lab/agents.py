"""Which programs Bellrock is in a lab, with which arguments. Nothing else of the lab knows their command line."""

import ipaddress
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from bellrock.lab.schema import BridgeSpec, InterfaceSpec, LabError, LabFile
from bellrock.lab.truth import truth
from bellrock.model import Port, Role

PORT: Final = 5240
REGION_SOCKET: Final = "region.sock"
SECRET_FILE: Final = "secret"  # noqa: S105 - a file's name


class Program(Struct, frozen=True):
    """A program to start in a host; `name` is that of its log."""

    host: str
    name: str
    argv: tuple[str, ...]


def make_secret(directory: Path) -> Path:
    """A secret of the lab's own, in a file for its owner only."""
    path = directory / SECRET_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(16) + "\n")
    return path


def region_host(lab: LabFile) -> str:
    """The host with role region.

    Raises:
        LabError: there is none.
    """
    found = next((name for name, host in lab.host.items() if host.role is Role.REGION), None)
    if found is None:
        raise LabError('no host has role = "region", so nobody would know what agents find; give one the role')
    return found


def state_dir(directory: Path, host: str) -> Path:
    """Where a host's agent keeps its state."""
    return directory / "hosts" / host


def api_token(directory: Path, region: str) -> Path:
    """The file in which the region keeps the token of its API."""
    return state_dir(directory, region) / "region" / "api-token"


def programs(lab: LabFile, directory: Path, tool: tuple[str, ...] | None = None) -> list[Program]:
    """All of them, the region first. `tool` is the command that stands for `bellrock`.

    Raises:
        LabError: there is no region.
    """
    command = tool or bellrock()
    region = region_host(lab)
    return [_region(lab, region, directory, command), *_racks(lab, region, directory, command)]


def bellrock() -> tuple[str, ...]:
    """The command of the tool: beside this Python, or on the path.

    Raises:
        LabError: it is in neither place.
    """
    beside = Path(sys.executable).with_name("bellrock")
    found = str(beside) if beside.exists() else shutil.which("bellrock")
    if found is None:
        raise LabError("the command bellrock is not installed beside this Python, nor on the path; install the package")
    return (found,)


def _region(lab: LabFile, region: str, directory: Path, command: tuple[str, ...]) -> Program:
    listen = [f"unix:{directory}/{REGION_SOCKET}", *(f"{address.ip}:{PORT}" for _, address in _addresses(lab, region))]
    options = [word for where in listen for word in ("--listen", where)]
    return Program(region, region, (*command, "region", *options, "--in-lab", *_own(directory, region), "--json"))


def _racks(lab: LabFile, region: str, directory: Path, command: tuple[str, ...]) -> Iterator[Program]:
    reach = _Reach(lab, region)
    for name, host in lab.host.items():
        if not host.runs_agent:
            continue
        role = "node" if host.role is Role.NODE else "rack"
        url = reach.url(name) or f"unix:{directory}/{REGION_SOCKET}"
        options = (
            "--role",
            role,
            "--region",
            url,
            *_own(directory, name),
            "--name",
            name,
            *_vlans(lab, name),
            "--json",
        )
        # The region's host has a rack beside it, as in `bellrock up`: a host listens, whoever knows.
        yield Program(name, f"{name}.rack" if name == region else name, (*command, "rack", *options))


def _own(directory: Path, host: str) -> tuple[str, ...]:
    return "--state-dir", str(state_dir(directory, host)), "--secret-file", str(directory / SECRET_FILE)


def _vlans(lab: LabFile, name: str) -> Iterator[str]:
    for interface, spec in _all(lab, name):
        if spec.vlans:
            yield from ("--vlan", f"{interface}:{','.join(str(vid) for vid in spec.vlans)}")


def _all(lab: LabFile, name: str) -> Iterator[tuple[str, InterfaceSpec | BridgeSpec]]:
    yield from lab.host[name].interface.items()
    yield from lab.host[name].bridge.items()


def _addresses(lab: LabFile, name: str) -> Iterator[tuple[str, ipaddress.IPv4Interface]]:
    for interface, spec in _all(lab, name):
        for text in spec.addresses if spec.up else ():
            address = ipaddress.ip_interface(text)
            if isinstance(address, ipaddress.IPv4Interface):
                yield interface, address


class _Reach:
    """Who reaches the region by an address: a host with one of its subnet, in its broadcast domain, over a sound cable."""

    def __init__(self, lab: LabFile, region: str) -> None:
        self._lab = lab
        self._region = list(_addresses(lab, region))
        self._region_name = region
        wired = truth(lab).wired
        vlans = [vlan for fabric in wired.fabrics for vlan in fabric.vlans]
        self._domain = {member.port: vlan.id for vlan in vlans for member in vlan.members}
        self._broken = {fault.at for fault in lab.fault}

    def url(self, name: str) -> str | None:
        """Where `name` finds the region; None where only the out-of-band socket leads there."""
        for interface, mine in _addresses(self._lab, name):
            for theirs, address in self._region:
                here, there = Port(name, interface), Port(self._region_name, theirs)
                if mine.network == address.network and self._joined(here, there):
                    return f"http://{address.ip}:{PORT}"
        return None

    def _joined(self, a: Port, b: Port) -> bool:
        sound = not self._broken & {f"{port.host}/{port.interface}" for port in (a, b)}
        return sound and a in self._domain and self._domain[a] == self._domain.get(b)
