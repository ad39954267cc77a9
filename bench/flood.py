"""A whole agent under a flood of beacons with a wrong key, in network namespaces of its own.

Two cables: one is flooded; over both a peer sends 100 valid beacons a second, which must all be accepted. The agent is the real one (see
`bench._flooded`), at ordinary priority. Prints the highest rate that loses nothing.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any

from bench._namespaces import Namespace, cpu_seconds, pair
from bench._report import at_least, at_most, plain, report

RATES = (150_000, 200_000, 250_000, 300_000, 350_000, 400_000)
GOAL_RATE, ROUNDS, SECONDS = 150_000, 3, 10.0
EXCESSIVE_RATE = 0
"""As many as the sender can make."""
FLOODED, QUIET = "eth0", "eth1"
GROWTH_MIB = 4


class Agent:
    """The flooded agent, in a namespace."""

    def __init__(self, namespace: Namespace, directory: str) -> None:
        self.process = subprocess.Popen(
            namespace.command(sys.executable, "-m", "bench._flooded", directory), stdout=subprocess.PIPE, text=True
        )
        self.line()

    def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found = self.process.stdout.readline()
        if not found:
            raise RuntimeError("the flooded agent ended")
        return json.loads(found)

    def counted(self) -> dict[str, Any]:
        """What it counted since it was last asked."""
        self.process.send_signal(signal.SIGUSR1)
        return self.line()

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=10)


class Outcome:
    """What one flood did."""

    def __init__(
        self, flood: dict[str, float], peer: dict[str, list[str]], agent: dict[str, Any], seconds: float
    ) -> None:
        self.rate = flood["sent"] / flood["seconds"]
        accepted = {name: set(ids) for name, ids in agent["accepted"].items()}
        self.sent = {name: len(peer[name]) for name in (FLOODED, QUIET)}
        self.lost = {name: len(set(peer[name]) - accepted.get(name, set())) for name in (FLOODED, QUIET)}
        self.dropped = agent["dropped"]
        self.refused = agent["refused"]
        self.resident = agent["resident"]
        self.cpu = agent["spent"] / seconds

    def clean(self) -> bool:
        return not any(self.lost.values())

    def line(self) -> str:
        return (
            f"  {self.rate:>9,.0f}/s: {self.refused:,} refused, {self.dropped:,} dropped; of the peer's beacons lost "
            f"{self.lost[FLOODED]} on the flooded link, {self.lost[QUIET]} on the other; agent at {self.cpu:.0%} of a core"
        )


def one(agent: Agent, far: Namespace, rate: int, seconds: float) -> Outcome:
    """One flood."""
    before = cpu_seconds(agent.process.pid)
    dropped = agent.counted()["dropped"]
    senders = [
        subprocess.Popen(far.command(sys.executable, "-m", *command), stdout=subprocess.PIPE, text=True)
        for command in (
            ("bench._sender", FLOODED, str(rate), str(seconds)),
            ("bench._peer", str(seconds), "100", FLOODED, QUIET),
        )
    ]
    flood, peer = (json.loads(sender.communicate(timeout=seconds + 30)[0]) for sender in senders)
    found = agent.counted()
    found["dropped"] -= dropped
    found["spent"] = cpu_seconds(agent.process.pid) - before
    outcome = Outcome(flood, peer, found, seconds)
    print(outcome.line(), flush=True)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="one round of 3 s, no search for the highest rate")
    short = parser.parse_args().short
    with tempfile.TemporaryDirectory() as directory, pair(2) as (near, far):
        agent = Agent(near, directory)
        try:
            calm = agent.counted()["resident"]
            rounds = [one(agent, far, GOAL_RATE, 3.0 if short else SECONDS) for _ in range(1 if short else ROUNDS)]
            best = 0.0
            for rate in () if short else RATES:
                outcome = one(agent, far, rate, 2.0)
                if not outcome.clean():
                    break
                best = max(best, outcome.rate)
            most = one(agent, far, EXCESSIVE_RATE, 3.0)
        finally:
            agent.stop()
    figures = [
        at_least("rate of the floods, slowest round", min(o.rate for o in rounds), "frames/s", 0.99 * GOAL_RATE),
        at_most("valid beacons lost on the flooded link, all rounds", sum(o.lost[FLOODED] for o in rounds), "", 0),
        at_most("valid beacons lost on the other link, all rounds", sum(o.lost[QUIET] for o in rounds), "", 0),
        plain("valid beacons sent, all rounds", sum(sum(o.sent.values()) for o in rounds), ""),
        plain("frames dropped before they were looked at, all rounds", sum(o.dropped for o in rounds), "frames"),
        at_most("memory grown under flood", max(o.resident for o in (*rounds, most)) - calm, "MiB", GROWTH_MIB),
        plain("agent's share of a core under flood", max(o.cpu for o in rounds) * 100, "%"),
        plain("highest rate that loses nothing", best, "frames/s"),
        plain("an excessive flood: rate", most.rate, "frames/s"),
        plain(
            "an excessive flood: valid beacons lost on the flooded link",
            100 * most.lost[FLOODED] / most.sent[FLOODED],
            "%",
        ),
        plain(
            "an excessive flood: valid beacons lost on the other link", 100 * most.lost[QUIET] / most.sent[QUIET], "%"
        ),
    ]
    return 0 if report("flood", figures) else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
