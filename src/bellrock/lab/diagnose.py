"""The state of every host of a lab in words, for when a wait ends in vain."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from bellrock.lab.schema import LabError

if TYPE_CHECKING:
    from bellrock.lab.running import Lab

MAX_TAIL = 1 << 14
"""Octets of a log that are looked at."""


def diagnose(lab: "Lab") -> str:
    """Interfaces, addresses and carriers of every host, the last lines of its log, and the switches' ports."""
    parts = [f"lab {lab.state.name} ({lab.state.file})"]
    programs = _programs(lab)
    for host in lab.hosts:
        parts.append(f"── {host}: {_state(programs, host)}")
        parts.append(_addresses(lab, host))
        log = tail(lab.directory / f"{host}.log", 8)
        if log:
            parts.append(f"   last lines of {host}.log:\n{_indented(log)}")
    parts.append("── switches")
    parts.append(_indented(_ports(lab)))
    return "\n".join(parts)


def tail(path: Path, lines: int) -> str:
    """The last lines of a file; nothing if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MAX_TAIL))
            text = file.read(MAX_TAIL).decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _programs(lab: "Lab") -> dict[str, int | None]:
    try:
        return lab.programs()
    except LabError:
        return {}


def _state(programs: dict[str, int | None], host: str) -> str:
    mine = {name: code for name, code in programs.items() if name == host or name.startswith(f"{host}.")}
    told = (f"{name} {'runs' if code is None else f'ended with {code}'}" for name, code in mine.items())
    return ", ".join(told) or "no program"


def _addresses(lab: "Lab", host: str) -> str:
    try:
        done = lab.exec(host, ["ip", "-brief", "address"], check=False, timeout=5.0)
    except (OSError, subprocess.SubprocessError) as error:
        return f"   cannot be looked at: {error}"
    return _indented((done.stdout + done.stderr).rstrip())


def _ports(lab: "Lab") -> str:
    try:
        return lab.port_table().rstrip()
    except LabError as error:
        return str(error)


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.splitlines())
