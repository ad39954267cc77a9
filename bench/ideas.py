"""The beacon document's four ideas, in the lab: how soon a machine has joined, how soon a wrong secret is told, how soon a node's report is
whole, whether every pair's MTU and every fault of a trunk is found. Real programs, a real switch.
"""

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bellrock.lab.agents import bellrock, secret_file
from bellrock.lab.running import Lab
from bellrock.lab.settle import Bellrock, start, wait
from bench._report import Figure, at_least, at_most, plain, report, show

ROUNDS = 9
TIMEOUT = 30.0
SITE = """
join = true
[switch.sw]
[host.hub]
role = "region"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.1/24"] }
interface.eth1 = { to = "sw", trunk = [20, 30], vlans = [20, 30] }
[host.rack]
role = "rack"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.2/24"] }
[host.new]
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.3/24"] }
[host.stranger]
secret = "wrong"
interface.eth0 = { to = "sw", access = 10, addresses = ["10.10.0.4/24"] }
[host.node]
interface.eth0 = { to = "sw", access = 10, up = false }
interface.eth1 = { to = "sw", access = 20, up = false }
interface.eth2 = { to = "sw", access = 30, up = false }
interface.eth3 = { to = "sw", access = 30, up = false }
"""
WRONG_SECRET = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("join", "node", "mtu", "vlan", "pack"), help="one part")
    only = parser.parse_args().only
    figures: list[Figure] = []
    if only in (None, "join", "node"):
        with site() as running:
            figures += joining(running) if only != "node" else []
            figures += commissioning(running) if only != "join" else []
    for name in ("mtu", "vlan"):
        if only in (None, name):
            figures += importlib.import_module(f"bench._{name}").measure()
    if only in (None, "pack"):
        figures += packing()
    # A part alone is not kept: the file is that of the whole table.
    return 0 if (report("ideas", figures) if only is None else show("ideas", figures)) else 1


@contextmanager
def site() -> Iterator[Bellrock]:
    """A lab in which a region and a rack run and have found each other."""
    with Lab.from_text(SITE) as lab:
        running = start(lab, lambda _: None)
        wait(lab, lambda: "rack" in connected(running), TIMEOUT, "the rack to join")
        yield running


def connected(running: Bellrock) -> set[str]:
    """The names of the hosts that stream to the region now."""
    return {host["name"] for host in running.region.get("/api/v1/hosts") if host["connected"]}


def command(running: Bellrock, host: str, *words: str) -> list[str]:
    """`bellrock WORDS` with a host's secret."""
    secret = secret_file(running.lab.directory, running.wired.host[host].secret)
    return [*bellrock(), *words, "--secret-file", str(secret), "--json"]


def joining(running: Bellrock) -> list[Figure]:
    """From the command to a host that streams, and to the word that the secret is wrong."""
    joined = [join_once(running, f"new-{number}") for number in range(ROUNDS)]
    wrong = [refuse_once(running) for _ in range(ROUNDS)]
    return [
        at_most("from `rack join` to enrolled and streaming, median", statistics.median(joined), "s", 1.5),
        plain("the same, slowest", max(joined), "s"),
        at_most("wrong secret told, median", statistics.median(wrong), "s", 1.5),
        plain("the same, slowest", max(wrong), "s"),
    ]


def join_once(running: Bellrock, name: str) -> float:
    with tempfile.TemporaryDirectory() as state:
        words = command(running, "new", "rack", "join", "--stay", "--name", name, "--state-dir", state)
        began = time.monotonic()
        process = running.lab.popen("new", words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            until(lambda: name in connected(running) or process.poll() is not None, f"{name} to stream")
            took = time.monotonic() - began
            if process.poll() is not None:
                raise RuntimeError(f"rack join ended with {process.returncode}: {process.stderr.read()}")
        finally:
            process.terminate()
            process.communicate(timeout=10)
    return took


def refuse_once(running: Bellrock) -> float:
    with tempfile.TemporaryDirectory() as state:
        words = command(running, "stranger", "rack", "join", "--state-dir", state)
        began = time.monotonic()
        done = running.lab.exec("stranger", words, check=False, timeout=TIMEOUT)
        took = time.monotonic() - began
    if done.returncode != WRONG_SECRET:
        raise RuntimeError(f"rack join with a wrong secret ended with {done.returncode}: {done.stdout}{done.stderr}")
    return took


def until(holds: Callable[[], bool], what: str) -> None:
    """Look every 10 ms: that is finer than what is measured, and costs the region little."""
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {TIMEOUT:g} s for {what}")
        time.sleep(0.01)


def commissioning(running: Bellrock) -> list[Figure]:
    """From the command to its end, and whether the report says of each interface what is true."""
    took, right = [], 0
    for _ in range(ROUNDS):
        began = time.monotonic()
        done = running.lab.exec("node", command(running, "node", "node"), check=False, timeout=TIMEOUT)
        took.append(time.monotonic() - began)
        right += is_whole(done.stdout)
    return [
        at_most("node run to full report, 4 interfaces on 3 VLANs, median", statistics.median(took), "s", 3.0),
        plain("the same, slowest", max(took), "s"),
        at_least("of these reports whole and right", right / ROUNDS * 100, "%", 100),
    ]


def is_whole(text: str) -> bool:
    """All four interfaces with carrier, in a fabric, those of one VLAN together and no others."""
    try:
        document: dict[str, Any] = json.loads(text)
    except ValueError:
        return False
    found = {one["name"]: one for one in document["interfaces"]}
    if set(found) != {"eth0", "eth1", "eth2", "eth3"} or not document["region"]:
        return False
    vlans = {name: json.dumps(one["vlans"], sort_keys=True) for name, one in found.items()}
    placed = all(one["carrier"] and one["fabric"] and one["vlans"] for one in found.values())
    return placed and vlans["eth2"] == vlans["eth3"] and len(set(vlans.values())) == 3


def packing() -> list[Figure]:
    """The agent in one file: its size, and how soon it answers once it has unpacked itself."""
    root = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "bellrock.pyz"
        subprocess.run(
            [sys.executable, root / "tools" / "node-agent", "--output", file], check=True, capture_output=True
        )
        words = ["env", "-i", f"SHIV_ROOT={directory}", sys._base_executable, "-I", "-S", str(file), "node", "--help"]
        times = []
        for _ in range(ROUNDS + 1):
            began = time.monotonic()
            subprocess.run(words, check=True, capture_output=True)
            times.append(time.monotonic() - began)
        size = file.stat().st_size / (1 << 20)
    return [
        at_most("the agent in one file", size, "MiB", 30),
        at_most("its `node --help` once unpacked, median", statistics.median(times[1:]), "s", 0.5),
        plain("its first start, which unpacks", times[0], "s"),
    ]


if __name__ == "__main__":
    sys.exit(main())
