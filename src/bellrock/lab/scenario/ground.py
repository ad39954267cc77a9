"""A world that runs: its lab, its servers, and the faults that are made to happen in it."""

import glob
import ipaddress
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs

from bellrock.lab import settle
from bellrock.lab.agents import bellrock, secret_file
from bellrock.lab.namespaces import privileged
from bellrock.lab.running import Lab
from bellrock.lab.scenario import inside
from bellrock.lab.scenario.check import action
from bellrock.lab.scenario.schema import FaultSpec, PlaySpec, ServiceSpec, World
from bellrock.lab.scenario.words import filled, filled_all
from bellrock.lab.schema import LabError
from bellrock.lab.servers import kinds
from bellrock.lab.servers.values import Place, Server

START_TIMEOUT: Final = 90.0
"""Seconds for all servers to listen, on a slow machine that does something else as well."""
COMMAND_TIMEOUT: Final = 180.0
PATH: Final = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


class Ground:
    """What runs. `words` are what stands for names in braces."""

    def __init__(self, world: World, lab: Lab, directory: Path) -> None:
        self.world = world
        self.lab = lab
        self.directory = directory
        """Of the servers' files and of what is captured."""
        self.site = directory / "site.toml"
        self.site.write_text(world.site)
        self.macs = {host: inside.macs(lab, host) for host in world.lab.host}
        self.words = self._words()
        self._played = 0
        self._running: settle.Bellrock | None = None
        self._servers: dict[str, Server] = {}

    def start(self) -> None:
        """Routes, and the servers that are wanted.

        Raises:
            LabError: one did not start.
        """
        for host in self.world.forward:
            inside.forward(self.lab, host)
        for host, routes in self.world.route.items():
            lines = [f"{'-6 ' if ':' in line else ''}route add {line}" for line in routes]
            self.batch(host, lines)
        wanted = {name: spec for name, spec in self.world.service.items() if spec.wanted}
        self._servers = {name: self._serve(name, spec) for name, spec in wanted.items()}
        self._await({name: (wanted[name].at, server) for name, server in self._servers.items()})

    def bellrock(self) -> None:
        """Start region and agents, give the region the site file, and wait until they have had their say.

        Raises:
            LabError: one does not start, or the site file is not taken.
        """
        self._running = settle.start(self.lab, lambda _: None)
        settle.settle(self._running, lambda _: None)
        if self.world.site:
            self._push_site()

    def end(self) -> None:
        """End all programs at once: some take seconds to end in good order, and nothing of them is kept."""
        with suppress(LabError):  # a lab that is gone has taken them with it
            for name, code in self.lab.programs().items():
                if code is None:
                    self.lab.kill(name, signal.SIGKILL)
        for pattern in (pattern for server in self._servers.values() for pattern in server.leaves):
            for path in glob.glob(pattern):
                Path(path).unlink(missing_ok=True)

    def happen(self, faults: Sequence[FaultSpec]) -> None:
        """Make faults happen, one after the other.

        Raises:
            LabError: one could not be made.
        """
        for fault in faults:
            self._happen(fault)

    def batch(self, host: str, lines: list[str]) -> None:
        """Lines of ip(8) on a host."""
        for version in ("-4", "-6"):
            mine = [line.removeprefix("-6 ") for line in lines if line.startswith("-6 ") == (version == "-6")]
            if mine:
                self.run(host, ["ip", version, "-batch", "-"], "\n".join(mine) + "\n")

    def run(self, host: str, argv: Sequence[str], said: str | None = None) -> str:
        """Run a command on a host to its end; what it prints.

        Raises:
            LabError: it failed.
        """
        more = {} if said is None else {"input": said, "stdin": None}
        words = filled_all(argv, self.words)
        done = self.lab.exec(host, words, check=False, timeout=COMMAND_TIMEOUT, env=self.environment(), **more)
        if done.returncode:
            wrong = (done.stderr or done.stdout).strip().splitlines()
            raise LabError(f"{host}: {' '.join(words)[:200]}: {wrong[-1] if wrong else f'exit code {done.returncode}'}")
        return str(done.stdout)

    def environment(self) -> dict[str, str]:
        """Of the programs that run; those of Bellrock find the lab's secret."""
        secret = secret_file(self.lab.directory)
        return {**os.environ, "PATH": PATH} | ({"BELLROCK_SECRET_FILE": str(secret)} if secret.exists() else {})

    def addresses(self, host: str) -> dict[str, tuple[str, ...]]:
        """Configured addresses by interface."""
        spec = self.world.lab.host[host]
        found = {name: interface.addresses for name, interface in spec.interface.items()}
        return found | {name: bridge.addresses for name, bridge in spec.bridge.items()}

    def _push_site(self) -> None:
        done = outside("site", "push", str(self.site), "--lab", self.lab.state.name)
        if done.returncode:
            raise LabError(f"bellrock site push: {done.stderr.strip()}")

    def _serve(self, name: str, spec: ServiceSpec) -> Server:
        place = Place(name=name, directory=self.directory / name, addresses=self.addresses(spec.at))
        server = kinds.make(spec.kind, place, spec.settings)
        _installed(server.argv[0], f"service {name}")
        self.lab.start(spec.at, server.argv, name=name, PATH=PATH, **server.environment)
        return server

    def _await(self, servers: dict[str, tuple[str, Server]]) -> None:
        waiting = dict(servers)

        def all_listen() -> bool:
            status = self.lab.programs()
            for name in waiting:
                if status.get(name) is not None:
                    raise LabError(
                        f"service {name} ended with exit code {status[name]}; its last words:\n{self.lab.log(name, 40)}"
                    )
            there = {host: inside.listening(self.lab, host) for host in {host for host, _ in waiting.values()}}
            for name, (host, server) in list(waiting.items()):
                if set(server.listens) <= there[host]:
                    del waiting[name]
            return not waiting

        self.lab.wait_until(all_listen, START_TIMEOUT, "the servers of the world to listen")

    def _happen(self, fault: FaultSpec) -> None:
        host, _, interface = fault.at.partition("/")
        match action(fault):
            case "run":
                self.run(host, fault.run)
            case "start":
                self._played += 1
                name = fault.name or f"started-{self._played}"
                words = filled_all(fault.start, self.words)
                _installed(words[0], f"fault at {fault.at}")
                self.lab.start(host, words, name=name, PATH=PATH)
            case "stop":
                self.lab.kill(fault.stop, signal.SIGKILL)
            case "play" if fault.play is not None:
                self._play(host, fault.play)
            case "retag" if fault.retag is not None:
                port = fault.retag
                self.lab.retag(host, interface, access=port.access, trunk=port.trunk, native=port.native)
            case "carrier":
                self.lab.set_carrier(host, interface, bool(fault.carrier))
            case "plug" if fault.plug is not None:
                self.lab.add_interface(host, interface, **msgspec.to_builtins(fault.plug))
                if self._running is not None and self.world.lab.host[host].runs_agent:
                    # Part of what is there before the next fault: half known, its neighbours would tell of it when it is over.
                    settle.settle_plugged(self._running, host, interface)
            case _:
                pass  # what is declared of services and clients is in the world already

    def _play(self, host: str, play: PlaySpec) -> None:
        self._played += 1
        told = structs.replace(
            play, arguments=self._filled(play.arguments), frames=tuple(filled_all(play.frames, self.words))
        )
        argv = (sys.executable, "-m", "bellrock.lab.scenario.play", msgspec.json.encode(told).decode())
        name = f"play-{self._played}"
        self.lab.start(host, argv, name=name)
        self.lab.wait_until(lambda: self._plays(name), START_TIMEOUT, f"{name} to begin")

    def _plays(self, name: str) -> bool:
        if self.lab.programs()[name] and "playing" not in self.lab.log(name):
            raise LabError(f"{name} ended at its start: {self.lab.log(name)}")
        return "playing" in self.lab.log(name)

    def _filled(self, value: object) -> dict[str, object]:
        text = msgspec.json.encode(value).decode()
        found: dict[str, object] = msgspec.json.decode(filled(text, self.words))
        return found

    def _words(self) -> dict[str, str]:
        words = {
            "python": sys.executable,
            "directory": str(self.directory),
            "lab": str(self.lab.directory),
            "site": str(self.site),
            "bellrock": bellrock()[0],
        }
        for host, spec in self.world.lab.host.items():
            texts = [text for interface in spec.interface.values() for text in interface.addresses]
            if texts:
                words[host] = str(min(map(ipaddress.ip_interface, texts), key=lambda one: one.version).ip)
            words |= {f"{host}/{name}": mac for name, mac in self.macs[host].items()}
        return words


def _installed(program: str, who: str) -> None:
    if shutil.which(program, path=PATH) is None:
        raise LabError(f"{who}: {program} is not installed here; tools/setup names the packages of the lab's servers")


def outside(*words: str) -> subprocess.CompletedProcess[str]:
    """What Bellrock says outside of the lab, where files are read and the region is asked by its socket."""
    argv = [*bellrock(), *words]
    return subprocess.run(
        argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=COMMAND_TIMEOUT
    )


@contextmanager
def ground(world: World, name: str) -> Iterator[Ground]:
    """Build a world's network, and take it away at the end; servers are started by `start`.

    Raises:
        LabError: it cannot be built.
    """
    if not privileged():
        raise LabError(
            "scenarios run real servers on ports below 1024 in namespaces of their own, which root alone may; run it as root"
        )
    with tempfile.TemporaryDirectory(prefix="bls-") as text:
        directory = Path(text)
        directory.chmod(0o755)
        with Lab.build(world.lab, name) as lab:
            made = Ground(world, lab, directory)
            try:
                yield made
            finally:
                made.end()
