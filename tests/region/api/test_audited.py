"""Every change that is asked for goes to the audit log."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bellrock.region.api import audited as module
from bellrock.region.service import Policy, Secret
from bellrock.region.service.audit import Audit
from bellrock.region.service.guesses import FREE_HERE
from tests.region.joining import TLS, Joiner
from tests.region.support import (
    SECRET,
    TurnedAway,
    agent,
    asynchronous,
    confirmed,
    host_seen,
    interface,
    region,
    stand_still,
    until,
)

WORD = "correct horse battery"
KEYS = ("kind", "who", "how", "address", "action", "subject", "before", "after", "outcome")


async def audit(running) -> list[tuple]:
    return [tuple(one[key] for key in KEYS) for one in await running.get("audit")]


@asynchronous
async def test_names_from_what_to_what(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as one:
        await one.report(1, host_seen(), interface("eth0"), confirmed("rack1/eth0", "rack2/eth0"), begin=True)
        await one.acknowledged(1)
        fabric = (await until(lambda: fabrics(running)))[0]
        async with running.client(authorization=f"Bearer {running.token}") as client:
            for name, status in (("storage", 204), ("", 400)):
                answer = await client.patch(f"/api/v1/fabrics/{fabric['id']}", json={"name": name})
                assert answer.status_code == status
            assert (await client.patch("/api/v1/vlans/none", json={"name": "x"})).status_code == 404
        before = ("change", "api token", "api-token", "127.0.0.1")
        assert await audit(running) == [
            (*before, "name VLAN", "none", "", "", "refused: 404 Not Found"),
            (*before, "name fabric", fabric["id"], "", "", "refused: 400 Bad Request"),
            (*before, "name fabric", fabric["id"], fabric["name"], "storage", "done"),
        ]


async def fabrics(running) -> list[dict]:
    return (await running.get("topology"))["fabrics"]


@asynchronous
async def test_logins_and_tries_at_them(tmp_path, monkeypatch):
    stand_still(monkeypatch)
    async with region(tmp_path) as running, running.client() as client:
        async with running.client(authorization=f"Bearer {running.token}") as admin:
            await admin.post("/api/v1/users", json={"name": "anna", "password": WORD, "role": "viewer"})
        tries = [{"user": "anna", "password": WORD}, {"token": running.ready.login_token}, {"token": "guess"},
                 {"user": "my secret password", "password": "typed in the wrong field"}]  # fmt: skip
        tries += [{"user": "Anna", "password": "guess guess"}] * (FREE_HERE + 3)
        for one in tries:
            await client.post("/api/v1/login", json=one)
        found = await audit(running)
        assert [(row[1], row[2], row[-1]) for row in reversed(found) if row[0] == "login"] == [
            ("anna", "password", "done"),
            ("one-time login", "one-time", "done"),
            ("one-time login", "one-time", "wrong"),
            ("unknown user", "password", "wrong"),
            *[("anna", "password", "wrong")] * FREE_HERE,
            ("anna", "password", "not looked at: too many failures"),  # once, however many follow
        ]
        assert "my secret password" not in str(found)


@asynchronous
async def test_who_may_not_is_written_down_and_who_is_nobody_is_not(tmp_path):
    async with region(tmp_path) as running:
        async with running.client(authorization=f"Bearer {running.token}") as client:
            token = (await client.post("/api/v1/tokens", json={"name": "t"})).json()["token"]
        async with running.client(authorization=f"Bearer {token}") as client:
            assert (await client.delete("/api/v1/users/anna")).status_code == 403
            assert (await client.post("/api/v1/hosts")).status_code == 405
            assert (await client.post("/api/v1/nothing")).status_code == 404
        async with running.client() as client:
            assert (await client.delete("/api/v1/users/anna")).status_code == 401
        found = await audit(running)
        assert found[0] == (
            "change", "token t", "token", "127.0.0.1", "remove user", "anna", "", "", "refused: 403 Forbidden",
        )  # fmt: skip
        assert len(found) == 2


@asynchronous
async def test_the_entry_is_there_before_the_answer(tmp_path, monkeypatch):
    noted, note = [], Audit.note

    async def slow(self, row):
        await asyncio.sleep(0)
        await note(self, row)
        noted.append(row.action)

    monkeypatch.setattr(Audit, "note", slow)
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        await client.post("/api/v1/login-tokens")
        assert noted == ["make one-time login"]


@asynchronous
async def test_no_secret_is_in_either_log(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        await client.post("/api/v1/users", json={"name": "anna", "password": WORD, "role": "viewer"})
        token = (await client.post("/api/v1/tokens", json={"name": "t"})).json()["token"]
        await client.post("/api/v1/login", json={"user": "anna", "password": WORD})
        async with running.client(authorization=f"Bearer {token}") as viewer:
            assert (await viewer.delete(f"/api/v1/tokens/{token}")).status_code == 403
        logged = [record.getMessage() for record in caplog.records if record.name.startswith("bellrock")]
        found = str(await audit(running)) + str(logged)
        assert "revoke token" in str(logged)
        assert not any(secret in found for secret in (WORD, token, running.token, running.ready.login_token))


def test_outcomes():
    assert [module._outcome(status) for status in (200, 204, 304, 400, 500)] == [
        "done", "done", "done", "refused: 400 Bad Request", "failed: 500 Internal Server Error",
    ]  # fmt: skip


@asynchronous
async def test_who_joined_and_who_let_him_in_or_out(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        one = Joiner()
        assert (await one.join(running.tls)).state == "waiting"
        path = f"/api/v1/enrolments/{one.host.id}"
        async with running.client(authorization=f"Bearer {running.token}") as client:
            for step, status in (("approve", 204), ("approve", 409), ("revoke", 204)):
                assert (await client.post(f"{path}/{step}")).status_code == status
        who, named = ("change", "api token", "api-token", "127.0.0.1"), f"rack1 {one.host.id}"
        assert await audit(running) == [
            (*who, "revoke agent", named, "approved", "revoked", "done"),
            (*who, "approve agent", one.host.id, "", "", "refused: 409 Conflict"),
            (*who, "approve agent", named, "waiting", "approved", "done"),
            ("login", "rack1", "secret", "127.0.0.1", "join", one.host.id, "", "waiting", "done"),
        ]


@asynchronous
async def test_who_tried_to_join_and_who_was_let_in_after_waiting(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        for _ in range(2):
            with pytest.raises(TurnedAway):
                await Joiner("guesser", join_key=bytes(32)).join(running.tls)
        one = Joiner()
        async with one.joining(running.tls) as (_, next_answer):
            async with running.client(authorization=f"Bearer {running.token}") as client:
                assert (await client.post(f"/api/v1/enrolments/{one.host.id}/approve")).status_code == 204
            assert (await next_answer()).state == "joined"
        found = [row for row in await audit(running) if row[0] == "login"]
        assert found == [
            ("login", "rack1", "secret", "127.0.0.1", "join", one.host.id, "", "joined", "done"),
            ("login", "rack1", "secret", "127.0.0.1", "join", one.host.id, "", "waiting", "done"),
            ("login", "unknown agent", "secret", "127.0.0.1", "join", "", "", "", "wrong"),
        ], "of many wrong ones, one entry now and then"


@asynchronous
async def test_secrets_that_are_replaced(tmp_path):
    held: list = []
    other = Secret("0b0b0b0b", bytes(32), bytes(range(1, 33)))
    async with region(tmp_path, made=held.append) as running:
        held[0].set_secrets((other, SECRET))
        held[0].set_secrets((other,))
        found = await until(lambda: audit(running))
        before, both = SECRET.id, f"{other.id},{SECRET.id}"
        assert [row[4:] for row in found] == [
            ("replace secrets", "", both, other.id, "done"),
            ("replace secrets", "", before, both, "done"),
        ]
