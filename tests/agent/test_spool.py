"""Reports outlive the process, in order, numbered without gaps, until they are acknowledged."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from bellrock.agent import spool as module
from bellrock.agent.spool import Spool, SpoolDamagedError, SpoolError
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
    assert spool.oldest() == 3.0
    spool.acknowledge(3)
    assert spool.oldest() is None


def test_what_it_takes_on_disk_is_known(spool, tmp_path):
    before = spool.size
    assert before > 0
    fill_a_little = [Report(seq, "B" * 900, Wall(0.0), ()) for seq in range(1, 50)]
    for one in fill_a_little:
        spool.append(one)
    assert spool.size >= before + 40_000
    (tmp_path / "spool.sqlite").rename(tmp_path / "elsewhere")
    (tmp_path / "spool.sqlite-wal").rename(tmp_path / "elsewhere-wal")
    assert spool.size == 0


def test_a_disk_that_fails_does_not_tell_what_waits_longest(spool):
    spool.append(report(1))
    spool.close()
    assert spool.oldest() is None


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
    assert (spool.last, spool.waiting) == (42, 1)


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


def test_it_is_unsure_until_the_region_has_said_what_it_knows(tmp_path):
    path = tmp_path / "spool.sqlite"
    spool = Spool(path)
    spool.append(report(1))
    assert spool.unsure
    spool.acknowledge(1)
    spool.close()
    again = Spool(path)
    assert not again.unsure
    again.close()


def broken(directory, number=1):
    return directory / f"spool.sqlite.broken-{number}"


def test_a_file_that_is_no_spool_is_set_aside_not_deleted(tmp_path, caplog):
    path = tmp_path / "spool.sqlite"
    for number in (1, 2):
        path.write_bytes(content := b"not a database, however one looks at it" * 100 * number)
        spool = Spool(path)
        spool.append(report(1))
        assert (spool.last, spool.unsure) == (1, True)
        spool.close()
        assert broken(tmp_path, number).read_bytes() == content
        path.unlink()
    assert [record.getMessage() for record in caplog.records] == [
        f"spool {path}: file is not a database; set aside as spool.sqlite.broken-{number},"
        " and the region is told everything anew"
        for number in (1, 2)
    ]


ROW = "UPDATE report SET body = {} WHERE seq = 2"


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (ROW.format("'x'"), "report 2 cannot be read: JSON is malformed"),
        (ROW.format("7"), "report 2 cannot be read"),
        (ROW.format("CAST(x'ff22' AS TEXT)"), "report 2 cannot be read"),
        (ROW.format("""x'7b22626f6f74223a22ff227d'"""), "report 2 cannot be read"),
        (ROW.format("'{}'"), "report 2 cannot be read: Object missing required field"),
        (ROW.format("replace(hex(zeroblob(200000)), '0', '[')"), "report 2 cannot be read"),
        (ROW.format("(SELECT body FROM report WHERE seq = 1)"), "report 2 says that it is number 1"),
        ("DROP TABLE report", "no such table: report"),
    ],
)
def test_damage_that_reading_finds_is_set_aside_and_numbers_go_on(tmp_path, spool, damage, why):
    for seq in (1, 2, 3):
        spool.append(report(seq))
    spool.acknowledge(0)
    spool._db.execute(damage)
    with pytest.raises(SpoolDamagedError, match=why):
        spool.after(0)
    assert spool.after(0) == []
    assert (spool.last, spool.waiting, spool.unsure, spool.generation) == (3, 0, True, 1)
    spool.append(report(4))
    assert [one.seq for one in spool.after(0)] == [4]
    assert broken(tmp_path).exists()


@pytest.mark.parametrize(
    ("damage", "last"),
    [
        ("UPDATE mark SET value = 'many' WHERE name = 'last'", 3),
        ("UPDATE mark SET value = -7 WHERE name = 'last'", 3),
        ("UPDATE mark SET value = 'perhaps' WHERE name = 'agreed'", 9),
        ("DROP TABLE report; CREATE TABLE report (number INTEGER)", 9),
        ("DROP TABLE report; DROP TABLE mark; CREATE TABLE mark (x, y, z)", 0),
    ],
)
def test_damage_that_opening_finds_keeps_the_numbers_that_can_be_read(tmp_path, damage, last):
    path = tmp_path / "spool.sqlite"
    spool = Spool(path)
    for seq in (1, 2, 3):
        spool.append(report(seq))
    spool._db.execute("UPDATE mark SET value = 9 WHERE name = 'last'")
    spool._db.executescript(damage)
    spool.close()
    again = Spool(path)
    assert (again.last, again.waiting, again.unsure) == (last, 0, True)
    again.append(report(last + 1))
    again.close()
    assert broken(tmp_path).exists()


def test_torn_pages_are_set_aside(tmp_path, caplog):
    path = tmp_path / "spool.sqlite"
    spool = Spool(path)
    for seq in range(1, 200):
        spool.append(Report(seq, "B" * 900, Wall(0.0), ()))
    spool.close()
    content = path.read_bytes()
    path.write_bytes(content[: 4096 * 4] + bytes(len(content) - 4096 * 4))
    again = Spool(path)
    assert "database disk image is malformed; set aside" in caplog.text
    assert (again.last, again.waiting) == (199, 0)
    again.append(report(200))
    again.close()


def test_a_spool_that_cannot_be_prepared_is_left_as_it_is(tmp_path):
    path = tmp_path / "spool.sqlite"
    Spool(path).close()
    path.with_name("spool.sqlite-wal").mkdir()
    with pytest.raises(SpoolError, match="unable to open database file; is it a file that this user may write"):
        Spool(path)
    path.with_name("spool.sqlite-wal").rmdir()
    Spool(path).close()
    assert not broken(tmp_path).exists()


def test_a_row_that_is_there_already_is_damage(tmp_path, spool):
    spool._db.execute("INSERT INTO report VALUES (1, 'x')")
    with pytest.raises(SpoolDamagedError, match="UNIQUE constraint failed"):
        spool.append(report(1))
    spool.append(report(spool.last + 1))
    assert [one.seq for one in spool.after(0)] == [2]


def test_where_no_new_file_can_be_begun_it_is_tried_again(tmp_path, spool, monkeypatch):
    spool.append(report(1))
    spool._db.execute("UPDATE report SET body = 'x'")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_rename", lambda path: path.with_name("nowhere") / os.readlink(path))
        for _ in range(2):
            with pytest.raises(SpoolError, match="no new one can be begun"):
                spool.after(0)
    with pytest.raises(SpoolDamagedError):
        spool.after(0)
    spool.append(report(2))
    assert [one.seq for one in spool.after(0)] == [2]


@pytest.mark.parametrize("seq", [-1, 2**63, 2**64])
def test_a_number_that_cannot_be_is_refused(spool, seq):
    with pytest.raises(SpoolError, match="which cannot be"):
        spool.acknowledge(seq)
    assert (spool.last, spool.unsure) == (0, True)


def test_a_closed_spool_says_so(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite")
    spool.close()
    spool.close()
    with pytest.raises(SpoolError, match="it is closed"):
        spool.after(0)


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
    with pytest.raises(SpoolError, match="unable to open database file; is it a file"):
        Spool(tmp_path / "spool.sqlite")
