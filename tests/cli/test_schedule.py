"""`bellrock schedule`, against a region that serves."""

import json

from tests.cli.people import asked


def test_from_added_to_removed(tmp_path):
    with asked(tmp_path) as run:
        assert run("schedule", "list").stdout.startswith("No schedules")
        said = run(
            "schedule", "add", "often", "--every", "30", "--flow", "dns", "--to", "10.0.0.53", "--agent", "rack1"
        )
        assert said.stdout == "often: every 30 s\n"
        assert said.stderr == "note: no agent 'rack1' is known, and none tries this until one is; there are none\n"
        (row,) = json.loads(run("schedule", "list", "--json").stdout)
        assert (row["id"], row["every"], row["flows"], row["to"], row["agents"]) == (
            "often", 30.0, ["dns"], ["10.0.0.53"], ["rack1"]
        )  # fmt: skip
        listed = run("schedule", "list").stdout
        assert all(word in listed for word in ("often", "30 s", "rack1", "dns", "10.0.0.53", "in "))
        assert json.loads(run("schedule", "add", "all", "--json").stdout) == {
            "schedule": "all", "every": 300.0, "agents": [], "flows": [], "to": [],
        }  # fmt: skip
        assert "by the site" in run("schedule", "list").stdout
        assert run("schedule", "remove", "often").stdout == "often is removed\n"
        assert json.loads(run("schedule", "remove", "all", "--json").stdout) == {"schedule": "all", "removed": True}
        assert "There is no schedule 'often'" in run("schedule", "remove", "often", code=1).stderr


def test_what_cannot_be_kept(tmp_path):
    with asked(tmp_path) as run:
        for line, *arguments in (
            ("NAME is empty", "add", ""),
            ("is no name", "add", "a b"),
            ("10<=x<=604800", "add", "a", "--every", "1"),
            ("No probe tries 'gopher'", "add", "a", "--flow", "gopher"),
            ("Targets without flows", "add", "a", "--to", "10.0.0.1"),
            ("'-x' is no address and no name", "add", "a", "--flow", "dns", "--to", "-x"),
            ("is not a port", "add", "a", "--flow", "dns", "--to", "10.0.0.1:x"),
        ):
            assert line.lower() in run("schedule", *arguments, code=2).stderr.lower()
