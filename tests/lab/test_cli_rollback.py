"""The files and the lock of what has to be put back."""

import os

import pytest

from bellrock.cli import nft_table, rollback
from bellrock.cli.output import Failure
from bellrock.cli.rollback import Rollback
from tests.lab.apart import apart
from tests.lab.applying import BEFORE

pytestmark = pytest.mark.lab
RESTORE = nft_table.restoring("bellrock", BEFORE)


@pytest.mark.parametrize("table", ["filter", "bellrock/x", "../bellrock", "bellrock\n", "bellrock" + "x" * 24, ""])
def test_no_table_of_ours(table):
    with pytest.raises(Failure, match="its name has to begin with bellrock") as caught:
        rollback.require_ours(table)
    assert caught.value.exit_code == 2


def test_one_has_the_lock_at_a_time(tmp_path):
    files = Rollback(tmp_path / "state", "bellrock")
    lock = files.lock()
    with pytest.raises(BlockingIOError):
        files.lock()
    os.close(lock)
    os.close(files.lock())


def test_the_only_copy_is_not_written_over(tmp_path):
    files = Rollback(tmp_path, "bellrock")
    files.write("old")
    with pytest.raises(Failure, match=f"load that with: nft -f {files.before}"):
        files.write("new")
    assert files.before.read_text() == "old"
    files.forget()
    files.write("new")
    assert files.before.stat().st_mode & 0o777 == 0o600


def test_what_was_there_is_somewhere(tmp_path, monkeypatch):
    files = Rollback(tmp_path / "state", "bellrock")
    said = files.rescue("old", "why")
    assert said == f"why. What was there is in {files.before}; load it with: nft -f {files.before}"
    assert files.before.read_text() == "old"
    blocked = tmp_path / "file"
    blocked.write_text("")
    elsewhere = Rollback(blocked / "state", "bellrock")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(rollback.tempfile, "tempdir", str(tmp_path / "tmp"))
    said = elsewhere.rescue("old", "why")
    (kept,) = (tmp_path / "tmp").iterdir()
    assert said.endswith(f"load it with: nft -f {kept}")
    assert kept.read_text() == "old"
    monkeypatch.setattr(rollback.tempfile, "tempdir", str(blocked))
    assert "could be written nowhere" in elsewhere.rescue("old", "why")


def test_in_place_of_a_keeper_that_was_killed(short_path, monkeypatch):
    monkeypatch.setattr(rollback, "_PAUSE", 0.001)

    def work():
        files = Rollback(short_path / "state", "bellrock")
        lock = files.lock()
        # Whoever holds the lock for too long does not keep anybody out.
        assert files.put_back_for(nft_table.restoring("bellrock", None)) == ""
        os.close(lock)
        assert "syntax error" in files.put_back_for("table inet\n")
        assert files.put_back_for(RESTORE) == ""
        assert not files.before.exists()
        return nft_table.listing("bellrock", counters=False) == nft_table.as_listed(BEFORE, "bellrock")

    assert apart(work)


def test_without_a_directory_the_rules_come_back_all_the_same(tmp_path):
    (tmp_path / "file").write_text("")

    def work():
        assert Rollback(tmp_path / "file" / "state", "bellrock").put_back_for(RESTORE) == ""
        return nft_table.listing("bellrock", counters=False) == nft_table.as_listed(BEFORE, "bellrock")

    assert apart(work)


def test_an_nft_that_complains_when_it_has_put_back(monkeypatch):
    def work():
        real = nft_table.load
        restore = nft_table.restoring("bellrock", nft_table.as_listed(BEFORE, "bellrock"))
        monkeypatch.setattr(nft_table, "load", lambda text, **_: real(text) or "no buffer space")
        done = rollback.put_back("bellrock", restore, 5.0)
        monkeypatch.setattr(nft_table, "load", lambda *_, **__: "no memory")
        return done, rollback.put_back("bellrock", nft_table.restoring("bellrock", None), 5.0)

    assert apart(work) == ("", "no memory")


def test_a_door_that_cannot_be_opened(tmp_path):
    with pytest.raises(FileNotFoundError):
        Rollback(tmp_path / "gone", "bellrock").listen()
