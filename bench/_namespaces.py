"""Two network namespaces joined by many cables, for benchmarks; gone when the processes that hold them are."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Namespace:
    """A network namespace held by a sleeping process."""

    def __init__(self) -> None:
        self.holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE
        )
        assert self.holder.stdout is not None
        self.holder.stdout.readline()
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs `arguments` inside."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command inside to its end."""
        return subprocess.run(self.command(*arguments), check=True, capture_output=True, text=True).stdout

    def batch(self, lines: list[str]) -> None:
        """Run many `ip` commands inside."""
        subprocess.run(self.command("ip", "-batch", "-"), input="\n".join(lines), check=True, text=True)

    def inside(self, work: Callable[[], T]) -> T:
        """The result of `work`, done by a thread inside; sockets that it makes stay there."""

        def enter_and_work() -> T:
            with open(f"/proc/{self.holder.pid}/ns/net") as there:
                if _libc.setns(there.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "entering a network namespace")
            return work()

        # The thread ends with the pool, and with it its stay in the namespace.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(enter_and_work).result()

    def close(self) -> None:
        """Let it go."""
        self.holder.kill()
        self.holder.wait()
        if self.holder.stdout:
            self.holder.stdout.close()


@contextlib.contextmanager
def pair(cables: int) -> Iterator[tuple[Namespace, Namespace]]:
    """Namespaces A and B; ethN of A is cabled to ethN of B, for N below `cables`; all link-up, without addresses of ours."""
    a, b = Namespace(), Namespace()
    try:
        lines = []
        for number in range(cables):
            lines.append(f"link add eth{number} mtu 1500 type veth peer name eth{number} mtu 1500 netns {b.holder.pid}")
            lines.append(f"link set eth{number} up")
        a.batch(lines)
        b.batch([f"link set eth{number} up" for number in range(cables)])
        yield a, b
    finally:
        a.close()
        b.close()


def resident(pid: int) -> float:
    """MiB of memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in family(int(child)))]
