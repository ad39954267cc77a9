"""One table of nftables by nft's own program: list it, check and load a file, see how a file would be listed."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import Final

from bellrock.cli.output import EXIT_UNREADABLE, Failure

OLDEST: Final = (1, 0, 0)
"""What we write needs intervals in concatenations (0.9.4) and an empty table on one line; 1.0.6 is what it is tested with."""
_PATIENCE: Final = 60.0
"""Seconds for one run of nft; a ruleset of 5,000 subnets takes a tenth of one."""
_COUNTED: Final = re.compile(r" packets \d+ bytes \d+")
_PR_SET_PDEATHSIG: Final = 1
_SCRATCH: Final = '"$0" -f - && "$0" -s list table inet "$1"'
_WAYS_IN: Final = (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net"))

_libc = ctypes.CDLL(None, use_errno=True)


def require_nft() -> None:
    """See that nft is there and new enough.

    Raises:
        Failure: it is not.
    """
    found = re.search(r"v(\d+)\.(\d+)(?:\.(\d+))?", _run(["--version"]).stdout)
    if not found:
        raise Failure("nft does not say its version; is it nftables?", EXIT_UNREADABLE)
    version = tuple(int(number or 0) for number in found.groups())
    if version < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise Failure(f"nft is version {found[0][1:]}, and {wanted} is the oldest that will do", EXIT_UNREADABLE)


def listing(table: str, *, counters: bool = True) -> str | None:
    """The live table as nft lists it; None where there is none.

    Raises:
        Failure: nft cannot say.
    """
    done = _run([*(() if counters else ("-s",)), "list", "table", "inet", table])
    if done.returncode == 0:
        return done.stdout
    if "No such file or directory" in done.stderr:
        return None
    raise _refused(done, "nft cannot list tables")


def check(text: str, what: str) -> None:
    """See whether a file would load (`nft -c`).

    Raises:
        Failure: it would not; with nft's first line.
    """
    done = _run(["-c", "-f", "-"], text)
    if done.returncode:
        raise _refused(done, f"{what} would not load")


def load(text: str, *, patience: float = _PATIENCE, hold: tuple[int, ...] = ()) -> str:
    """Load a file in one transaction: all of it or nothing. The first line of nft's complaint; empty where it loaded.

    A complaint does not prove that nothing was loaded: nft can fail, or be killed after `patience` seconds, when the
    kernel has committed already. nft is killed with this process, so that nothing is loaded by a program whose master
    is gone; `hold`: descriptors that it keeps open until it has ended.
    """
    try:
        done = _run(["-f", "-"], text, patience=patience, hold=hold)
    except Failure as error:
        return error.message
    return "" if done.returncode == 0 else (_first_line(done.stderr) or f"nft ended with {done.returncode}")


def restoring(table: str, before: str | None) -> str:
    """A file that makes the table what it was; that takes it away where there was none."""
    return f"table inet {table} {{}}\ndelete table inet {table}\n{before or ''}"


def is_as(table: str, restore: str) -> bool:
    """Whether the live table is already what `restore` would make it, counters aside; False where nft cannot say."""
    try:
        live = restoring(table, listing(table))
    except Failure:
        return False
    return _COUNTED.sub("", live) == _COUNTED.sub("", restore)


def as_listed(text: str, table: str) -> str | None:
    """How nft would list the table once `text` is loaded, tried in a namespace of its own.

    None where this user may not make one; empty where the file has no such table.

    Raises:
        Failure: the file does not load.
    """
    for way in _WAYS_IN:
        done = _execute([*way, "sh", "-c", _SCRATCH, _program(), table], text)
        if done.returncode == 0:
            return done.stdout
        if done.stderr.startswith("unshare:") or done.returncode == 127:
            continue
        if "No such file or directory" in done.stderr and "list table" in done.stderr:
            return ""
        raise _refused(done, "the rules would not load")
    return None


def _refused(done: "subprocess.CompletedProcess[str]", what: str) -> Failure:
    if "Operation not permitted" in done.stderr:
        return Failure(f"{what}: not permitted; run it as root, or with CAP_NET_ADMIN", EXIT_UNREADABLE)
    return Failure(f"{what}: {_first_line(done.stderr)}", EXIT_UNREADABLE)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _run(
    arguments: list[str], text: str = "", *, patience: float = 0.0, hold: tuple[int, ...] | None = None
) -> "subprocess.CompletedProcess[str]":
    return _execute([_program(), *arguments], text, patience=patience, hold=hold)


def _program() -> str:
    """Also where root's PATH of a session does not reach."""
    program = shutil.which("nft", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if program is None:
        raise Failure("nft was not found; install the package nftables", EXIT_UNREADABLE)
    return program


def _execute(
    command: list[str], text: str, *, patience: float = 0.0, hold: tuple[int, ...] | None = None
) -> "subprocess.CompletedProcess[str]":
    """`hold`, be it empty: a program that must not outlive this process."""
    patience = patience or _PATIENCE
    try:
        with subprocess.Popen(  # noqa: S603 -- a program of ours to choose, its arguments checked
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="backslashreplace", process_group=0, pass_fds=hold or (),
            preexec_fn=None if hold is None else _die_with_parent,  # noqa: PLW1509 -- one call, and no threads of ours
        ) as process:  # fmt: skip
            return _ended(process, text, patience)
    except subprocess.TimeoutExpired:
        raise Failure(f"{command[0]} did not end within {patience:g} s", EXIT_UNREADABLE) from None
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]} was not found")
    except OSError as error:
        raise Failure(f"{command[0]} cannot be run: {error.strerror}", EXIT_UNREADABLE) from None


def _ended(process: "subprocess.Popen[str]", text: str, patience: float) -> "subprocess.CompletedProcess[str]":
    """Its end, within bounds. What it started itself ends with it: else that could still load when we have put back."""
    try:
        out, err = process.communicate(text, patience)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
