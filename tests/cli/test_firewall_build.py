"""`bellrock firewall build` and `explain`: rules on stdout, everything else on stderr, one line for each mistake."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli.firewall import firewall
from bellrock.firewall.compile.build import build
from bellrock.firewall.compile.explain import explain
from bellrock.firewall.compile.policy import Options
from tests.firewall.compile.terms import GOLDEN, PLACES, SMALL, small

SITE = str(GOLDEN / "small.toml")
POOR = '[role.node]\naddresses = ["10.1.0.0/24"]\n[role.rack]\naddresses = ["10.0.0.2"]\n'


def run(command, *arguments, site=SITE):
    return CliRunner().invoke(firewall, [command, "--site", str(site), *arguments])


@pytest.fixture
def poor(tmp_path):
    path = tmp_path / "poor.toml"
    path.write_text(POOR)
    return path


@pytest.mark.parametrize(
    ("places", "name"),
    [
        (["router"], "router"),
        (["bmc"], "bmc-gateway"),
        (["rack", "region"], "rack-region"),
        (["rack,region"], "rack-region"),
    ],
)
def test_rules_of_a_place(places, name):
    done = run("build", *(word for place in places for word in ("--for", place)))
    assert done.exit_code == 0
    assert done.stdout == build(SMALL, PLACES[name], "nftables", Options()).text


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--table", "mine"], Options(table="mine")),
        (["--open-output", "--no-log", "--no-helper"], Options(filter_output=False, log=False, helpers=False)),
        (["--explain"], Options(explain=True)),
    ],
)
def test_choices(words, options):
    assert run("build", "--for", "rack", *words).stdout == build(SMALL, PLACES["rack"], "nftables", options).text


def test_json_has_target_place_text_and_notices(poor):
    done = run("build", "--for", "rack", "--target", "iptables", "--json", site=poor)
    found = json.loads(done.stdout)
    assert (found["target"], found["place"]) == ("iptables", "rack")
    assert found["text"].startswith("#")
    assert "flow api: the site gives role region no addresses" in found["notices"]


def test_gaps_are_on_stderr_and_on_top_of_the_file(poor):
    done = run("build", "--for", "rack", site=poor)
    assert done.exit_code == 0
    assert "Notice: flow api: the site gives role region no addresses" in done.stderr
    assert "# Notice: flow api: the site gives role region no addresses" in done.stdout


def test_the_sketch():
    done = run("build", "--for", "router", "--style", "sketch")
    assert "tcp dport {80,443,3128,5240} counter accept" in done.stdout
    assert "Notice: style sketch is commands for a shell, not a file for nft -f" in done.stderr
    assert "the same at every place" in done.stderr


def test_a_site_without_roles_is_refused(tmp_path):
    path = tmp_path / "empty.toml"
    path.write_text("")
    done = run("build", "--for", "router", site=path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "this site gives no role addresses" in done.stderr


def test_to_a_file(tmp_path):
    done = run("build", "--for", "rack", "-o", str(tmp_path / "rules.nft"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / "rules.nft").read_text() == build(SMALL, PLACES["rack"], "nftables", Options()).text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--for", "routr"], 2, "--for: no place 'routr'; did you mean 'router'?"),
        (["--for", "router", "--for", "rack"], 2, "name one place"),
        (["--for", ""], 2, "--for: no place is named; give router, a role, or several roles of one machine"),
        (["--for", "router", "--style", "sketch", "--spoof-guard"], 2, "style sketch has no spoof guard"),
        (["--for", "log"], 2, "role log has no addresses at this site"),
        (["--for", "rack", "--target", "nfables"], 2, "no target 'nfables'; did you mean 'nftables'?"),
        (["--for", "rack", "--table", "a b"], 2, "table name 'a b'"),
        (["--for", "rack", "--target", "iptables", "--style", "linear"], 2, "iptables has one style"),
        (["--for", "rack", "-o", "/nowhere/at/all"], 3, "/nowhere/at/all: No such file or directory"),
    ],
)
def test_mistakes_are_one_line(words, code, said):
    done = run("build", *words)
    assert done.exit_code == code
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_site_that_is_not_there_or_wrong(tmp_path):
    assert run("build", "--for", "rack", site=tmp_path / "none").exit_code == 3
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[role.nod]\naddresses = ["10.0.0.1"]\n')
    done = run("build", "--for", "rack", site=wrong)
    assert done.exit_code == 2
    assert "did you mean 'node'" in done.stderr


def test_explain():
    assert run("explain", "--for", "router").stdout == explain(small("router"))
    found = json.loads(run("explain", "--for", "router", "--json").stdout)
    assert found == {"place": "router", "text": explain(small("router")), "notices": list(small("router").notices)}
    done = run("explain", "--for", "router", "--table", "1")
    assert done.exit_code == 2
    assert "table name '1'" in done.stderr
