"""Several processes of one region on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bellrock.contract import Done, MeasureMtu, Order, decode_region_message, encode
from bellrock.region.cluster import process as process_module
from bellrock.region.cluster.tunnel import AWAY
from bellrock.region.server import RegionError
from bellrock.region.service.apitokens import id_of
from bellrock.region.service.membermetrics import VERSION
from bellrock.region.service.sessions import digest
from bellrock.region.service.standby import Readied, Standby
from tests.region.cluster.support import in_time, interfaces, site, until_async
from tests.region.support import agent, closed, confirmed, host_seen, interface, region, until

METRICS = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


def test_what_agents_tell_one_process_is_answered_by_all(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, leader = await region_of.start()
            second, other = await region_of.start()
            assert (leader.leads, other.leads) == (True, False)
            async with agent(first.url, "rack1") as one, agent(second.url, "rack2") as two:
                for rack, name, peer in ((one, "rack1", "rack2"), (two, "rack2", "rack1")):
                    seen = confirmed(f"{name}/eth0", f"{peer}/eth0")
                    await rack.report(1, host_seen(name), interface("eth0", name), seen, begin=True, complete=True)
                    await rack.acknowledged(1)
                for running in (first, second):
                    await until_async(interfaces, running, {"rack1/eth0", "rack2/eth0"})
                    hosts = await running.get("hosts")
                    assert {(one["name"], one["connected"]) for one in hosts} == {("rack1", True), ("rack2", True)}
                    found = await running.get("topology")
                    (vlan,) = found["fabrics"][0]["vlans"]
                    assert {one["host"] for one in vlan["members"]} == {"rack1", "rack2"}

    in_time(run())


def test_an_order_given_at_one_process_reaches_an_agent_at_another(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, leader = await region_of.start()
            second, _ = await region_of.start()
            async with (
                agent(second.url, "rack2") as two,
                first.client(authorization=f"Bearer {first.token}") as client,
            ):
                await two.report(1, host_seen("rack2"), interface("eth0", "rack2"), begin=True, complete=True)
                await two.acknowledged(1)
                await until(lambda: "id-rack2" in leader.region._agents.sessions)
                answer = await client.post("/api/v1/mtu/measure", json={"host": "rack2"})
                assert answer.status_code == 202, answer.text
                order = decode_region_message(await two.connection.recv())
                assert isinstance(order, Order)
                assert order.do == MeasureMtu()
                await two.connection.send(encode(Done(order.id)))

    in_time(run())


def test_each_process_tells_of_all(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            (first, leader), (second, other) = [await region_of.start() for _ in range(2)]
            for running in (first, second):
                await until_async(_ids, running, {leader._post.member.id, other._post.member.id})
                found = await running.get("cluster")
                assert [one["leads"] for one in found] == [one["id"] == leader._post.member.id for one in found]
                assert sum(one["leads"] for one in found) == 1
                assert {one["version"] for one in found} == {VERSION}
                assert found[0]["started"] <= found[1]["started"]

    in_time(run())


async def _ids(running) -> set[str]:
    return {one["id"] for one in await running.get("cluster")}


def test_a_token_that_is_revoked_at_one_process_is_refused_at_all_at_once(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            (first, leader), (second, _) = [await region_of.start() for _ in range(2)]
            async with (
                first.client(authorization=f"Bearer {first.token}") as one,
                second.client(authorization=f"Bearer {second.token}") as two,
            ):
                await until(lambda: len(leader.region.access.api_tokens.all()) == 2)
                assert (await two.get("/api/v1/tokens")).status_code == 200
                made = (await two.post("/api/v1/tokens", json={"name": "grafana"})).json()
                program = {"authorization": f"Bearer {made['token']}"}
                assert (await one.get("/api/v1/hosts", headers=program)).status_code == 200
                own = [row["id"] for row in (await one.get("/api/v1/tokens")).json() if row["expires"] is None]
                assert len(own) == 2
                gone = [
                    made["id"],
                    next(
                        id_of(row) for row in leader.region.access.api_tokens.all() if row.hash == digest(second.token)
                    ),
                ]
                for token in gone:
                    assert (await one.delete(f"/api/v1/tokens/{token}")).status_code == 204
                for client in (one, two):
                    assert (await client.get("/api/v1/hosts", headers=program)).status_code == 401
                    shown = {"authorization": f"Bearer {second.token}"}
                    assert (await client.get("/api/v1/hosts", headers=shown)).status_code == 401
                assert (await one.get("/api/v1/hosts")).status_code == 200

    in_time(run())


def test_the_next_leads_when_the_leader_ends_and_agents_do_not_notice(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, leader = await region_of.start()
            second, other = await region_of.start()
            async with agent(second.url, "rack2") as two:
                await two.report(1, host_seen("rack2"), interface("eth0", "rack2"), begin=True, complete=True)
                await two.acknowledged(1)
                first.stop.set()
                await until(lambda: other.leads)
                await two.report(2, interface("eth1", "rack2"))
                await two.acknowledged(2)
                assert await interfaces(second) == {"rack2/eth0", "rack2/eth1"}
                (host,) = await second.get("hosts")
                assert host["connected"]
            assert not leader.leads

    in_time(run())


@pytest.mark.parametrize("readied", [Readied.WARM, Readied.COLD])
def test_the_next_leader_says_what_the_last_one_said(tmp_path, url, readied, monkeypatch):
    made = []
    begin = Standby._begin

    def noted(standby, silent):
        made.append(standby)
        begin(standby, silent)

    monkeypatch.setattr(Standby, "_begin", noted)

    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, leader = await region_of.start(standby=readied)
            second, other = await region_of.start(standby=readied)
            standby = other._outpost.standby
            async with agent(second.url, "rack1") as one, agent(second.url, "rack2") as two:
                await one.report(1, host_seen("rack1"), interface("eth0", "rack1"), begin=True, complete=True)
                await one.acknowledged(1)
                if readied is Readied.WARM:
                    await until(lambda: standby in made)
                await two.report(1, host_seen("rack2"), interface("eth0", "rack2"), begin=True, complete=True)
                await two.report(2, confirmed("rack2/eth0", "rack1/eth0"))
                await two.acknowledged(2)
                await until(lambda: leader.region.topology().fabrics)
                await leader.region.rename("fabric-1", "core")
                said = await first.get("topology")
                assert made.count(standby) == (readied is Readied.WARM)
                first.stop.set()
                await until(lambda: other.leads)
                assert made.count(standby) == 1
                now = await second.get("topology")
            for fabric, again in zip(said["fabrics"], now["fabrics"], strict=True):
                assert (again["id"], again["name"]) == (fabric["id"], fabric["name"]) == ("fabric-1", "core")
                assert [(vlan["id"], places(vlan)) for vlan in again["vlans"]] == [
                    (vlan["id"], places(vlan)) for vlan in fabric["vlans"]
                ]

    in_time(run())


def test_a_process_that_takes_long_to_lead_beats_takes_reports_and_says_how_far_it_is(tmp_path, url, monkeypatch):
    monkeypatch.setattr(process_module, "BEAT", 0.05)
    work = Standby._work

    async def run() -> None:
        gate = asyncio.Event()

        async def gated(standby, rest):
            await gate.wait()
            await work(standby, rest)

        monkeypatch.setattr(Standby, "_work", gated)
        gate.set()
        async with site(tmp_path, url) as region_of:
            first, _ = await region_of.start()
            second, other = await region_of.start()
            async with agent(second.url, "rack2") as two, second.client() as client:
                await two.report(1, host_seen("rack2"), interface("eth0", "rack2"), begin=True, complete=True)
                await two.acknowledged(1)
                gate.clear()
                first.stop.set()
                await until(lambda: other._outpost.standby.progress)
                answer = await client.get("/readyz")
                assert answer.status_code == 503
                assert "This process takes the lead: 0 of 1 agents are loaded." in answer.json()["detail"]
                await two.report(2, interface("eth1", "rack2"))
                await two.acknowledged(2)
                beaten = asyncio.Event()
                monkeypatch.setattr(other._post, "beat", noting(other._post.beat, beaten))
                await beaten.wait()
                assert not other.leads
                gate.set()
                await until(lambda: other.leads)
                assert await interfaces(second) == {"rack2/eth0", "rack2/eth1"}
                assert (await client.get("/readyz")).status_code == 200

    in_time(run())


def noting(work, done):
    """The same work, and that it was done."""

    async def noted(*args):
        result = await work(*args)
        done.set()
        return result

    return noted


def places(vlan) -> list[tuple[str, str, str]]:
    """Who is in a VLAN, and how strongly."""
    return [(one["host"], one["interface"], one["strength"]) for one in vlan["members"]]


async def all_connected(running) -> bool:
    """Whether the one that leads knows of all streams."""
    return all(one["connected"] for one in await running.get("hosts"))


def test_of_three_the_next_leader_knows_the_agents_of_the_third(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of, AsyncExitStack() as agents:
            made = [await region_of.start() for _ in range(3)]
            for number in range(12):
                running, _ = made[1 + number % 2]
                rack = f"rack{number}"
                one = await agents.enter_async_context(agent(running.url, rack))
                await one.report(1, host_seen(rack), interface("eth0", rack), begin=True, complete=True)
                await one.acknowledged(1)
            made[0][0].stop.set()
            await until(lambda: made[1][1].leads or made[2][1].leads)
            assert len(await made[1][0].get("hosts")) == 12
            await until(lambda: all_connected(made[1][0]))
            await until(lambda: all_connected(made[2][0]))

    in_time(run())


@pytest.mark.parametrize("which", [0, 1], ids=["the leader", "another"])
def test_a_process_that_was_given_up_for_a_while_has_its_agents_again(tmp_path, url, postgres, which):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            made = [await region_of.start() for _ in range(2)]
            async with agent(made[1][0].url, "rack2") as two, agent(made[0][0].url, "rack1") as one:
                for rack, name in ((one, "rack1"), (two, "rack2")):
                    await rack.report(1, host_seen(name), interface("eth0", name), begin=True, complete=True)
                    await rack.acknowledged(1)
                await until(lambda: all_connected(made[0][0]))
                forgotten = made[which][1]._post.member.id
                name = url.partition("?")[0].rpartition("/")[2]
                await asyncio.to_thread(
                    postgres.server.sql, f"DELETE FROM members WHERE id = '{forgotten}'", database=name
                )
                leaders = [process for _, process in made]
                await until(
                    lambda: any(len(one.members) == 1 for one in leaders) or any(not one.leads for one in leaders)
                )
                for running, _ in made:
                    await until(lambda running=running: all_connected(running))

    in_time(run())


def test_a_database_that_was_put_back_is_told_everything_that_it_lacks(tmp_path, url, postgres):
    """As by a fail-over to a standby that was some commits behind."""

    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, leader = await region_of.start()
            async with agent(first.url) as one:
                await one.report(1, host_seen(), interface("eth0"), begin=True, complete=True)
                await one.report(2, interface("eth1"))
                await one.acknowledged(2)
                name = url.partition("?")[0].rpartition("/")[2]
                put_back = (
                    "DELETE FROM feed", "UPDATE agents SET last = 1", "DELETE FROM interfaces WHERE name = 'eth1'",
                )  # fmt: skip
                await asyncio.to_thread(postgres.server.sql, *put_back, database=name)
                await one.report(3, interface("eth2"))
                code, _ = await closed(one.connection)
                assert code == 1008
            assert one.acked == 2, "what would leave a gap is not acknowledged"
            await until(lambda: leader.leads)
            async with agent(first.url) as again:
                assert again.acked == 1
                await again.report(2, interface("eth1"))
                await again.report(3, interface("eth2"))
                await again.acknowledged(3)
                assert await interfaces(first) == {"rack1/eth0", "rack1/eth1", "rack1/eth2"}

    in_time(run())


def test_an_agent_that_changes_processes_goes_on_where_it_was(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, leader = await region_of.start()
            second, _ = await region_of.start()
            async with agent(second.url) as before:
                await before.report(1, host_seen(), interface("eth0"), begin=True, complete=True)
                await before.report(2, interface("eth1"))
                await before.acknowledged(2)
                async with agent(first.url) as after:
                    assert after.acked == 2
                    # What is sent again is acknowledged, and not taken twice.
                    await after.report(2, interface("eth1"))
                    await after.report(3, interface("eth2"))
                    await after.acknowledged(3)
                    journal = await leader._store.journal()
                    assert [one[3] for one in journal if one[4] == "interface"] == [1, 2, 3]

    in_time(run())


def test_the_page_is_live_at_every_process(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, _ = await region_of.start()
            second, _ = await region_of.start()
            async with second.live() as live, agent(first.url) as one:
                await one.report(1, host_seen(), interface("eth7"), begin=True, complete=True)
                async with asyncio.timeout(20):
                    while True:
                        message = json.loads(await live.recv())
                        if message["type"] == "interfaces" and "eth7" in json.dumps(message):
                            break

    in_time(run())


def test_each_process_tells_its_own_figures_to_those_whom_the_leader_knows(tmp_path, url):
    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, _ = await region_of.start()
            second, _ = await region_of.start()
            page = METRICS.read_text().partition("\n## Processes of one region\n")[2].partition("\n## ")[0]
            documented = set(re.findall(r"`(bellrock_member\w+)`", page))
            async with agent(second.url, "rack2"):
                for running, leads, connected in ((first, 1, 0), (second, 0, 1)):
                    async with running.client() as client:
                        assert (await client.get("/metrics")).status_code == 401
                    async with running.client(authorization=f"Bearer {running.token}") as client:
                        text = (await client.get("/metrics")).text
                    told = dict(re.findall(r"^(bellrock_\w+) (\S+)$", text, re.MULTILINE))
                    assert float(told["bellrock_leader"]) == leads
                    assert float(told["bellrock_agents_connected"]) == connected
                    assert documented <= told.keys()
                    assert float(told["bellrock_members"]) == 2

    in_time(run())


def test_another_authority_is_refused(tmp_path, url):
    async def run() -> None:
        async with region(tmp_path / "a", database=url):
            with pytest.raises(RegionError, match="copy the directory `authority`"):
                async with region(tmp_path / "b", database=url):
                    pass

    in_time(run())


def test_figures_are_told_while_the_database_is_away(tmp_path, url, postgres, caplog):
    """Or alerts on what happens then could not fire."""
    name = url.partition("?")[0].rpartition("/")[2]

    async def sql(*statements: str) -> None:
        await asyncio.to_thread(postgres.server.sql, *statements)

    async def figures(client) -> tuple[int, list[str]]:
        answer = await client.get("/metrics")
        return answer.status_code, re.findall(r"^bellrock_(?:leader|store_stalled) (\S+)$", answer.text, re.MULTILINE)

    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            running, process = await region_of.start()
            async with running.client(authorization=f"Bearer {running.token}") as known, running.client() as stranger:
                made = (await known.post("/api/v1/tokens", json={"name": "prometheus", "role": "viewer"})).json()
                program = {"authorization": f"Bearer {made['token']}"}
                assert (await stranger.get("/metrics", headers=program)).status_code == 200
                assert (await known.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
                assert await figures(known) == (200, ["1", "0"])
                try:
                    await sql(
                        f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
                        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
                    )
                    await until(lambda: not process.leads)
                    assert await figures(known) == (200, ["0", "1"])
                    for shown in ({}, program):
                        assert (await stranger.get("/metrics", headers=shown)).status_code == 503
                    answer = await known.get("/api/v1/hosts")
                    assert (answer.status_code, answer.json()["detail"]) == (503, AWAY)
                    answer = await stranger.get("/readyz")
                    assert answer.status_code == 503
                    assert answer.json()["detail"].startswith("This process has not reached the region's database for ")
                    assert "leads" not in answer.json()["detail"]
                finally:
                    await sql(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
                await until(lambda: process.leads)
                assert await figures(known) == (200, ["1", "0"])
                # Whoever reads of the one, whichever part of the process met it, reads of the other at the same level.
                said = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
                said = [one for one in said if one.startswith("member-")]
                assert [*dict.fromkeys(one.partition(" ")[0] for one in said)] == ["member-cut-off", "member-there"]
                assert "this process follows nobody and leads nobody" in said[-2]
                assert "this round is tried again" not in said[-2], "also where a round met it first"

    in_time(run())
