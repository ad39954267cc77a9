"""A whole region that things are done to: PostgreSQL, region processes and fleets of agents, each a real process, and a judge."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import json as encoded

from bellrock.cli.keys import LOCAL_SOCKET
from tests.faults.fleet import MARK, Orders
from tests.faults.skew import Clock
from tests.postgres import Server, server

ROOT: Final = Path(__file__).parents[2]
BOUND: Final = 180.0
"""Seconds after which all must be right again, on however slow a machine. How long it took is printed, and recorded by whoever asks."""
ASKING: Final = 60.0
DATABASE: Final = "site"
REGION: Final = (
    "import sys; from tests.faults import skew; skew.wear(); from bellrock.cli import main; sys.exit(main())"
)


class Program:
    """A process that is started, killed and started again; it talks by lines."""

    def __init__(self, command: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        self._command = list(command)
        self.log = log
        self._environment = (
            os.environ
            | {"PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))}
            | environment
        )
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started, and did not end."""
        return self.process is not None and self.process.poll() is None

    def spawn(self) -> None:
        """Start it, and wait for nothing."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=ROOT,
                env=self._environment, start_new_session=True,
            )  # fmt: skip

    def line(self) -> Any:
        """What it says next."""
        assert self.process is not None
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        assert text, f"it ended with {self.process.wait()}: {self.log.read_text()[-3000:]}"
        return json.loads(text)

    def end(self, how: signal.Signals) -> None:
        """End it, and wait until it is gone."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


class Region(Program):
    """One process of the region. `lines`: of its log, by their event."""

    def __init__(self, world: World, number: int, url: str, inside: Sequence[str], listen: str) -> None:
        self.directory = world.directory / f"region-{number}"
        self.clock = Clock(world.directory / f"region-{number}.clock")
        self.url = f"http://{listen}"
        options = ["--in-lab"] if inside else []
        command = [
            *inside, sys.executable, "-m", "tests.faults.region", "region", "-v", "--json", "--no-beacons", "--listen", self.url,
            "--state-dir", str(self.directory), "--secret-file", str(world.secret), "--database", url, *options,
        ]  # fmt: skip
        super().__init__(command, world.directory / f"region-{number}.log", self.clock.environment)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.spawn()
        self.line()

    def wear(self, build: Path) -> None:
        """Be another build of Bellrock (`builds`) when it is started next."""
        self._environment["PYTHONPATH"] = os.pathsep.join((str(build), str(ROOT)))

    def said(self, event: str) -> int:
        """How often its log has told of this."""
        return self.log.read_text().count(event)

    def get(self, path: str) -> Any:
        """The JSON of an API route, asked on its Unix socket, which no network is in the way of.

        Raises:
            OSError: nobody answers, or not with 200.
        """
        connection = _Local(self.directory / "region" / LOCAL_SOCKET)
        try:
            token = (self.directory / "region" / "api-token").read_text().strip()
            connection.request("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from None
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise ConnectionError(f"{answer.status} {body[:200]!r}")
        return json.loads(body)


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ASKING)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Fleet(Program):
    """A process of agents."""

    def __init__(self, world: World, number: int, agents: int, inside: Sequence[str], **options: Any) -> None:
        self._world = world
        self.number = number
        self.agents = agents
        self.clock = Clock(world.directory / f"fleet-{number}.clock")
        self._orders = world.directory / f"fleet-{number}.json"
        self._options = {"spools": world.directory / f"spools-{number}"} | options
        self.spools = Path(self._options["spools"])
        self._starts = 0
        self._rate = 0.0
        command = [*inside, sys.executable, "-m", "tests.faults.fleet", str(self._orders)]
        super().__init__(command, world.directory / f"fleet-{number}.log", self.clock.environment)

    def start(self) -> None:
        """Start it: each of its agents goes on with its spool, under a new boot id."""
        self._starts += 1
        self.spools.mkdir(exist_ok=True)
        orders = Orders(
            urls=tuple(one.url for one in self._world.regions), secret=self._world.key, first=1000 * self.number,
            agents=self.agents, ledgers=self._world.ledgers, boot=f"b{self._starts}", **self._options,
        )  # fmt: skip
        self._orders.write_bytes(encoded.encode(orders, enc_hook=str))
        self.spawn()
        assert self.line() == "ready"
        self.go_on()

    def ask(self, *what: object) -> Any:
        """Have it do something (a method of `fleet.Fleet`)."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()
        return self.line()

    def rate(self, per_second: float) -> None:
        """So many changes a second of all its agents together, from now on, and after a restart."""
        self._rate = per_second
        self.go_on()

    def go_on(self) -> None:
        """Change as often as was last said, whatever it was asked since."""
        self.ask("rate", self._rate)


class World:
    """All that runs."""

    def __init__(self, directory: Path, postgres: Server) -> None:
        self.directory = directory
        self.postgres = postgres
        self.database = postgres.url(DATABASE)
        postgres.sql(f"CREATE DATABASE {DATABASE}")
        self.reached = self.database
        """The database, as the region's processes reach it."""
        self.key = secrets.token_hex(32)
        self.secret = directory / "secret"
        self.secret.touch(mode=0o600)
        self.secret.write_text(self.key + "\n")
        self.ledgers = directory / "ledgers"
        self.ledgers.mkdir()
        self.regions: list[Region] = []
        self.fleets: list[Fleet] = []
        self._marks = 0

    def region(self, *, inside: Sequence[str] = (), listen: str = "", database: str = "") -> Region:
        """One more process of the region, which answers; all have the authority of the first."""
        number = len(self.regions)
        found = Region(self, number, database or self.reached, inside, listen or f"127.0.0.1:{_free_port()}")
        found.directory.mkdir(mode=0o700)
        if number:
            place = Path("region", "authority")
            (found.directory / "region").mkdir(mode=0o700)
            shutil.copytree(self.regions[0].directory / place, found.directory / place)
        self.regions.append(found)
        found.start()
        return found

    def fleet(self, agents: int, *, rate: float = 0.0, inside: Sequence[str] = (), **options: Any) -> Fleet:
        """More agents, which begin with one region or another, each with the next."""
        found = Fleet(self, len(self.fleets), agents, inside, **options)
        self.fleets.append(found)
        found.start()
        found.rate(rate)
        return found

    def close(self) -> None:
        """End all."""
        for one in (*self.fleets, *self.regions):
            one.end(signal.SIGKILL)

    def sql(self, *statements: str) -> str:
        """Execute statements in the region's database; what the last one says."""
        return self.postgres.sql(*statements, database=DATABASE)

    # who does what

    def leader(self) -> Region:
        """The process that leads, as the database says, once one does that runs."""
        return until(self._leader, "a process that leads")

    def _leader(self) -> Region | None:
        member = self.sql("SELECT member FROM leadership")
        for one in self.regions:
            if one.runs and member and f" member={member} " in one.log.read_text():
                return one
        return None

    def epoch(self) -> int:
        """How often somebody has begun to lead."""
        return int(self.sql("SELECT epoch FROM leadership") or 0)

    # whether all is right

    def mark(self) -> int:
        """Something changes at each agent that runs, by which `arrived` knows that all before it is there."""
        self._marks += 1
        for fleet in self.fleets:
            if fleet.runs:
                fleet.ask("mark", self._marks)
        return self._marks

    def arrived(self, mark: int) -> str:
        """What is missing until a mark is acknowledged to all agents and answered by all processes; empty: nothing."""
        for one in (*self.regions, *self.fleets):
            assert one.process is None or one.runs, f"{one.log} ended by itself: {one.log.read_text()[-3000:]}"
        statuses = [fleet.ask("status") for fleet in self.fleets if fleet.runs]
        behind = sum(one["behind"] for one in statuses)
        if behind:
            return f"{behind} agents are behind: {statuses}"
        for region in self.regions:
            if region.runs and (why := self._answers(region, mark)):
                return why
        return ""

    def right_again(self, since: float, within: float = BOUND) -> float:
        """Wait until all is right; seconds since that moment of the monotonic clock."""
        mark = self.mark()
        until(lambda: not self.arrived(mark), lambda: self.arrived(mark), within)
        return time.monotonic() - since

    def still(self) -> None:
        """Nothing changes any more, and all that did has arrived; `move` has things change again."""
        for fleet in self.fleets:
            if fleet.runs:
                fleet.ask("rate", 0)
        self.right_again(time.monotonic())

    def move(self) -> None:
        """Things change again, as often as before they were `still`."""
        for fleet in self.fleets:
            if fleet.runs:
                fleet.go_on()

    def _answers(self, region: Region, mark: int) -> str:
        try:
            found = region.get("interfaces")
        except OSError as error:
            return f"{region.url}: {error}"
        marks = {one["host"]: one["mtu"] for one in found if one["name"] == MARK}
        late = [name for name in self.names() if marks.get(name) != mark]
        return (
            f"{region.url} answers of {len(late)} hosts as before, of {late[:1]} {marks.get(late[0])}" if late else ""
        )

    def names(self) -> list[str]:
        """The hosts of the fleets that run."""
        return [f"h{1000 * one.number + at}" for one in self.fleets if one.runs for at in range(one.agents)]


def until(condition: Callable[[], Any], what: str | Callable[[], str], within: float = BOUND) -> Any:
    """The first true answer of `condition`."""
    end = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < end, f"not within {within:g} s: {what() if callable(what) else what}"
        time.sleep(0.05)
    return answer


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def world(directory: Path, *, postgres: Server | None = None, **options: Any) -> Iterator[World]:
    """A world without a region yet, on a PostgreSQL whose commits survive it: this one, or one with these options."""
    with contextlib.nullcontext(postgres) if postgres else server(durable=True, **options) as running:
        made = World(directory, running)
        try:
            yield made
        finally:
            made.close()
