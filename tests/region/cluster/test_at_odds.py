"""Processes of one region that hang, are slow, or have other clocks, and copies of one agent at several, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from bellrock.model import Monotonic, Wall
from bellrock.region.cluster import following
from bellrock.region.cluster.hall import AT_ONCE
from bellrock.region.service.silence import SILENCE
from bellrock.region.store.dialect import WRITE_LOCK
from bellrock.region.store.feed import FEED_HOUR
from bellrock.region.store.members import LEADER_LOCK
from bellrock.region.store.postgres import connect, parse_url
from tests.region.cluster.support import in_time, interfaces, site, until_async
from tests.region.support import TurnedAway, agent, closed, host_seen, interface, until

WAITING = f"SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND objid = {WRITE_LOCK & 0xFFFFFFFF} AND NOT granted"
"""Both processes wait for the right to write."""
DEPOSE = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {LEADER_LOCK & 0xFFFFFFFF} AND granted"


def test_whoever_holds_up_all_writing_holds_up_neither_a_new_leader_nor_agents_that_come(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            made = [await region_of.start() for _ in range(2)]
            holder = await connect(parse_url(url))
            try:
                async with agent(made[0][0].url, "rack1") as one, agent(made[1][0].url, "rack2") as two:
                    await holder.execute(f"SELECT pg_advisory_lock({WRITE_LOCK})")
                    for rack, name in ((one, "rack1"), (two, "rack2")):
                        await rack.report(1, host_seen(name), interface("eth0", name), begin=True, complete=True)
                    await until(lambda: holder.fetchval(WAITING) or None)
                    await holder.execute(DEPOSE)
                    await until(
                        lambda: (
                            {(process._epoch, process._outpost.mind is not None) for _, process in made} == {(2, True)}
                        )
                    )
                    for running, _ in made:
                        async with agent(running.url, f"late-{running.url[-5:]}") as late:
                            assert late.acked == 0
                        assert await running.get("hosts") == []
                    await holder.execute(f"SELECT pg_advisory_unlock({WRITE_LOCK})")
                    for rack in (one, two):
                        await rack.acknowledged(1)
                    await until_async(interfaces, made[0][0], {"rack1/eth0", "rack2/eth0"})
            finally:
                await holder.close()

    in_time(run())


def test_two_machines_with_one_identity_are_told_so_at_whichever_processes_they_come(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            made = [await region_of.start() for _ in range(3)]
            knows = made[0][1].region._agents.sessions
            async with agent(made[1][0].url, boot="original") as one:
                await until(lambda: "id-rack1" in knows)
                await asyncio.sleep(AT_ONCE)
                async with agent(made[2][0].url, boot="copy") as other:
                    code, why = await closed(one.connection)
                    assert (code, why) == (1008, "a newer connection of this agent takes over")
                    await until(lambda: all(process._outpost.agents.superseded for _, process in made))
                    for running, _ in made:
                        with pytest.raises(TurnedAway, match="another machine streams as agent id-rack1 now"):
                            async with agent(running.url, boot="original"):
                                pass
                    await other.report(1, host_seen(), interface("eth0"), begin=True, complete=True)
                    await other.acknowledged(1)
            late, process = await region_of.start()
            await until(lambda: process._outpost.agents.superseded)
            with pytest.raises(TurnedAway, match="another machine"):
                async with agent(late.url, boot="original"):
                    pass

    in_time(run())


def test_a_slow_process_finds_what_it_has_not_read_and_one_that_was_given_up_loads_it(
    tmp_path, url, postgres, monkeypatch, caplog
):
    monkeypatch.setattr(following, "FEED_KEPT", -2 * FEED_HOUR)

    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            (first, leader), (_, slow) = [await region_of.start() for _ in range(2)]

            def names() -> set[str]:
                account = slow._outpost.state.accounts.get("id-rack1")
                return set(account.interfaces) if account else set()

            async with agent(first.url) as one:
                async with slow._outpost.ingest._feeding:
                    await until(lambda: leader._post.beat())
                    await one.report(1, host_seen(), interface("eth0"), begin=True, complete=True)
                    await one.acknowledged(1)
                    await leader._following.trim()
                    assert await leader._store.feed(0)
                await until(lambda: names() == {"eth0"})
                assert "state-loaded-anew" not in caplog.text
                async with slow._outpost.ingest._feeding:
                    await one.report(2, interface("eth1"))
                    await one.acknowledged(2)
                    # As when nobody waits for it any more.
                    gone = ("UPDATE feed_state SET dropped = (SELECT max(id) FROM feed)", "DELETE FROM feed")
                    await asyncio.to_thread(
                        postgres.server.sql, *gone, database=url.partition("?")[0].rpartition("/")[2]
                    )
                await until(lambda: names() == {"eth0", "eth1"})
                assert caplog.text.count("state-loaded-anew") == 1
                await one.report(3, interface("eth2"))
                await one.acknowledged(3)
                await until(lambda: names() == {"eth0", "eth1", "eth2"})
            assert leader.leads

    in_time(run())


def test_a_process_whose_clock_is_another_says_so(tmp_path, url, caplog):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, _ = await region_of.start()
            second, process = await region_of.start(clock=lambda: Wall(time.time() + 90))
            await until(lambda: process._clockwatch.differs)
            said = []
            for running in (first, second):
                async with running.client() as client:
                    said.append((await client.get("/readyz")).json()["warnings"])
            assert said == [[], ["This process's clock is 90.0 s ahead of the database's."]]
            async with second.client(authorization=f"Bearer {second.token}") as client:
                text = (await client.get("/metrics")).text
            assert float(re.findall(r"^bellrock_member_clock_ahead_seconds (\S+)$", text, re.MULTILINE)[0]) > 89
            assert "clock-differs ahead_s=90.0" in caplog.text
            # Whatever a clock says, what it takes in counts once and stays.
            async with agent(second.url) as one:
                await one.report(1, host_seen(), interface("eth0"), begin=True, complete=True)
                await one.acknowledged(1)
            await until_async(interfaces, first, {"rack1/eth0"})

    in_time(run())


def test_nobody_is_silent_by_the_clock_of_the_next_leader(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, _ = await region_of.start()
            second, other = await region_of.start(clock=lambda: Wall(time.time() + 3600))
            async with agent(first.url) as one:
                await one.report(1, host_seen(), interface("eth0"), begin=True, complete=True)
                await one.acknowledged(1)
            await until(lambda: other._clockwatch.differs and "id-rack1" in other._outpost.state.accounts)
            first.stop.set()
            await until(lambda: other.leads)
            # As if nobody came back for a while: what was said an hour ago by that clock was said just now.
            assert other.region._silence.over(Monotonic(time.monotonic() + SILENCE / 2), 9) == []
            assert other.region._silence.over(Monotonic(time.monotonic() + 2 * SILENCE), 9) == ["id-rack1"]
            assert await interfaces(second) == {"rack1/eth0"}

    in_time(run())
