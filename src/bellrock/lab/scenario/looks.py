"""The ways to look at a world, each a command of Bellrock's that a person would run; its findings as JSON has them."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from bellrock.lab.agents import bellrock
from bellrock.lab.scenario.boots import Boots
from bellrock.lab.scenario.ground import COMMAND_TIMEOUT, Ground, outside
from bellrock.lab.scenario.judge import Found
from bellrock.lab.scenario.recording import recording
from bellrock.lab.scenario.schema import LookSpec
from bellrock.lab.scenario.words import filled_all
from bellrock.lab.schema import LabError

PATIENCE: Final = 120.0
"""Seconds for a region to find what is expected. That a port is not heard takes 10 s until it is held against the wire, up to 15 s more until
the quiet agents of both ends have said that their word still holds, and up to 10 s more until the region looks: three times as long on a slow machine."""
PAUSE: Final = 0.2
"""Seconds between two questions to it."""
_FAULTY: Final = (0, 1, 3, 4, 6)
"""Exit codes with which commands that tell of findings end: none of weight, some, something could not be checked; of `bellrock node`, nobody was heard, or nobody took its report."""

Enough = Callable[[list[Found]], bool]


class Looks:
    """Looks at one world, as often as it is asked."""

    def __init__(self, ground: Ground, boots: Boots) -> None:
        self._ground = ground
        self.boots = boots
        self._number = 0
        self.files: list[Path] = []
        """What was captured last."""

    def look(self, how: LookSpec, enough: Enough) -> list[Found]:
        """What is found, the gravest first.

        Raises:
            LabError: the command did not do what it should.
        """
        match how.kind:
            case "diagnose":
                return self._diagnose(how)
            case "check":
                return self._command(how, "check", "--json", *self._site(how))
            case "node":
                return self._command(how, "node", "--json")
            case "findings":
                return self._region(how, enough)
            case _:
                return self._run(how.at, how.command)

    def _diagnose(self, how: LookSpec) -> list[Found]:
        self._number += 1
        clients = how.clients or tuple(self._ground.world.client)[:1]
        with recording(self._ground, how.points or self._ground.world.capture, self._number) as files:
            for _ in range(how.repeat):
                self.boots.boot(clients, together=how.together)
            # From here on: how long captures and boots took to begin is the machine's affair, and no part of what is looked for.
            over = time.monotonic() + how.seconds
            self._ground.lab.wait_until(
                lambda: time.monotonic() >= over, how.seconds + COMMAND_TIMEOUT, "the look's time to pass"
            )
        self.files = files
        words = filled_all(how.command, self._ground.words)
        argv = ["diagnose", *map(str, files), "--json", *self._site(how), *words]
        return _findings(outside(*argv), argv)

    def _command(self, how: LookSpec, *words: str) -> list[Found]:
        return self._run(how.at, (*bellrock(), *words, *how.command))

    def _run(self, host: str, words: Sequence[str]) -> list[Found]:
        argv = filled_all(words, self._ground.words)
        done = self._ground.lab.exec(host, argv, check=False, timeout=COMMAND_TIMEOUT, env=self._ground.environment())
        return _findings(done, argv)

    def _region(self, how: LookSpec, enough: Enough) -> list[Found]:
        """Ask until it has found what is expected and has had `how.seconds` for everything else.

        Raises:
            LabError: it does not answer, has not looked, or its agents could not try what they should.
        """
        since = self._tried() if how.tries else 0.0
        argv = [
            "findings",
            "--json",
            "--lab",
            self._ground.lab.state.name,
            *filled_all(how.command, self._ground.words),
        ]
        begun = time.monotonic()
        while True:
            past = time.monotonic() - begun
            try:
                done = outside(*argv)
                found = _findings(done, argv)
            except LabError:  # a region that has just begun has not judged yet
                if past > PATIENCE:
                    raise
            else:
                over = past > PATIENCE + how.seconds
                fresh = not since or (_looked(done.stdout) or 0.0) >= since
                if over and not fresh:
                    raise LabError(
                        f"the region has not looked for {past:.0f} s, since its agents tried what the site wants"
                    )
                if fresh and past >= how.seconds and (enough(found) or over):
                    return found  # what is missing after so long is the answer, not an error
            time.sleep(PAUSE)

    def _tried(self) -> float:
        """Have the agents try all that the site wants; the second of the epoch at which that was over."""
        argv = ["matrix", "--now", "--json", "--lab", self._ground.lab.state.name]
        done = outside(*argv)
        if done.returncode not in (0, 1):
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LabError(f"{' '.join(argv)}: exit code {done.returncode}: {said[-1] if said else 'nothing said'}")
        return time.time()

    def _site(self, how: LookSpec) -> tuple[str, ...]:
        return ("--site", str(self._ground.site)) if how.site and self._ground.world.site else ()


def _findings(done: Any, argv: Sequence[str]) -> list[Found]:  # noqa: ANN401 - CompletedProcess[str]
    """The findings of a command's JSON."""
    try:
        document = msgspec.json.decode(done.stdout)
    except msgspec.DecodeError:
        document = None
    found = document.get("findings") if isinstance(document, dict) else document
    if done.returncode not in _FAULTY or not isinstance(found, list):
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LabError(
            f"{' '.join(argv)[-200:]}: exit code {done.returncode}: {said[-1] if said else 'no JSON with findings'}"
        )
    return found


def _looked(text: str) -> float | None:
    """When the region began its last look."""
    document = msgspec.json.decode(text)
    return document.get("looked") if isinstance(document, dict) else None
