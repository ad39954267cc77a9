"""A whole agent that counts what it accepts: `python -m bench._flooded DIRECTORY`, run inside a network namespace.

Everything is the agent's own (ring, filter, sieve, parsers, engine, reporter, spool); only the engine is a subclass that notes the ids of the
beacons handed to it. On each SIGUSR1 it prints a line of JSON with what it has counted since the line before.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from pathlib import Path

from bellrock.agent.loop import Loop, jitter
from bellrock.agent.network import RawNetwork
from bellrock.agent.reporter import Reporter
from bellrock.agent.run import new_id
from bellrock.agent.settings import Settings
from bellrock.agent.spool import Spool
from bellrock.beacon import Arrival, Engine, Identity, Now, PortFacts, Refusal
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Host
from bellrock.wire.keys import Key, Keyring
from bench._namespaces import resident

KEY = Key(b"the key of the flooded agent....")


class Counting(Engine):
    """An engine that notes what it is given."""

    accepted: dict[str, set[str]]
    frames_refused: int

    def receive(self, input: PortFacts | Arrival | Refusal, now: Now) -> None:
        if isinstance(input, Arrival):
            self.accepted.setdefault(input.port.interface, set()).add(input.beacon.id)
        elif isinstance(input, Refusal):
            self.frames_refused += input.times
        super().receive(input, now)

    def reset(self) -> None:
        self.accepted, self.frames_refused = {}, 0


async def live(directory: Path) -> None:
    settings = Settings(state_dir=directory)
    who = Identity("01M3250V7TXQRSP72K94ZGK21K", "flooded", "rack", "boot")
    spool = Spool(directory / "spool.sqlite")
    network, monitor = RawNetwork(), LinkMonitor()
    engine = Counting(who, new_id, jitter)
    engine.reset()
    reporter = Reporter(Host(who.agent, who.host, who.role), who.boot, spool)
    loop = Loop(settings, who.agent, engine, Keyring([KEY]), network, monitor, reporter, lambda: None)
    stop = asyncio.Event()

    def tell() -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        counted = {name: sorted(ids) for name, ids in engine.accepted.items()}
        refused = engine.frames_refused
        engine.reset()
        print(
            json.dumps(
                {
                    "accepted": counted,
                    "refused": refused,
                    "dropped": loop.dropped,
                    "resident": resident(os.getpid()),
                    "cpu": usage.ru_utime + usage.ru_stime,
                }
            ),
            flush=True,
        )

    running = asyncio.get_running_loop()
    running.add_signal_handler(signal.SIGUSR1, tell)
    running.add_signal_handler(signal.SIGTERM, stop.set)
    loop.start()
    await loop.settled.wait()
    print(json.dumps({"ready": True}), flush=True)
    await stop.wait()
    loop.stop()
    network.close()
    monitor.close()
    spool.close()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
