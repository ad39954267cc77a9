"""`bellrock db`, as its user sees it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from bellrock.cli.db import TOLD, db
from bellrock.model import Wall
from bellrock.region.store import SessionRow, open_store
from bellrock.region.store.reading import newest


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(db, [str(word) for word in words], env={"BELLROCK_DATABASE": ""})
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.output


@pytest.fixture
def path(tmp_path):
    """A store with a session of nobody in it."""
    found = tmp_path / "a.sqlite"

    async def make() -> None:
        store = await open_store(found)
        await store.people.put_session(
            SessionRow(hash="s", user="", created=Wall(1.0), expires=Wall(9e9)), [], Wall(1.0)
        )
        await store.close()

    asyncio.run(make())
    return found


def test_from_a_file_to_a_server_and_back(path, tmp_path, postgres):
    url = postgres.empty()
    assert run("migrate", "--database", url) == f"{url.partition('?')[0]}: empty -> schema {newest()}\n"
    assert run("migrate", "--database", url) == f"{url.partition('?')[0]} has schema {newest()} already\n"
    assert run("export", tmp_path / "x", "--database", path).startswith("1 rows of ")
    assert json.loads(run("import", tmp_path / "x", "--database", url, "--json"))["rows"]["sessions"] == 1
    assert run("check", "--database", url) == f"nothing is wrong with {url.partition('?')[0]}\n"
    run("export", tmp_path / "y", "--database", url)
    assert " read from " in run("import", tmp_path / "y", "--database", tmp_path / "b.sqlite")
    with closing(sqlite3.connect(tmp_path / "b.sqlite")) as found:
        assert found.execute("SELECT hash FROM sessions").fetchall() == [("s",)]
    postgres.drop(url)


def test_the_store_of_the_state_directory_is_meant_without_a_database(tmp_path):
    told = json.loads(run("migrate", "--state-dir", tmp_path, "--json"))
    assert told == {"database": f"{tmp_path}/region/region.sqlite", "before": "", "after": newest()}
    assert "nothing is wrong" in run("check", "--state-dir", tmp_path)


def test_problems_are_lines_and_the_answer_is_no(path):
    with closing(sqlite3.connect(path)) as found:
        found.execute("UPDATE sessions SET user = 'eve\x1b'")
        found.commit()
    assert run("check", "--database", path, code=1) == "sessions s: of 'eve\\x1b', who is no user\n"
    told = json.loads(run("check", "--database", path, "--json", code=1))
    assert told == {
        "database": str(path),
        "problems": [{"table": "sessions", "row": "s", "what": "of 'eve\\x1b', who is no user"}],
    }


def test_for_people_a_hundred_problems_are_enough(path):
    with closing(sqlite3.connect(path)) as found:
        for table in ("schedules", "webhooks", "sites", "findings", "diagnoses", "nodes"):
            found.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(str(number), b"{}") for number in range(30)])
        found.commit()
    lines = run("check", "--database", path, code=1).splitlines()
    assert len(lines) == TOLD + 1
    assert lines[-1] == "and 26 more; --json tells all"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check", "--database", "none.sqlite"), 3, "none.sqlite: there is no such file"),
        (("export", "x", "--database", "none.sqlite"), 3, "there is no such file"),
        (("import", "none", "--database", "x.sqlite"), 3, "none: No such file or directory"),
        (("check", "--database", "mysql://a/b"), 2, "no database that a region can use"),
        (("check", "--database", "postgresql://a:pw@h/d"), 2, "list of processes"),
        (("migrate", "--database", "postgresql:///d?host=/nowhere"), 3, "is the server running"),
        (("check", "--database", "/"), 3, "/: not a file, so not a region's database"),
        (("check", "--database", " "), 2, "the database has a blank name"),
        (("export", "-"), 2, "not to stdout"),
        (("import", "x", "--database", "none/x.sqlite"), 3, "there is no directory none; make it first"),
        (("import", "x", "--state-dir", "none/x"), 3, "there is no directory none; make it first"),
        (("migrate", "--database", "none/x.sqlite"), 3, "there is no directory none; make it first"),
        (("migrate", "--state-dir", "none/x"), 3, "there is no directory none; make it first"),
        (("migrate", "--database", "-"), 2, "and no stream"),
        (("import", "-"), 2, "not from stdin"),
        (
            ("import", __file__, "--database", "x.sqlite"),
            3,
            "no file that `bellrock db export` wrote; nothing was imported",
        ),
    ],
    ids=range(16),
)
def test_what_goes_wrong_is_one_line(tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    told = run(*words, code=code)
    assert said in told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
