"""How many frames a second the receive path takes without losing one, and what it costs when nothing comes.

`python -m bench.flood` measures in a network namespace of its own, with two veth pairs: one is flooded, over the other come
100 numbered frames a second, which must all arrive; among the flood are as many. The consumer spends CONSUMER_US on each frame, about
what refusing a wrong key takes. Where it may, it takes precedence over what else runs on the machine.
"""

import json
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bellrock.link.device import Frame
from bellrock.link.packet import PacketDevice
from bench._report import Figure, at_least, at_most, plain, report
from bench._sender import MARK, beacon_frame

CONSUMER_US = 3
RATES = (100_000, 150_000, 175_000, 200_000, 225_000, 250_000, 300_000, 350_000)
GOAL_RATE = 150_000
ROUNDS = 3
EXCESSIVE_RATE = 0
"""As fast as the sender can."""
QUIET_LINK, FLOODED_LINK = "blq0", "blf0"


@dataclass(frozen=True)
class Outcome:
    """What one flood did. `lost` are numbered frames that did not arrive: on the flooded link, and on the other of `quiet` sent."""

    rate: float
    lost_here: int
    lost_elsewhere: int
    quiet: int
    dropped: int
    cpu: float

    def clean(self) -> bool:
        return self.lost_here == self.lost_elsewhere == self.dropped == 0


def run(rate: int, seconds: float) -> Outcome:
    """Flood one link and send a few frames over the other; count what is missing."""
    device = PacketDevice()
    links = socket.if_nametoindex(FLOODED_LINK), socket.if_nametoindex(QUIET_LINK)
    marks: dict[int, set[int]] = {link: set() for link in links}
    senders = [sender("blf1", rate, seconds, max(rate, 100_000) // 100), sender("blq1", 100, seconds, 1)]
    before = resource.getrusage(resource.RUSAGE_SELF)
    begin = time.perf_counter()
    poll = select.epoll()
    poll.register(device, select.EPOLLIN)
    quiet_since = begin + seconds
    while time.perf_counter() < quiet_since + 0.5:
        poll.poll(0.1)
        frames = device.receive(256)
        for frame in frames:
            consume(frame, marks)
        if frames:
            quiet_since = max(quiet_since, time.perf_counter())
    after = resource.getrusage(resource.RUSAGE_SELF)
    results = [json.loads(process.communicate()[0]) for process in senders]
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    outcome = Outcome(
        rate=results[0]["sent"] / results[0]["seconds"],
        lost_here=results[0]["marked"] - len(marks[links[0]]),
        lost_elsewhere=results[1]["marked"] - len(marks[links[1]]),
        quiet=results[1]["marked"],
        dropped=device.statistics().dropped,
        cpu=used / seconds,
    )
    poll.close()
    device.close()
    return outcome


def sender(interface: str, rate: int, seconds: float, every: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench._sender", interface, str(rate), str(seconds), "--every", str(every)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def consume(frame: Frame, marks: dict[int, set[int]]) -> None:
    """Spend the time that refusing a frame takes, and note numbered ones."""
    end = time.perf_counter_ns() + CONSUMER_US * 1000
    if frame.data.startswith(MARK, 42):
        marks[frame.ifindex].add(struct.unpack_from("!Q", frame.data, 42 + len(MARK))[0])
    while time.perf_counter_ns() < end:
        pass


def latency_ms(count: int = 100) -> list[float]:
    """From sending a frame on an idle link to having it in hand, sorted."""
    device = PacketDevice()
    out = socket.if_nametoindex("blf1")
    data, found = beacon_frame(300), []
    for _ in range(count):
        sent = time.perf_counter()
        device.send(out, data)
        select.select([device], [], [], 1)
        device.receive(1)
        found.append((time.perf_counter() - sent) * 1000)
    device.close()
    return sorted(found)


def idle(seconds: float = 5.0) -> tuple[int, float]:
    """Wake-ups and share of a core of a process that waits on an open device and hears nothing."""
    device = PacketDevice()
    poll = select.epoll()
    poll.register(device, select.EPOLLIN)
    wakes, begin, cpu = 0, time.perf_counter(), time.process_time()
    while (left := begin + seconds - time.perf_counter()) > 0:
        wakes += bool(poll.poll(left))
        device.receive(256)
    used = time.process_time() - cpu
    poll.close()
    device.close()
    return wakes, used / seconds


def take_precedence() -> None:
    """Have the consumer run whenever it has something to do, as on a machine with a core to spare; the senders only before other work.

    Otherwise the figures tell of what else runs here: each pause of more than the ring holds (0.1 s at 150,000/s) costs frames.
    """
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("-10")


def measure() -> bool:
    take_precedence()
    wakes, idle_share = idle()
    delays = latency_ms()
    figures: list[Figure] = [
        at_most("idle: share of a core, process", idle_share * 100, "%", 0.5),
        plain("idle: wake-ups", wakes, "in 5 s"),
        plain("latency on an idle link, median", delays[len(delays) // 2], "ms"),
        plain("latency on an idle link, 99th of 100", delays[-2], "ms"),
    ]
    best = 0.0
    for rate in RATES:
        outcome = run(rate, 2)
        print(
            f"  {outcome.rate:,.0f}/s: dropped {outcome.dropped}, lost {outcome.lost_here} numbered on the flooded link, "
            f"{outcome.lost_elsewhere} on the other; consumer at {outcome.cpu:.0%}"
        )
        if not outcome.clean():
            break
        best = max(best, outcome.rate)
    rounds = [run(GOAL_RATE, 10) for _ in range(ROUNDS)]
    most = run(EXCESSIVE_RATE, 5)
    figures += [
        plain("link: highest rate that loses nothing, 3 us consumer", best, "frames/s"),
        at_least("link: rate of the 10 s floods", min(one.rate for one in rounds), "frames/s", GOAL_RATE * 0.99),
        at_most(
            "link: numbered frames lost on the flooded link, 3 rounds",
            sum(one.lost_here for one in rounds),
            "frames",
            0,
        ),
        at_most(
            "link: numbered frames lost on the other link, 3 rounds",
            sum(one.lost_elsewhere for one in rounds),
            "frames",
            0,
        ),
        plain("link: frames dropped, 3 rounds", sum(one.dropped for one in rounds), "frames"),
        plain("link: consumer's share of a core", max(one.cpu for one in rounds) * 100, "%"),
        plain("link: rate of an excessive flood", most.rate, "frames/s"),
        at_most("link: then lost on the other link", 100 * most.lost_elsewhere / most.quiet, "%", 5),
        plain("link: resident, ring included", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB"),
    ]
    return report("flood", figures)


def set_up() -> None:
    for near, far in (("blf0", "blf1"), ("blq0", "blq1")):
        subprocess.run(["ip", "link", "add", near, "type", "veth", "peer", "name", far], check=True)
        for name in (near, far):
            subprocess.run(["ip", "link", "set", name, "addrgenmode", "none", "up"], check=True)


def main() -> int:
    if os.environ.get("BELLROCK_FLOOD") != "inside":
        command = ["unshare", "-n", sys.executable, "-m", "bench.flood"]
        inside = {**os.environ, "BELLROCK_FLOOD": "inside"}
        return subprocess.run(command, check=False, env=inside, start_new_session=True).returncode
    set_up()
    return 0 if measure() else 1


if __name__ == "__main__":
    sys.exit(main())
