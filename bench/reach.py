"""Reachability: verdicts in the lab, localisation, `bellrock check` on a site that works and on one that is filtered, nmap, a sweep.

Needs root and the servers that tools/setup installs; takes some minutes, most of them nmap's.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bellrock.flows import BOOT, Protocol
from bellrock.model import Probed
from bellrock.probe import Ask, Limits, sweep
from bench._fleet import TWELVE, Fleet
from bench._report import Figure, at_least, at_most, plain, report
from bench._variants import TOLD, VARIANTS, table
from bench._wholesite import BMC, ROLES, WholeSite
from tests.cli.programs import BELLROCK
from tests.lab.services.rackroom import Rackroom
from tests.lab.services.world import SERVER

ENDPOINTS = 1000
WORKERS = 2
"""Processes of the sweep: one for each core of the machine that the goal is set for."""
SWEEP = Limits(at_once=200, per_address=32)
"""Of each process: nginx by its defaults takes 512 connections at once, and a server that is asked for more hangs."""
NOT_OF_ADDRESSES = ("dhcpv6",)
"""Beyond the 22 rows of the catalogue of ports."""
WITHOUT_OWN_FAULTS = ("libvirt-dnsmasq",)
"""That it is there at all is the fault."""
SERVICES = Path(__file__).parents[1] / "tests" / "lab" / "services"
ROUNDS = 3


def main() -> int:
    if sys.argv[1:2] == ["sweep"]:
        print(json.dumps(swept(int(sys.argv[2]), int(sys.argv[3]))))
        return 0
    figures = [*verdicts(), *localisation(), *whole_sites()]
    with Fleet() as fleet:
        figures += [*beside_nmap(fleet), *sweeping(fleet)]
    return 0 if report("reach", figures) else 1


def verdicts() -> list[Figure]:
    """Every row's probe against its real server, in each variant of fault: the lab's own tests, told as a table."""
    cases = _tried()
    rows = table(cases)
    print(f"  {'flow':<16} {'  '.join(f'{one:>13}' for one in VARIANTS)}")
    for flow in (*BOOT, *sorted(set(rows) - set(BOOT))):
        cells = [rows.get(flow, {}).get(one, (0, 0)) for one in VARIANTS]
        print(f"  {flow:<16} {'  '.join(f'{_cell(*one):>13}' for one in cells)}")
    for case in (wrong := [case for case in cases if not case["right"]]):
        print(f"  wrong: {case['test']}")
    missing = [
        f"{flow}: {one}"
        for flow in BOOT
        for one in VARIANTS
        if not rows.get(flow, {}).get(one, (0, 0))[1] and not (one == "own fault" and flow in WITHOUT_OWN_FAULTS)
    ]
    print(f"  variants that no test of the lab has: {', '.join(missing) or 'none'}")
    return [
        plain("probes in the lab: rows", len([flow for flow in BOOT if flow in rows]), "flows"),
        plain("probes in the lab: tests", len(cases), "tests"),
        at_most("rows without one of their variants", len(missing), "cells", 0),
        at_most("verdicts that are wrong", len(wrong), "tests", 0),
    ]


def _cell(right: int, of: int) -> str:
    return f"{right} of {of}" if of else "none"


def _tried() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as directory:
        told = Path(directory) / "told.json"
        command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-p", "bench._variants", str(SERVICES)]  # fmt: skip
        subprocess.run(command, check=False, stdout=sys.stderr, timeout=900, env={**os.environ, TOLD: str(told)})
        found: list[dict[str, Any]] = json.loads(told.read_text())
        return found


def localisation() -> list[Figure]:
    """Where packets died, against where they were made to."""
    from bench._walks import measure

    found = measure(lambda text: print(f"  {text}", file=sys.stderr, flush=True))
    for one in found:
        print(f"  {one.fault:<32} {one.direction:<28} {one.wanted:<20} {one.right} of {one.of}")
        for told in one.wrong:
            print(f"      {told}")
    kinds = len({one.fault for one in found})
    return [
        at_least("localisation: kinds of fault, each in both directions", kinds, "kinds", 12),
        at_most("localisation: exchanges told wrong", sum(one.of - one.right for one in found), "exchanges", 0),
    ]


def whole_sites() -> list[Figure]:
    """`bellrock check`, as it is run: the median of some rounds; at a small site that works, and at a larger one with controllers."""
    with Rackroom() as room:
        command = room.client.command(str(BELLROCK), "check", "--site", str(room.site), "--json")
        healthy = [_timed(command) for _ in range(ROUNDS)]
        room.block("drop", f"ip daddr {SERVER}")
        filtered = [_timed(command) for _ in range(ROUNDS)]
    print(f"  healthy: exit codes {[code for code, *_ in healthy]}; filtered: {[code for code, *_ in filtered]}")
    return [
        at_most("check: a healthy site, exit code", max(code for code, *_ in healthy), "", 0),
        at_most("check: a healthy site", _median(healthy), "s", 3),
        at_least("check: everything filtered, exit code", min(code for code, *_ in filtered), "", 1),
        at_most("check: everything filtered", _median(filtered), "s", 6),
        *_larger_site(),
    ]


def _larger_site() -> list[Figure]:
    with WholeSite() as site:
        roles = [word for role in ROLES for word in ("--role", role)]
        command = site.client.command(str(BELLROCK), "check", "--site", str(site.site), "--json", *roles)
        works = [_timed(command) for _ in range(ROUNDS)]
        site.block("drop", f"ip daddr {{ {SERVER}, {BMC} }}")
        filtered = [_timed(command) for _ in range(ROUNDS)]
    checks = json.loads(works[-1][2])["checks"]
    for one in checks:
        if one["verdict"] != "works":
            print(
                f"  larger site: {one['flow']} {one['variant']} {one['target']}: {one['verdict']}: {one['detail'][:110]}"
            )
    return [
        plain("check: a larger site with a controller: rows", len({one["flow"] for one in checks}), "flows"),
        at_most("check: a larger site with a controller", _median(works), "s", 3),
        at_most("check: a larger site, everything filtered", _median(filtered), "s", 6),
    ]


def _median(rounds: list[tuple[int, float, str]]) -> float:
    return sorted(took for _, took, _ in rounds)[len(rounds) // 2]


def _timed(command: list[str]) -> tuple[int, float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, timeout=60, text=True)
    return done.returncode, time.perf_counter() - began, done.stdout


def beside_nmap(fleet: Fleet) -> list[Figure]:
    """Twelve services of one host, tried with a whole exchange, and by nmap's version detection, in the same minutes."""
    asks = [
        Ask(flow=flow, address=SERVER, port=port, protocol=Protocol.TCP, nonce=os.urandom(16))
        for port, flow in TWELVE.items()
    ]
    began = time.perf_counter()
    found = fleet.client.inside(lambda: asyncio.run(sweep(asks, Limits(per_address=12))))
    ours = time.perf_counter() - began
    for port, (one, *_) in zip(TWELVE, found, strict=True):
        print(f"  {port:>6} {one.flow:<12} {one.verdict:<22} {one.detail[:100]}")
    command = fleet.client.command("nmap", "-sV", "-Pn", "-n", "-p", ",".join(map(str, TWELVE)), SERVER)
    began = time.perf_counter()
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout
    theirs = time.perf_counter() - began
    print("\n".join(f"  nmap: {line}" for line in told.splitlines() if "/tcp" in line))
    return [
        plain("12 services, whole exchange", ours, "s"),
        plain("nmap -sV of the same ports", theirs, "s"),
        at_most("12 services: our time as a part of nmap's", ours / theirs, "", 1),
    ]


def sweeping(fleet: Fleet) -> list[Figure]:
    """22 flows at 1,000 addresses each, by two processes; the servers have to answer on the same two cores."""
    commands = [
        fleet.server.command(
            sys.executable, "-m", "bench.reach", "sweep", str(worker * ENDPOINTS // WORKERS), str(ENDPOINTS // WORKERS)
        )
        for worker in range(WORKERS)
    ]
    began = time.perf_counter()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    parts = [json.loads(one.communicate(timeout=900)[0]) for one in running]
    took = time.perf_counter() - began
    tally: Counter[str] = Counter()
    for part in parts:
        tally.update(part["verdicts"])
    for name, number in sorted(tally.items()):
        print(f"  {name:<40} {number}")
    number = sum(tally.values())
    return [
        plain("sweep: verdicts", number, "verdicts"),
        at_least("sweep: full verdicts", number / took, "/s", 1000),
        plain(
            "sweep: processor time of a verdict, the prober's own",
            1000 * sum(part["cpu"] for part in parts) / number,
            "ms",
        ),
        at_most("sweep: memory of all processes", sum(part["mib"] for part in parts), "MiB", 300),
    ]


def swept(first: int, number: int) -> dict[str, object]:
    """One process's share: some endpoints, every flow at each."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    flows = [flow for flow in BOOT if flow not in NOT_OF_ADDRESSES]
    asks = [
        Ask(flow=flow, address=f"127.1.{place >> 8}.{place & 255}", nonce=os.urandom(16))
        for place in range(first, first + number) for flow in flows
    ]  # fmt: skip
    verdicts: Counter[str] = Counter()

    def done(_: int, variants: tuple[Probed, ...]) -> None:
        verdicts[f"{variants[0].flow} {variants[0].verdict}"] += 1

    asyncio.run(sweep(asks, SWEEP, done=done, keep=False))
    return {
        "verdicts": verdicts,
        "cpu": time.process_time(),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    sys.exit(main())
