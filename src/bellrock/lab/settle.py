"""Starts Bellrock in a lab and waits until it has had its say."""

import time
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from bellrock.lab.agents import REGION_SOCKET, api_token, make_secrets, programs, region_host
from bellrock.lab.asking import Asker
from bellrock.lab.running import Lab
from bellrock.lab.schema import LabError, LabFile

START_TIMEOUT: Final = 180.0
"""Seconds for a program to start, on a slow machine that does something else as well."""
SECONDS_EACH: Final = 2.0
"""Seconds more for each agent, for they start side by side on a few cores."""
CALM: Final = 0.7
"""Seconds without a change that count as calm: longer than the last retry of an agent's first burst (400 ms, jittered)."""

Say = Callable[[str], None]


class Bellrock(Struct, frozen=True):
    """Bellrock as it runs in a lab."""

    lab: Lab
    wired: LabFile
    region: Asker

    def topology(self) -> dict[str, Any]:
        """What the region says now, in the shape of `topology show --json`.

        Raises:
            LabError: it does not answer.
        """
        return self.region.get("/api/v1/topology")  # type: ignore[no-any-return]


def attach(lab: Lab) -> Bellrock:
    """Bellrock in a lab in which it was started.

    Raises:
        LabError: the lab has no region.
    """
    region = region_host(lab.wired)
    return Bellrock(lab, lab.wired, Asker(lab.directory / REGION_SOCKET, api_token(lab.directory, region)))


def start(lab: Lab, say: Say, tool: tuple[str, ...] | None = None) -> Bellrock:
    """Start the region, and when it answers all others at once.

    Raises:
        LabError: a program ended, or the region does not answer in time; with its last lines.
    """
    running = attach(lab)
    make_secrets(lab.wired, lab.directory)
    first, *rest = programs(lab.wired, lab.directory, tool)
    lab.start(first.host, first.argv, name=first.name)
    wait(lab, running.region.up, START_TIMEOUT, "the region to answer")
    say("the region answers")
    for program in rest:
        lab.start(program.host, program.argv, name=program.name)
    say(f"{len(rest)} agents started")
    return running


def settle(running: Bellrock, say: Say, timeout: float | None = None) -> dict[str, Any]:
    """Wait until every agent is connected, all its interfaces have settled, and the topology has been calm; the topology.

    Raises:
        LabError: a program ended, or it takes too long; with the state of every host.
    """
    hosts = {name for name, host in running.wired.host.items() if host.runs_agent}
    timeout = START_TIMEOUT + SECONDS_EACH * len(hosts) if timeout is None else timeout
    wait(running.lab, lambda: hosts <= _connected(running), timeout, f"{len(hosts)} agents to report")
    say(f"{len(hosts)} agents report to the region")
    wait(running.lab, lambda: _settled(running, hosts), timeout, "all interfaces to have had their say")
    calm = _Calm()
    wait(running.lab, lambda: calm.since(running.topology()["revision"]) >= CALM, timeout, "the topology to be calm")
    return running.topology()


def settle_plugged(running: Bellrock, host: str, interface: str) -> None:
    """Wait until an interface that was put into a host with an agent has had its say, and the topology has been calm.

    Raises:
        LabError: it takes too long; with the state of every host.
    """

    def told() -> bool:
        known = running.region.get("/api/v1/interfaces")
        mine = [it for it in known if (it["host"], it["name"]) == (host, interface)]
        return any(it["settled"] or not it["speaks"] for it in mine)

    running.lab.wait_until(told, START_TIMEOUT, f"{host}/{interface} to have had its say")
    calm = _Calm()
    running.lab.wait_until(
        lambda: calm.since(running.topology()["revision"]) >= CALM, START_TIMEOUT, "the topology to be calm"
    )


def wait(lab: Lab, holds: Callable[[], object], timeout: float, what: str) -> None:
    """As `Lab.wait_until`, and told at once of a program that ended.

    Raises:
        LabError: a program ended, or the time is over.
    """

    def looked() -> object:
        ended = {name: code for name, code in lab.programs().items() if code is not None}
        for name, code in ended.items():
            raise LabError(f"{name} ended with exit code {code}; its last words:\n{lab.log(name)}")
        return holds()

    lab.wait_until(looked, timeout, what)


def _connected(running: Bellrock) -> set[str]:
    return {host["name"] for host in running.region.get("/api/v1/hosts") if host["connected"]}


def _settled(running: Bellrock, hosts: set[str]) -> bool:
    """Every interface that speaks has settled, and none that the file names is missing."""
    told = {(it["host"], it["name"]): it for it in running.region.get("/api/v1/interfaces")}
    named = {(h, i) for h in hosts for i in (*running.wired.host[h].interface, *running.wired.host[h].bridge)}
    return named <= told.keys() and all(told[key]["settled"] or not told[key]["speaks"] for key in named)


class _Calm:
    """For how long a value has been the same."""

    def __init__(self) -> None:
        self._value: object = None
        self._changed = time.monotonic()

    def since(self, value: object) -> float:
        """Seconds since the value last changed, this one included."""
        if value != self._value:
            self._value, self._changed = value, time.monotonic()
        return time.monotonic() - self._changed
