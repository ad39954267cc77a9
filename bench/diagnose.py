"""Captures read: packets a second to a summary and to a diagnosis, beside tshark and tcpdump; memory for a file of 10 GB.

`python -m bench.diagnose`. Every figure is of a whole command, its start included; rates are by processor time, which is what one core gives.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import Struct

from bench._report import Figure, at_least, at_most, plain, report

BELLROCK = Path(sys.executable).parent / "bellrock"
PACKETS = 4_000_000
FOR_TSHARK = 200_000
LARGE = 10**10
"""Octets."""
MIB = 1024
"""Of KiB, as the kernel tells them."""


class Cost(Struct, frozen=True):
    """What a command took."""

    seconds: float
    processor: float
    memory: float
    """MiB, at its height."""


def cost(*command: str | Path) -> Cost:
    """Run it; its words are thrown away."""
    begun = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return Cost(time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / MIB)


def write(path: Path, *, packets: int = 0, octets: int = 0) -> int:
    """In a process of its own: what it needs would count as memory of those that this one starts."""
    command = [sys.executable, "-m", "bench._packets", str(path), str(packets), str(octets)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def rates(directory: Path) -> list[Figure]:
    """Packets a second of processor time, in the same run on the same packets."""
    count = write(directory / "a.pcap", packets=PACKETS)
    subprocess.run(["editcap", "-F", "pcapng", directory / "a.pcap", directory / "a.pcapng"], check=True)
    figures = []
    for kind in ("pcap", "pcapng"):
        file = directory / f"a.{kind}"
        for what, goal, command in (
            ("summary", 1.5e6, (BELLROCK, "capture", "summary", "--json", file)), ("diagnosis", 1.0e6, (BELLROCK, "diagnose", "--json", file)),
        ):  # fmt: skip
            used = cost(*command)
            figures += [
                at_least(f"{what} of {count:,} packets, {kind}", count / used.processor, "packets/s", goal),
                plain(f"{what}, {kind}, by the clock", count / used.seconds, "packets/s"),
                at_most(f"{what}, {kind}, memory", used.memory, "MiB", 300),
            ]
        used = cost("tcpdump", "-r", file, "-w", "/dev/null")
        figures.append(plain(f"tcpdump to a file, {kind}", count / used.processor, "packets/s"))
    return figures


def beside(directory: Path) -> list[Figure]:
    """Tools that take packets apart, on fewer of them."""
    count = write(directory / "few.pcap", packets=FOR_TSHARK)
    used = cost("tshark", "-r", directory / "few.pcap", "-n", "-q", "-z", "conv,ip")
    told = cost("tcpdump", "-n", "-r", directory / "few.pcap")
    return [
        plain("tshark, conversations", count / used.processor, "packets/s"),
        plain("tcpdump, as text", count / told.processor, "packets/s"),
    ]


def large(directory: Path) -> list[Figure]:
    count = write(directory / "large.pcap", octets=LARGE)
    summary = cost(BELLROCK, "capture", "summary", "--json", directory / "large.pcap")
    diagnosis = cost(BELLROCK, "diagnose", "--json", directory / "large.pcap")
    return [
        plain("packets in 10 GB", count, "packets"),
        at_most("summary of 10 GB, memory", summary.memory, "MiB", 300),
        plain("summary of 10 GB", summary.seconds, "s"),
        at_most("diagnosis of 10 GB, memory", diagnosis.memory, "MiB", 300),
        plain("diagnosis of 10 GB", diagnosis.seconds, "s"),
    ]


def main() -> None:
    figures = []
    for part in (rates, beside, large):
        with tempfile.TemporaryDirectory(prefix="bench-diagnose-", dir="/var/tmp") as directory:
            figures += part(Path(directory))
    sys.exit(not report("diagnose", figures))


if __name__ == "__main__":
    main()
