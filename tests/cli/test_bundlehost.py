"""Of an evidence bundle: the host as it sees itself."""

import json

import pytest

from bellrock.cli import bundlehost
from bellrock.cli.bundlehost import host_parts, run, versions
from tests.cli.bundles import bundled, parts_of, why_not


def test_programs_that_are_there_and_are_not_and_fail():
    assert run(("no-such-program",)) == (b"", "no-such-program is not installed")
    assert run(("ls", "/no/such/place"))[1].startswith("ls: ")
    assert run(("false",)) == (b"", "false: exit 1")
    assert run(("echo", "x")) == (b"x\n", "")


def test_a_program_that_does_not_end_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(bundlehost, "WITHIN", 0.05)
    printed, why = run(("sleep", "60"))
    assert (printed, "timed out" in why) == (b"", True)


def test_what_is_printed_is_bounded_and_of_no_language(monkeypatch):
    monkeypatch.setattr(bundlehost, "MAX_PRINTED", 4)
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    assert run(("echo", "123456")) == (b"1234", "")
    monkeypatch.undo()
    assert set(run(("env",))[0].split()) >= {b"LC_ALL=C"}
    assert b"SECRET_OF_THE_CALLER" not in run(("env",))[0]


def test_versions_of_what_is_there(monkeypatch):
    monkeypatch.setattr(bundlehost, "run", lambda command: (b"v1\nmore\n", "") if command[0] == "ip" else (b"", "no"))
    found = versions()
    assert found["ip"] == "v1"
    assert found.keys() == {"bellrock", "contract", "python", "kernel", "machine", "ip"}


@pytest.fixture
def host(tmp_path):
    manifest = bundled(tmp_path / "x.tar.gz", host_parts)
    return manifest, parts_of(tmp_path / "x.tar.gz")


def test_this_host(host):
    manifest, found = host
    state = json.loads(found["host/state.json"])
    assert state["host"] == manifest["host"]
    assert isinstance(json.loads(found["host/findings.json"]), list)
    assert "bellrock" in json.loads(found["host/versions.json"])
    assert b"lo" in found["host/interfaces.txt"]


def test_what_does_not_tell_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(bundlehost, "_PATH", str(tmp_path))
    monkeypatch.setattr(bundlehost, "_FILES", (("host/os-release", "The system.", str(tmp_path / "absent")),))
    manifest = bundled(tmp_path / "x.tar.gz", host_parts)
    assert why_not(manifest, "host/ruleset.nft") == "nft is not installed"
    assert why_not(manifest, "host/os-release").endswith("absent: No such file or directory")
    assert "host/state.json" in parts_of(tmp_path / "x.tar.gz")
