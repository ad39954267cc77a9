"""`bellrock lab` as a user runs it: what needs no privilege as a process, what does in real labs."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli.lab import lab

BELLROCK = Path(sys.executable).parent / "bellrock"
EXAMPLE = Path(__file__).parents[2] / "examples" / "three-racks.toml"
TWO = """
[switch.s]
[host.hub]
role = "region"
interface.eth0 = { to = "s", access = 10, addresses = ["10.0.0.1/24"] }
[host.b]
role = "rack"
interface.eth0 = { to = "s", trunk = [10, 20], vlans = [20] }
"""


@pytest.fixture
def site(monkeypatch):
    """A directory with a lab file `two.toml`, and a runtime directory of its own for labs."""
    with tempfile.TemporaryDirectory(prefix="bll-") as path:
        (Path(path) / "two.toml").write_text(TWO)
        monkeypatch.setenv("XDG_RUNTIME_DIR", path)
        yield Path(path)
        run("down", "--all")


def run(*arguments):
    """`bellrock lab ARGUMENTS`, in this process."""
    return CliRunner().invoke(lab, [str(it) for it in arguments])


def test_the_truth_as_text_and_as_json(bellrock):
    text = bellrock("lab", "truth", EXAMPLE)
    assert text.returncode == 0
    assert text.stdout.startswith("2 fabrics, 4 VLANs, 10 hosts")
    document = json.loads(bellrock("lab", "truth", EXAMPLE, "--json").stdout)
    assert [vlan["vid"] for fabric in document["fabrics"] for vlan in fabric["vlans"]] == [10, 20, 30, 1]
    known = json.loads(bellrock("lab", "truth", EXAMPLE, "--json", "--knowable").stdout)
    assert [vlan["vid"] for fabric in known["fabrics"] for vlan in fabric["vlans"]] == [10, 20, 30, None]


def test_the_truth_in_process(site):
    assert "VLAN" in run("truth", EXAMPLE).stdout
    assert json.loads(run("truth", "--json", EXAMPLE).stdout)["conflicts"] == []


def test_the_truth_is_what_topology_diff_reads(bellrock, tmp_path):
    for name, option in (("wired", ()), ("known", ("--knowable",))):
        done = bellrock("lab", "truth", EXAMPLE, "--json", *option)
        (tmp_path / f"{name}.json").write_text(done.stdout)
    same = bellrock("topology", "diff", tmp_path / "wired.json", tmp_path / "known.json")
    assert same.returncode == 0


def test_mistakes_are_lines_and_exit_code_2(site):
    (site / "bad.toml").write_text("[host.a]\ncolour = 1\n[host.b]\nagent = 7\n")
    done = run("up", site / "bad.toml")
    assert done.exit_code == 2
    assert done.stderr == (
        f"Error: {site}/bad.toml:2: host.a.colour: unknown key; expected one of agent, bridge, interface, join, role, secret\n"
        f"{site}/bad.toml:4: host.b.agent: expected a boolean, got an integer\n"
    )
    assert run("truth", site / "none.toml").exit_code == 2


def test_without_a_lab_every_command_says_so(site):
    assert run("list").stdout == "no lab is up\n"
    assert json.loads(run("list", "--json").stdout) == []
    assert run("down").stdout == "no lab is up\n"
    for words in (("down", "x"), ("exec", "a", "--", "true"), ("page",)):
        done = run(*words)
        assert (done.exit_code, done.stderr.splitlines()[0][:13]) == (3, "Error: no lab")


@pytest.mark.lab
def test_a_lab_from_up_to_down(site):
    up = run("up", site / "two.toml", "--no-agents")
    assert up.exit_code == 0, up.output
    assert up.stderr == "2 hosts made\n1 switch with 2 cables is up\n"
    assert up.stdout.splitlines() == [
        "lab two is up",
        "  enter a host:   bellrock lab exec hub -- bash",
        "  take it down:   bellrock lab down two",
    ]
    again = run("up", site / "two.toml", "--no-agents")
    assert (again.exit_code, again.stderr.splitlines()[-1]) == (
        3,
        "Error: lab two is up already; bellrock lab down two takes it down",
    )
    assert run("up", site / "two.toml", "--no-agents", "--name", "more").exit_code == 0
    assert [it["name"] for it in json.loads(run("list", "--json").stdout)] == ["more", "two"]
    assert "two.toml" in run("list").stdout
    inside = subprocess.run([BELLROCK, "lab", "exec", "--lab", "two", "b", "--", "sh", "-c", "hostname; exit 9"], capture_output=True, check=False)  # fmt: skip
    assert (inside.stdout, inside.returncode) == (b"b\n", 9)
    assert "say which one: bellrock lab down NAME" in run("exec", "b", "true").stderr
    assert run("down", "two").stdout == "two: down\n"
    (site / "bellrock-lab" / "crashed").mkdir()
    assert run("down", "--all").stdout == "crashed: left behind by a crash, taken away\nmore: down\n"


@pytest.mark.lab
def test_without_nsenter_one_line_says_what_is_missing(site, monkeypatch):
    run("up", site / "two.toml", "--no-agents")
    monkeypatch.setenv("PATH", str(site))
    done = run("exec", "b")
    assert (done.exit_code, done.stderr) == (3, "Error: nsenter: No such file or directory; it is part of util-linux\n")


@pytest.mark.lab
def test_exec_becomes_the_command(site, monkeypatch):
    taken = []
    run("up", site / "two.toml", "--no-agents")
    monkeypatch.setenv("SHELL", "/bin/zsh")
    monkeypatch.setattr("os.execvp", lambda program, words: taken.append((program, words)))
    monkeypatch.setenv("BELLROCK_SECRET_FILE", "restored at the end")
    monkeypatch.delenv("BELLROCK_SECRET_FILE")
    assert run("exec", "b").exit_code == 0
    assert "BELLROCK_SECRET_FILE" not in os.environ, "no agent runs there, so that there is none"
    monkeypatch.setattr("bellrock.lab.agents.secret_file", lambda directory, name: site / "two.toml")
    assert run("exec", "b", "--", "ls", "-l").exit_code == 0
    assert [(program, words[words.index("--") + 1 :]) for program, words in taken] == [
        ("nsenter", ["/bin/zsh"]),
        ("nsenter", ["ls", "-l"]),
    ]
    assert os.environ["BELLROCK_SECRET_FILE"] == str(site / "two.toml")


@pytest.mark.lab
def test_a_lab_that_fails_to_settle_is_taken_down(site):
    (site / "lone.toml").write_text("[host.a]\nrole = 'rack'\n")
    done = run("up", site / "lone.toml")
    assert (done.exit_code, "no host has role" in done.stderr) == (3, True)
    assert run("list").stdout == "no lab is up\n"


@contextmanager
def process(*words):
    """`bellrock lab WORDS` as a process of its own, interrupted at the end."""
    with subprocess.Popen(
        [BELLROCK, "lab", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as it:
        try:
            yield it
        finally:
            it.send_signal(signal.SIGINT)
            it.wait(20)


@pytest.mark.lab
def test_in_the_foreground_the_lab_ends_with_the_command(site):
    with process("up", site / "two.toml", "--no-agents", "--foreground") as up:
        while up.stdout.readline() != "Ctrl-C takes it down\n":
            assert up.poll() is None
        assert [it["name"] for it in json.loads(run("list", "--json").stdout)] == ["two"]
    assert up.returncode == 0
    assert run("list").stdout == "no lab is up\n"


@pytest.mark.lab
def test_with_real_agents_found_stands_beside_wired_and_the_page_is_reached(site):
    up = run("up", site / "two.toml")
    assert up.exit_code == 0, up.output
    assert "found: 1 fabric, 1 VLAN, 2 hosts; 0 conflicts; 0 interfaces unknown" in up.stdout
    rows = [line.split() for line in up.stdout.splitlines() if "eth0" in line]
    assert [(row[0], row[-1] == "≠") for row in rows] == [
        ("b/eth0.10", False),
        ("hub/eth0", False),
        ("b/eth0.20", True),
    ]
    assert "  open the page:  bellrock lab page" in up.stdout
    with process("page") as page:
        address = page.stdout.readline().split()[1]
        url, _, token = address.partition("/#login=")
        assert len(token) > 20
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            assert json.load(answer) == {"status": "ok"}
    assert page.returncode == 0


@pytest.mark.lab
def test_verify_exits_by_what_it_finds(site, monkeypatch):
    done = run("verify", site / "two.toml")
    assert (done.exit_code, done.stdout) == (
        0,
        "differences between found and wired: none\n"
        "wired, but no beacon could show it: 1\n"
        "  b/eth0.20 is wired, but not found.\n",
    )
    monkeypatch.setattr("bellrock.lab.verify.PATIENCE", 0.1)
    monkeypatch.setattr("bellrock.lab.agents._vlans", lambda lab, name: ["--ignore", "eth0"] if name == "b" else [])
    monkeypatch.setattr("bellrock.lab.verify.settle", lambda running, say: None)
    wrong = run("verify", "--json", site / "two.toml")
    assert wrong.exit_code == 1
    assert {it["kind"] for it in json.loads(wrong.stdout)["differences"]} == {"not-found"}
    assert not list((site / "bellrock-lab").iterdir())
