"""`bellrock token`, against a region that serves."""

import json

from tests.cli.people import asked


def test_from_new_to_revoked(tmp_path):
    with asked(tmp_path) as run:
        assert run("token", "list").stdout == "No tokens.\n"
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
        (row,) = json.loads(run("token", "list", "--json").stdout)
        assert (row["name"], row["role"], row["owner"]) == ("grafana", "operator", "")
        assert run("token", "revoke", "grafana").stdout == "grafana is revoked\n"
        assert "Log in (POST /api/v1/login)" in run("topology", "show", code=3, BELLROCK_TOKEN_FILE=str(kept)).stderr


def test_json_and_what_will_not_do(tmp_path):
    with asked(tmp_path) as run:
        made = json.loads(run("token", "new", "a", "--json").stdout)
        assert made.keys() == {"id", "token", "expires"}
        assert json.loads(run("token", "revoke", made["id"], "--json").stdout) == {"token": made["id"], "revoked": True}
        for code, line, *arguments in (
            (1, "There is no such token.", "revoke", "a"),
            (2, "1<=x<=3650", "new", "a", "--days", "0"),
            (2, "Invalid value for '--role'", "new", "a", "--role", "root"),
            (2, "printable characters", "new", "\x01"),
        ):
            assert line in run("token", *arguments, code=code).stderr
