"""Who may use the API."""

from __future__ import annotations

import asyncio
import functools
import stat

import pytest

from bellrock.model import Monotonic, Wall
from bellrock.region.errors import RegionError
from bellrock.region.service import Access, TooManyFailures
from bellrock.region.service import access as module
from bellrock.region.store import open_store

NOW, MONO = Wall(1000.0), Monotonic(50.0)


def with_access(test):
    @functools.wraps(test)
    def run(tmp_path, monkeypatch) -> None:
        async def inside() -> None:
            store = await open_store(tmp_path / "region.sqlite")
            try:
                await test(Access(store), store, tmp_path, monkeypatch)
            finally:
                await store.close()

        asyncio.run(inside())

    del run.__wrapped__  # pytest asks for the arguments of `run`, not of the test inside
    return run


@with_access
async def test_login_logout_and_expiry(access, store, directory, monkeypatch):
    token = await access.start(directory, NOW)
    session = await access.login(token, NOW, MONO)
    assert session is not None
    assert access.has_session(session, NOW)
    assert await access.login(token, NOW, MONO) is None
    assert not access.has_session(session, Wall(NOW + module.SESSION_LIFE))
    assert not access.has_session("", NOW)
    await access.logout(session, NOW)
    assert not access.has_session(session, NOW)
    assert await access.login(await access.new_login(NOW), Wall(NOW + module.LOGIN_LIFE), MONO) is None


@with_access
async def test_a_restart_keeps_sessions_and_the_api_token(access, store, directory, monkeypatch):
    first = await access.start(directory, NOW)
    spare = await access.new_login(NOW)
    session = await access.login(first, NOW, MONO)
    token = (directory / "api-token").read_text().strip()
    again = Access(store)
    await again.start(directory, NOW)
    assert again.has_session(session, NOW)
    assert again.is_api_token(token)
    assert not again.is_api_token(token + "x")
    assert await again.login(spare, NOW, MONO) is None, "a restart voids the login tokens of before"


@with_access
async def test_too_many_failures(access, store, directory, monkeypatch):
    token = await access.start(directory, NOW)
    for _ in range(module.FAILURES[0]):
        assert await access.login("guess", NOW, MONO) is None
    with pytest.raises(TooManyFailures, match="try again in 6 s"):
        await access.login("guess", NOW, MONO)
    assert await access.login(token, NOW, MONO) is not None, "whoever knows the token is not locked out by who guesses"
    with pytest.raises(TooManyFailures):
        await access.login(token, NOW, MONO)
    assert await access.login("guess", NOW, Monotonic(MONO + 7)) is None


@with_access
async def test_sessions_are_bounded_the_oldest_ends(access, store, directory, monkeypatch):
    monkeypatch.setattr(module, "MAX_SESSIONS", 2)
    await access.start(directory, NOW)
    sessions = []
    for number in range(3):
        now = Wall(NOW + number)
        sessions.append(await access.login(await access.new_login(now), now, MONO))
    assert [access.has_session(one, Wall(NOW + 3)) for one in sessions] == [False, True, True]


@pytest.mark.parametrize("content", ["", "short", "é" * 40])
def test_an_unusable_api_token_is_made_anew(tmp_path, content):
    path = tmp_path / "api-token"
    path.write_text(content)
    path.chmod(0o600)
    made = module._api_token(path)
    assert made == path.read_text().strip() != content
    assert len(made) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert module._api_token(path) == made


def test_an_api_token_that_others_could_read_is_made_anew(tmp_path):
    path = tmp_path / "api-token"
    made = module._api_token(path)
    path.chmod(0o644)
    assert module._api_token(path) != made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_api_token_is_not_followed_elsewhere(tmp_path):
    (tmp_path / "elsewhere").write_text("x" * 50)
    (tmp_path / "api-token").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegionError, match="api-token: Too many levels of symbolic links; the API token"):
        module._api_token(tmp_path / "api-token")
