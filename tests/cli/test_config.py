"""`bellrock config`, as a user runs it."""

import json
import signal

import jsonschema
import pytest

SECRET = "00112233445566778899aabbccddeeff\n"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)

    def file(text):
        path = tmp_path / "bellrock.toml"
        path.write_text(text)
        return path

    return file


def test_check_finds_nothing_where_nothing_is_wrong(bellrock, file):
    path = file('[region]\nlisten = ["127.0.0.1:0"]\nsecret-file = ["secret"]\n')
    done = bellrock("config", "check", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: no mistakes\n", "")


def test_check_says_every_mistake(bellrock, file):
    path = file('[region]\npolcy = "auto"\n[rack]\nrole = "king"\n')
    done = bellrock("config", "check", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"Error: {path}:2: region.polcy: unknown key; did you mean 'policy'?",
        f"Error: {path}:4: rack.role: 'king' is not one of 'rack', 'node'.",
    ]


def test_check_warns_of_what_may_be_right_elsewhere(bellrock, file):
    path = file('[region]\nlisten = ["[2001:db8::1]:5240"]\n')
    done = bellrock("config", "check", path)
    assert done.returncode == 0
    assert done.stderr.startswith(f"Warning: {path}:2: region.listen[0]: cannot listen on [2001:db8::1]:5240 now: ")


def test_check_speaks_json(bellrock, file):
    path = file('[region]\nsecret-file = ["gone"]\nlisten = ["[2001:db8::1]:5240"]\n')
    done = bellrock("config", "check", path, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["file"]) == (2, str(path))
    assert [(one["line"], one["key"]) for one in found["mistakes"]] == [(2, "region.secret-file[0]")]
    assert [(one["line"], one["key"]) for one in found["warnings"]] == [(3, "region.listen[0]")]
    broken = json.loads(bellrock("config", "check", file("[region\n"), "--json").stdout)
    assert (broken["mistakes"][0]["line"], broken["warnings"]) == (1, [])


def test_check_of_what_cannot_be_read_is_another_exit_code(bellrock, tmp_path):
    done = bellrock("config", "check", tmp_path / "gone")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1


def test_show_says_where_each_value_comes_from(bellrock, file):
    path = file('[region]\npolicy = "closed"\n')
    done = bellrock("config", "show", "region", "--config", path, "--json")
    rows = {row["key"]: row for row in json.loads(done.stdout)}
    assert rows["policy"] == {"section": "region", "key": "policy", "value": "closed", "origin": f"{path}:2"}
    assert rows["state-dir"]["origin"] == "$BELLROCK_STATE_DIR"
    assert rows["listen"] == {"section": "region", "key": "listen", "value": ["127.0.0.1:5240"], "origin": "default"}
    table = bellrock("config", "show", "--config", path).stdout
    assert all(word in table for word in ("region.policy", "closed", f"{path}:2", "rack.role", "up.port"))


def test_show_of_a_file_with_mistakes_says_them(bellrock, file):
    done = bellrock("config", "show", "--config", file("[up]\na = 1\nb = 2\n"))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 2)


def test_schema_is_one(bellrock):
    jsonschema.Draft202012Validator.check_schema(json.loads(bellrock("config", "schema").stdout))


def test_a_region_goes_by_its_file(start, file, tmp_path):
    path = file(f'[region]\nlisten = ["unix:{tmp_path}/s"]\nsecret-file = ["secret"]\njson = true\n')
    region = start("region", "--config", path)
    assert json.loads(region.says("ready").splitlines()[0])["addresses"] == [f"unix:{tmp_path}/s"]
    assert region.ends(signal.SIGTERM) == 0


def test_a_region_does_not_start_with_a_mistake_in_its_file(bellrock, file):
    path = file('[region]\nlisten = ["here"]\n')
    done = bellrock("region", "--config", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"Error: {path}:2: region.listen[0]: listen address 'here': expected IPV4:PORT, [IPV6]:PORT or unix:/path\n"
    )


def test_check_takes_a_file_as_other_commands_do(bellrock, file):
    path = file('[region]\npolcy = "auto"\n')
    assert bellrock("config", "check", "--config", path).stderr.startswith(f"Error: {path}:2: region.polcy: ")
    done = bellrock("config", "check", path, "--config", path)
    assert (done.returncode, done.stderr) == (2, "Error: FILE and --config both name a file; give one\n")


def test_of_a_url_that_cannot_be_read_that_alone_is_said(bellrock, file):
    path = file('[region]\ndatabase = "postgresql://u@h:99999/r"\n')
    path.chmod(0o644)
    (said,) = bellrock("config", "check", path).stderr.splitlines()
    assert "a port is a number" in said
