"""What the API takes to answer for a large region, over HTTP and under load: 10,000 agents of 8 interfaces, in pages of 100.

A process of its own asks, one question after the other, while the region takes in reports: an interface that changed at an agent each
1/17 s, and a cable that moves each second. Beside it, what asking alone costs (a route that does nothing), and encoding the same JSON.
`make bench ONLY=api`, or `python -m bench.api [--agents 10000]`; it takes about two minutes.
"""

import argparse
import asyncio
import itertools
import json
import math
import multiprocessing
import random
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from bellrock.contract import Report
from bellrock.model import Evidence, EvidenceKind, EvidenceSeen, Host, Interface, InterfaceSeen, Observation, Port, Wall
from bellrock.region.server import Ready, Secret, Settings, serve
from bellrock.region.service import Region
from bellrock.region.store import Accepted
from bench._regions import Api
from bench._report import Figure, at_most, plain, report

EACH = 8
IN_ONE_VLAN = 40
"""Agents whose interfaces of one number share a VLAN: a rack."""
ASKS = 300
AT_ONCE = 100
"""Agents that are taken in before the region does anything else."""
GOAL = 20.0
"""Milliseconds, 99th percentile."""
PAUSE = 1 / 17
"""Seconds between two changes: each of 10,000 agents tells one in ten minutes."""
KEEP_ALIVE = 30.0
"""Seconds between two keep-alives of an agent."""
MOVES = 17
"""Changes of which one is a cable that moves."""


class Asked(Struct):
    """A question, and how long its answers took."""

    what: str
    bounded: bool
    """Whether it has a goal."""
    seconds: list[float]


def host(number: int) -> Host:
    """An agent."""
    return Host(f"{number:026d}", f"node-{number:05d}", "rack")


def interface(number: int, index: int, mtu: int = 1500) -> InterfaceSeen:
    """One of its interfaces."""
    mac = f"02:{index:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}:01"
    held = Interface(
        name=f"eth{index}", index=index + 2, mac=mac, mtu=mtu, settled=True, speaks=True, up=True, carrier=True
    )
    return InterfaceSeen(host(number).id, held)


def confirmed(number: int, index: int, other: int, now: Wall) -> EvidenceSeen:
    """What it confirms of the same interface of another."""
    name, peer = f"eth{index}", host(other)
    return EvidenceSeen(
        Evidence(
            kind=EvidenceKind.CONFIRMED, port=Port(host(number).id, name), peer=Port(peer.id, name),
            peer_name=peer.name, round_trip=0.0005, since=now, seen=now,
        )
    )  # fmt: skip


def account(number: int, now: Wall) -> list[Observation]:
    """All that an agent tells: each interface hears the two beside it in its rack."""
    rack = number // IN_ONE_VLAN * IN_ONE_VLAN
    beside = [rack + (number - rack + step) % IN_ONE_VLAN for step in (1, IN_ONE_VLAN - 1)]
    seen = [confirmed(number, index, peer, now) for index in range(EACH) for peer in beside]
    return [*(interface(number, index) for index in range(EACH)), *seen]


def tell(region: Region, reports: Sequence[tuple[int, Sequence[Observation]]], seq: int = 1) -> None:
    """Have a region take in reports, as if they were committed."""
    now = Wall(time.time())
    batch = [
        Accepted(agent=host(number), report=Report(seq, "boot", now, tuple(told), begin=seq == 1), received=now)
        for number, told in reports
    ]
    region.committed(batch, [region.outpost.state.apply(one) for one in batch])


async def fill(region: Region, agents: int) -> None:
    """Have it know all of them."""
    now = Wall(time.time())
    for first in range(0, agents, AT_ONCE):
        tell(region, [(one, account(one, now)) for one in range(first, min(agents, first + AT_ONCE))])
        await asyncio.sleep(0)
    region.topology()


async def load(region: Region, agents: int) -> None:
    """Reports and keep-alives, until cancelled."""
    draw, seq, alive = random.Random(5), 1, itertools.count()
    while True:
        seq += 1
        number, index = draw.randrange(agents), draw.randrange(EACH)
        told: list[Observation] = [interface(number, index, draw.choice((1500, 9000)))]
        if seq % MOVES == 0:
            down = interface(number, index)
            told = [
                structs.replace(down, interface=structs.replace(down.interface, carrier=False)),
                interface(number, index),
                confirmed(number, index, draw.randrange(agents), Wall(time.time())),
            ]
        tell(region, [(number, told)], seq)
        now = Wall(time.time())
        for _ in range(math.ceil(agents * PAUSE / KEEP_ALIVE)):
            region.alive(host(next(alive) % agents), now, 0.0)
        await asyncio.sleep(PAUSE)


async def measure(agents: int) -> list[Figure]:
    """All figures."""
    with tempfile.TemporaryDirectory() as directory:
        stop, found = asyncio.Event(), []
        started: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        settings = Settings(
            state_dir=Path(directory), keys=(Secret("00000000", bytes(32), bytes(32)),), listen=("127.0.0.1:0",)
        )
        serving = asyncio.create_task(serve(settings, started.set_result, stop, running=found.append))
        url = (await started).addresses[0]
        region: Region = found[0]
        began = time.process_time()
        await fill(region, agents)
        taken = time.process_time() - began
        token = (Path(directory) / "api-token").read_text().strip()
        loading = asyncio.create_task(load(region, agents))
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            asked, more = await asyncio.get_running_loop().run_in_executor(alone, ask_all, url, token, agents)
        loading.cancel()
        stop.set()
        await asyncio.gather(loading, return_exceptions=True)
        await serving
    return [plain(f"taking in {agents:,} agents of {EACH} interfaces", taken, "s CPU"), *figures(asked), *more]


def figures(asked: Sequence[Asked]) -> list[Figure]:
    """Median and 99th percentile of each question, in milliseconds."""
    found = []
    for one in asked:
        took = sorted(second * 1e3 for second in one.seconds)
        most = f"{one.what}, 99 %", took[int(len(took) * 0.99)], "ms"
        found.append(plain(f"{one.what}, median", took[len(took) // 2], "ms"))
        found.append(at_most(*most, GOAL) if one.bounded else plain(*most))
    return found


def ask_all(url: str, token: str, agents: int) -> tuple[list[Asked], list[Figure]]:
    """In a process of its own: ask, one question after the other."""
    api = Api(url, token)
    some = [host(number).name for number in random.Random(1).sample(range(agents), min(ASKS, agents))]
    vlan = api.json("/api/v1/vlans?limit=1")[0]["id"]
    cursors = pages(api, "/api/v1/interfaces?limit=100")
    asks = {
        "nothing at all": ["/healthz"],
        "page of 100 interfaces": cursors,
        "page of 100 interfaces of a VLAN": [f"/api/v1/interfaces?limit=100&vlan={vlan}"],
        "page of 100 interfaces without a place": pages(api, "/api/v1/interfaces?limit=100&placed=false"),
        "page of 100 interfaces of one name": ["/api/v1/interfaces?limit=100&interface=eth3"],
        "page of 100 hosts": pages(api, "/api/v1/hosts?limit=100"),
        "one host": [f"/api/v1/hosts/{name}" for name in some],
        "neighbours": [f"/api/v1/hosts/{name}/neighbours" for name in some],
        "explain, in one VLAN": [f"/api/v1/topology/explain?a={one}/eth0&b={beside(one)}/eth0" for one in some],
        "explain, apart": [f"/api/v1/topology/explain?a={one}/eth0&b={beside(one)}/eth1" for one in some],
        "page of 100 observations": ["/api/v1/evidence?limit=100"],
        "page of 100 VLANs": pages(api, "/api/v1/vlans?limit=100"),
        "members of a VLAN": [f"/api/v1/vlans/{vlan}/members?limit=100"],
    }
    asked = [timed(api, what, paths, bounded=what != "nothing at all") for what, paths in asks.items()]
    asked.append(unchanged(api, "/api/v1/vlans?limit=100"))
    page = json.loads(api.get(cursors[0])[1])
    began = time.perf_counter()
    for _ in range(ASKS):
        msgspec.json.encode(page)
    more = [plain("encoding one page alone", (time.perf_counter() - began) / ASKS * 1e3, "ms")]
    status, body, took = api.get("/api/v1/interfaces")
    if status != 200:
        raise RuntimeError(f"all interfaces: {status}")
    more.append(plain(f"all {len(json.loads(body)):,} interfaces at once", took, "s"))
    api.close()
    return asked, more


def beside(name: str) -> str:
    """Another host of the same rack."""
    number = int(name.removeprefix("node-"))
    return host(number // IN_ONE_VLAN * IN_ONE_VLAN + (number + 7) % IN_ONE_VLAN).name


def pages(api: Api, first: str) -> list[str]:
    """The paths of the pages of a list, ASKS at most."""
    found = [first]
    while len(found) < ASKS and (path := api.behind(found[-1])):
        found.append(path)
    return found


def timed(api: Api, what: str, paths: Sequence[str], *, bounded: bool) -> Asked:
    """Ask for these, in turn."""
    asked = Asked(what, bounded, [])
    for number in range(ASKS):
        status, body, took = api.get(paths[number % len(paths)])
        if status != 200:
            raise RuntimeError(f"{what}: {status} {body[:300]!r}")
        asked.seconds.append(took)
    return asked


def unchanged(api: Api, path: str) -> Asked:
    """The same page again and again, by who has it."""
    asked = Asked("page of 100 VLANs that the asker may have", True, [])
    tag = ""
    for _ in range(ASKS):
        status, headers, took = api.head(path, {"If-None-Match": tag} if tag else {})
        if status not in (200, 304):
            raise RuntimeError(f"{path}: {status}")
        tag = headers.get("ETag", tag)
        asked.seconds.append(took)
    return asked


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    return 0 if report("api", asyncio.run(measure(parser.parse_args().agents))) else 1


if __name__ == "__main__":
    raise SystemExit(main())
