"""Where running labs are known: one directory each, with a file that says which process owns it.

A process is known by its id and the time it started, so that a number used again is not taken for it. A directory whose
owner is gone is what a crash left behind; `reap` takes it away.
"""

import os
import shutil
import stat
from pathlib import Path

import msgspec
from msgspec import Struct

from bellrock.lab.schema import LabError, LabFile

STATE_FILE = "state.json"
LAB_FILE = "lab.json"
LONGEST = "ovs/ovs-vswitchd.ctl"
"""The longest path of a socket in a lab's directory."""
MAX_SOCKET_PATH = 107
"""unix(7): sun_path, without its final zero."""


class Descriptors(Struct, frozen=True):
    """A host's namespaces, as descriptors of the supervisor: `/proc/PID/fd/NUMBER`."""

    net: int
    uts: int
    mount: int


class State(Struct, frozen=True, kw_only=True):
    """A lab as others find it."""

    name: str
    file: str
    pid: int
    """The supervisor."""
    started: int
    """Its start time, in clock ticks after boot (proc(5), stat field 22)."""
    user: int | None = None
    """The user whose user namespace the lab lives in; None: the lab is root's."""
    ready: bool = False
    spaces: dict[str, Descriptors] = {}

    @property
    def alive(self) -> bool:
        """Whether the supervisor still runs."""
        return start_time(self.pid) == self.started


def root() -> Path:
    """The directory of all labs of this user; made if it is not there.

    Raises:
        LabError: it cannot be made, or it is somebody else's.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        path = Path(runtime, "bellrock-lab")
    elif os.geteuid() == 0:
        path = Path("/run/bellrock-lab")
    else:
        path = Path(f"/tmp/bellrock-lab-{os.geteuid()}")  # noqa: S108 - its owner and mode are checked below
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}; set XDG_RUNTIME_DIR to a directory that you may write") from None
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        raise LabError(f"{path} is not a directory that only you may write; remove it, or set XDG_RUNTIME_DIR")
    return path


def running(where: Path) -> list[State]:
    """The labs that run, by name; what crashed ones left behind is taken away."""
    reap(where)
    found = (read(path) for path in sorted(where.iterdir()))
    return [state for state in found if state is not None and state.alive]


def reap(where: Path) -> list[str]:
    """Take away the directories whose owner is gone; their names."""
    gone = []
    for path in sorted(where.iterdir()):
        if not _owned(path):
            shutil.rmtree(path, ignore_errors=True)
            gone.append(path.name)
    return gone


def read(directory: Path) -> State | None:
    """The state in a lab's directory; None where there is none that makes sense."""
    try:
        return msgspec.json.decode((directory / STATE_FILE).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


def wired(directory: Path) -> LabFile:
    """What a lab was built from.

    Raises:
        LabError: its directory is damaged.
    """
    try:
        return msgspec.json.decode((directory / LAB_FILE).read_bytes(), type=LabFile)
    except (OSError, msgspec.DecodeError) as error:
        raise LabError(f"{directory / LAB_FILE}: {error}; take the lab down and up again") from None


def claim(where: Path, state: State, lab: LabFile) -> Path:
    """Make the lab's directory, with its state and what it is built from in it from the first moment on.

    Raises:
        LabError: a lab of that name runs, or the path is too long for sockets.
    """
    path, draft = where / state.name, where / f".{state.name}.{state.pid}"
    if len(str(path / LONGEST)) > MAX_SOCKET_PATH:
        raise LabError(f"{path}: too long for the sockets in it; give a shorter --name, or a shorter XDG_RUNTIME_DIR")
    draft.mkdir(mode=0o700)
    (draft / LAB_FILE).write_bytes(msgspec.json.encode(lab))
    write(draft, state)
    try:
        draft.rename(path)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise LabError(f"lab {state.name} is up already; bellrock lab down {state.name} takes it down") from None
    return path


def write(directory: Path, state: State) -> None:
    """Write the state, whole or not at all."""
    draft = directory / f"{STATE_FILE}.new"
    draft.write_bytes(msgspec.json.encode(state))
    draft.rename(directory / STATE_FILE)


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks after boot; None where there is none (or only its corpse)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _owned(path: Path) -> bool:
    if path.name.startswith("."):  # a claim that is being made, by the process of that number
        return start_time(int(path.suffix[1:] or 0)) is not None
    state = read(path)
    return state is not None and state.alive
