"""Reports outlive the process, in order, numbered without gaps, until they are acknowledged."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from bellrock.agent.spool import Spool, SpoolError
from bellrock.contract import Report
from bellrock.model import Wall


def report(seq: int) -> Report:
    return Report(seq, "B", Wall(float(seq)), ())


def fill(spool: Spool) -> None:
    for seq in range(1, 10_000):
        spool.append(Report(seq, "B" * 900, Wall(0.0), ()))


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite")
    yield spool
    spool.close()


def test_reports_wait_in_order_until_they_are_acknowledged(spool):
    for seq in (1, 2, 3):
        spool.append(report(seq))
    assert [r.seq for r in spool.after(1)] == [2, 3]
    assert [r.seq for r in spool.after(0, limit=1)] == [1]
    spool.acknowledge(2)
    assert [r.seq for r in spool.after(0)] == [3]
    assert (spool.last, spool.waiting) == (3, 1)


def test_numbers_go_on_after_a_restart(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite")
    spool.append(report(1))
    spool.acknowledge(1)
    spool.close()
    again = Spool(tmp_path / "spool.sqlite")
    assert (again.last, again.waiting) == (1, 0)
    again.close()


def test_a_gap_is_a_programming_error(spool):
    with pytest.raises(ValueError, match="report 2 after 0"):
        spool.append(report(2))


def test_a_region_that_knows_more_than_the_spool_sets_the_number(spool):
    spool.acknowledge(41)
    spool.append(report(42))
    assert spool.last == 42


def test_a_report_that_was_appended_survives_kill(tmp_path):
    program = (
        "import sys, os, signal\n"
        "from pathlib import Path\n"
        "from bellrock.agent.spool import Spool\n"
        "from bellrock.contract import Report\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "for seq in range(1, 51): spool.append(Report(seq, 'B', 0.0, ()))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "spool.sqlite"
    done = subprocess.run([sys.executable, "-c", program, str(path)], timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL
    spool = Spool(path)
    assert [r.seq for r in spool.after(0)] == list(range(1, 51))
    spool.close()


def test_a_full_disk_leaves_the_spool_as_it_was(tmp_path):
    """A page limit stands in for the disk: SQLite then says what it says of a full one."""
    spool = Spool(tmp_path / "spool.sqlite")
    spool._db.execute("PRAGMA max_page_count = 12")
    with pytest.raises(SpoolError, match=r"spool\.sqlite: database or disk is full; free space"):
        fill(spool)
    seq = len(spool.after(0, limit=10_000))
    assert 0 < seq == spool.last == spool.waiting
    spool._db.execute("PRAGMA max_page_count = 1000")
    spool.append(report(seq + 1))
    assert spool.last == seq + 1
    spool.close()


def test_a_file_that_is_no_spool_is_named(tmp_path):
    path = tmp_path / "spool.sqlite"
    path.write_bytes(b"not a database, however one looks at it" * 100)
    with pytest.raises(SpoolError, match=f"{path}: file is not a database; move the file away"):
        Spool(path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SpoolError, match="No such file or directory; is its directory there"):
        Spool(tmp_path / "nowhere" / "spool.sqlite")


def test_what_another_process_holds_locked_is_refused_in_one_line(tmp_path, spool):
    spool._db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "spool.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SpoolError, match="database is locked"):
        spool.append(report(1))
    other.execute("ROLLBACK")
    other.close()
    assert os.path.exists(tmp_path / "spool.sqlite")
    spool.append(report(1))


def test_two_agents_do_not_share_a_state_directory(tmp_path, spool):
    with pytest.raises(SpoolError, match=f"another agent runs with the state directory {tmp_path}; stop it"):
        Spool(tmp_path / "spool.sqlite")


def test_a_spool_that_is_a_directory_is_named(tmp_path):
    (tmp_path / "spool.sqlite").mkdir()
    with pytest.raises(SpoolError, match="unable to open database file"):
        Spool(tmp_path / "spool.sqlite")
