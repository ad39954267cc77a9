"""What scanning VIDs costs and finds: a whole trunk, many trunks, and labs with random faults. Figures for `bench.ideas`."""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bellrock.lab.agents import bellrock, make_secret
from bellrock.lab.running import Lab
from bench._namespaces import Namespace, pair
from bench._report import Figure, at_least, at_most, plain

HOSTS, PORTS, POOL, FAULTS = 8, 5, 14, 30
READY = 30.0
Fault = tuple[str, str, str, int]
"""Rule that must name it, host, interface, VID."""


class Trunk:
    """What a switch port passes: tagged VIDs and the untagged one, or an access port's."""

    def __init__(self, tagged: set[int], untagged: int | None) -> None:
        self.tagged, self.untagged = set(tagged), untagged

    def settings(self) -> dict[str, Any]:
        """For a lab's interface, and for `Lab.retag`."""
        if not self.tagged and self.untagged is not None:
            return {"access": self.untagged}
        native = {} if self.untagged is None else {"native": self.untagged}
        return {"trunk": tuple(sorted(self.tagged)), **native}


class Plan:
    """A random site: one trunk that has all VLANs, and others that have some; and what is wrong with them."""

    def __init__(self, seed: int, hosts: int = HOSTS, ports: int = PORTS, faults: int = FAULTS) -> None:
        self._random = random.Random(seed)
        self.pool = sorted(self._random.sample(range(2, 4094), POOL))
        self.meant = {
            (f"h{host}", f"eth{port}"): self._trunk() for host in range(1, hosts + 1) for port in range(ports)
        }
        self.real = {end: Trunk(trunk.tagged, trunk.untagged) for end, trunk in self.meant.items()}
        self.faults: list[Fault] = [self._break(end) for end in self._random.sample(sorted(self.meant), faults)]

    def _trunk(self) -> Trunk:
        chosen = self._random.sample(self.pool, self._random.randint(3, 6))
        if self._random.random() < 0.15:
            return Trunk(set(), chosen[0])
        return Trunk(set(chosen[1:]), self._random.choice((None, chosen[0])))

    def _break(self, end: tuple[str, str]) -> Fault:
        trunk, free = self.real[end], sorted(set(self.pool) - self.real[end].tagged - {self.real[end].untagged})
        kinds = ["native"] if not trunk.tagged else ["missing", "extra", "native"]
        kind = self._random.choice([*kinds, "unnative"] if trunk.tagged and trunk.untagged else kinds)
        if kind == "missing":
            vid = self._random.choice(sorted(trunk.tagged))
            trunk.tagged.discard(vid)
            return "vlan-missing", *end, vid
        if kind == "unnative":
            vid, trunk.untagged = trunk.untagged or 0, None
            return "vlan-missing", *end, vid
        vid = self._random.choice(free)
        if kind == "extra":
            trunk.tagged.add(vid)
            return "vlan-extra", *end, vid
        trunk.untagged = vid
        return "native-mismatch", *end, vid

    def lab_text(self) -> str:
        """The lab file, as it is meant."""
        hosts = dict.fromkeys(host for host, _ in self.meant)
        lines = ["[switch.sw0]", "[host.scan]", f"interface.eth0 = {{ to = 'sw0', trunk = {self.pool} }}"]
        for host in hosts:
            lines.append(f"[host.{host}]")
            for (name, port), trunk in self.meant.items():
                if name == host:
                    settings = ", ".join(f"{key} = {_toml(value)}" for key, value in trunk.settings().items())
                    lines.append(f"interface.{port} = {{ to = 'sw0', {settings} }}")
        return "\n".join(lines) + "\n"

    def site_text(self) -> str:
        """The site file."""
        ends = {("scan", "eth0"): Trunk(set(self.pool), None), **self.meant}
        tables = []
        for (host, port), trunk in ends.items():
            tables.append(f"[[switchport]]\nhost = '{host}'\ninterface = '{port}'\ntagged = {sorted(trunk.tagged)}")
            tables += [] if trunk.untagged is None else [f"untagged = {trunk.untagged}"]
        return "\n".join(tables) + "\n"


def _toml(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


@contextmanager
def agents(lab: Lab, hosts: list[str]) -> Iterator[Path]:
    """Agents on these hosts that report to nobody; yields the secret's file once all have begun to speak."""
    secret = make_secret(lab.directory)
    for host in hosts:
        state = lab.directory / "v6" / host
        region = f"unix:{lab.directory}/none.sock"
        argv = (*bellrock(), "rack", "--state-dir", str(state), "--secret-file", str(secret), "--name", host)
        lab.start(host, (*argv, "--region", region), name=host)
    lab.wait_until(lambda: all(_is_ready(lab.directory / f"{host}.log") for host in hosts), READY, "all agents")
    yield secret


def _is_ready(log: Path) -> bool:
    return log.exists() and "raw frames" in log.read_text(errors="replace")


def validate(lab: Lab, plan: Plan, secret: Path, directory: Path, *more: str) -> tuple[dict[str, Any], float]:
    """What `vlan validate` finds, and how long it took."""
    site = directory / "site.toml"
    site.write_text(plan.site_text())
    vids = ",".join(map(str, plan.pool))
    argv = [
        *bellrock(),
        "vlan",
        "validate",
        "eth0",
        "--site",
        str(site),
        "--secret-file",
        str(secret),
        "--name",
        "scan",
    ]
    begin = time.monotonic()
    done = lab.exec("scan", [*argv, "--vids", vids, "--json", *more], check=False, timeout=60)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"vlan validate: {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), time.monotonic() - begin


def judge(plan: Plan, said: dict[str, Any]) -> tuple[set[Fault], set[Fault]]:
    """Faults that were found, and findings that are none."""
    findings = {
        (one["id"], one["where"]["host"], one["where"]["interface"], one["where"]["vlan"]) for one in said["findings"]
    }
    return findings & set(plan.faults), findings - set(plan.faults)


def measure_faults(seeds: range) -> list[Figure]:
    """Labs with random faults on trunks."""
    found = false = wanted = 0
    took = []
    for seed in seeds:
        plan = Plan(seed)
        with tempfile.TemporaryDirectory(prefix="v6-") as directory, Lab.from_text(plan.lab_text()) as lab:
            hosts = sorted({host for host, _ in plan.meant})
            with agents(lab, hosts) as secret:
                for (host, interface), trunk in plan.real.items():
                    lab.retag(host, interface, **trunk.settings())
                said, seconds = validate(lab, plan, secret, Path(directory))
        right, wrong = judge(plan, said)
        found, false, wanted = found + len(right), false + len(wrong), wanted + len(plan.faults)
        took.append(seconds)
    return [
        at_least(f"random trunk faults found, of {wanted} in {len(seeds)} labs", found, "", wanted),
        at_most("findings that are none", false, "", 0),
        plain("time of a validation, slowest", max(took), "s"),
    ]


def measure_trunk(ports: int, vids: str, most: float) -> Figure:
    """From start to end of the command: so many trunks side by side, each with an agent at its other end, and all their VIDs reached."""
    with tempfile.TemporaryDirectory(prefix="v6-") as directory, pair(ports) as (here, there):
        secret = make_secret(Path(directory))
        names = [f"eth{number}" for number in range(ports)]
        argv = (*bellrock(), "rack", "--state-dir", f"{directory}/s", "--secret-file", str(secret), "--name", "there")
        rack = subprocess.Popen(
            there.command(*argv, "--region", f"unix:{directory}/none.sock"),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert rack.stdout is not None
            rack.stdout.readline()
            seconds, said = _scan(here, names, vids, secret)
        finally:
            rack.terminate()
            rack.communicate(timeout=10)
    rows = said if isinstance(said, list) else [said]
    silent = sum(not found for row in rows for found in row["vids"].values())
    if silent:
        raise RuntimeError(f"{silent} VIDs were silent")
    return at_most(f"VIDs {vids} of {ports} trunk ports, all reached", seconds, "s", most)


def _scan(here: Namespace, names: list[str], vids: str, secret: Path) -> tuple[float, Any]:
    begin = time.monotonic()
    argv = here.command(*bellrock(), "vlan", "scan", *names, "--vids", vids, "--secret-file", str(secret), "--json")
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    return time.monotonic() - begin, json.loads(done.stdout)


def measure(labs: int = 2) -> list[Figure]:
    """All of it."""
    return [measure_trunk(1, "1-4094", 6.0), measure_trunk(200, "1-20", 10.0), *measure_faults(range(1, labs + 1))]


if __name__ == "__main__":
    for figure in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 2):
        print(figure)
