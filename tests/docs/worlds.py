"""Where the commands of pages are run: a scratch directory with a state of its own, and for some pages a lab around it."""

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.ground import ground
from tests.cli.programs import BELLROCK
from tests.docs.consoles import ROOT, Command, as_shown

ETC = "/etc/bellrock"
BOUND = 100.0
"""Seconds for one command; far more than any needs."""


@dataclass
class Stage:
    """A lab that is up. `runtime` is where commands find it, `hosts` where its hosts keep their state."""

    lab: str
    runtime: Path
    hosts: Path
    site: str = ""
    """Its site file."""


class World:
    """A shell whose directory and variables last from one command to the next. `$ ` without a name is `host`, or this machine."""

    def __init__(self, directory: Path, stage: Stage | None = None, host: str = "") -> None:
        self.directory = directory
        self.stage = stage
        self.host = host
        for name in ("state", "home", "etc"):
            (directory / name).mkdir(mode=0o700)
        # Of its own and short: a socket's path has 107 octets at most, and those of pytest are long.
        self._runtime = tempfile.TemporaryDirectory(prefix="bd-")  # closed by close()
        self.runtime = stage.runtime if stage else Path(self._runtime.name)
        self.here = self.desk = directory / "desk"
        shutil.copytree(ROOT / "examples", self.desk / "examples")
        if stage and stage.site:
            (self.desk / "site.toml").write_text(stage.site)
        self._etc = directory / "etc"
        self._started: list[int] = []
        self._variables = directory / "variables"
        self._variables.touch()
        self._environment = {
            "PATH": f"{BELLROCK.parent}:{os.environ['PATH']}:/usr/sbin:/sbin",
            "HOME": str(directory / "home"),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "BELLROCK_STATE_DIR": str(directory / "state"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def do(self, words: str, host: str = "", until: Callable[[str], bool] | None = None) -> tuple[str, int]:
        """Run a line as a shell does: what it said, and its exit code.

        Without `host`, where `self.host` says. When `until` finds that it has said enough, it is sent Ctrl-C.
        """
        script, output, place = (self.directory / name for name in ("script", "output", "place"))
        host = host or self.host
        keep = "" if host else f"declare -px >{self._variables}; "
        restore = "" if host else f". {self._variables}; "
        script.write_text(f"{restore}trap 'code=$?; {keep}pwd >{place}; exit $code' EXIT\n{self._moved(words)}\n")
        with output.open("w") as file:
            process = subprocess.Popen(
                [*self._enter(host), "bash", script], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                cwd=self.here, env=self._environment | self._state_of(host), start_new_session=True,
            )  # fmt: skip
            self._started.append(process.pid)
            code = self._end(process, output, until)
        if place.exists():
            self.here = Path(place.read_text().strip())
        return output.read_text(errors="replace").replace(str(self._etc), ETC), code

    def _moved(self, words: str) -> str:
        """Nothing is written to this machine's own /etc."""
        return words.replace(ETC, str(self._etc))

    def save(self, name: str, text: str) -> None:
        """What a reader puts into a file."""
        (self.here / self._moved(name)).write_text(self._moved(text))

    def close(self) -> None:
        """End what commands have left in the background."""
        for group in self._started:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self._runtime.cleanup()

    def _enter(self, host: str) -> list[str]:
        return [str(BELLROCK), "lab", "exec", "--lab", self.stage.lab, host, "--"] if host and self.stage else []

    def _state_of(self, host: str) -> dict[str, str]:
        """The state directory of a host's own agent or region, which is the default there outside of labs."""
        return {"BELLROCK_STATE_DIR": str(self.stage.hosts / host)} if host and self.stage else {}

    @staticmethod
    def _end(process: "subprocess.Popen[bytes]", output: Path, until: Callable[[str], bool] | None) -> int:
        deadline = time.monotonic() + BOUND
        asked = False
        while process.poll() is None and time.monotonic() < deadline:
            if until and not asked and until(output.read_text(errors="replace")):
                os.killpg(process.pid, signal.SIGINT)
                asked = True
            select.select([], [], [], 0.02)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()

    def follow(self, command: Command) -> tuple[str, int]:
        """What a command of a page says here, and its exit code."""
        return self.do(command.words, command.host, (lambda said: as_shown(command, said)) if command.goes_on else None)


@contextmanager
def three_racks(directory: Path) -> Iterator[Stage]:
    """The lab of examples/three-racks.toml, settled: a region, three racks, six nodes, and no services."""
    with up(directory, "") as stage:
        yield stage


@contextmanager
def no_agents(directory: Path) -> Iterator[Stage]:
    """The network of the same, and nothing that runs in it."""
    with up(directory, "--no-agents") as stage:
        yield stage


@contextmanager
def up(directory: Path, options: str) -> Iterator[Stage]:
    world = World(directory)
    try:
        said, code = world.do(f"bellrock lab up examples/three-racks.toml {options}")
        assert code == 0, said
        yield Stage("three-racks", world.runtime, world.runtime / "bellrock-lab" / "three-racks" / "hosts")
    finally:
        world.do("bellrock lab down three-racks")
        world.close()


@contextmanager
def site(directory: Path) -> Iterator[Stage]:
    """The scenarios' world `site`: a region, agents, a rack that serves, all of it healthy, and the region has the site file."""
    with ground(parse.world("site"), "docs-site") as made:
        made.start()
        made.bellrock()
        lab = made.lab.directory
        yield Stage("docs-site", lab.parent.parent, lab / "hosts", made.world.site)


class Setting(NamedTuple):
    """What a page needs: a stage, which host `$ ` is, and whether the page changes so much that the stage is its own."""

    stage: Callable[[Path], AbstractContextManager[Stage]] | None = None
    host: str = ""
    alone: bool = False
    files: tuple[str, ...] = ()
    """Of tests/data, for what other systems export."""


class Theatre:
    """The stages of a run of tests, each built once, unless a page wants its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open = ExitStack()
        self._stages: dict[object, Stage] = {}

    @contextmanager
    def world(self, page: str, directory: Path) -> Iterator[World]:
        """A page's world."""
        setting = WORLDS.get(page, Setting())
        with ExitStack() as own:
            stage = self._stage(setting, directory, own)
            world = own.enter_context(closing(World(made(directory / "own"), stage, setting.host)))
            for name in setting.files:
                shutil.copy(ROOT / "tests" / "data" / name, world.desk)
            yield world

    def _stage(self, setting: Setting, directory: Path, own: ExitStack) -> Stage | None:
        if setting.stage is None:
            return None
        if setting.alone:
            return own.enter_context(setting.stage(made(directory / "stage")))
        if setting.stage not in self._stages:
            place = made(self._directory / f"stage-{len(self._stages)}")
            self._stages[setting.stage] = self._open.enter_context(setting.stage(place))
        return self._stages[setting.stage]

    def close(self) -> None:
        self._open.close()


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory


WORLDS: dict[str, Setting] = {
    "docs/how-to/capture.md": Setting(site, "rack-1"),
    "docs/how-to/check-a-firewall.md": Setting(site),
    "docs/how-to/check-a-site.md": Setting(site),
    "docs/how-to/check-reachability.md": Setting(site, "node-1"),
    "docs/how-to/commissioning-nodes.md": Setting(three_racks),
    "docs/how-to/compare-with-intent.md": Setting(
        three_racks, files=("intent/maas-machines.json", "intent/maas-subnets.json")
    ),
    "docs/how-to/find-mtu-faults.md": Setting(site, "region-1"),
    "docs/how-to/find-where-packets-die.md": Setting(site),
    "docs/how-to/findings.md": Setting(site),
    "docs/how-to/firewall-rules.md": Setting(site),
    "docs/how-to/join-a-region.md": Setting(no_agents, alone=True),
    "docs/how-to/monitor.md": Setting(site, "region-1"),
    "docs/how-to/pxe-that-fails.md": Setting(site),
    "docs/how-to/scan-vlans.md": Setting(three_racks, "rack-1"),
    "docs/how-to/send-evidence.md": Setting(site, "region-1"),
    "docs/how-to/use-the-api.md": Setting(site, "region-1"),
    "docs/how-to/users-and-tokens.md": Setting(three_racks, "region"),
    "docs/how-to/validate-vlans.md": Setting(three_racks),
    "docs/how-to/watch-reachability.md": Setting(site, "region-1"),
}
"""Pages that need more than a desk."""
