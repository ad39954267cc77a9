"""How long until the region knows the truth, in a lab of 10 hosts and 30 interfaces with real agents.

Twice: from the moment at which the last of all agents, started together, is ready; and from a new interface's carrier. MAAS, both sides
starting together, has its first hint 5.1 s and 8.1 s after start (and then does not report it).
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.sync.client import unix_connect

from bellrock.lab.agents import Program, api_token, make_secret, programs, region_host
from bellrock.lab.running import Lab
from bellrock.lab.settle import Bellrock, attach
from bellrock.lab.truth import truth
from bellrock.topology.diff import diff
from bellrock.topology.document import from_document
from bench._report import Figure, at_most, plain, report

FILE = Path(__file__).parent.parent / "examples" / "ten-hosts.toml"
TIMEOUT = 60.0
NEW = ("node-5", "eth9", 30)
"""Host, interface and access VLAN of the interface that comes later."""


class Started:
    """A program, when it was started, and when it said that it is ready (seconds since the epoch)."""

    def __init__(self, lab: Lab, program: Program) -> None:
        self.began = time.time()
        self.ready: float | None = None
        self.process = lab.popen(program.host, program.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            self.ready = time.time()
            json.loads(line)

    def stop(self) -> None:
        """End it and wait."""
        self.process.terminate()
        self.process.communicate(timeout=10)
        self._reader.join()


class Live:
    """What the region pushes to the page: each topology as it becomes known. Asking again and again would slow down what is measured."""

    def __init__(self, running: Bellrock) -> None:
        token = api_token(running.lab.directory, region_host(running.wired)).read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        path = str(running.region.path)
        self._connection = unix_connect(path, "ws://region/api/v1/live", additional_headers=headers, max_size=None)
        self._socket = self._connection.__enter__()

    def until(self, holds: Callable[[dict[str, Any]], bool], what: str) -> float:
        """The second of the epoch at which a topology came for which something holds."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            message = json.loads(self._socket.recv(TIMEOUT))
            if message["type"] == "topology" and holds(message):
                return time.time()
        raise TimeoutError(f"{what} within {TIMEOUT:g} s")

    def close(self) -> None:
        """Hang up."""
        self._connection.__exit__(None, None, None)


def is_wired(lab: Lab, found: dict[str, Any]) -> bool:
    """Whether an answer is the wiring: the same partition into VLANs and fabrics, the same VIDs."""
    return not diff(from_document(found), truth(lab.wired).knowable)


def is_placed(found: dict[str, Any]) -> bool:
    """Whether the new interface is in its VLAN, together with others."""
    host, interface, vid = NEW
    return any(
        vlan["vid"] == vid and len(vlan["members"]) > 1
        for fabric in found["fabrics"]
        for vlan in fabric["vlans"]
        for member in vlan["members"]
        if (member["host"], member["interface"]) == (host, interface)
    )


def until(holds: Callable[[], object], what: str) -> None:
    """Wait, bounded."""
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {TIMEOUT:g} s")
        time.sleep(0.01)


def one_round() -> tuple[float, float, float]:
    """Seconds from the last readiness, seconds from the carrier, and the median start-up of an agent."""
    with Lab.from_file(FILE) as lab:
        running = attach(lab)
        make_secret(lab.directory)
        first, *rest = programs(lab.wired, lab.directory)
        started = [Started(lab, first)]
        try:
            until(running.region.up, "the region to answer")
            live = Live(running)
            agents = [Started(lab, program) for program in rest]
            started += agents
            known = live.until(lambda found: is_wired(lab, found), "the right answer")
            until(lambda: all(agent.ready for agent in agents), "all agents to be ready")
            ready = [agent.ready for agent in agents if agent.ready is not None]
            carrier = lab.add_interface(NEW[0], NEW[1], to="sw0", access=NEW[2])
            joined = live.until(is_placed, "the new interface in its VLAN")
            live.close()
            boot = statistics.median(agent.ready - agent.began for agent in agents if agent.ready)
            return max(0.0, known - max(ready)), max(0.0, joined - carrier), boot
        finally:
            for program in reversed(started):
                program.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    measured = []
    for number in range(rounds):
        measured.append(one_round())
        start, carrier, boot = measured[-1]
        print(
            f"round {number + 1} of {rounds}: {start:.3f} s from the last readiness, {carrier:.3f} s from a carrier, "
            f"start-up {boot:.2f} s",
            file=sys.stderr,
            flush=True,
        )
    starts, carriers, boots = (sorted(column) for column in zip(*measured, strict=True))
    figures: list[Figure] = [
        at_most("from the last agent's readiness to the right answer, median", statistics.median(starts), "s", 0.5),
        plain("the same, slowest", starts[-1], "s"),
        at_most("from a new interface's carrier to its place, median", statistics.median(carriers), "s", 0.5),
        plain("the same, slowest", carriers[-1], "s"),
        plain("start-up of an agent (10 at once on this machine), median", statistics.median(boots), "s"),
        plain("MAAS: first hint after its start", 5.1, "s"),
        plain("MAAS: the same, both sides starting together", 8.1, "s"),
    ]
    return 0 if report("time_to_truth", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
