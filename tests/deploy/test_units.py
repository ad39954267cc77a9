"""The units of systemd, judged by systemd's own tools: they mean something, and they leave a program little to do harm with."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bellrock.cli.configkeys import command_of
from bellrock.cli.keys import CREDENTIAL
from tests.needs import require

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
EXPOSURE = {"bellrock-region.service": 13, "bellrock-rack.service": 23}
"""Tenths that `systemd-analyze security` may find at most, of 100. What is left: networks, the state directory, and a rack's frames."""
UNITS = sorted(EXPOSURE)


@pytest.fixture
def analyze():
    require([] if shutil.which("systemd-analyze") else ["systemd-analyze"])

    def run(*words, environment=None):
        return subprocess.run(
            ["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=60, check=False, env=environment
        )  # fmt: skip

    return run


def words(unit, key):
    """All values of a key."""
    text = (DEPLOY / "systemd" / unit).read_text()
    return [word for line in re.findall(rf"^{key}=(.*)$", text, re.MULTILINE) for word in line.split()]


@pytest.fixture
def with_programs(tmp_path):
    """A unit whose programs exist: what `verify` asks of this machine is not what is asked here."""

    def with_programs(unit):
        text = (DEPLOY / "systemd" / unit).read_text()
        copy = tmp_path / unit
        copy.write_text(text.replace("/usr/bin/bellrock", "/bin/true"))
        return copy

    return with_programs


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(analyze, with_programs, unit):
    done = analyze("verify", "--man=no", "--recursive-errors=no", with_programs(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_it_would_find_what_is_wrong(analyze, with_programs):
    copy = with_programs("bellrock-rack.service")
    copy.write_text(copy.read_text().replace("ProtectSystem=strict", "ProtectSistem=strict"))
    assert "ProtectSistem" in analyze("verify", "--man=no", "--recursive-errors=no", copy).stderr


@pytest.mark.parametrize("unit", UNITS)
def test_little_is_exposed(analyze, unit):
    file = DEPLOY / "systemd" / unit
    done = analyze("security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE[unit]}", file)
    assert done.returncode == 0, done.stdout
    assert analyze("security", "--offline=yes", "--no-pager", "--threshold=5", file).returncode != 0


def test_a_region_has_no_capability_and_a_rack_those_that_it_says():
    assert words("bellrock-region.service", "CapabilityBoundingSet") == []
    assert words("bellrock-region.service", "AmbientCapabilities") == []
    wanted = ["CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE"]
    assert words("bellrock-rack.service", "CapabilityBoundingSet") == wanted
    assert words("bellrock-rack.service", "AmbientCapabilities") == wanted


@pytest.mark.parametrize("unit", UNITS)
def test_what_it_starts_is_a_command_and_what_it_hands_over_is_asked_for(unit):
    from bellrock.region.store import postgres

    _, section, *rest = words(unit, "ExecStart")
    assert command_of(section).name == section
    assert rest == []
    handed = {word.partition(":")[0] for word in words(unit, "LoadCredential")}
    assert handed <= {CREDENTIAL, postgres.CREDENTIAL}
    assert CREDENTIAL in handed
    # A configuration that is wrong is wrong at the next start as well.
    assert words(unit, "RestartPreventExitStatus") == ["2"]


def test_user_and_directories_are_those_of_the_units():
    user = (DEPLOY / "sysusers.d" / "bellrock.conf").read_text().splitlines()[-1].split()
    assert user[:2] == ["u", "bellrock"]
    for unit in UNITS:
        assert words(unit, "User") == words(unit, "Group") == ["bellrock"]
        assert words(unit, "StateDirectory") == ["bellrock"]
    made = [
        line.split() for line in (DEPLOY / "tmpfiles.d" / "bellrock.conf").read_text().splitlines() if line[0] != "#"
    ]
    assert ["d", "/var/lib/bellrock", "0700", "bellrock", "bellrock", "-"] in made


def test_systemd_understands_user_and_directories(tmp_path):
    require([tool for tool in ("systemd-sysusers", "systemd-tmpfiles") if not shutil.which(tool)])
    for directory in ("etc", "var/lib"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "etc" / "passwd").touch()
    (tmp_path / "etc" / "group").write_text("root:x:0:\n")
    for tool, kind in (("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d")):
        (tmp_path / kind).mkdir()
        target = tmp_path / "usr/lib" / kind
        target.mkdir(parents=True)
        shutil.copy(DEPLOY / kind / "bellrock.conf", target)
        action = ["--create"] if tool == "systemd-tmpfiles" else []
        done = subprocess.run(
            [tool, f"--root={tmp_path}", *action, "bellrock.conf"], capture_output=True, text=True, timeout=60, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "bellrock:x:" in (tmp_path / "etc/passwd").read_text()
    assert (tmp_path / "var/lib/bellrock").stat().st_mode & 0o777 == 0o700
