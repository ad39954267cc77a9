"""`bellrock firewall check` on files of JSON, and the shape that stays fixed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli.root import cli
from tests.cli.terminal import on_terminal

GOLDEN = Path(__file__).parents[1] / "data" / "firewall"
RULESET = str(GOLDEN / "check-ruleset.json")
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
    assert done.stdout.startswith("18 flows: 18 pass\n")


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


@pytest.mark.parametrize("columns", [80, 120])
def test_the_report_fits_the_terminal(columns):
    arguments = (
        "firewall",
        "check",
        "--site",
        "examples/site.toml",
        "--for",
        "router",
        "--ruleset",
        "tests/data/firewall/check-ruleset.json",
    )
    lines = on_terminal(columns, *arguments, code=1, cwd=Path(__file__).parents[2])
    # What is to be copied into a file of rules is not broken.
    assert max(len(line) for line in lines if not line.startswith("    before handle")) <= columns
    golden = GOLDEN / f"check-{columns}.txt"
    assert lines == golden.read_text().splitlines(), f"{golden.name} has it otherwise"


def test_every_exchange_is_shown_on_request():
    short, whole = (check("--ruleset", RULESET, "--for", "router", *more) for more in ((), ("--all",)))
    assert (short.exit_code, whole.exit_code) == (1, 1)
    rows = json.loads(check("--ruleset", RULESET, "--json").stdout)["flows"]
    told = [line.split() for line in whole.stdout.splitlines()]
    for row in rows:
        begin = [
            row["flow"],
            row["exchange"],
            f"IPv{row['family']}",
            row["source"],
            row["destination"],
            row["direction"],
        ]
        assert any(words[:6] == begin for words in told), begin
    assert "relay-reply IPv4" not in short.stdout


def test_notes_about_wider_rules_are_for_those_who_have_some(tmp_path):
    note = "source ports and interfaces are not counted"
    closed = ruleset(tmp_path / "r")
    assert note not in check("--ruleset", closed).stderr
    assert note in check("--ruleset", closed, "--all").stderr
    assert note in check("--ruleset", ruleset(tmp_path / "o", policy="accept")).stderr


def test_of_too_wide_rules_so_many_are_told():
    told = check("--ruleset", RULESET, "--wider-limit", "2").stdout
    assert told.count(" through ") == 2
    assert "more; --wider-limit" in told
    assert " through " not in check("--ruleset", RULESET, "--wider-limit", "0").stdout


def test_the_live_rules_are_asked_for_where_no_file_is_given(monkeypatch):
    from bellrock.cli import nft

    monkeypatch.setattr(nft, "live", lambda: nft.from_file(Path(RULESET)))
    told = check("--for", "router").stdout
    assert "    nft 'insert rule inet filter forward handle 6 oifname" in told
