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


def make_secrets(lab: LabFile, directory: Path) -> None:
    """The lab's secret, and those of hosts that have another."""
    for name in {"", *(host.secret for host in lab.host.values())}:
        make_secret(directory, name)


def make_secret(directory: Path, name: str = "") -> Path:
    """A secret of the lab's own, or the other one of this name, in a file for its owner only."""
    path = secret_file(directory, name)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(16) + "\n")
    return path


def secret_file(directory: Path, name: str = "") -> Path:
    """Where the lab's secret is, or the other one of this name."""
    return directory / (f"{SECRET_FILE}-{name}" if name else SECRET_FILE)


def joins(lab: LabFile, name: str) -> bool:
    """Whether a host's agent is told no region, and joins the one that it hears."""
    host = lab.host[name]
    return host.runs_agent and (lab.join if host.join is None else host.join)


def serves_tls(lab: LabFile) -> bool:
    """Whether the region listens with TLS on its addresses: where somebody joins."""
    return any(joins(lab, name) for name in lab.host)


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
    tls = serves_tls(lab)
    listen = [f"unix:{directory}/{REGION_SOCKET}"]
    listen += [f"{'' if tls else 'http://'}{address.ip}:{PORT}" for _, address in _addresses(lab, region)]
    options = [word for where in listen for word in ("--listen", where)]
    options += ["--policy", lab.policy] if tls else ["--in-lab"]
    return Program(region, region, (*command, "region", *options, *_own(lab, directory, region), "--json"))


def _racks(lab: LabFile, region: str, directory: Path, command: tuple[str, ...]) -> Iterator[Program]:
    reach, tls = _Reach(lab, region), serves_tls(lab)
    for name, host in lab.host.items():
        # A region that listens with TLS beacons by itself. One that does not has a rack beside it, as in `bellrock up`.
        if not host.runs_agent or (tls and name == region):
            continue
        role = "node" if host.role is Role.NODE else "rack"
        url = (None if tls else reach.url(name)) or f"unix:{directory}/{REGION_SOCKET}"
        where = () if joins(lab, name) else ("--region", url)
        own = (*_own(lab, directory, name), "--name", name, *_vlans(lab, name))
        argv = (*command, "rack", "--role", role, *where, *own, "--json")
        yield Program(name, f"{name}.rack" if name == region else name, argv)


def _own(lab: LabFile, directory: Path, host: str) -> tuple[str, ...]:
    secret = secret_file(directory, lab.host[host].secret)
    # The machine's own configuration is not the lab's.
    return "--config", os.devnull, "--state-dir", str(state_dir(directory, host)), "--secret-file", str(secret)


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
