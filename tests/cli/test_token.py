"""`bellrock token`, against a region that serves."""

import json
import socket

from tests.cli.people import asked


def test_from_new_to_revoked(tmp_path):
    with asked(tmp_path) as run:
        (own,) = json.loads(run("token", "list", "--json").stdout)
        assert (own["role"], own["expires"], own["name"].partition(":")[0]) == ("admin", None, socket.gethostname())
        assert run("token", "list").stdout.rstrip().endswith("no end"), "nobody has revoked it"
        done = run("token", "new", "grafana", "--role", "operator", "--days", "3")
        token = done.stdout.strip()
        assert token.startswith("bellrock_"), "alone on stdout"
        assert "grafana (t-" in done.stderr
        assert "): operator until 2" in done.stderr
        kept = tmp_path / "token"
        kept.write_text(token)
        assert "fabrics" in run("topology", "show", "--json", BELLROCK_TOKEN_FILE=str(kept)).stdout
        listed = run("token", "list").stdout
        assert token not in listed
        assert listed.rstrip().splitlines()[-1].split()[1:4] == ["grafana", "operator", "-"]
        _, row = json.loads(run("token", "list", "--json").stdout)
        assert (row["name"], row["role"], row["owner"]) == ("grafana", "operator", "")
        assert run("token", "revoke", "grafana").stdout == "grafana is revoked\n"
        assert (
            f"the token in {kept} does not count, or no longer; `bellrock token new"
            in run("topology", "show", code=3, BELLROCK_TOKEN_FILE=str(kept)).stderr
        )


def test_json_and_what_will_not_do(tmp_path):
    with asked(tmp_path) as run:
        made = json.loads(run("token", "new", "a", "--json").stdout)
        assert made.keys() == {"id", "token", "expires"}
        assert json.loads(run("token", "revoke", made["id"], "--json").stdout) == {"token": made["id"], "revoked": True}
        for code, line, *arguments in (
            (1, "Error: a: there is no such token; `bellrock token list` shows them\n", "revoke", "a"),
            (1, "Error: ../users: there is no such token;", "revoke", "../users"),
            (2, "ID is empty;", "revoke", " "),
            (2, "1<=x<=3650", "new", "a", "--days", "0"),
            (2, "Invalid value for '--role'", "new", "a", "--role", "root"),
            (2, "printable characters", "new", "\x01"),
        ):
            assert line in run("token", *arguments, code=code).stderr


def test_a_name_that_would_be_a_path_is_revoked_as_well(tmp_path):
    with asked(tmp_path) as run:
        for name in ("a/b", ".."):
            run("token", "new", name)
            assert run("token", "revoke", name).stdout == f"{name} is revoked\n"
            assert f"Error: {name}: there is no such token" in run("token", "revoke", name, code=1).stderr
        (own,) = json.loads(run("token", "list", "--json").stdout)
        assert "there is no such token" in run("token", "revoke", own["name"], code=1).stderr, "by its id alone"


def test_a_state_directorys_token_is_revoked_by_its_id(tmp_path):
    with asked(tmp_path) as run:
        (own,) = json.loads(run("token", "list", "--json").stdout)
        assert own["id"] in run("token", "list").stdout
        assert run("token", "revoke", own["id"]).stdout == f"{own['id']} is revoked\n"
        assert run("token", "list", code=3).stderr
