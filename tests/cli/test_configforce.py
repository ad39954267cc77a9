"""What is in force, and where it comes from."""

import socket

import pytest

from bellrock.cli.configfile import load
from bellrock.cli.configforce import in_force


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch):
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE", "BELLROCK_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)


def rows(section, path=None):
    return {row.key: (row.text, row.origin) for row in in_force(section, load(path) if path else None)}


def test_without_a_file_defaults_are_in_force(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    found = rows("region")
    assert found["listen"] == ("127.0.0.1:5240", "default")
    assert found["no-beacons"] == ("false", "default")
    assert found["url"] == ("-", "default")
    assert found["name"] == ("here", "default")
    assert found["state-dir"][0].endswith("bellrock")


def test_a_file_goes_before_the_default_and_the_environment_before_the_file(tmp_path, monkeypatch):
    path = tmp_path / "c.toml"
    path.write_text('[up]\nport = 5555\nstate-dir = "/a"\nsecret-file = ["/b", "/c"]\n')
    assert rows("up", path)["port"] == ("5555", f"{path}:2")
    assert rows("up", path)["secret-file"] == ("/b, /c", f"{path}:4")
    monkeypatch.setenv("BELLROCK_STATE_DIR", "/d")
    monkeypatch.setenv("BELLROCK_SECRET_FILE", "/e:/f")
    assert rows("up", path)["state-dir"] == ("/d", "$BELLROCK_STATE_DIR")
    assert rows("up", path)["secret-file"] == ("/e, /f", "$BELLROCK_SECRET_FILE")


def test_secrets_and_passwords_are_never_shown(tmp_path, monkeypatch):
    path = tmp_path / "c.toml"
    path.write_text('[up]\nsecret-file = ["/x"]\nignore = ["postgresql://me:hunter2@db/b"]\n')
    path.chmod(0o600)
    monkeypatch.setenv("BELLROCK_SECRET", "00112233445566778899aabbccddeeff")
    found = rows("up", path)
    assert found["secret-file"] == ("(the secret itself, not shown)", "$BELLROCK_SECRET")
    assert found["ignore"][0] == "postgresql://me:…@db/b"
