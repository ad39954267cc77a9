"""Agents, their interfaces and what they observe, over HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager

from bellrock.model import InterfaceKind, RefusalCount
from tests.region.support import agent, asynchronous, confirmed, host_seen, interface, now, port, region


@asynccontextmanager
async def site(tmp_path):
    """Two racks, cabled eth0 to eth0; a client that may look. rack2 has gone away."""
    async with region(tmp_path) as running, agent(running.url, "rack1") as one:
        async with agent(running.url, "rack2") as other:
            await other.report(
                1, host_seen("rack2"), interface("eth0", "rack2"), confirmed("rack2/eth0", "rack1/eth0"),
                begin=True, complete=True,
            )  # fmt: skip
            await other.acknowledged(1)
        refused = RefusalCount(port("rack1/eth0"), "02:00:00:00:00:09", "wrong-secret", 3, seen=now())
        tagged = interface("eth1.20", index=4, kind=InterfaceKind.VLAN, vid=20, parents=("eth1",))
        await one.report(
            1, host_seen(), interface("eth0"), interface("eth1", index=3), tagged, confirmed("rack1/eth0", "rack2/eth0"), refused,
            begin=True, complete=True,
        )  # fmt: skip
        await one.acknowledged(1)
        async with running.client(authorization=f"Bearer {running.token}") as client:

            async def ask(path, status=200, **query):
                answer = await client.get(f"/api/v1/{path}", params=query)
                assert answer.status_code == status, answer.text
                return answer.json()

            yield ask


@asynchronous
async def test_one_host_by_name_or_id_and_those_that_are_asked_for(tmp_path):
    async with site(tmp_path) as ask:
        first = await ask("hosts/rack1")
        assert (first["id"], first["connected"], first["interfaces"]) == ("id-rack1", True, 3)
        assert (await ask("hosts/id-rack1"))["name"] == "rack1"
        for query, names in (
            ({}, ["rack1", "rack2"]),
            ({"host": "id-rack2"}, ["rack2"]),
            ({"role": "rack"}, ["rack1", "rack2"]),
            ({"role": "node"}, []),
            ({"connected": "true"}, ["rack1"]),
            ({"connected": "false"}, ["rack2"]),
        ):
            assert [one["name"] for one in await ask("hosts", **query)] == names, query
        for path in ("hosts/rack9", "hosts/rack9/neighbours"):
            assert "'rack9'" in (await ask(path, 404))["detail"]


@asynchronous
async def test_neighbours_of_a_host(tmp_path):
    async with site(tmp_path) as ask:
        (one,) = await ask("hosts/rack1/neighbours")
        assert (one["interface"], one["host"], one["name"], one["port"], one["kind"]) == (
            "eth0", "id-rack2", "rack2", "eth0", "confirmed",
        )  # fmt: skip
        assert not one["lapsed"]


@asynchronous
async def test_interfaces_that_are_asked_for(tmp_path):
    async with site(tmp_path) as ask:
        (placed,) = await ask("interfaces", host="rack2")
        where = placed["vlans"][0]
        for query, found in (
            ({}, ["rack1/eth0", "rack1/eth1", "rack1/eth1.20", "rack2/eth0"]),
            ({"interface": "eth0"}, ["rack1/eth0", "rack2/eth0"]),
            ({"host": "id-rack1", "interface": "eth1"}, ["rack1/eth1"]),
            ({"placed": "true"}, ["rack1/eth0", "rack2/eth0"]),
            ({"placed": "false"}, ["rack1/eth1", "rack1/eth1.20"]),
            ({"vlan": where["vlan"]}, ["rack1/eth0", "rack2/eth0"]),
            ({"fabric": where["fabric"], "host": "rack1"}, ["rack1/eth0"]),
            ({"vlan": "nowhere"}, []),
            ({"vid": "20"}, []),
            ({"host": "rack9"}, []),
        ):
            rows = await ask("interfaces", **query)
            assert [f"{one['host']}/{one['name']}" for one in rows] == found, query
        for query in ({"vid": "4095"}, {"vid": "-1"}, {"placed": "perhaps"}, {"interface": ""}, {"vlan": "x" * 301}):
            await ask("interfaces", 400, **query)


@asynchronous
async def test_observations_and_refusals_that_are_asked_for(tmp_path):
    async with site(tmp_path) as ask:
        for query, count in (
            ({}, 2),
            ({"host": "rack1"}, 1),
            ({"host": "rack1", "interface": "eth1"}, 0),
            ({"kind": "confirmed"}, 2),
            ({"kind": "lldp"}, 0),
            ({"since": "1"}, 2),
            ({"since": "1e11"}, 0),
            ({"vid": "7"}, 0),
        ):
            assert len(await ask("evidence", **query)) == count, query
        for query, count in (
            ({}, 1),
            ({"reason": "wrong-secret", "interface": "eth0"}, 1),
            ({"reason": "skew"}, 0),
            ({"host": "rack2"}, 0),
            ({"since": "1e11"}, 0),
        ):
            assert len(await ask("refusals", **query)) == count, query
        (one,) = await ask("refusals")
        assert (one["host"], one["interface"], one["count"]) == ("rack1", "eth0", 3)
        for query in ({"kind": "rumour"}, {"since": "then"}):
            await ask("evidence", 400, **query)
        refused = await ask("refusals", 400, reason="wrong secret")
        assert refused["detail"].startswith("reason: 'wrong secret' is given; one of truncated, ")
