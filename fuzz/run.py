"""Fuzzes the parsers, each in its own process for a while, and says what was found.

Exit code 1 if any harness crashed, hung, ran out of memory, or did not run at all. What made it crash is kept in fuzz/crashes.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz import HARNESSES

HERE = Path(__file__).parent
CRASHES = HERE / "crashes"
PROGRESS_EVERY = 15.0
LIMITS = ("-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", "-verbosity=1")
GRACE = 60.0
"""Seconds that a process may take beyond its time, to start and to end."""


@dataclass
class Run:
    """One harness at work."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    started: float = field(default_factory=time.monotonic)

    def state(self) -> str:
        """The last line of progress that libFuzzer wrote: executions, coverage, corpus."""
        lines = [line for line in self.text().splitlines() if re.match(r"#\d+", line)]
        return " ".join(lines[-1].split()[:8]) if lines else "starting"

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def executions(self) -> int:
        found = re.search(r"stat::number_of_executed_units:\s*(\d+)", self.text())
        return int(found[1]) if found else 0

    def verdict(self) -> str:
        """`ok`, or what went wrong."""
        found = re.search(r"=== Uncaught Python exception: ===\n(.*)", self.text())
        if found:
            return f"CRASH {found[1].strip()[:100]}"
        if self.process.returncode != 0:
            return f"FAILED with exit code {self.process.returncode}"
        return "ok" if self.executions() else "DID NOT RUN"


def start(name: str, seconds: int, scratch: Path) -> Run:
    """New finds go to a folder that is thrown away; the seeds stay as they are."""
    found, log = scratch / name, scratch / f"{name}.log"
    found.mkdir()
    command = [sys.executable, "-m", "fuzz.drive", name, str(found), str(HERE / "corpus" / name), *LIMITS]
    command += [f"-max_total_time={seconds}", f"-artifact_prefix={CRASHES}/{name}-"]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, cwd=HERE.parent)
    return Run(name, process, log)


def wait(runs: list[Run], seconds: int) -> Run:
    """The first of these that ends; prints progress meanwhile, and ends one that does not stop by itself."""
    shown = time.monotonic()
    while True:
        for run in runs:
            if run.process.poll() is not None:
                return run
            if time.monotonic() - run.started > seconds + GRACE:
                run.process.kill()
        if time.monotonic() - shown > PROGRESS_EVERY:
            shown = time.monotonic()
            for run in runs:
                print(f"  {run.name:<9} {shown - run.started:5.0f} s  {run.state()}", flush=True)
        time.sleep(0.2)


def fuzz(names: list[str], seconds: int, jobs: int, scratch: Path) -> list[Run]:
    waiting, running, done = list(names), list[Run](), list[Run]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(start(waiting.pop(0), seconds, scratch))
                print(f"  {running[-1].name:<9} started", flush=True)
            ended = wait(running, seconds)
            running.remove(ended)
            done.append(ended)
            print(f"  {ended.name:<9} {ended.verdict()}", flush=True)
    finally:
        for run in running:
            run.process.kill()
            run.process.wait()
    return done


def table(runs: list[Run]) -> bool:
    """Print what came of it; True if all is well."""
    print(f"\n  {'harness':<9} {'executions':>12}  result")
    for run in runs:
        print(f"  {run.name:<9} {run.executions():>12,}  {run.verdict()}")
    broken = [run for run in runs if run.verdict() != "ok"]
    for run in broken:
        print(f"\n{run.name}:\n" + "\n".join(run.text().splitlines()[-40:]))
    if broken:
        print(f"\nWhat made them crash is in {CRASHES}; try it with: python -m fuzz.drive NAME FILE")
    return not broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(HARNESSES)}; all without one")
    parser.add_argument("--seconds", type=int, default=300, help="for each harness (300)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time (one per core)")
    options = parser.parse_args()
    unknown = set(options.names) - set(HARNESSES)
    if unknown or options.seconds < 1 or options.jobs < 1:
        parser.error(f"no harness {', '.join(sorted(unknown))}" if unknown else "--seconds and --jobs start at 1")
    CRASHES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bellrock-fuzz-") as scratch:
        runs = fuzz(list(dict.fromkeys(options.names or HARNESSES)), options.seconds, options.jobs, Path(scratch))
        return 0 if table(runs) else 1


if __name__ == "__main__":
    sys.exit(main())
