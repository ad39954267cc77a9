"""`bellrock topology show | explain | diff`: against a stand-in here, against a region in tests/lab/test_cli_topology.py."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli import topology as module
from bellrock.cli.output import Failure
from bellrock.cli.topology import topology

MEMBERS = [{"host": host, "interface": "eth0", "vid": None, "strength": "confirmed", "age": 1.0} for host in ("a", "b")]
FOUND = {
    "fabrics": [{"id": "f", "name": "fabric-1", "vlans": [
        {"id": "v", "name": "untagged", "vid": None, "members": MEMBERS, "subnets": []}]}],
    "conflicts": [],
    "unknown": [{"host": "a", "interface": "eth1", "why": "no carrier"}],
}  # fmt: skip
SPLIT = {
    "fabrics": [{"vlans": [{"vid": None, "members": MEMBERS[:1]}]}, {"vlans": [{"vid": None, "members": MEMBERS[1:]}]}]
}
SAME = {
    "verdict": "same-vlan",
    "chain": [{"sentence": "a hears b\x07", "age": 2.0}, {"sentence": "by hand", "age": None}],
}
APART = {"verdict": "unknown", "chain": [], "missing": "nothing is known of b/eth1\x1b[2J"}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command; the region answers `answers`, by path."""
    answers = {"/topology": FOUND, "/topology/explain": SAME}

    def send(region, state_dir, method, path, body, **_):
        answer = answers[path.partition("?")[0]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    monkeypatch.chdir(tmp_path)

    def _run(*arguments, **changed):
        answers.update({f"/{name.replace('_', '/')}": answer for name, answer in changed.items()})
        done = CliRunner().invoke(topology, list(arguments))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return _run


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / name).write_bytes(data)
        return name

    return _write


def test_show_for_people_and_for_programs(run):
    done = run("show")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        0,
        "1 fabric, 1 VLAN, 2 hosts; 0 conflicts; 1 interface unknown",
    )
    done = run("show", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, FOUND)


@pytest.mark.parametrize(
    "answer", [{}, [], 5, None, {"fabrics": {}}, {"fabrics": [{"vlans": [{"vid": "x", "members": []}]}]}]
)
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_answer_that_is_no_topology_is_one_line(run, answer, flags):
    done = run("show", *flags, topology=answer)
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: http://127.0.0.1:5240: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_chain_is_numbered_with_ages_and_exit_0(run):
    done = run("explain", "a/eth0", "b/eth0")
    assert done.stdout.splitlines() == [
        "a/eth0 and b/eth0: same vlan",
        "  1. a hears b\\x07 (holds as of 2 s ago)",
        "  2. by hand",
    ]
    assert done.exit_code == 0


def test_what_is_missing_is_said_with_exit_1(run):
    done = run("explain", "a/eth0", "b/eth1", topology_explain=APART)
    assert done.stdout.splitlines() == ["a/eth0 and b/eth1: unknown", "nothing is known of b/eth1\\x1b[2J"]
    assert done.exit_code == 1
    done = run("explain", "a/eth0", "b/eth1", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, APART)


def test_an_answer_that_explains_nothing_is_one_line(run):
    done = run("explain", "a", "b", topology_explain={"ok": True})
    assert (done.exit_code, done.stdout) == (3, "")
    assert "not a region of this version" in done.stderr


def test_a_failure_of_the_region_keeps_its_exit_code(run):
    done = run("explain", "x/y", "a/b", topology_explain=Failure("no host 'x' is known; nearest: a.", 3))
    assert (done.exit_code, done.stderr) == (3, "Error: no host 'x' is known; nearest: a.\n")


def test_files_are_compared_and_the_region_with_a_file(run, write):
    same, split = write("same.json", FOUND), write("split.json", SPLIT)
    done = run("diff", same, same)
    assert (done.exit_code, done.stdout) == (0, "No difference.\n")
    assert run("diff", same).exit_code == 0
    done = run("diff", split)
    assert done.exit_code == 1
    assert "a/eth0" in done.stdout
    told = json.loads(run("diff", split, same, "--json").stdout)
    assert told
    assert all(one["kind"] and one["sentence"] for one in told)
    assert json.loads(run("diff", same, same, "--json").stdout) == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "not JSON"),
        (b"\x7fELF\0\0\xff", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'{"fabrics": "\xff"}', "not JSON"),
        (b"{}", "missing required field `fabrics`"),
        (b'{"fabrics": [{"vlans": [{"vid": null, "members": [{"host": 1}]}]}]}', "$.fabrics[0].vlans[0].members[0]"),
    ],
)
def test_a_file_that_is_no_topology_is_named_with_the_place(run, write, content, line):
    done = run("diff", write("bad.json", content))
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert done.stderr.startswith("Error: bad.json: ")
    assert line.lower() in done.stderr.lower()


def test_files_that_cannot_be_read_are_named(run, write, monkeypatch):
    for name, line in (("missing.json", "No such file"), (".", "Is a directory")):
        done = run("diff", name)
        assert (done.exit_code, line in done.stderr) == (3, True)
    monkeypatch.setattr(module, "MAX_FILE", 1 << 20)
    done = run("diff", "/dev/zero")
    assert (done.exit_code, "/dev/zero: larger than 1 MiB" in done.stderr) == (3, True)


REFUSED = [
    {"host": "a", "interface": "eth1", "vid": 20, "source_mac": "02:00:00:00:66:10", "reason": "replay", "count": 40, "detail": "its id was\x1b heard", "skew": None, "age": 300.0},
    {"host": "b", "interface": "eth0", "vid": None, "source_mac": "others", "reason": "wrong-secret", "count": 7, "detail": "", "skew": None, "age": 2.0},
]  # fmt: skip


def test_refusals_are_listed_the_latest_first(run):
    done = run("refusals", refusals=REFUSED)
    head, *lines = [line.split() for line in done.stdout.splitlines() if "/eth" in line or "port" in line]
    assert (done.exit_code, head) == (0, ["port", "from", "why", "times", "last", "in", "full"])
    assert [line[:5] for line in lines] == [
        ["b/eth0", "others", "wrong-secret", "7", "2"],
        ["a/eth1.20", "02:00:00:00:66:10", "replay", "40", "5"],
    ]
    assert "\x1b" not in done.stdout
    assert json.loads(run("refusals", "--json", refusals=REFUSED).stdout) == REFUSED


def test_no_refusals_and_no_answer(run):
    assert run("refusals", refusals=[]).stdout == "Nothing was refused.\n"
    done = run("refusals", refusals={"no": "list"})
    assert (done.exit_code, len(done.stderr.splitlines())) == (3, 1)
