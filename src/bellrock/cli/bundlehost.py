"""Of an evidence bundle: this host as it sees itself, and what is wrong with it by itself."""

import asyncio
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bellrock.cli.bundle import Bundle

if TYPE_CHECKING:
    from bellrock.model.here import Here

WITHIN: Final = 10.0
MAX_PRINTED: Final = 16 << 20
_PATH: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
_RULES: Final = (("nft", "-j", "list", "ruleset"), ("nft", "-a", "list", "ruleset"))
_PRINTED: Final = (
    ("host/interfaces.txt", "Interfaces with their statistics, as `ip` has them.", ("ip", "-s", "-d", "address")),
    ("host/routes.txt", "Routes of all tables.", ("ip", "route", "show", "table", "all")),
    ("host/routing-rules.txt", "Routing rules.", ("ip", "rule")),
    ("host/neighbours.txt", "ARP and neighbour tables.", ("ip", "neigh")),
    ("host/ruleset.nft", "Firewall rules, as nft lists them.", _RULES[1]),
    ("host/iptables.txt", "Rules of iptables.", ("iptables-save",)),
    ("host/sockets.txt", "Sockets that listen.", ("ss", "-lntup")),
)  # fmt: skip
"""Path, what it is, and the program that prints it: none of these shows a secret."""
_FILES: Final = (
    ("host/resolv.conf", "Name servers.", "/etc/resolv.conf"),
    ("host/os-release", "The system.", "/etc/os-release"),
)


def host_parts(bundle: Bundle) -> None:
    """Add them; what a program or the kernel does not tell is left out, and why."""
    bundle.add_json(
        "host/versions.json", "Versions of Bellrock, Python, the kernel and the programs around.", versions()
    )
    here = asyncio.run(_look(bundle.host))
    bundle.add_json(
        "host/state.json",
        "The host as Bellrock's agent sees it: addresses, listeners with their processes, neighbours, routes, rules that drop what it needs, clock.",
        here,
    )
    _findings(bundle, here)
    for name, about, command in _PRINTED:
        printed, why = run(command)
        if why:
            bundle.leave_out(name, why)
        else:
            bundle.add(name, about, printed)
    for name, about, path in _FILES:
        try:
            bundle.add(name, about, Path(path).read_bytes()[:MAX_PRINTED])
        except OSError as error:
            bundle.leave_out(name, f"{path}: {error.strerror}")


def _findings(bundle: Bundle, here: "Here") -> None:
    from bellrock.cli.judging import judged_by_rules
    from bellrock.diagnosis.case import Case
    from bellrock.diagnosis.findings_document import all_told
    from bellrock.link import clock

    found = all_told(judged_by_rules(Case(now=clock.wall(), here=(here,))))
    bundle.add_json("host/findings.json", "What is wrong with this host by what it tells of itself.", found)
    bundle.findings.append(("this host", found))


async def _look(host: str) -> "Here":
    from bellrock.agent.here import Inspector

    async def rules() -> tuple[bytes, str]:
        texts = [run(command) for command in _RULES]
        if why := next((why for _, why in texts if why), ""):
            raise OSError(why)
        return texts[0][0], texts[1][0].decode(errors="replace")

    return await Inspector(host, (), rules).look()


def run(command: Sequence[str]) -> tuple[bytes, str]:
    """What a program prints, and nothing; or why it printed nothing."""
    program = shutil.which(command[0], path=_PATH)
    if program is None:
        return b"", f"{command[0]} is not installed"
    try:
        done = subprocess.run(  # noqa: S603 -- one of the programs above, found in the system's own directories
            [program, *command[1:]],
            capture_output=True,
            timeout=WITHIN,
            check=False,
            env={"PATH": _PATH, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return b"", f"{command[0]}: {error}"
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        return b"", f"{command[0]}: {said or f'exit {done.returncode}'}"
    return done.stdout[:MAX_PRINTED], ""


def versions() -> dict[str, Any]:
    """Of everything that may matter."""
    from importlib.metadata import version

    from bellrock.contract import VERSION

    found: dict[str, Any] = {
        "bellrock": version("bellrock"), "contract": VERSION, "python": platform.python_version(), "kernel": platform.release(),
        "machine": platform.machine(),
    }  # fmt: skip
    for command in (("nft", "--version"), ("ip", "-V"), ("dnsmasq", "--version"), ("ovs-vsctl", "--version")):
        printed, why = run(command)
        if not why:
            found[command[0]] = printed.decode(errors="replace").partition("\n")[0].strip()
    return found
