"""What an agent with 100 interfaces takes when all is quiet, beside lldpd in the same namespaces.

Each interface is cabled to another agent (or lldpd), so that both have 100 neighbours to keep. `--short` measures less exactly.
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench._namespaces import Namespace, cpu_seconds, family, pair, resident
from bench._report import at_most, plain, report

BELLROCK = Path(sys.executable).parent / "bellrock"
INTERFACES = 100


@contextlib.contextmanager
def agents(a: Namespace, b: Namespace, directory: Path) -> Iterator[int]:
    """Two agents without a region; the pid of A's, once both are ready."""
    secret = directory / "secret"
    subprocess.run([BELLROCK, "secret", "new", secret], check=True, stdout=subprocess.DEVNULL)
    processes = []
    try:
        for name, namespace in (("a", a), ("b", b)):
            command = [str(BELLROCK), "rack", "--json", "--name", name, "--secret-file", str(secret)]
            command += ["--state-dir", str(directory / name), "--region", f"unix:{directory}/nobody.sock"]
            with (directory / f"{name}.log").open("w") as log:
                process = subprocess.Popen(namespace.command(*command), stdout=subprocess.PIPE, stderr=log)
            processes.append(process)
        for process in processes:
            assert process.stdout is not None
            json.loads(process.stdout.readline())
        yield processes[0].pid
    finally:
        stop(processes)


@contextlib.contextmanager
def lldpds(a: Namespace, b: Namespace, directory: Path) -> Iterator[int]:
    """Two lldpd; the pid of A's. Each needs a /run/lldpd of its own, hence the mount namespace."""
    Path("/run/lldpd").mkdir(exist_ok=True)
    processes = []
    try:
        for name, namespace in (("a", a), ("b", b)):
            script = f"mount -t tmpfs none /run/lldpd && exec lldpd -d -u {directory}/{name}.sock"
            command = namespace.command("unshare", "--mount", "sh", "-c", script)
            processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        yield processes[0].pid
    finally:
        stop(processes)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End them, and wait until they are gone."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def measure(
    start: Callable[[Namespace, Namespace, Path], contextlib.AbstractContextManager[int]], settle: float, seconds: float
) -> tuple[float, float, int]:
    """Resident MiB, percent of one core, and processes, of all of A's together once it is quiet."""
    with tempfile.TemporaryDirectory() as directory, pair(INTERFACES) as (a, b), start(a, b, Path(directory)) as pid:
        time.sleep(settle)
        before = {child: cpu_seconds(child) for child in family(pid)}
        began = time.monotonic()
        time.sleep(seconds)
        spent = sum(cpu_seconds(child) - cpu for child, cpu in before.items())
        elapsed = time.monotonic() - began
        return sum(resident(child) for child in family(pid)), 100 * spent / elapsed, len(before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    short = parser.parse_args().short
    # Trickle takes a minute to reach its longest interval.
    settle, seconds = (10.0, 10.0) if short else (75.0, 60.0)
    memory, cpu, processes = measure(agents, settle, seconds)
    figures = [
        at_most(f"agent, {INTERFACES} interfaces: resident", memory, "MiB", 50),
        at_most(f"agent, {INTERFACES} interfaces and neighbours, idle", cpu, "% of a core", 0.5),
        at_most("agent: processes", processes, "", 1),
    ]
    if shutil.which("lldpd") or Path("/usr/sbin/lldpd").exists():
        memory, cpu, processes = measure(lldpds, settle / 3, seconds)
        figures += [
            plain("lldpd, the same interfaces: resident", memory, "MiB"),
            plain("lldpd, the same interfaces, idle", cpu, "% of a core"),
            plain("lldpd: processes", processes, ""),
        ]
    else:
        print("lldpd is not installed: nothing to compare with (apt-get install lldpd)")
    return 0 if report("footprint", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
