"""The topology, as a whole and in parts, over HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager

from tests.region.support import agent, asynchronous, confirmed, host_seen, interface, region


@asynccontextmanager
async def site(tmp_path):
    """rack1/eth0 and rack2/eth0 are one VLAN, of rack1/eth1 nothing is known; a client that may change names."""
    async with region(tmp_path) as running, agent(running.url, "rack2") as other, agent(running.url, "rack1") as one:
        await other.report(1, host_seen("rack2"), interface("eth0", "rack2"), begin=True, complete=True)
        await other.acknowledged(1)
        await one.report(
            1, host_seen(), interface("eth0"), interface("eth1", index=3), confirmed("rack1/eth0", "rack2/eth0"),
            begin=True, complete=True,
        )  # fmt: skip
        await one.acknowledged(1)
        async with running.client(authorization=f"Bearer {running.token}") as client:

            async def ask(path, status=200, method="GET", headers=None, json=None, **query):
                answer = await client.request(method, f"/api/v1/{path}", params=query, json=json, headers=headers)
                assert answer.status_code == status, answer.text
                return answer.json() if answer.content else answer

            yield ask


@asynchronous
async def test_parts_are_what_the_whole_says(tmp_path):
    async with site(tmp_path) as ask:
        whole = await ask("topology")
        (fabric,) = whole["fabrics"]
        (vlan,) = fabric["vlans"]
        assert await ask("fabrics") == [await ask(f"fabrics/{fabric['id']}")] == [
            {"id": fabric["id"], "name": fabric["name"], "vlans": 1}
        ]  # fmt: skip
        (one,) = await ask("vlans")
        assert one == await ask(f"vlans/{vlan['id']}")
        assert (one["fabric"], one["members"], one["vid"]) == (fabric["id"], 2, None)
        members = await ask(f"vlans/{vlan['id']}/members")
        assert [(row["host"], row["evidence"]) for row in members] == [
            (row["host"], row["evidence"]) for row in vlan["members"]
        ]
        assert await ask("conflicts") == whole["conflicts"] == []
        assert [(row["host"], row["interface"]) for row in await ask("unknown", host="rack1")] == [("rack1", "eth1")]
        assert await ask("unknown", host="rack2") == []
        for query, count in (
            ({"fabric": fabric["id"]}, 1),
            ({"fabric": "x"}, 0),
            ({"vid": "9"}, 0),
            ({"name": "x"}, 0),
        ):
            assert len(await ask("vlans", **query)) == count, query
        assert await ask("fabrics", name="x") == []
        await ask("conflicts", 400, kind="rumour")


@asynchronous
async def test_what_is_not_there_is_named(tmp_path):
    async with site(tmp_path) as ask:
        for path, what in (("fabrics/x", "fabric"), ("vlans/x", "VLAN"), ("vlans/x/members", "VLAN")):
            assert (await ask(path, 404))["detail"] == f"There is no {what} 'x'."
        for path in ("fabrics/x", "vlans/x"):
            await ask(path, 404, "PATCH", json={"name": "new"})
        assert "rack9" in (await ask("topology/explain", 404, a="rack9/eth0", b="rack1/eth0"))["detail"]


@asynchronous
async def test_a_chain_is_explained(tmp_path):
    async with site(tmp_path) as ask:
        proof = await ask("topology/explain", a="rack1/eth0", b="rack2/eth0")
        assert (proof["verdict"], len(proof["chain"]), proof["missing"]) == ("same-vlan", 1, "")
        missing = await ask("topology/explain", a="rack1/eth1", b="rack2/eth0")
        assert missing["verdict"] != "same-vlan"
        assert missing["missing"]
        await ask("topology/explain", 400, a="rack1/eth0")


@asynchronous
async def test_a_name_is_given_and_not_over_another_that_came_meanwhile(tmp_path):
    async with site(tmp_path) as ask:
        (fabric,) = await ask("fabrics")
        (vlan,) = await ask("vlans")
        for path in (f"fabrics/{fabric['id']}", f"vlans/{vlan['id']}"):
            await ask(path, 204, "PATCH", json={"name": "storage"})
            assert (await ask(path))["name"] == "storage"
            await ask(path, 412, "PATCH", headers={"If-Match": '"other"'}, json={"name": "late"})
            for name in ("", " ", "x" * 65, "a\tb", "\u200b"):
                await ask(path, 400, "PATCH", json={"name": name})
            assert (await ask(path))["name"] == "storage"
        assert (await ask("topology"))["fabrics"][0]["vlans"][0]["name"] == "storage"
