"""`bellrock firewall check` on files of JSON, and the shape that stays fixed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli.root import cli

SITE = str(Path(__file__).parents[2] / "examples" / "site.toml")


def ruleset(path: Path, *statements: object, hook: str = "forward", policy: str = "drop") -> str:
    chain = {"family": "inet", "table": "t", "name": "f", "type": "filter", "hook": hook, "prio": 0, "policy": policy}
    rule = {"family": "inet", "table": "t", "chain": "f", "handle": 4, "expr": list(statements)}
    path.write_text(json.dumps({"nftables": [{"chain": chain}, *([{"rule": rule}] if statements else [])]}))
    return str(path)


def check(*arguments: str):
    return CliRunner().invoke(cli, ["firewall", "check", "--site", SITE, *arguments], standalone_mode=True)


def test_all_that_is_needed_passes(tmp_path):
    done = check("--ruleset", ruleset(tmp_path / "r", policy="accept"))
    assert done.exit_code == 0, done.output
    assert "everything is as the site wants it" in done.output


def test_what_blocks_is_named(tmp_path):
    done = check("--ruleset", ruleset(tmp_path / "r"))
    assert done.exit_code == 1
    assert "policy drop of inet t f" in done.output
    assert "blocked" in done.output


def test_what_cannot_be_told_is_named(tmp_path):
    done = check("--ruleset", ruleset(tmp_path / "r", {"queue": {"num": 3}}))
    assert done.exit_code == 3
    assert "queue num 3" in done.output


def test_json(tmp_path):
    tcp = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 80}}
    done = check("--ruleset", ruleset(tmp_path / "r", tcp, {"accept": None}), "--json", "--wider-limit", "1")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert {"flows", "wider", "dead", "shadowed"} <= set(found)
    assert {"flow", "source", "destination", "direction", "verdict", "rules", "missing"} <= set(found["flows"][0])
    assert {one["verdict"] for one in found["flows"]} <= {"passes", "blocked", "partly", "unknown"}
    assert len(found["wider"]) == 1


@pytest.mark.parametrize(
    ("hook", "arguments", "code", "said"),
    [
        ("input", (), 2, "no forward chain"),
        ("forward", ("--for", "nobody"), 2, "--for"),
        ("forward", ("--wider-limit", "-1"), 2, "wider-limit"),
    ],
)
def test_usage(tmp_path, hook, arguments, code, said):
    done = check("--ruleset", ruleset(tmp_path / "r", hook=hook), *arguments)
    assert done.exit_code == code
    assert said in done.output


def test_a_ruleset_that_is_not_there():
    assert check("--ruleset", "/nowhere/at/all").exit_code == 3
