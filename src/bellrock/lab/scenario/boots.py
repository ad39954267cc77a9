"""Has clients boot, and makes faults happen before the steps that they wait at."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from bellrock.lab.scenario.ground import Ground
from bellrock.lab.scenario.schema import FaultSpec
from bellrock.lab.scenario.words import filled
from bellrock.lab.schema import LabError

BOOT_TIMEOUT: Final = 300.0
"""Seconds for the slowest boot; patience and tries of a client end it long before."""


class End(Struct, frozen=True):
    """How a boot ended."""

    client: str
    step: str = ""
    """Where it stopped; empty: it came to its end."""
    why: str = ""


class Boots:
    """The boots of one scenario. Each fault that waits for a step happens once."""

    def __init__(self, ground: Ground, faults: Sequence[FaultSpec]) -> None:
        self._ground = ground
        self._waiting = [fault for fault in faults if fault.before]
        self._number = 0
        self.ends: list[End] = []
        """How each boot ended, in order."""

    def boot(self, clients: Sequence[str], *, together: bool = False) -> None:
        """Have clients boot, one after the other or at the same time; returns once the last one ended.

        Raises:
            LabError: one does not end.
        """
        if together:
            self._wait([self._start(client) for client in clients])
            return
        for client in clients:
            self._wait([self._start(client)])

    def _start(self, client: str) -> tuple[str, Path, list[FaultSpec]]:
        self._number += 1
        name = f"boot-{self._number}-{client}"
        spec = self._ground.world.client[client]
        mine = [fault for fault in self._waiting if fault.of in ("", client)]
        self._waiting = [fault for fault in self._waiting if fault not in mine]
        gates = self._ground.directory / name
        gates.mkdir()
        settings = filled(msgspec.json.encode(spec.settings).decode(), self._ground.words)
        closed = (str(gates), ",".join(sorted({fault.before for fault in mine}))) if mine else ()
        argv = (sys.executable, "-m", "bellrock.lab.client", settings, *closed)
        self._ground.lab.start(spec.at, argv, name=name, PATH=self._ground.environment()["PATH"])
        return name, gates, mine

    def _wait(self, running: list[tuple[str, Path, list[FaultSpec]]]) -> None:
        def ended() -> bool:
            for name, gates, faults in running:
                self._open(name, gates, faults)
            status = self._ground.lab.programs()
            return all(status[name] is not None for name, _, _ in running)

        self._ground.lab.wait_until(ended, BOOT_TIMEOUT, "the clients to end their boots")
        for name, _, _ in running:
            log = story(self._ground, name)
            if (
                not log
                or log[-1]["outcome"] not in ("done", "failed")
                or not (log[-1]["step"] or log[-1]["outcome"] == "done")
            ):
                raise LabError(f"{name} failed; its last words:\n{self._ground.lab.log(name)}")
            self.ends.append(End(name.split("-", 2)[2], log[-1]["step"], log[-1]["what"]))

    def _open(self, name: str, gates: Path, faults: list[FaultSpec]) -> None:
        if not faults:
            return
        for line in story(self._ground, name):
            step = line["step"]
            if line["outcome"] == "waits" and not (gates / step).exists():
                self._ground.happen([fault for fault in faults if fault.before == step])
                (gates / step).touch()


def story(ground: Ground, name: str) -> list[dict[str, Any]]:
    """What a client has told of itself so far."""
    path = ground.lab.directory / f"{name}.log"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [msgspec.json.decode(line) for line in lines if line.startswith("{") and line.endswith("\n")]
