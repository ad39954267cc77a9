"""How many reports a region takes in, over real WebSockets and with every commit on disk: one agent, and twenty at once."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path

from websockets.asyncio.client import connect

from bellrock.contract import Ack, Hello, Report, decode_region_message, encode, prove
from bellrock.model import Evidence, EvidenceKind, EvidenceSeen, Host, HostSeen, Interface, InterfaceSeen, Port, Wall
from bellrock.region.server import Ready, Secret, Settings, serve
from bench._report import plain, report

KEY = bytes(32)
REPORTS = 4000
WINDOW = 200


async def tell(url: str, name: str, count: int) -> list[float]:
    """Send reports of one changed interface and one piece of evidence; the delay of each acknowledgement."""
    async with connect(url.replace("http", "ws") + "/api/v1/agents/stream", proxy=None, compression=None) as connection:
        challenge = decode_region_message(await connection.recv())
        nonce = secrets.token_hex(32)
        proof = prove(KEY, "agent", challenge.nonce, nonce, name)
        host = Host(name, name, "rack")
        await connection.send(
            encode(Hello(version=1, host=host, boot="b", nonce=nonce, proof=proof, sent=Wall(time.time())))
        )
        await connection.recv()
        room = asyncio.Semaphore(WINDOW)
        sent: dict[int, float] = {}
        delays: list[float] = []

        async def collect() -> None:
            acked = 0
            while acked < count:
                message = decode_region_message(await connection.recv())
                assert isinstance(message, Ack)
                now = time.perf_counter()
                for seq in range(acked + 1, message.seq + 1):
                    delays.append(now - sent.pop(seq))
                    room.release()
                acked = max(acked, message.seq)

        collecting = asyncio.create_task(collect())
        for seq in range(1, count + 1):
            await room.acquire()
            observations = _observations(host, seq)
            sent[seq] = time.perf_counter()
            await connection.send(encode(Report(seq, "b", Wall(time.time()), observations, begin=seq == 1)))
        await collecting
        return delays


def _observations(host: Host, seq: int):
    number = seq % 30
    interface = Interface(
        name=f"eth{number}", index=number, mac=f"02:00:00:00:00:{number:02x}", mtu=1500 + seq % 7, settled=True
    )
    now = Wall(time.time())
    evidence = Evidence(
        kind=EvidenceKind.CONFIRMED, port=Port(host.id, f"eth{number}"), peer=Port("peer", f"eth{number}"),
        peer_name="peer", round_trip=0.001, since=now, seen=now, proof=(str(seq),),
    )  # fmt: skip
    first = (HostSeen(host, now),) if seq == 1 else ()
    return (*first, InterfaceSeen(host.id, interface), EvidenceSeen(evidence))


async def measure(agents: int) -> tuple[float, float]:
    """(reports per second, median delay of an acknowledgement)."""
    with tempfile.TemporaryDirectory() as directory:
        stop = asyncio.Event()
        started: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        settings = Settings(state_dir=Path(directory), keys=(Secret("00000000", KEY, KEY),), listen=("127.0.0.1:0",))
        serving = asyncio.create_task(serve(settings, started.set_result, stop))
        url = (await started).addresses[0]
        begin = time.perf_counter()
        each = REPORTS // agents
        delays = await asyncio.gather(*(tell(url, f"rack{number}", each) for number in range(agents)))
        rate = agents * each / (time.perf_counter() - begin)
        stop.set()
        await serving
    ordered = sorted(delay for some in delays for delay in some)
    return rate, ordered[len(ordered) // 2]


async def trickle() -> float:
    """Median delay of an acknowledgement for one report at a time."""
    global WINDOW, REPORTS
    WINDOW, REPORTS = 1, 300
    _, delay = await measure(1)
    return delay


def main() -> None:
    one, one_delay = asyncio.run(measure(1))
    many, many_delay = asyncio.run(measure(20))
    alone = asyncio.run(trickle())
    report(
        "ingest",
        [
            plain("reports/s, one agent", one, "1/s"),
            plain("reports/s, 20 agents", many, "1/s"),
            plain("acknowledgement, one agent in full flow (median)", one_delay * 1000, "ms"),
            plain("acknowledgement, 20 agents in full flow (median)", many_delay * 1000, "ms"),
            plain("acknowledgement, one report at a time (median)", alone * 1000, "ms"),
        ],
    )


if __name__ == "__main__":
    main()
