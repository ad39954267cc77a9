"""`bellrock user`, against a region that serves."""

import json

from bellrock.cli.user import ROLES
from bellrock.region.roles import UserRole
from tests.cli.people import asked

WORD = "correct horse battery"
FILE = ("--password-file", "-")


def test_the_roles_are_those_of_the_region():
    assert list(ROLES) == [str(role) for role in UserRole]


def test_from_the_first_user_to_the_last(tmp_path):
    with asked(tmp_path) as run:
        assert "No users yet; `bellrock user add NAME --role admin`." in run("user", "list").stdout
        assert run("user", "add", "anna", "--role", "admin", *FILE, given=WORD).stdout == "anna may log in, as admin\n"
        made = json.loads(run("user", "add", "bert", "--json", *FILE, given=WORD).stdout)
        assert (made["name"], made["role"]) == ("bert", "viewer")
        assert run("user", "role", "bert", "operator").stdout == "bert is operator now\n"
        assert run("user", "password", "bert", *FILE, given=f"{WORD} 2").stdout == "bert has another password now\n"
        table = run("user", "list").stdout
        assert [line.split()[:3] for line in table.rstrip().splitlines()[-2:]] == [
            ["anna", "admin", "never"], ["bert", "operator", "never"],
        ]  # fmt: skip
        assert [one["name"] for one in json.loads(run("user", "list", "--json").stdout)] == ["anna", "bert"]
        assert json.loads(run("user", "role", "bert", "viewer", "--json").stdout) == {
            "user": "bert",
            "changed": ["role"],
        }
        assert run("user", "remove", "bert").stdout == "bert is gone\n"
        assert json.loads(run("user", "add", "x@y", "--json", *FILE, given=WORD).stdout)["name"] == "x@y"
        assert json.loads(run("user", "remove", "x@y", "--json").stdout) == {"user": "x@y", "removed": True}


def test_what_will_not_do_is_one_line_and_a_code(tmp_path):
    with asked(tmp_path) as run:
        run("user", "add", "anna", "--role", "admin", *FILE, given=WORD)
        for code, line, *arguments in (
            (2, "A password has at least 8 characters.", "add", "bert", *FILE),
            (2, "there is no terminal to ask", "add", "bert"),
            (2, "Invalid value", "role", "anna", "emperor"),
            (2, "A user's name has 1 to 64 letters", "add", "a b", "--password-file", str(word_file(tmp_path))),
            (1, "There is a user anna already.", "add", "ANNA", "--password-file", str(word_file(tmp_path))),
            (1, "There is no such user.", "remove", "bert"),
            (1, "There is no such user.", "remove", "a?b"),
            (1, "There is no such user.", "role", "bert", "admin"),
            (1, "The only admin is anna; make another one first.", "remove", "anna"),
            (1, "The only admin is anna; make another one first.", "role", "anna", "viewer"),
        ):
            done = run("user", *arguments, code=code, given="short")
            assert line in done.stderr
            assert WORD not in done.output


def word_file(tmp_path):
    path = tmp_path / "word"
    path.touch(mode=0o600)
    path.write_text(WORD)
    return path


def test_a_token_that_may_not_is_told_so(tmp_path):
    with asked(tmp_path) as run:
        token = tmp_path / "token"
        token.write_text(run("token", "new", "t").stdout)
        done = run("user", "list", code=3, BELLROCK_TOKEN_FILE=str(token))
        assert "token t has the role viewer; this needs admin." in done.stderr
