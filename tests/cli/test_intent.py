"""`bellrock intent import | diff` with files."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli.intent import intent
from tests.topology.intent.test_observed import INTERFACE, TOPOLOGY

DATA = Path(__file__).parents[1] / "data" / "intent"


def run(*words, stdin=None):
    return CliRunner().invoke(intent, [str(word) for word in words], input=stdin, catch_exceptions=False)


@pytest.fixture
def observed(tmp_path):
    (tmp_path / "i.json").write_text(json.dumps([INTERFACE]))
    (tmp_path / "t.json").write_text(json.dumps(TOPOLOGY))
    return "--interfaces", tmp_path / "i.json", "--topology", tmp_path / "t.json"


def test_an_import_is_an_intent_file(tmp_path):
    for system, names in (
        ("maas", ("maas-machines", "maas-subnets")),
        ("netbox", ("netbox-interfaces", "netbox-vlans")),
    ):
        out = tmp_path / f"{system}.toml"
        done = run("import", system, *(DATA / f"{name}.json" for name in names), "-o", out)
        assert (done.exit_code, "Note: left out" in done.stderr) == (0, True), done.output
        again = run("import", "toml", out)
        assert (again.exit_code, again.stdout) == (0, "".join(
            f"{line}\n" for line in out.read_text().splitlines() if not line.startswith("#")
        ))  # fmt: skip
        assert run("import", system, DATA / f"{names[0]}.json", "-o", out).exit_code == 3, "nothing is replaced"
        assert run("import", system, DATA / f"{names[0]}.json", "-o", out, "--force").exit_code == 0


def test_an_import_as_json(tmp_path):
    done = run("import", "maas", DATA / "maas-machines.json", "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["ports"]["node-1/eth1"]["connected"]) == (0, False)
    assert document["notes"]
    written = run("import", "maas", DATA / "maas-machines.json", "--json", "-o", tmp_path / "x.toml")
    assert (json.loads(written.stdout), (tmp_path / "x.toml").is_file()) == (document, True)


def test_a_difference(tmp_path, observed):
    (tmp_path / "x.toml").write_text('[vlan.boot]\n[port."a/eth0"]\nuntagged = "boot"\ncable = "sw1/Ethernet8"\n')
    done = run("diff", tmp_path / "x.toml", *observed, "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["counts"]) == (1, {"wrong-cable": 1, "extra": 1} | {}), document
    assert {one["kind"] for one in document["deviations"]} == {"wrong-cable", "extra"}
    shown = run("diff", tmp_path / "x.toml", *observed)
    assert "sw1/Eth7" in shown.stdout
    assert "wrong-cable" in shown.stdout
    assert "\\x1b" not in shown.stdout, "colours are told as such, not as text"


def test_none(tmp_path, observed):
    text = '[vlan.boot]\n[vlan.other]\nvid = 20\n[port."a/eth0"]\nuntagged = "boot"\ntagged = ["other"]\n'
    done = run("diff", "-", *observed, stdin=text)
    assert (done.exit_code, done.stdout) == (0, "nothing differs from what is meant\n"), done.output
    assert "as-meant" in run("diff", "-", *observed, "--all", stdin=text).output


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("import", "maas", "absent"), "absent: No such file", 3),
        (("import", "maas", DATA / "netbox-vlans.json"), "neither a machine", 3),
        (("import", "toml", "a", "b"), "one file", 2),
        (("import", "maas", DATA / "maas-machines.json", "-o", "/proc/none/x"), "/proc/none/x", 3),
        (("diff", "absent", "--interfaces", "x"), "belong together", 2),
        (("diff", "-", "--interfaces", "absent", "--topology", "absent"), "absent: No such file", 3),
        (("diff", "-", "--interfaces", DATA / "maas-machines.json", "--topology", DATA / "netbox-vlans.json"), "not what a region", 3),
        (("diff", "-", "--interfaces", Path(__file__), "--topology", Path(__file__)), "no JSON", 3),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_goes_wrong(words, says, code):
    done = run(*words, stdin="")
    assert (done.exit_code, says in done.output) == (code, True), done.output
