"""Coming in and going out."""

from __future__ import annotations

import ssl
from types import SimpleNamespace

import httpx
import pytest

from bellrock.region.service.access import Access
from bellrock.region.service.guesses import FREE_HERE
from tests.region.joining import TLS
from tests.region.support import asynchronous, region, stand_still

OWN = {"X-Bellrock": "1"}
WORD, OTHER = "correct horse battery", "staple staple staple"


async def add(running, name="anna", role="operator", password=WORD) -> httpx.Response:
    async with running.client(authorization=f"Bearer {running.token}") as client:
        return await client.post("/api/v1/users", json={"name": name, "password": password, "role": role})


async def enter(client, user="anna", password=WORD) -> httpx.Response:
    return await client.post("/api/v1/login", json={"user": user, "password": password})


@asynchronous
async def test_from_the_first_run_to_a_user_who_logs_in(tmp_path):
    async with region(tmp_path) as running, running.client() as client, running.client() as other:
        await client.post("/api/v1/login", json={"token": running.ready.login_token})
        me = (await client.get("/api/v1/me")).json()
        assert me == {"user": "one-time login", "role": "admin", "how": "one-time", "first_run": True}
        body = {"name": "Anna", "password": WORD, "role": "admin"}
        made = await client.post("/api/v1/users", json=body, headers=OWN)
        assert made.status_code == 201
        assert WORD not in made.text
        assert (await client.get("/api/v1/me")).json()["first_run"] is False
        assert (await enter(other, "anna")).status_code == 204
        me = (await other.get("/api/v1/me")).json()
        assert me == {"user": "Anna", "role": "admin", "how": "password", "first_run": False}
        assert (await other.post("/api/v1/logout", headers=OWN)).status_code == 204
        assert (await other.get("/api/v1/me")).status_code == 401
        assert (await client.get("/api/v1/me")).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({}, 400, "either {token} or {user, password}"),
        ({"user": "anna"}, 400, "either {token} or {user, password}"),
        ({"password": WORD}, 400, "either {token} or {user, password}"),
        ({"token": "x", "user": "anna", "password": WORD}, 400, "either {token} or {user, password}"),
        ({"token": ""}, 400, "token"),
        ({"user": "anna", "password": 5}, 400, "password"),
        ({"user": "a" * 65, "password": WORD}, 400, "user"),
        ({"user": "anna", "password": "x" * 1001}, 400, "password"),
        ({"user": "anna", "password": OTHER}, 403, "The user's name or the password is wrong."),
        ({"user": "bert", "password": WORD}, 403, "The user's name or the password is wrong."),
        ({"token": "guess"}, 403, "The login token is wrong"),
        ([], 400, ""),
        ("anna", 400, ""),
    ],
)
def test_what_is_no_login(tmp_path, body, status, detail):
    @asynchronous
    async def ask() -> None:
        async with region(tmp_path) as running, running.client() as client:
            await add(running)
            answer = await client.post("/api/v1/login", json=body)
            assert answer.status_code == status, answer.text
            assert detail in answer.json()["detail"]
            assert "set-cookie" not in answer.headers
            assert WORD not in answer.text

    ask()


@asynchronous
async def test_a_body_that_is_no_unicode_is_no_login(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        for body, status in (
            (b'{"user":"a","password":"\\ud800\\ud800 xxxxxxx"}', 400),
            (b'{"user":"a","password":"\xff"}', 400),
            (b"[" * 60_000, 400),
            (b'{"user":"a","password":"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"}', 403),
        ):
            answer = await client.post("/api/v1/login", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"


@asynchronous
async def test_guesses_wait_and_a_one_time_login_does_not(tmp_path, monkeypatch):
    stand_still(monkeypatch)
    async with region(tmp_path) as running, running.client() as client:
        await add(running)
        statuses = [(await enter(client, password=f"guess number {number}")).status_code for number in range(FREE_HERE)]
        assert statuses == [403] * FREE_HERE
        answer = await enter(client)
        assert answer.status_code == 429, "right or wrong: it is not looked at"
        assert int(answer.headers["retry-after"]) >= 1
        token = {"token": running.ready.login_token}
        assert (await client.post("/api/v1/login", json=token)).status_code == 204


def cookie_of(answer: httpx.Response) -> list[str]:
    return [part.strip().lower() for part in answer.headers["set-cookie"].split(";")]


@asynchronous
async def test_cookies_over_plain_http(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        await add(running)
        name, *attributes = cookie_of(await enter(client))
        assert name.startswith("bellrock_session=")
        assert set(attributes) == {"httponly", "samesite=strict", "path=/", "max-age=604800"}
        gone = await client.post("/api/v1/logout", headers=OWN)
        assert cookie_of(gone)[0] in ('bellrock_session=""', "bellrock_session=")
        assert "max-age=0" in cookie_of(gone)


@asynchronous
async def test_a_browser_that_logs_in_anew_is_no_longer_who_it_was(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        await add(running)
        before = (await client.post("/api/v1/login", json={"token": running.ready.login_token})).cookies
        assert (await enter(client)).status_code == 204
        assert (await client.get("/api/v1/me")).json()["user"] == "anna"
        async with running.client(cookie=f"bellrock_session={before['bellrock_session']}") as old:
            assert (await old.get("/api/v1/me")).status_code == 401


@asynchronous
async def test_changing_ones_own_password(tmp_path, monkeypatch):
    stand_still(monkeypatch)
    async with region(tmp_path) as running, running.client() as client, running.client() as other:
        await add(running)
        await enter(client)
        await enter(other)
        path = "/api/v1/me/password"
        for body, status, detail in (
            ({"old": OTHER, "new": WORD}, 403, "The old password is wrong."),
            ({"old": WORD, "new": "short"}, 400, "at least 8 characters"),
            ({"old": WORD}, 400, "new"),
        ):
            answer = await client.post(path, json=body, headers=OWN)
            assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text
        assert (await client.post(path, json={"old": WORD, "new": OTHER})).status_code == 403, "the header is missing"
        assert (await client.post(path, json={"old": WORD, "new": OTHER}, headers=OWN)).status_code == 204
        assert (await client.get("/api/v1/me")).json()["user"] == "anna", "this session is made anew"
        assert (await other.get("/api/v1/me")).status_code == 401, "the others end"
        assert (await enter(other)).status_code == 403
        assert (await enter(other, password=OTHER)).status_code == 204
        async with running.client(authorization=f"Bearer {running.token}") as api:
            answer = await api.post(path, json={"old": WORD, "new": OTHER})
            assert (answer.status_code, "api token has no password" in answer.text) == (403, True)
        for _ in range(FREE_HERE):
            await client.post(path, json={"old": "guess guess", "new": WORD}, headers=OWN)
        answer = await client.post(path, json={"old": OTHER, "new": WORD}, headers=OWN)
        assert answer.status_code == 429
        assert "retry-after" in answer.headers


@asynchronous
async def test_changing_the_password_of_a_user_who_is_removed_meanwhile(tmp_path, monkeypatch):
    async with region(tmp_path) as running, running.client() as client:
        await add(running)
        await enter(client)

        async def right(*_):
            async with running.client(authorization=f"Bearer {running.token}") as api:
                assert (await api.delete("/api/v1/users/anna")).status_code == 204
            return True

        monkeypatch.setattr(Access, "knows", right)
        answer = await client.post("/api/v1/me/password", json={"old": WORD, "new": OTHER}, headers=OWN)
        assert (answer.status_code, "was removed meanwhile" in answer.text) == (403, True)


@asynchronous
async def test_only_the_api_token_hands_out_one_time_logins(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        await add(running, role="admin")
        await enter(client)
        answer = await client.post("/api/v1/login-tokens", headers=OWN)
        assert (answer.status_code, answer.json()["detail"]) == (
            403, "Only the holder of the API token may hand out login tokens.",
        )  # fmt: skip


@asynchronous
async def test_another_sites_page_cannot_log_anybody_in(tmp_path):
    async with region(tmp_path) as running, running.client(origin="http://evil.example") as client:
        answer = await client.post("/api/v1/login", json={"token": running.ready.login_token})
        assert (answer.status_code, "another site" in answer.text) == (403, True)


def remote(monkeypatch, scheme="http", client=("192.0.2.1", 5)):
    """Let every request come from another machine."""
    from bellrock.region.api.headers import SecurityHeaders

    passed = SecurityHeaders.__call__

    async def call(self, scope, receive, send):
        await passed(self, scope | {"client": client, "scheme": scheme}, receive, send)

    monkeypatch.setattr(SecurityHeaders, "__call__", call)
    return SimpleNamespace(scheme=scheme)


@asynchronous
async def test_from_another_machine_over_plain_http_neither_passwords_nor_tokens_are_taken(tmp_path, monkeypatch):
    async with region(tmp_path) as running:
        await add(running)
        async with running.client(authorization=f"Bearer {running.token}") as client:
            made = (await client.post("/api/v1/tokens", json={"name": "t"})).json()["token"]
        remote(monkeypatch)
        async with running.client() as client:
            answer = await enter(client)
            assert (answer.status_code, "over TLS or on the region's own machine" in answer.text) == (403, True)
            for token in (running.token, made):
                headers = {"Authorization": f"Bearer {token}"}
                assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
            # A session of a one-time token is what a lab's page without TLS has.
            assert (await client.post("/api/v1/login", json={"token": running.ready.login_token})).status_code == 204
            body = {"name": "bert", "password": WORD, "role": "viewer"}
            answer = await client.post("/api/v1/users", json=body, headers=OWN)
            assert (answer.status_code, "over plain HTTP" in answer.text) == (403, True)


@asynchronous
async def test_from_another_machine_over_tls(tmp_path, monkeypatch):
    async with region(tmp_path) as running:
        await add(running)
        async with running.client(authorization=f"Bearer {running.token}") as client:
            made = (await client.post("/api/v1/tokens", json={"name": "t"})).json()["token"]
        remote(monkeypatch, scheme="https")
        async with running.client() as client:
            for token, status in ((running.token, 401), (made, 200)):
                headers = {"Authorization": f"Bearer {token}"}
                assert (await client.get("/api/v1/me", headers=headers)).status_code == status
            answer = await enter(client)
            assert answer.status_code == 204
            name, *attributes = cookie_of(answer)
            assert name.startswith("__host-bellrock_session=")
            assert set(attributes) == {"httponly", "samesite=strict", "path=/", "max-age=604800", "secure"}
            value = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
            for cookie, status in (("__Host-bellrock_session", 200), ("bellrock_session", 401)):
                headers = {"Cookie": f"{cookie}={value}"}
                assert (await client.get("/api/v1/me", headers=headers)).status_code == status


@asynchronous
async def test_over_real_tls(tmp_path):
    async with region(tmp_path, listen=TLS) as running:
        await add(running)
        trust = ssl.create_default_context(cadata=(await running.get("authority"))["certificate"])
        trust.minimum_version = ssl.TLSVersion.TLSv1_3
        async with httpx.AsyncClient(base_url=running.tls, verify=trust, trust_env=False) as client:
            assert (await client.get("/api/v1/me")).status_code == 401
            answer = await enter(client)
            assert answer.status_code == 204
            assert "secure" in cookie_of(answer)
            assert cookie_of(answer)[0].startswith("__host-bellrock_session=")
            assert (await client.get("/api/v1/me")).json()["user"] == "anna"
            assert (await client.post("/api/v1/logout")).status_code == 403, "the header is missing"
            own = OWN | {"Origin": running.tls}
            assert (await client.post("/api/v1/logout", headers=own)).status_code == 204
            assert (await client.get("/api/v1/me")).status_code == 401
