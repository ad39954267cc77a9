"""How many frames a second the receive path takes without losing one, and what it costs when nothing comes.

`python -m bench.flood` measures in a network namespace of its own, with two veth pairs: one is flooded, over the other come
100 numbered frames a second, which must all arrive. The consumer spends CONSUMER_US on each frame, as the agent does to refuse a wrong key.
"""

import json
import os
import resource
import select
import struct
import subprocess
import sys
import time

from bellrock.link.device import Frame
from bellrock.link.packet import PacketDevice
from bench._report import Figure, at_least, at_most, plain, report
from bench._sender import MARK

CONSUMER_US = 3
RATES = (100_000, 150_000, 175_000, 200_000, 225_000, 250_000, 300_000, 350_000)
GOAL_RATE = 150_000
QUIET_LINK, FLOODED_LINK = "blq0", "blf0"


class Outcome:
    """What one flood did."""

    def __init__(
        self, flooded: dict[str, float], quiet: dict[str, float], marks: dict[int, set[int]], links: tuple[int, int]
    ) -> None:
        self.rate = flooded["sent"] / flooded["seconds"]
        self.lost_here = flooded["marked"] - len(marks[links[0]])
        self.lost_elsewhere = quiet["marked"] - len(marks[links[1]])
        self.cpu = 0.0
        self.dropped = 0

    def clean(self) -> bool:
        return self.lost_here == self.lost_elsewhere == self.dropped == 0


def run(rate: int, seconds: float) -> Outcome:
    """Flood one link and send a few frames over the other; count what is missing."""
    import socket

    device = PacketDevice()
    links = socket.if_nametoindex(FLOODED_LINK), socket.if_nametoindex(QUIET_LINK)
    marks: dict[int, set[int]] = {link: set() for link in links}
    senders = [sender("blf1", rate, seconds, 300), sender("blq1", 100, seconds, 1)]
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
    outcome = Outcome(results[0], results[1], marks, links)
    outcome.dropped = device.statistics().dropped
    outcome.cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / seconds
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
    import socket

    device = PacketDevice()
    out = socket.if_nametoindex("blf1")
    from bench._sender import beacon_frame

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


def measure() -> bool:
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
    long = run(GOAL_RATE, 10)
    figures += [
        plain("link: highest rate that loses nothing, 3 us consumer", best, "frames/s"),
        at_least("link: rate of the 10 s flood", long.rate, "frames/s", GOAL_RATE * 0.99),
        at_most("link: numbered frames lost on the flooded link", long.lost_here, "frames", 0),
        at_most("link: numbered frames lost on the other link", long.lost_elsewhere, "frames", 0),
        plain("link: frames dropped in the 10 s flood", long.dropped, "frames"),
        plain("link: consumer's share of a core", long.cpu * 100, "%"),
        plain("link: resident", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB"),
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
        return subprocess.run(command, check=False, env={**os.environ, "BELLROCK_FLOOD": "inside"}).returncode
    set_up()
    return 0 if measure() else 1


if __name__ == "__main__":
    sys.exit(main())
