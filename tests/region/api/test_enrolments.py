"""Who joined, over HTTP."""

from __future__ import annotations

import ssl
from hashlib import sha256

from bellrock.region.service import Policy
from tests.region.joining import TLS, Joiner
from tests.region.support import asynchronous, region


@asynchronous
async def test_decisions_and_their_errors_are_in_the_audit_log(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        one = Joiner()
        await one.join(running.tls)
        async with running.client(authorization=f"Bearer {running.token}") as client:
            path = f"/api/v1/enrolments/{one.host.id}"
            assert (await client.post(f"{path}/revoke")).status_code == 204
            again = await client.post(f"{path}/revoke")
            assert (again.status_code, again.json()["detail"]) == (
                409, f"agent {one.host.id} (rack1) is revoked already.",
            )  # fmt: skip
            missing = await client.post("/api/v1/enrolments/nobody/approve")
            assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
            assert (await client.post(f"{path}/approve")).status_code == 204
        entries = [
            (one["action"], one["subject"], one["before"], one["after"], one["outcome"])
            for one in await running.get("audit")
            if one["action"].endswith(" agent")
        ]
        subject = f"rack1 {one.host.id}"
        assert sorted(entries) == sorted(
            [
                ("revoke agent", subject, "approved", "revoked", "done"),
                ("revoke agent", one.host.id, "", "", "refused: 409 Conflict"),
                ("approve agent", "nobody", "", "", "refused: 404 Not Found"),
                ("approve agent", subject, "revoked", "approved", "done"),
            ]
        )


@asynchronous
async def test_a_revoked_agent_that_may_ask_again_is_not_audited_as_let_in(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        one = Joiner()
        await one.join(running.tls)
        async with running.client(authorization=f"Bearer {running.token}") as client:
            for what in ("approve", "revoke", "approve"):
                assert (await client.post(f"/api/v1/enrolments/{one.host.id}/{what}")).status_code == 204
        entries = [(entry["action"], entry["before"], entry["after"]) for entry in await running.get("audit")]
        assert ("approve agent", "revoked", "waiting") in entries
        assert ("approve agent", "waiting", "approved") in entries
        assert (await one.join(running.tls)).state == "waiting"


@asynchronous
async def test_the_authority_is_shown_to_whoever_is_to_trust_it(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        found = await running.get("authority")
        assert found["fingerprint"] == running.ready.authority
        assert sha256(ssl.PEM_cert_to_DER_cert(found["certificate"])).hexdigest() == found["fingerprint"]
        assert found["regions"] == [running.tls]


@asynchronous
async def test_the_live_feed_carries_enrolments(tmp_path):
    import msgspec

    async with region(tmp_path, listen=TLS) as running, running.live() as live:
        one = Joiner()
        await one.join(running.tls)
        while True:
            message = msgspec.json.decode(await live.recv())
            if message["type"] == "enrolments" and message["enrolments"]:
                break
        assert message["enrolments"] == await running.get("enrolments")
