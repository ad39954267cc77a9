"""`bellrock secret new | show-id`."""

import json
import os

import pytest
from click.testing import CliRunner

from bellrock.cli.secret import secret

SECRET = "00112233445566778899aabbccddeeff"


@pytest.fixture
def run(tmp_path, monkeypatch):
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bellrock.cli.secret.default_state_dir", lambda: tmp_path / "state")
    return lambda *arguments: CliRunner().invoke(secret, [str(argument) for argument in arguments])


def write(path, text=SECRET):
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_without_a_file_the_secret_is_printed_and_never_the_same(run):
    texts = {run("new").stdout.strip() for _ in range(3)}
    assert len(texts) == 3
    assert all(len(bytes.fromhex(text)) == 16 for text in texts)
    assert len(bytes.fromhex(json.loads(run("new", "--json").stdout)["secret"])) == 16


def test_a_file_is_written_and_only_its_id_is_shown(run, tmp_path):
    done = run("new", "one")
    key_id, name = done.stdout.split()
    assert (done.exit_code, name, len(key_id)) == (0, "one", 8)
    text = (tmp_path / "one").read_text()
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert text.strip() not in done.output
    assert json.loads(run("show-id", "one", "--json").stdout) == {"ids": [key_id], "files": ["one"]}
    again = run("new", "one")
    assert (again.exit_code, "not overwritten" in again.stderr, (tmp_path / "one").read_text()) == (2, True, text)


def test_the_same_secret_has_the_same_id_however_it_is_written(run, tmp_path):
    one, other = write(tmp_path / "one"), write(tmp_path / "other", SECRET.upper() + "\n")
    rows = [line.split() for line in run("show-id", one, other).stdout.splitlines()]
    assert rows[0][0] == rows[1][0]
    assert [row[1] for row in rows] == [str(one), str(other)]
    assert run("show-id", "--secret-file", one).stdout.split()[0] == rows[0][0]


def test_of_the_environment_only_the_id_is_shown(run, monkeypatch):
    monkeypatch.setenv("BELLROCK_SECRET", SECRET)
    assert len(run("show-id").stdout.strip()) == 8
    assert json.loads(run("show-id", "--json").stdout)["files"] == []


@pytest.mark.parametrize("arguments", [("show-id",), ("show-id", "missing"), ("show-id", "."), ("new", "file/below")])
def test_what_cannot_be_read_or_written_is_one_line(run, tmp_path, arguments):
    write(tmp_path / "file")
    done = run(*arguments)
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith("Error: ")


def test_names_that_are_no_text_do_no_harm(bellrock, tmp_path):
    name = os.fsdecode(b"s\xff\x1b[2J")
    write(tmp_path / name)
    done = bellrock("secret", "show-id", name)
    assert (done.returncode, done.stdout.endswith("  s\ufffd\\x1b[2J\n")) == (0, True)
    assert json.loads(bellrock("secret", "show-id", "--json", name).stdout)["files"] == ["s\ufffd\x1b[2J"]
    missing = bellrock("secret", "show-id", name + "x")
    assert (missing.returncode, "\x1b" in missing.stderr) == (2, False)
