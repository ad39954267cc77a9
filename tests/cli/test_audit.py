"""`bellrock audit`, against a region that serves."""

import json

from bellrock.cli.answers import Entry
from bellrock.cli.audit import change
from tests.cli.people import asked

WORD = "correct horse battery"


def test_what_was_done_is_shown_the_newest_last(tmp_path):
    with asked(tmp_path) as run:
        assert run("audit").stdout == "Nothing was changed yet, and nobody logged in.\n"
        run("user", "add", "anna", "--role", "admin", "--password-file", "-", given=WORD)
        run("user", "role", "anna", "viewer", code=1)
        run("token", "new", "t")
        lines = run("audit").stdout.rstrip().splitlines()[-3:]
        for line, words in zip(
            lines,
            (("add user", "anna", "admin", "done"), ("change user", "admin → viewer", "refused: 409 Conflict"),
             ("make token", "viewer for 90 days", "done")),
            strict=True,
        ):  # fmt: skip
            assert all(word in line for word in ("api token", "127.0.0.1", *words)), line
        found = json.loads(run("audit", "--json", "--limit", "1").stdout)
        assert [one["action"] for one in found] == ["make token"]
        found = json.loads(run("audit", "--json", "--before", str(found[0]["id"])).stdout)
        assert [one["action"] for one in found] == ["change user", "add user"]
        assert WORD not in json.dumps(found)


def test_a_limit_that_is_none(tmp_path):
    with asked(tmp_path) as run:
        assert "1<=x<=1000" in run("audit", "--limit", "0", code=2).stderr


def test_changes():
    entry = {
        "id": 1,
        "at": 0.0,
        "kind": "change",
        "who": "a",
        "how": "b",
        "address": "c",
        "action": "d",
        "subject": "e",
    }
    for before, after, text in (("a", "b", "a → b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")):
        assert change(Entry(**entry, before=before, after=after, outcome="done")) == text
