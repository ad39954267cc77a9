"""The programs that run in a lab's hosts, as children of the supervisor."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bellrock.lab.control import Start
from bellrock.lab.namespaces import Space
from bellrock.lab.schema import LabError

GRACE: Final = 2.0
"""Seconds that programs have to end by themselves when they are asked to."""
END_TIMEOUT: Final = 5.0
"""Seconds for one that was sent a signal to be gone."""


class Programs:
    """Programs by name. `enter` takes a child into a host."""

    def __init__(self, enter: Callable[[Space], None]) -> None:
        self._enter = enter
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, space: Space, order: Start, directory: Path) -> None:
        """Start one; its output goes to `NAME.log` in `directory`.

        Raises:
            LabError: one of that name runs.
            OSError: the program cannot be started.
        """
        there = self._running.get(order.name)
        if there is not None and there.poll() is None:
            raise LabError(f"{order.name} runs already")

        def prepare() -> None:
            self._enter(space)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        log = os.open(directory / f"{order.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._running[order.name] = subprocess.Popen(
                order.argv,
                env={**os.environ, **order.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=prepare,  # noqa: PLW1509 - this process has one thread
                start_new_session=True,
            )
        finally:
            os.close(log)

    def status(self) -> dict[str, int | None]:
        """Exit codes by name; None while it runs."""
        return {name: program.poll() for name, program in self._running.items()}

    def end(self, name: str, number: int) -> int | None:
        """Send a signal; after one that ends a program, its exit code.

        Raises:
            LabError: there is no such program, or it does not end.
        """
        program = self._running.get(name)
        if program is None:
            raise LabError(f"{name}: no such program; there are {', '.join(self._running) or 'none'}")
        program.send_signal(number)
        if number not in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            return program.poll()
        try:
            return program.wait(timeout=END_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise LabError(f"{name} does not end within {END_TIMEOUT:g} s of signal {number}") from None

    def poll(self, pid: int) -> bool:
        """Take note that a process ended; False if it is not one of these."""
        found = [program for program in self._running.values() if program.pid == pid]
        return any(program.poll() is not None for program in found)

    def stop(self) -> None:
        """Ask all to end, wait for GRACE in total, then make them."""
        alive = [program for program in self._running.values() if program.poll() is None]
        for program in alive:
            program.terminate()
        deadline = time.monotonic() + GRACE
        for program in alive:
            try:
                program.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
