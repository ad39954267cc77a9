"""Live capture: packets a second without loss, and what it costs; and how long filters take to make.

`python -m bench.capture`
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from ipaddress import ip_network
from pathlib import Path

from bellrock.capture.fitted import fitted
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import CATALOGUE
from bellrock.flows.values import Role
from bench._namespaces import cpu_seconds, pair
from bench._report import Figure, at_least, at_most, plain, report

RATE = 100_000
SECONDS = 5.0
BELLROCK = Path(sys.executable).parent / "bellrock"


def captured(*options: str) -> tuple[dict, float, float]:
    """The capture's own counters, the share of what was sent that is in the file, and its share of a processor."""
    with pair(1) as (here, there), tempfile.TemporaryDirectory(prefix="bench-capture-") as directory:
        command = there.command(
            str(BELLROCK), "capture", "run", "-i", "eth0", "-o", f"{directory}/a.pcapng", "--json", *options
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
            while "capturing" not in program.stderr.readline():
                pass
            before, begun = cpu_seconds(program.pid), time.monotonic()
            sender = here.command(sys.executable, "-m", "bench._sender", "eth0", str(RATE), str(SECONDS))
            sent = json.loads(subprocess.run(sender, capture_output=True, text=True, check=True).stdout)
            busy = (cpu_seconds(program.pid) - before) / (time.monotonic() - begun)
            program.send_signal(signal.SIGINT)
            totals = json.loads(program.communicate(timeout=30)[0])
    totals["rate"] = sent["sent"] / sent["seconds"]
    return totals, totals["packets"] / sent["sent"], busy


def filters() -> list[Figure]:
    nodes = tuple(ip_network((0x0A000000 + at * 1024, 24)) for at in range(5000))
    figures = []
    for name, addresses in (
        ("no addresses", {}),
        ("5,000 node subnets", {Role.NODE: nodes, Role.RACK: (ip_network("10.255.0.2"),)}),
    ):
        begun = time.perf_counter()
        made = fitted(Wanted(flows=CATALOGUE, addresses=addresses))
        figures.append(plain(f"filter of all flows, {name}", time.perf_counter() - begun, "s"))
        figures.append(at_most(f"its program, {name}", len(made.program or ()), "instructions", 4096))
    return figures


def main() -> None:
    figures = filters()
    for name, options in (
        ("all packets", ()),
        ("filtered", ("beacon",)),
        ("headers only", ("--headers-only",)),
        ("secrets blanked", ("--blank-secrets",)),
    ):
        totals, share, busy = captured(*options)
        figures.append(at_least(f"in the file at {RATE:,} a second, {name}", 100 * share, "%", 99.9))
        figures.append(plain(f"sent, {name}", totals["rate"], "packets/s"))
        figures.append(plain(f"dropped, {name}", totals["dropped"], "packets"))
        figures.append(plain(f"processor, {name}", 100 * busy, "%"))
    sys.exit(not report("capture", figures))


if __name__ == "__main__":
    os.nice(5)
    main()
