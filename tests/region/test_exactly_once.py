"""Reports take effect exactly once, whatever happens to connections, to the region's process and to its disk."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import websockets

from tests.region.support import agent, asynchronous, closed, confirmed, host_seen, interface, region, until


def journal(state_dir: Path) -> Counter[tuple[str, int]]:
    """How many changes of each agent's each report have been written."""
    with closing(sqlite3.connect(state_dir / "region.sqlite")) as store:
        return Counter(store.execute("SELECT agent, seq FROM journal WHERE seq > 0").fetchall())


def once(reports: range, agent_id: str = "id-rack1") -> Counter[tuple[str, int]]:
    """The journal in which each of these reports, of one change each, stands once."""
    return Counter({(agent_id, seq): 1 for seq in reports})


@asynchronous
async def test_a_report_sent_twice_is_acknowledged_twice_and_applied_once(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as one:
        await one.report(1, interface("eth0"), begin=True)
        await one.acknowledged(1)
        await one.report(1, interface("eth0"), begin=True)
        assert await one.next_ack() == 1
        await one.report(2, interface("eth1"))
        await one.acknowledged(2)
    assert journal(tmp_path) == once(range(1, 3))


@asynchronous
async def test_a_gap_ends_the_connection_and_the_agent_resends_from_there(tmp_path):
    async with region(tmp_path) as running:
        async with agent(running.url) as one:
            await one.report(1, interface("eth0"), begin=True)
            await one.acknowledged(1)
            await one.report(3, interface("eth2"))
            assert await closed(one.connection) == (1008, "report 3 came where 2 was due; send from there again")
        async with agent(running.url) as one:
            assert one.acked == 1
            await one.report(2, interface("eth1"))
            await one.report(3, interface("eth2"))
            await one.acknowledged(3)
        assert len(await running.get("interfaces")) == 3
    assert journal(tmp_path) == once(range(1, 4))


@asynchronous
async def test_reports_out_of_order_are_taken_once_each_in_order(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as one:
        await one.report(1, interface("eth1"), begin=True)
        for seq in (2, 2, 1, 3, 2):
            await one.report(seq, interface(f"eth{seq}"))
        await one.acknowledged(3)
        await until(lambda: journal(tmp_path)[("id-rack1", 3)])
    assert journal(tmp_path) == once(range(1, 4))


@asynchronous
async def test_a_newer_connection_takes_over_and_what_the_older_one_sent_counts_once(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as old:
        await old.report(1, interface("eth0"), begin=True)
        await old.acknowledged(1)
        async with agent(running.url) as new:
            assert (await closed(old.connection))[1] == "a newer connection of this agent takes over"
            await new.report(2, interface("eth1"))
            await new.acknowledged(2)
            assert [one["connected"] for one in await running.get("hosts")] == [True]
    assert journal(tmp_path) == once(range(1, 3))


@asynchronous
async def test_connections_that_break_at_any_moment_lose_and_repeat_nothing(tmp_path):
    chance = random.Random(5240)
    total = 300
    async with region(tmp_path) as running:
        done = 0
        while done < total:
            async with agent(running.url) as one:
                done = one.acked
                upto = min(total, done + chance.randint(1, 40))
                try:
                    for seq in range(done + 1, upto + 1):
                        await one.report(seq, interface(f"eth{seq}"), begin=seq == 1)
                    await one.acknowledged(done + chance.randint(0, upto - done))
                except websockets.ConnectionClosed:
                    pytest.fail("the region closed a connection that kept to the contract")
                # Neither side is told: as if the cable had been cut.
                one.connection.transport.abort()
    assert journal(tmp_path) == once(range(1, total + 1))


@asynchronous
async def test_many_agents_at_once(tmp_path):
    async with region(tmp_path) as running:

        async def tell(name: str) -> None:
            async with agent(running.url, name) as one:
                for seq in range(1, 51):
                    await one.report(seq, interface(f"eth{seq}", name), begin=seq == 1)
                await one.acknowledged(50)

        await asyncio.gather(*(tell(f"rack{number}") for number in range(10)))
        assert len(await running.get("interfaces")) == 500
    expected = Counter({(f"id-rack{number}", seq): 1 for number in range(10) for seq in range(1, 51)})
    assert journal(tmp_path) == expected


@asynccontextmanager
async def process(state_dir: Path, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, list[str]]]:
    """A region in its own process: (process, URL, lines of its log so far)."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.region.process", str(state_dir), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    lines: list[str] = []

    async def collect() -> None:
        async for text in running.stderr:
            lines.append(text.decode())  # noqa: PERF401 -- the test reads the list meanwhile

    collecting = asyncio.create_task(collect())
    try:
        first = await asyncio.wait_for(running.stdout.readline(), 60)
        assert first, "".join(lines)
        yield running, json.loads(first)["url"], lines
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()
        await collecting
        running._transport.close()


@asynchronous
async def test_kill_9_mid_stream_loses_nothing_acknowledged_and_repeats_nothing(tmp_path):
    total, acked, rounds = 1500, 0, 0
    while acked < total:
        rounds += 1
        upto = min(total, acked + 300)
        async with process(tmp_path) as (running, url, _), agent(url) as one:
            assert one.acked >= acked
            acked = one.acked
            sender = asyncio.create_task(_pour(one, acked + 1, upto))
            try:
                # Killed while reports are under way, some committed and not yet acknowledged.
                await one.acknowledged(min(upto, acked + 50))
                if rounds <= 4:
                    running.send_signal(signal.SIGKILL)
                await one.acknowledged(upto)
            except websockets.ConnectionClosed:
                pass
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            acked = one.acked
    assert rounds > 4
    assert journal(tmp_path) == once(range(1, total + 1))


async def _pour(one, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        await one.report(seq, interface(f"eth{seq}"), begin=seq == 1)


@asynchronous
async def test_a_full_disk_stops_acknowledgements_but_not_the_region(tmp_path):
    big = tuple(f"fd00::{number:x}/64" for number in range(500))
    async with process(tmp_path, "800000") as (running, url, lines), agent(url) as one:
        sent = 0
        # What else is to be kept may meet the full disk first.
        while not [text for text in lines if "reports are not acknowledged" in text]:
            sent += 1
            await one.report(sent, interface(f"eth{sent}", addresses=big), begin=sent == 1)
            await asyncio.sleep(0.01)
            assert sent < 500
        assert one.acked < sent
        async with agent(url, "rack2") as other:
            # Others are let in and answered meanwhile, only not acknowledged.
            await other.report(1, host_seen("rack2"), begin=True)
            running.send_signal(signal.SIGUSR1)
            await other.acknowledged(1)
        await one.acknowledged(sent)
        await until(lambda: [text for text in lines if "store-recovered" in text])
        complaints = [text.partition("hint=")[2] for text in lines if "store-full" in text]
        # What else could not be kept meanwhile is told as well, each once.
        assert sum("reports are not acknowledged" in text for text in complaints) == 1, complaints
        assert len(set(complaints)) == len(complaints), complaints
        assert "Traceback" not in "".join(lines)
    expected = once(range(1, sent + 1)) + once(range(1, 2), "id-rack2")
    assert journal(tmp_path) == expected


@asynchronous
async def test_a_full_account_withdraws_what_it_did_not_tell_again(tmp_path):
    async with region(tmp_path) as running:
        async with agent(running.url, boot="first") as one:
            await one.report(
                1, host_seen(), interface("eth0"), interface("eth1"),
                confirmed("rack1/eth0", "rack2/eth0"), confirmed("rack1/eth0", "rack3/eth0"), begin=True, complete=True,
            )  # fmt: skip
            await one.acknowledged(1)
        async with agent(running.url, boot="second") as one:
            await one.report(2, host_seen(), interface("eth0"), begin=True)
            await one.acknowledged(2)
            assert len(await running.get("interfaces")) == 2
            await one.report(3, confirmed("rack1/eth0", "rack2/eth0"), complete=True)
            await one.acknowledged(3)
            assert [found["name"] for found in await running.get("interfaces")] == ["eth0"]
            assert len(await running.get("evidence")) == 1
    async with region(tmp_path) as running:
        assert [found["name"] for found in await running.get("interfaces")] == ["eth0"]
        (evidence,) = await running.get("evidence")
        assert evidence["peer"]["host"] == "id-rack2"


@asynchronous
async def test_a_poisonous_report_does_not_stop_the_others(tmp_path):
    async with region(tmp_path) as running:
        for seq, boot in (("9" * 23, "b"), ("0", "b"), ("1", "b\\ud800")):
            async with agent(running.url, "rack9") as bad:
                await bad.connection.send(f'{{"type":"report","seq":{seq},"boot":"{boot}","sent":0,"observations":[]}}')
                assert (await closed(bad.connection))[0] == 1008
        async with agent(running.url) as one:
            await one.report(1, interface("eth0"), begin=True)
            await one.acknowledged(1)
