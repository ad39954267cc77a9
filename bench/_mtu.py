"""How soon the region knows what passes between all pairs of a lab, and whether it is right. Figures for `bench.ideas`."""

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bellrock.cli.client import send
from bellrock.lab.agents import region_host, state_dir
from bellrock.lab.running import Lab
from bellrock.lab.settle import Bellrock, settle, start
from bench._report import Figure, at_least, at_most, plain

HOSTS, MTU = 12, 9000
SIZES = (1280, 1400, 1492, 1500, 2000, 4321, 8950)
TIMEOUT = 60.0
Fault = tuple[str, int]
"""`own` (the interface's MTU), `from-host` and `to-host` (what vanishes of what it sends, or is sent), `both`; and the size."""
Faults = Mapping[str, Fault]
KNOWN: Faults = {"host-3": ("both", 1500), "host-6": ("own", 1500), "host-9": ("from-host", 4321)}
"""The lab of the issue: a switch port, an interface's own MTU, and one direction only."""


def names() -> list[str]:
    """The hosts of the lab; the first runs the region, too."""
    return [f"host-{number}" for number in range(1, HOSTS + 1)]


def lab_text(faults: Faults) -> str:
    """The lab, with those faults."""
    lines = ["[switch.sw0]", "mtu = 9216"]
    for number, name in enumerate(names(), 1):
        kind, size = faults.get(name, ("", 0))
        mtu = size if kind == "own" else MTU
        lines += [
            f"[host.{name}]",
            f'role = "{"region" if number == 1 else "rack"}"',
            f'interface.eth0 = {{ to = "sw0", access = 10, mtu = {mtu}, addresses = ["10.5.0.{number}/24"] }}',
        ]
    for name, (kind, size) in faults.items():
        if kind != "own":
            lines += ["[[fault]]", 'kind = "mtu"', f'at = "{name}/eth0"', f"mtu = {size}", f'way = "{kind}"']
    return "\n".join(lines) + "\n"


def truth(faults: Faults) -> dict[tuple[str, str], int]:
    """What passes from each host to each other."""
    own = {name: faults[name][1] if faults.get(name, ("",))[0] == "own" else MTU for name in names()}

    def way(name: str, *kinds: str) -> int:
        kind, size = faults.get(name, ("", 0))
        return size if kind in kinds else MTU

    return {
        (a, b): min(own[a], own[b], way(a, "from-host", "both"), way(b, "to-host", "both"))
        for a in names()
        for b in names()
        if a != b
    }


def blamed(faults: Faults) -> set[tuple[str, str, str, int]]:
    """The culprits that must be named: kind, host, direction, size."""
    directions = {"from-host": "out", "to-host": "in", "both": "both", "own": "both"}
    return {
        ("interface" if kind == "own" else "port", name, directions[kind], size)
        for name, (kind, size) in faults.items()
    }


def pairs_of(answer: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """The region's answer in the shape of `truth`."""
    return {(pair["from"]["host"], pair["to"]["host"]): pair["mtu"] for pair in answer["pairs"]}


def culprits_of(answer: Mapping[str, Any]) -> set[tuple[str, str, str, int]]:
    """The region's answer in the shape of `blamed`."""
    return {
        (one["kind"], ",".join(port["host"] for port in one["where"]), one["direction"], one["mtu"])
        for one in answer["culprits"]
    }


@contextmanager
def running(faults: Faults) -> Iterator[Bellrock]:
    """Bellrock in the lab, once it has settled."""
    with Lab.from_text(lab_text(faults)) as lab:
        bellrock = start(lab, say)
        settle(bellrock, say)
        yield bellrock


def order(bellrock: Bellrock) -> None:
    """Have all agents measure now."""
    region = f"unix:{bellrock.region.path}"
    send(region, state_dir(bellrock.lab.directory, region_host(bellrock.wired)), "POST", "/mtu/measure", {})


def until(bellrock: Bellrock, holds: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
    """The region's answer once nobody measures any more and it is as hoped for, or the last one in time."""
    began = time.monotonic()
    answer: Mapping[str, Any] = bellrock.region.get("/api/v1/mtu")
    while (answer["measuring"] or not holds(answer)) and time.monotonic() - began < TIMEOUT:
        time.sleep(0.1)
        answer = bellrock.region.get("/api/v1/mtu")
    return answer


def measured(bellrock: Bellrock, faults: Faults) -> tuple[float, Mapping[str, Any]]:
    """Seconds from the wish to measure to an answer with all pairs, when nobody measures any more; and that answer."""
    began = time.monotonic()
    order(bellrock)
    answer = until(bellrock, lambda answer: pairs_of(answer) == truth(faults))
    return time.monotonic() - began, answer


def random_faults(chance: random.Random, count: int) -> Faults:
    """Faults of all kinds, at hosts of all kinds."""
    chosen = chance.sample(names(), count)
    return {name: (chance.choice(("own", "both", "from-host", "to-host")), chance.choice(SIZES)) for name in chosen}


def measure() -> list[Figure]:
    """The figures."""
    with running(KNOWN) as bellrock:
        seconds, answer = measured(bellrock, KNOWN)
    right = sum(pairs_of(answer).get(pair) == size for pair, size in truth(KNOWN).items())
    named = culprits_of(answer)
    return [
        at_most("MTU of all pairs of 12 hosts, three of them faulty: measured and told", seconds, "s", 10.0),
        at_least("the same: pairs and directions that are right", right, "of 132", 132),
        at_least("the same: culprits named", len(named & blamed(KNOWN)), "of 3", 3),
        at_most("the same: named though innocent", len(named - blamed(KNOWN)), "", 0),
        plain(
            "the same: largest size told in error",
            max((size for *_, size in named - blamed(KNOWN)), default=0),
            "octets",
        ),
    ]


def say(_: str) -> None:
    """Progress that nobody needs."""


if __name__ == "__main__":
    from bench._report import report

    sys.exit(0 if report("mtu", measure()) else 1)
