"""`bellrock site init | check | schema`: against a stand-in here, against a region in tests/lab/test_cli_site.py."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli.output import Failure
from bellrock.cli.site import site
from bellrock.flows import parse

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "site.toml"
TOPOLOGY = {
    "fabrics": [{"id": "f", "name": "hall-2", "vlans": [
        {"id": "v", "name": "10", "vid": 10, "members": [
            {"host": "node-1", "interface": "eth0", "vid": None, "strength": "confirmed", "age": 1.0}],
         "subnets": ["10.1.0.0/22"]}]}],
    "conflicts": [],
    "unknown": [],
}  # fmt: skip
HOSTS = [{"id": "1", "name": "node-1", "role": "node"}, {"id": "2", "name": "rack-1", "role": "rack"}]
FACES = [
    {"host": "node-1", "name": "eth0", "addresses": ["10.1.0.9/22"]},
    {"host": "rack-1", "name": "eth0", "addresses": ["10.0.0.2/24"]},
]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command; the region answers `answers`, by path."""
    answers = {"/topology": TOPOLOGY, "/hosts": HOSTS, "/interfaces": FACES}

    def send(region, state_dir, method, path, body, **_):
        if isinstance(answers[path], Exception):
            raise answers[path]
        return answers[path]

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    monkeypatch.chdir(tmp_path)

    def _run(*arguments, **changed):
        answers.update({f"/{name}": answer for name, answer in changed.items()})
        done = CliRunner().invoke(site, list(map(str, arguments)))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return _run


def test_a_site_is_drawn_and_can_be_read(run, tmp_path):
    done = run("init", "--title", "Hall 2", "-o", "site.toml")
    assert (done.exit_code, done.stdout) == (
        0,
        "site.toml: written; `bellrock site check site.toml` says what is still missing\n",
    )
    drawn = parse((tmp_path / "site.toml").read_bytes(), "site.toml")
    assert (drawn.name, [str(one.network) for one in drawn.subnets]) == ("Hall 2", ["10.1.0.0/22"])
    assert {role.value: members.hosts for role, members in drawn.roles.items()}["rack"] == ("10.0.0.2",)


def test_to_stdout_or_as_json_it_is_the_same(run, tmp_path):
    text = run("init").stdout
    assert parse(text.encode(), "f").subnets
    assert json.loads(run("init", "--json").stdout) == {"file": None, "text": text}
    assert json.loads(run("init", "--json", "-o", "x.toml").stdout) == {"file": "x.toml", "text": text}
    assert (tmp_path / "x.toml").read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.toml"]


def test_a_file_is_never_overwritten_without_force(run, tmp_path):
    (tmp_path / "site.toml").write_text("mine")
    done = run("init", "-o", "site.toml")
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: site.toml: exists; --force overwrites it, or choose another name\n",
    )
    assert (tmp_path / "site.toml").read_text() == "mine"
    assert run("init", "-o", "site.toml", "--force").exit_code == 0
    assert (tmp_path / "site.toml").read_text() == run("init").stdout
    (tmp_path / "nowhere").symlink_to("gone")
    assert run("init", "-o", "nowhere").exit_code == 2


def test_nor_one_that_comes_into_being_meanwhile(run, tmp_path, monkeypatch):
    (tmp_path / "site.toml").write_text("mine")
    monkeypatch.setattr("os.path.lexists", lambda _: False)
    assert run("init", "-o", "site.toml").exit_code == 2
    assert (tmp_path / "site.toml").read_text() == "mine"


@pytest.mark.parametrize("flags", [(), ("--force",)])
def test_a_place_that_cannot_be_written_to(run, flags):
    done = run("init", "-o", "absent/site.toml", *flags)
    assert done.exit_code == 3
    assert "No such file or directory" in done.stderr


def test_a_region_that_does_not_answer_keeps_its_exit_code_and_nothing_is_written(run, tmp_path):
    done = run("init", "-o", "site.toml", topology=Failure("no region at x: refused", 3))
    assert (done.exit_code, done.stderr) == (3, "Error: no region at x: refused\n")
    assert not (tmp_path / "site.toml").exists()
    done = run("init", topology=TOPOLOGY, hosts={"no": "hosts"})
    assert (done.exit_code, len(done.stderr.splitlines())) == (3, 1)


def test_check_sums_up_and_names_gaps(run):
    done = run("check", EXAMPLE)
    assert done.exit_code == 0
    assert done.stdout.startswith("Hall 2: profile standard, 6 subnets, 10 roles, ")
    told = json.loads(run("check", EXAMPLE, "--json").stdout)
    assert (told["title"], told["region"], told["gaps"]) == ("Hall 2", None, [])


def test_check_tells_gaps_and_notices(run, tmp_path):
    (tmp_path / "site.toml").write_text('[role.rack]\naddresses = ["10.0.0.2"]\n[flows]\ndisable = ["icmp"]')
    lines = run("check", "site.toml").stdout.splitlines()
    assert "gap: flow api: the site gives role node no addresses" in lines
    assert any(line.startswith("notice: flow icmp is disabled") for line in lines)


def test_check_against_the_region(run, tmp_path):
    (tmp_path / "site.toml").write_text(run("init").stdout)
    done = run("check", "site.toml", "--against-region")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "the region has seen nothing that contradicts it"
    (tmp_path / "other.toml").write_text('[[subnet]]\nname = "a"\ncidr = "10.7.0.0/24"\nvlan = 11\n')
    done = run("check", "other.toml", "--against-region")
    assert done.exit_code == 1
    assert "differs: other.toml:4: subnet[0].vlan: the topology knows no VLAN 11" in done.stdout
    assert "unplanned: 10.1.0.0/22 was seen on VLAN 10 of hall-2, and is no subnet of the site" in done.stdout
    assert json.loads(run("check", "other.toml", "--against-region", "--json").stdout)["region"]["differences"]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (None, 3, "No such file or directory"),
        (b"\xff\xfe", 2, "not UTF-8"),
        (b"[role.nod]\n", 2, "did you mean 'node'?"),
        (b'profile = "maas-4"\n', 2, "no profile 'maas-4'"),
    ],
)
def test_bad_files_are_one_line(run, tmp_path, content, code, line):
    if content is not None:
        (tmp_path / "site.toml").write_bytes(content)
    done = run("check", "site.toml")
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (code, "", 1)
    assert line in done.stderr


def test_every_mistake_is_told_at_once(bellrock, tmp_path):
    (tmp_path / "site.toml").write_text('[[subnet]]\nname = "a"\ncidr = "10.0.0.0/33"\n[role.nod]\nsubnets = ["x"]\n')
    done = bellrock("site", "check", "site.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[2] for line in done.stderr.splitlines()] == ["3", "4"]


def test_mistakes_are_told_to_programs(run, tmp_path):
    (tmp_path / "site.toml").write_text('[[subnet]]\nname = "a"\ncidr = "10.0.0.0/33"\n[role.nod]\nsubnets = ["x"]\n')
    done = run("check", "site.toml", "--json")
    assert (done.exit_code, done.stderr) == (2, "")
    told = json.loads(done.stdout)
    assert (told["file"], [(one["line"], one["key"]) for one in told["mistakes"]]) == (
        "site.toml", [(3, "subnet[0].cidr"), (4, "role.nod")]
    )  # fmt: skip
    assert told["mistakes"][1]["what"] == "no role 'nod'; did you mean 'node'?"
    for content, line, what in ((b"a =\n", 1, "Invalid value"), (b"\xff", 1, "not UTF-8; TOML files are")):
        (tmp_path / "site.toml").write_bytes(content)
        done = run("check", "site.toml", "--json")
        assert (done.exit_code, done.stderr) == (2, "")
        assert json.loads(done.stdout)["mistakes"] == [{"line": line, "key": "", "what": what}]


def test_the_schema_is_the_published_one(bellrock):
    done = bellrock("site", "schema")
    assert json.loads(done.stdout) == json.loads((ROOT / "docs" / "reference" / "site.schema.json").read_text())
    assert json.loads(bellrock("site", "schema", "--json").stdout) == json.loads(done.stdout)


def test_a_reader_that_leaves_is_no_error(bellrock):
    import sys

    command = [str(Path(sys.executable).parent / "bellrock"), "site", "check", str(EXAMPLE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) in (0, 141)
