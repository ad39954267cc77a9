"""Who may use the API."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import stat
from contextlib import closing

import pytest

from bellrock.model import Monotonic, Wall
from bellrock.region.errors import RegionError
from bellrock.region.roles import Caller, How, UserRole
from bellrock.region.service import Access, TooManyFailures
from bellrock.region.service import access as module
from bellrock.region.service import sessions as sessions_module
from bellrock.region.service.guesses import FREE_HERE
from bellrock.region.store import StoreError, open_store
from tests.region.service.hasher import cheap

NOW, MONO = Wall(1000.0), Monotonic(50.0)
HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"
WORD, OTHER = "correct horse battery", "staple staple staple"
ADMIN = UserRole.ADMIN


def with_access(test):
    @functools.wraps(test)
    def run(tmp_path, monkeypatch) -> None:
        async def inside() -> None:
            store = await open_store(tmp_path / "region.sqlite")
            try:
                await test(Access(store, cheap()), store, tmp_path, monkeypatch)
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
    caller = access.by_session(session, NOW)
    assert (caller.user, caller.role, caller.how) == ("one-time login", ADMIN, How.ONE_TIME)
    assert await access.login(token, NOW, MONO) is None
    assert access.by_session(session, Wall(NOW + module.SESSION_LIFE)) is None
    assert access.by_session("", NOW) is None
    await access.logout("another", NOW)
    assert access.by_session(session, NOW) == caller
    await access.logout(session, NOW)
    assert access.by_session(session, NOW) is None
    assert await access.login(await access.new_login(NOW), Wall(NOW + module.LOGIN_LIFE), MONO) is None


@with_access
async def test_a_restart_keeps_users_sessions_tokens_and_the_api_token(access, store, directory, monkeypatch):
    first = await access.start(directory, NOW)
    spare = await access.new_login(NOW)
    await access.users.add("anna", WORD, UserRole.OPERATOR, NOW)
    one_time = await access.login(first, NOW, MONO)
    session = await access.sign_in("anna", WORD, HERE, NOW, MONO)
    _, program = await access.tokens.add("grafana", UserRole.VIEWER, 1, "anna", NOW)
    token = (directory / "api-token").read_text().strip()
    again = Access(store, cheap())
    await again.start(directory, NOW)
    assert again.by_session(one_time, NOW).role is ADMIN
    assert again.by_session(session, NOW).user == "anna"
    assert again.by_token(program, NOW, local=True, secure=False).role is UserRole.VIEWER
    assert again.is_api_token(token)
    assert not again.is_api_token(token + "x")
    assert await again.sign_in("anna", WORD, HERE, NOW, MONO)
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
async def test_a_password_makes_a_session_of_its_user(access, store, directory, monkeypatch):
    await access.start(directory, NOW)
    await access.users.add("anna", WORD, UserRole.OPERATOR, NOW)
    session = await access.sign_in("Anna", WORD, HERE, NOW, MONO)
    caller = access.by_session(session, NOW)
    assert (caller.user, caller.role, caller.how) == ("anna", UserRole.OPERATOR, How.PASSWORD)
    assert await access.sign_in("anna", OTHER, HERE, NOW, MONO) is None
    assert await access.sign_in("nobody", WORD, HERE, NOW, MONO) is None
    assert await access.sign_in("", WORD, HERE, NOW, MONO) is None


@with_access
async def test_who_guesses_waits_and_nobody_else(access, store, directory, monkeypatch):
    await access.start(directory, NOW)
    await access.users.add("anna", WORD, ADMIN, NOW)
    for _ in range(FREE_HERE):
        assert not await access.knows("anna", "guess", ELSEWHERE, NOW, MONO)
    with pytest.raises(TooManyFailures, match="wrong passwords from there"):
        await access.sign_in("anna", WORD, ELSEWHERE, NOW, MONO)
    assert await access.sign_in("anna", WORD, HERE, NOW, MONO), "guesses from elsewhere lock nobody out here"
    assert await access.sign_in("anna", WORD, ELSEWHERE, NOW, Monotonic(MONO + 1)), (
        "a right one is taken after the wait"
    )


@with_access
async def test_changing_or_removing_a_user_ends_the_sessions(access, store, directory, monkeypatch):
    await access.start(directory, NOW)
    await access.users.add("boss", WORD, ADMIN, NOW)
    await access.users.add("anna", WORD, UserRole.OPERATOR, NOW)
    boss = await access.sign_in("boss", WORD, HERE, NOW, MONO)
    for change in (
        lambda: access.users.change("anna", UserRole.VIEWER),
        lambda: access.users.change("anna", password=WORD),
        lambda: access.users.remove("anna"),
    ):
        session = await access.sign_in("anna", WORD, HERE, NOW, MONO)
        assert access.by_session(session, NOW)
        await change()
        assert access.by_session(session, NOW) is None
        again = Access(store, cheap())
        await again.start(directory, NOW)
        assert again.by_session(session, NOW) is None, "nor after a restart"
        assert access.by_session(boss, NOW), "others' go on"


@with_access
async def test_a_user_changed_while_logging_in_gets_no_session(access, store, directory, monkeypatch):
    await access.start(directory, NOW)
    await access.users.add("boss", WORD, ADMIN, NOW)
    await access.users.add("anna", WORD, ADMIN, NOW)
    opened = access.sessions.open

    async def meanwhile(user, now):
        secret = await opened(user, now)
        await access.users.change("anna", UserRole.VIEWER)
        return secret

    monkeypatch.setattr(access.sessions, "open", meanwhile)
    assert await access.sign_in("anna", WORD, HERE, NOW, MONO) is None
    assert access.sessions.count("anna", NOW) == 0
    monkeypatch.undo()
    monkeypatch.setattr(access, "knows", _removes(access, "anna"))
    assert await access.sign_in("anna", WORD, HERE, NOW, MONO) is None


def _removes(access, name):
    async def knows(*_):
        await access.users.remove(name)
        return True

    return knows


@with_access
async def test_a_token_whose_file_was_replaced_is_good_nowhere_though_others_share_the_store(
    access, store, directory, monkeypatch
):
    monkeypatch.setattr(store, "shared", True)
    here, there = directory / "a", directory / "b"
    here.mkdir()
    there.mkdir()
    other = Access(store, cheap())
    await access.start(here, NOW)
    await other.start(there, NOW)
    old, others = ((one / "api-token").read_text().strip() for one in (here, there))
    for rotate in (False, True):
        if rotate:
            (here / "api-token").unlink()
        await access.start(here, NOW)
        await other.refresh(NOW)
        assert other.is_api_token(old) is not rotate
        assert other.is_api_token(others)
        assert other.is_api_token((here / "api-token").read_text().strip())
    assert stat.S_IMODE((here / module.API_HASH_FILE).stat().st_mode) == 0o600


@with_access
async def test_a_revoked_api_token_is_made_anew_at_the_next_start(access, store, directory, monkeypatch):
    monkeypatch.setattr(module.socket, "gethostname", lambda: "north")
    await access.start(directory, NOW)
    old = (directory / "api-token").read_text().strip()
    (row,) = access.api_tokens.all()
    ended = []
    access.token_ended.append(lambda: ended.append("told"))
    assert (row.name, row.seen) == (f"north:{directory}", NOW)
    await access.api_tokens.revoke(row, NOW)
    assert ended == ["told"]
    assert access.by_token(old, NOW, local=True, secure=True) is None
    again = Access(store, cheap())
    await again.start(directory, NOW)
    new = (directory / "api-token").read_text().strip()
    assert new != old
    assert again.is_api_token(new)
    assert not again.is_api_token(old)


@with_access
async def test_a_hash_that_cannot_be_kept_is_told(access, store, directory, monkeypatch):
    (directory / module.API_HASH_FILE).write_bytes(b"\xff")
    await access.start(directory, NOW)
    (directory / module.API_HASH_FILE).unlink()
    (directory / module.API_HASH_FILE).symlink_to("elsewhere")
    with pytest.raises(RegionError, match="hash is kept there"):
        await access.start(directory, NOW)
    (directory / module.API_HASH_FILE).unlink()
    (directory / f"{module.API_HASH_FILE}.new").mkdir()
    with pytest.raises(RegionError, match="hash is kept there"):
        await access.start(directory, NOW)


@with_access
async def test_where_tokens_are_good(access, store, directory, monkeypatch):
    await access.start(directory, NOW)
    api = (directory / "api-token").read_text().strip()
    row, token = await access.tokens.add("grafana", UserRole.VIEWER, 1, "", NOW)
    caller = Caller("token grafana", UserRole.VIEWER, How.TOKEN, token=row.id)
    admin = Caller("api token", ADMIN, How.API_TOKEN)
    for shown, local, secure, expected in (
        (api, True, False, admin),
        (api, True, True, admin),
        (api, False, True, None),  # the file's token is of this machine
        (api, False, False, None),
        (token, True, False, caller),
        (token, False, True, caller),
        (token, False, False, None),  # others could read it
        ("", True, True, None),
        (token + "x", True, True, None),
    ):
        assert access.by_token(shown, NOW, local=local, secure=secure) == expected, (shown == api, local, secure)


@with_access
async def test_a_session_whose_user_is_gone_is_none(access, store, directory, monkeypatch):
    await access.start(directory, NOW)
    session = await access.sessions.open("ghost", NOW)
    assert access.by_session(session, NOW) is None


@with_access
async def test_sessions_are_bounded_the_oldest_ends(access, store, directory, monkeypatch):
    monkeypatch.setattr(sessions_module, "MAX_SESSIONS", 2)
    await access.start(directory, NOW)
    sessions = []
    for number in range(3):
        now = Wall(NOW + number)
        sessions.append(await access.login(await access.new_login(now), now, MONO))
    assert [bool(access.by_session(one, Wall(NOW + 3))) for one in sessions] == [False, True, True]


@with_access
async def test_a_corrupt_table_of_people_is_one_line(access, store, directory, monkeypatch):
    with closing(sqlite3.connect(directory / "region.sqlite")) as connection:
        connection.execute("INSERT INTO users VALUES ('anna', 'emperor', 'x', 1.0, NULL)")
        connection.commit()
    with pytest.raises(StoreError, match=r"region\.sqlite: corrupt: Invalid enum value 'emperor'") as caught:
        await access.start(directory, NOW)
    assert "\n" not in str(caught.value)


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
