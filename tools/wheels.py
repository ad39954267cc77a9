"""The wheels that requirements/run.lock names: which of them a set of packages needs, and how they are fetched, hashes checked."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# PEP 600: a wheel of an older glibc runs on a newer one. 2.28 is Debian 10's, RHEL 8's and Ubuntu 18.10's.
GLIBC = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_24", "manylinux_2_17", "manylinux2014", "manylinux_2_12",
         "manylinux2010", "manylinux_2_5", "manylinux1")  # fmt: skip
Entry = str
"""A package in a lock file: its line, and those of its hashes."""


def needed(dependencies: object, versions: tuple[str, ...]) -> set[str]:
    """The names of all packages that these need, in their canonical form, on Linux with any of these versions of Python."""
    found: set[tuple[str, str]] = set()
    names: set[str] = set()
    open_ = [(str(one), "") for one in dependencies] if isinstance(dependencies, list) else []
    while open_:
        text, of_extra = open_.pop()
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        if not any(applies(requirement, version, of_extra) for version in versions):
            continue
        names.add(name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in found:
                found.add((name, extra))
                open_ += [(one, extra) for one in metadata.requires(name) or []]
    return names


def applies(requirement: Requirement, version: str, extra: str = "") -> bool:
    """Whether a requirement holds for this version of Python and this extra of whoever has it."""
    here = {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": "linux", "extra": extra}
    return requirement.marker is None or requirement.marker.evaluate(here)


def locked(names: set[str]) -> Iterator[Entry]:
    """Their entries in the lock, with hashes.

    Raises:
        SystemExit: the lock knows one of them not.
    """
    text = (ROOT / "requirements" / "run.lock").read_text()
    entries = re.findall(r"^[a-zA-Z0-9][^\n]*(?:\n[ \t]+[^\n]*)*\n", text, re.MULTILINE)
    missing = names - {canonicalize_name(Requirement(entry.split("\\")[0]).name) for entry in entries}
    if missing:
        raise SystemExit(f"requirements/run.lock does not have {', '.join(sorted(missing))}; run make lock")
    yield from (entry for entry in entries if canonicalize_name(Requirement(entry.split("\\")[0]).name) in names)


def download(requirements: Path, version: str, arch: str, directory: Path, *more: str) -> None:
    """The wheels of one Python version, those without compiled modules among them; `more` are options of pip.

    Raises:
        SystemExit: one of them cannot be had.
    """
    abi = f"cp{version.replace('.', '')}"
    options = [option for glibc in GLIBC for option in ("--platform", f"{glibc}_{arch}")]
    run("python", "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--require-hashes", "--no-deps",
        "--only-binary=:all:", "--implementation=cp", f"--python-version={version}", f"--abi={abi}", "--abi=abi3", "--abi=none",
        *options, *more, "--dest", str(directory), "--requirement", str(requirements))  # fmt: skip


def write_metadata(site: Path, version: str) -> None:
    """So that `bellrock version` knows it."""
    info = site / f"bellrock-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: bellrock\nVersion: {version}\n")


def run(program: str, *arguments: str) -> None:
    """Run a program that is installed beside this Python.

    Raises:
        SystemExit: it failed, with what it said.
    """
    path = Path(sys.executable).with_name(program)
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}; run make setup-dev") from None
    if done.returncode:
        raise SystemExit(f"{program}: {done.stderr.strip() or done.stdout.strip()}")
