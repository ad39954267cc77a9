"""Where labs are known, and how those of crashed owners are found out."""

import os
import stat
import subprocess

import pytest

from bellrock.lab import state
from bellrock.lab.parse import parse
from bellrock.lab.schema import LabError
from bellrock.lab.state import Descriptors, State

LAB = parse(b"[host.a]\n", "f")


@pytest.fixture
def root(short_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    return state.root()


def mine(name="x", **rest):
    started = state.start_time(os.getpid())
    return State(name=name, file="f", **{"pid": os.getpid(), "started": started} | rest)


def test_the_root_is_for_its_owner_only(root, short_path):
    assert root == short_path / "bellrock-lab"
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_root_that_others_may_write_is_not_taken(root):
    root.chmod(0o777)
    with pytest.raises(LabError, match="is not a directory that only you may write"):
        state.root()


def test_a_root_that_cannot_be_made_is_told(monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/none")
    with pytest.raises(LabError, match="set XDG_RUNTIME_DIR to a directory that you may write"):
        state.root()


@pytest.mark.parametrize(("uid", "path"), [(0, "/run/bellrock-lab"), (4711, "/tmp/bellrock-lab-4711")])
def test_where_the_root_is_without_a_runtime_directory(monkeypatch, uid, path):
    made = []
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: uid)

    def mkdir(self, **how):
        made.append(str(self))
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", mkdir)
    with pytest.raises(LabError):
        state.root()
    assert made == [path]


def test_a_claim_is_known_and_exclusive(root):
    path = state.claim(root, mine(), LAB)
    assert state.read(path) == mine()
    assert state.wired(path) == LAB
    assert state.running(root) == [mine()]
    with pytest.raises(LabError, match="lab x is up already; bellrock lab down x takes it down"):
        state.claim(root, mine(), LAB)
    assert [entry.name for entry in root.iterdir()] == ["x"]


def test_a_state_grows(root):
    path = state.claim(root, mine(), LAB)
    ready = mine(ready=True, spaces={"a": Descriptors(1, 2, 3)})
    state.write(path, ready)
    assert state.read(path) == ready


def test_a_path_too_long_for_sockets_is_refused(root):
    with pytest.raises(LabError, match="too long for the sockets in it"):
        state.claim(root / ("x" * 90), mine(), LAB)


def test_what_crashed_owners_left_is_taken_away(root):
    state.claim(root, mine("alive"), LAB)
    child = subprocess.Popen(["true"])
    child.wait()
    state.claim(root, mine("dead", pid=child.pid), LAB)
    state.claim(root, mine("reused", started=1), LAB)
    (root / "half").mkdir()
    (root / "broken").mkdir()
    (root / "broken" / "state.json").write_text("{")
    (root / f".making.{os.getpid()}").mkdir()
    (root / f".given-up.{child.pid}").mkdir()
    assert state.reap(root) == [f".given-up.{child.pid}", "broken", "dead", "half", "reused"]
    assert [it.name for it in state.running(root)] == ["alive"]
    assert sorted(path.name for path in root.iterdir()) == [f".making.{os.getpid()}", "alive"]


def test_a_corpse_is_not_alive():
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert state.start_time(child.pid) is None
    child.wait()


def test_a_damaged_directory_is_told(root):
    path = state.claim(root, mine(), LAB)
    (path / state.LAB_FILE).write_text("{")
    with pytest.raises(LabError, match=r"lab.json: .*; take the lab down and up again"):
        state.wired(path)
