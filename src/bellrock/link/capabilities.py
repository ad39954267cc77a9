"""Whether this process may use raw frames, and how to let it."""

import shlex
import socket
from pathlib import Path
from typing import Final

_SHEBANG_MAX: Final = 256
"""Octets that the kernel reads of a script's first line (BINPRM_BUF_SIZE)."""

_SHARED: Final = (Path("/usr/bin"), Path("/bin"), Path("/usr/local/bin"))


def can_raw() -> bool:
    """Whether an AF_PACKET socket can be opened in this network namespace; found out by opening one that hears nothing."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError:
        return False
    return True


def grant_hint(executable: str) -> str:
    """The command that grants CAP_NET_RAW to a program.

    Capabilities belong to the file that the kernel runs: not to a script but to its interpreter, not to a symbolic link but to its target.
    What is granted to the machine's own Python would be granted to every script of everybody, so there it is sudo.
    """
    binary = _binary(Path(executable))
    if binary.parent in _SHARED:
        return "sudo bellrock"
    return f"sudo setcap cap_net_raw+ep {shlex.quote(str(binary))}"


def _binary(path: Path) -> Path:
    path = path.resolve()
    try:
        with path.open("rb") as file:
            line = file.read(_SHEBANG_MAX).partition(b"\n")[0]
    except OSError:
        return path
    words = line.removeprefix(b"#!").split()
    return Path(words[0].decode(errors="replace")).resolve() if line.startswith(b"#!") and words else path
