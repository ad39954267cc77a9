"""`bellrock` in the background, for tests: its words are kept in files and waited for with a bound."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

BELLROCK = Path(sys.executable).parent / "bellrock"


def wait_until(condition, what, seconds=120.0):
    """The first true answer of `condition`, asked every 20 ms."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds:g} s: {what() if callable(what) else what}")
        select.select([], [], [], 0.02)
    return answer


class Program:
    """A command that was started; `out` and `err` are what it has said so far."""

    def __init__(self, command, directory, environment):
        self._out, self._err = (tempfile.NamedTemporaryFile(dir=directory) for _ in "12")  # noqa: SIM115 -- closed by close()
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err,
            env=os.environ | environment, cwd=directory,
        )  # fmt: skip

    @property
    def out(self):
        return Path(self._out.name).read_text()

    @property
    def err(self):
        return Path(self._err.name).read_text()

    def says(self, text, seconds=120.0):
        """Wait for a text on stdout or stderr; all of it up to now."""

        def said():
            return (text in self.out + self.err) or self.process.poll() is not None

        wait_until(said, lambda: f"{text!r}; it said {self.out!r} and {self.err!r}", seconds)
        assert text in self.out + self.err, f"ended with {self.process.returncode}: {self.out!r}, {self.err!r}"
        return self.out + self.err

    def ends(self, number=None, seconds=120.0):
        """Its exit code, after a signal where one is given; never a traceback."""
        if number is not None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"did not end within {seconds:g} s; it said {self.out!r} and {self.err!r}")
        assert "Traceback" not in self.err, self.err
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._out.close()
        self._err.close()


@contextmanager
def programs(directory):
    """A function that starts `bellrock ARGUMENTS`; whatever still runs at the end is killed."""
    started = []

    def start(*arguments, inside=None, prefix=(), **environment):
        command = [*prefix, BELLROCK, *arguments]
        command = inside.command(*map(str, command)) if inside else command
        started.append(Program(command, directory, environment))
        return started[-1]

    try:
        yield start
    finally:
        for program in started:
            program.close()
