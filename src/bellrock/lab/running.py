"""A running lab, for tests and for the command line."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec

from bellrock.lab import agents, control, parse, state
from bellrock.lab.control import Control
from bellrock.lab.diagnose import diagnose, tail
from bellrock.lab.maker import Maker
from bellrock.lab.namespaces import privileged
from bellrock.lab.orders import Order
from bellrock.lab.schema import InterfaceSpec, LabError, LabFile, PortSpec
from bellrock.lab.state import State

POLL: Final = 0.02
"""Seconds between two looks while waiting."""
_MAX_NAME: Final = 40
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")

_count = itertools.count(1)


class Lab:
    """A lab that is up. As a context manager it is taken down at the end, and also when this process dies."""

    def __init__(self, directory: Path, found: State, wired: LabFile, maker: Maker | None = None) -> None:
        self.directory = directory
        """Logs, sockets and state of the lab."""
        self.state = found
        self.wired = wired
        """What it was built from."""
        self._maker = maker
        self._control = Control(directory)

    @classmethod
    def from_file(
        cls, path: Path | str, *, name: str | None = None, progress: Callable[[str], None] | None = None
    ) -> "Lab":
        """Build the lab that a file describes. It ends with this process, unless it is told to `stay`.

        Raises:
            LabError: the file is wrong, or the lab cannot be built; nothing of it is left then.
        """
        file = Path(path)
        wired = parse.load(file)
        unique = f"{file.stem[: _MAX_NAME - 16]}-{os.getpid()}-{next(_count)}"
        return cls.build(wired, name or unique, file=str(file), progress=progress)

    @classmethod
    def from_text(cls, text: str, *, name: str | None = None) -> "Lab":
        """The same for a lab file's text.

        Raises:
            LabError: as `from_file`.
        """
        wired = parse.parse(text.encode(), "lab file")
        return cls.build(wired, name or f"text-{os.getpid()}-{next(_count)}")

    @classmethod
    def build(
        cls, wired: LabFile, name: str, *, file: str = "", progress: Callable[[str], None] | None = None
    ) -> "Lab":
        """Build a lab from values.

        Raises:
            LabError: it cannot be built, and why.
        """
        root = state.root()
        state.reap(root)
        _check_name(name)
        order = Order(lab=wired, name=name, file=file, root=str(root), user_namespace=not privileged())
        maker = Maker()
        found = maker.make(order, progress or (lambda _: None))
        return cls(root / name, found, wired, maker)

    @classmethod
    def find(cls, name: str | None = None) -> "Lab":
        """The lab of that name that runs, or the only one.

        Raises:
            LabError: there is none, or there are several.
        """
        root = state.root()
        labs = [it for it in state.running(root) if it.ready and name in (None, it.name)]
        if len(labs) == 1:
            return cls(root / labs[0].name, labs[0], state.wired(root / labs[0].name))
        names = ", ".join(it.name for it in state.running(root))
        if not labs:
            raise LabError(f"no lab{f' {name}' if name else ''} is up ({names or 'none at all'}); bellrock lab up FILE")
        raise LabError(
            f"several labs are up ({names}); say which one: bellrock lab down NAME, and --lab NAME for the other commands"
        )

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.down()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names of all hosts."""
        return tuple(name for name in self.state.spaces if name != "switches")

    def down(self) -> None:
        """Take the lab down, and wait until nothing of it is left."""
        with suppress(LabError):
            self._control.ask(control.Down())
        self.close()
        take_down(self.directory, self.state)

    def stay(self) -> None:
        """Have the lab live on when this process ends, until `down`."""
        self._control.ask(control.Stay())

    def close(self) -> None:
        """Let go of the lab without taking it down (it ends by itself if it was made here and not told to stay)."""
        self._control.close()
        if self._maker is not None:
            self._maker.close()

    def namespace_path(self, host: str) -> Path:
        """The network namespace of a host (or of `switches`), for nsenter(1) and setns(2)."""
        return Path(f"/proc/{self.state.pid}/fd/{self._space(host).net}")

    def namespace_fd(self, host: str) -> int:
        """The same, as an open descriptor that the caller closes."""
        return os.open(self.namespace_path(host), os.O_RDONLY | os.O_CLOEXEC)

    def enter_command(self, host: str, argv: Sequence[str], directory: str | None = None) -> list[str]:
        """The command that runs `argv` in a host: its network, name, mounts and processes."""
        space = self._space(host)
        at = f"/proc/{self.state.pid}"
        user = [] if self.state.user is None else [f"--user={at}/ns/user", "--preserve-credentials"]
        spaces = [f"--net={at}/fd/{space.net}", f"--uts={at}/fd/{space.uts}", f"--mount={at}/fd/{space.mount}"]
        here = [f"--wdns={directory}"] if directory else []
        return ["nsenter", *user, f"--pid={at}/ns/pid", *spaces, *here, "--", *argv]

    def exec(
        self,
        host: str,
        argv: Sequence[str],
        *,
        check: bool = True,
        timeout: float = 60.0,
        **options: Any,  # noqa: ANN401
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a host and wait for it; its output is captured as text. `options` are those of subprocess.run.

        Raises:
            subprocess.CalledProcessError: it failed, and `check` is set.
            subprocess.TimeoutExpired: it took too long.
        """
        options = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, **options}
        command = self.enter_command(host, argv, os.getcwd())
        return subprocess.run(command, check=check, timeout=timeout, **options)

    def popen(self, host: str, argv: Sequence[str], **options: Any) -> "InsideProcess":  # noqa: ANN401
        """Start a command in a host. `options` are those of subprocess.Popen; signals reach the command itself."""
        return InsideProcess(self.enter_command(host, argv, os.getcwd()), **options)

    def start(self, host: str, argv: Sequence[str], *, name: str | None = None, **environment: str) -> None:
        """Start a program that belongs to the lab: it logs to `NAME.log` and ends with the lab."""
        self._control.ask(control.Start(host, name or host, tuple(argv), environment))

    def kill(self, name: str, number: int = signal.SIGKILL) -> int | None:
        """Send a program of the lab a signal; its exit code once it is gone."""
        return self._control.ask(control.End(name, number))  # type: ignore[no-any-return]

    def start_agent(self, host: str) -> None:
        """Start Bellrock on a host (again); on the region's host both the region and the rack beside it."""
        agents.make_secrets(self.wired, self.directory)
        there = self.programs()
        for program in agents.programs(self.wired, self.directory):
            if program.host == host and there.get(program.name, 0) is not None:
                self.start(host, program.argv, name=program.name)

    def programs(self) -> dict[str, int | None]:
        """Programs by name: their exit codes, None while they run."""
        return self._control.ask(control.Status())  # type: ignore[no-any-return]

    def retag(
        self,
        host: str,
        interface: str,
        *,
        access: int | None = None,
        trunk: Sequence[int] | None = None,
        native: int | None = None,
    ) -> None:
        """Move the cable of an interface to a port with these settings; its carrier does not blink."""
        port = PortSpec(access=access, trunk=None if trunk is None else tuple(trunk), native=native)
        self._control.ask(control.Retag(host, interface, port))

    def set_carrier(self, host: str, interface: str, up: bool) -> None:
        """Take away the carrier of an interface, or give it back."""
        self._control.ask(control.SetCarrier(host, interface, up))

    def add_interface(self, host: str, interface: str, **spec: Any) -> float:  # noqa: ANN401 - InterfaceSpec's fields
        """Put an interface into a running host (`to="sw0", access=20`); the second of the epoch at which its carrier came."""
        made = msgspec.convert(spec, InterfaceSpec)
        return self._control.ask(control.AddInterface(host, interface, made))  # type: ignore[no-any-return]

    def remove_interface(self, host: str, interface: str) -> None:
        """Pull an interface out of a running host."""
        self._control.ask(control.RemoveInterface(host, interface))

    def log(self, name: str, lines: int = 20) -> str:
        """The last lines of a program's log."""
        return tail(self.directory / f"{name}.log", lines)

    def diagnosis(self) -> str:
        """The state of every host and switch, in words."""
        return diagnose(self)

    def port_table(self) -> str:
        """The switches' ports as Open vSwitch has them."""
        return str(self._control.ask(control.Ports()))

    def wait_until(self, holds: Callable[[], object], timeout: float, what: str) -> None:
        """Look again and again until `holds()` is true.

        Raises:
            LabError: it is not after `timeout` seconds; the state of every host follows.
        """
        deadline = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > deadline:
                raise LabError(f"waited {timeout:g} s for {what}, in vain\n{self.diagnosis()}")
            time.sleep(POLL)

    def _space(self, host: str) -> state.Descriptors:
        found = self.state.spaces.get(host)
        if found is None:
            raise LabError(f"{host}: no such host; there are {', '.join(self.hosts)}")
        return found


class InsideProcess(subprocess.Popen[Any]):
    """A command in a host. nsenter waits for it outside; a signal goes past nsenter to the command."""

    def send_signal(self, number: int) -> None:  # type: ignore[explicit-override] # typing.override needs Python 3.12
        """Signal the command; once it is gone, nothing."""
        if self.poll() is not None:
            return
        deadline = time.monotonic() + 5.0
        while not (children := _children(self.pid)) and self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, number)


def take_down(directory: Path, found: State, grace: float = 5.0) -> None:
    """Wait for a supervisor to end, make it after `grace` seconds, and take its directory away."""
    deadline = time.monotonic() + grace
    while found.alive:
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGKILL)
            deadline += grace
        time.sleep(0.005)
    shutil.rmtree(directory, ignore_errors=True)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise LabError(f"{name!r}: expected a lab's name of letters, digits, '-', '_' and '.', at most {_MAX_NAME}")


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
