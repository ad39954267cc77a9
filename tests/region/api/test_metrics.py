"""`/metrics` is one text for whoever may look."""

from __future__ import annotations

from tests.region.support import asynchronous, region


@asynchronous
async def test_a_viewer_s_token_is_enough(tmp_path):
    async with region(tmp_path) as running:
        async with running.client(authorization=f"Bearer {running.token}") as client:
            token = (await client.post("/api/v1/tokens", json={"name": "prometheus", "role": "viewer"})).json()["token"]
        async with running.client(authorization=f"Bearer {token}") as client:
            answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert "bellrock_agents_connected 0\n" in answer.text
        assert answer.text.endswith("\n")
