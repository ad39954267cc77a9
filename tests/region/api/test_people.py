"""Users, tokens and the audit log, over HTTP."""

from __future__ import annotations

import contextlib
from contextlib import asynccontextmanager

import msgspec
import pytest

from bellrock.region.api.people import AuditView, TokenView, UserView
from tests.region.support import asynchronous, region

OWN = {"X-Bellrock": "1"}
WORD, OTHER = "correct horse battery", "staple staple staple"


@asynccontextmanager
async def asking(state_dir):
    """A region, and a client with its API token."""
    async with region(state_dir) as running, running.client(authorization=f"Bearer {running.token}") as client:
        yield running, client


async def add(client, name="anna", role="operator"):
    answer = await client.post("/api/v1/users", json={"name": name, "password": WORD, "role": role})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def entries(client, **parameters):
    """The audit log's (who, action, subject, before, after, outcome), the newest first."""
    found = (await client.get("/api/v1/audit", params=parameters)).json()
    return [tuple(one[key] for key in ("who", "action", "subject", "before", "after", "outcome")) for one in found]


@asynchronous
async def test_users(tmp_path):
    async with asking(tmp_path) as (running, client), running.client() as browser:
        made = await add(client, "Anna", "admin")
        assert (made["name"], made["role"], made["seen"], made["sessions"]) == ("Anna", "admin", None, 0)
        await add(client, "bert", "viewer")
        await browser.post("/api/v1/login", json={"user": "bert", "password": WORD})
        listed = (await client.get("/api/v1/users")).json()
        found = msgspec.convert(listed, list[UserView])
        assert [(one.name, one.role, one.sessions) for one in found] == [("Anna", "admin", 0), ("bert", "viewer", 1)]
        assert "hash" not in listed[0]
        assert (await client.patch("/api/v1/users/bert", json={"role": "operator"})).status_code == 204
        assert (await browser.get("/api/v1/me")).status_code == 401, "the session has ended"
        both = {"role": "viewer", "password": OTHER}
        assert (await client.patch("/api/v1/users/BERT", json=both)).status_code == 204
        assert (await browser.post("/api/v1/login", json={"user": "bert", "password": OTHER})).status_code == 204
        assert (await browser.get("/api/v1/me")).json()["role"] == "viewer"
        assert (await client.delete("/api/v1/users/bert")).status_code == 204
        assert (await browser.get("/api/v1/me")).status_code == 401
        assert [one["name"] for one in (await client.get("/api/v1/users")).json()] == ["Anna"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("POST", "users", {"name": "a b", "password": WORD, "role": "viewer"}, 400, "A user's name has 1 to 64"),
        ("POST", "users", {"name": "b", "password": "short", "role": "viewer"}, 400, "A password has at least 8"),
        ("POST", "users", {"name": "ANNA", "password": WORD, "role": "viewer"}, 409, "There is a user anna already."),
        ("POST", "users", {"name": "b", "password": WORD, "role": "emperor"}, 400, "role"),
        ("POST", "users", {"name": "b"}, 400, "password"),
        ("PATCH", "users/anna", {}, 400, "Send a role, a password, or both."),
        ("PATCH", "users/anna", {"role": "viewer"}, 409, "The only admin is anna; make another one first."),
        ("PATCH", "users/anna", {"password": "short"}, 400, "A password has at least 8"),
        ("PATCH", "users/bert", {"role": "viewer"}, 404, "There is no such user."),
        ("DELETE", "users/bert", None, 404, "There is no such user."),
        ("DELETE", "users/anna", None, 409, "The only admin is anna; make another one first."),
        ("POST", "tokens", {"name": "\x00"}, 400, "A token's name has 1 to 64 printable characters."),
        ("POST", "tokens", {"name": "x", "days": 0}, 400, "days"),
        ("POST", "tokens", {"name": "x", "days": 4000}, 400, "days"),
        ("POST", "tokens", {"name": "x", "role": "root"}, 400, "role"),
        ("DELETE", "tokens/t-1", None, 404, "There is no such token."),
        ("GET", "audit?limit=0", None, 400, "limit"),
        ("GET", "audit?limit=1001", None, 400, "limit"),
        ("GET", "audit?before=-1", None, 400, "before"),
        ("GET", "audit?before=x", None, 400, "before"),
    ],
)
def test_what_will_not_do(tmp_path, method, path, body, status, detail):
    @asynchronous
    async def ask() -> None:
        async with asking(tmp_path) as (_, client):
            await add(client, "anna", "admin")
            answer = await client.request(method, f"/api/v1/{path}", json=body)
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert detail.lower() in answer.json()["detail"].lower()
            assert WORD not in answer.text

    ask()


@asynchronous
async def test_tokens(tmp_path):
    async with asking(tmp_path) as (running, client):
        answer = await client.post("/api/v1/tokens", json={"name": "grafana", "role": "viewer", "days": 2})
        assert answer.status_code == 201
        made = answer.json()
        assert made["token"].startswith("bellrock_")
        async with running.client(authorization=f"Bearer {made['token']}") as program:
            me = (await program.get("/api/v1/me")).json()
            assert (me["user"], me["role"], me["how"]) == ("token grafana", "viewer", "token")
            own, row = msgspec.convert((await client.get("/api/v1/tokens")).json(), list[TokenView])
            assert (own.id[:4], own.role, own.owner, own.expires, own.used) == ("api-", "admin", "", None, None)
            assert (row.id, row.name, row.role, row.owner) == (made["id"], "grafana", "viewer", "")
            assert row.expires - row.created == 2 * 86400
            assert row.used is not None
            assert made["token"] not in (await client.get("/api/v1/tokens")).text
            assert (await client.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
            assert (await program.get("/api/v1/me")).status_code == 401
        for _ in range(2):
            await client.post("/api/v1/tokens", json={"name": "twins"})
        answer = await client.delete("/api/v1/tokens/twins")
        assert (answer.status_code, "2 tokens have that name" in answer.text) == (409, True)


@asynchronous
async def test_a_users_tokens_may_no_more_than_the_user_and_go_with_him(tmp_path):
    async with asking(tmp_path) as (running, client), running.client() as browser:
        await add(client, "boss", "admin")
        await add(client, "anna", "admin")
        await browser.post("/api/v1/login", json={"user": "anna", "password": WORD})
        made = (await browser.post("/api/v1/tokens", json={"name": "t", "role": "admin"}, headers=OWN)).json()
        assert (await client.get("/api/v1/tokens")).json()[1]["owner"] == "anna"
        async with running.client(authorization=f"Bearer {made['token']}") as program:
            assert (await program.get("/api/v1/me")).json()["role"] == "admin"
            await client.patch("/api/v1/users/anna", json={"role": "viewer"})
            assert (await program.get("/api/v1/me")).json()["role"] == "viewer"
            assert (await program.get("/api/v1/audit")).status_code == 403
            await client.delete("/api/v1/users/anna")
            assert (await program.get("/api/v1/me")).status_code == 401
        assert (await entries(client))[0] == (
            "api token",
            "remove user",
            "anna",
            "viewer",
            "gone, with 1 tokens",
            "done",
        )


@asynchronous
async def test_a_token_that_a_token_made_goes_with_the_same_user(tmp_path):
    async with asking(tmp_path) as (running, client), running.client() as browser:
        await add(client, "boss", "admin")
        await add(client, "anna", "admin")
        await browser.post("/api/v1/login", json={"user": "anna", "password": WORD})
        first = (await browser.post("/api/v1/tokens", json={"name": "t", "role": "admin"}, headers=OWN)).json()
        async with running.client(authorization=f"Bearer {first['token']}") as program:
            body = {"name": "u", "role": "admin", "days": 3650}
            second = (await program.post("/api/v1/tokens", json=body)).json()
        assert second["expires"] == first["expires"]
        assert [row["owner"] for row in (await client.get("/api/v1/tokens")).json()] == ["", "anna", "anna"]
        async with running.client(authorization=f"Bearer {second['token']}") as program:
            assert (await program.get("/api/v1/me")).json()["role"] == "admin"
            await client.patch("/api/v1/users/anna", json={"role": "viewer"})
            assert (await program.get("/api/v1/me")).json()["role"] == "viewer"
            await client.delete("/api/v1/users/anna")
            assert (await program.get("/api/v1/me")).status_code == 401


@asynchronous
async def test_a_token_that_is_revoked_while_it_asks_makes_none(tmp_path):
    made = []
    async with region(tmp_path, made=made.append) as running, contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(running.client(authorization=f"Bearer {running.token}"))
        first = (await client.post("/api/v1/tokens", json={"name": "t", "role": "admin"})).json()
        program = await stack.enter_async_context(running.client(authorization=f"Bearer {first['token']}"))
        made[0].access.tokens.find = lambda _: None
        answer = await program.post("/api/v1/tokens", json={"name": "u", "role": "admin"})
        assert (answer.status_code, answer.json()["detail"]) == (403, "The token that asks was revoked meanwhile.")


@asynchronous
async def test_the_audit_log_tells_what_was_and_what_is(tmp_path):
    async with asking(tmp_path) as (_, client):
        await add(client, "anna", "admin")
        await client.patch("/api/v1/users/anna", json={"role": "viewer", "password": OTHER})
        await client.patch("/api/v1/users/anna", json={"role": "viewer"})
        token = (await client.post("/api/v1/tokens", json={"name": "t"})).json()
        await client.delete(f"/api/v1/tokens/{token['token']}")
        await client.delete(f"/api/v1/tokens/{token['id']}")
        await client.post("/api/v1/login-tokens")
        name = f"{token['id']} t"
        assert await entries(client) == [
            ("api token", "make one-time login", "", "", "", "done"),
            ("api token", "revoke token", name, "viewer", "revoked", "done"),
            ("api token", "revoke token", "", "", "", "refused: 404 Not Found"),
            ("api token", "make token", name, "", "viewer for 90 days", "done"),
            ("api token", "change user", "anna", "admin", "viewer", "refused: 409 Conflict"),
            ("api token", "change user", "anna", "admin", "viewer, another password", "refused: 409 Conflict"),
            ("api token", "add user", "anna", "", "admin", "done"),
        ]
        newest = (await client.get("/api/v1/audit", params={"limit": 2})).json()
        assert len(newest) == 2
        assert len(await entries(client, before=newest[-1]["id"])) == 5
        msgspec.convert(newest, list[AuditView])
        everything = (await client.get("/api/v1/audit")).text
        assert not any(secret in everything for secret in (WORD, OTHER, token["token"]))


@asynchronous
async def test_a_change_that_is_refused_changes_nothing(tmp_path):
    async with asking(tmp_path) as (running, client), running.client() as browser:
        await add(client, "anna", "admin")
        assert (await client.patch("/api/v1/users/anna", json={"role": "viewer", "password": OTHER})).status_code == 409
        said = {"user": "anna", "password": WORD}
        assert (await browser.post("/api/v1/login", json=said, headers=OWN)).status_code == 204


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("users", "A user's name has 1 to 64 letters, digits and . _ @ -, and begins with a letter or digit."),
        ("tokens", "A token's name has 1 to 64 printable characters."),
    ],
)
@pytest.mark.parametrize("name", ["", "x" * 65])
@asynchronous
async def test_a_name_that_will_not_do_is_told_in_words(tmp_path, path, said, name):
    async with asking(tmp_path) as (_, client):
        body = {"name": name, "role": "viewer", **({"password": WORD} if path == "users" else {})}
        answer = await client.post(f"/api/v1/{path}", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (400, said)
