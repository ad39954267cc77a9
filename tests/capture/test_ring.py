"""Capture files and rings of them."""

import errno
import os
import stat

import pytest

from bellrock.capture import pcapng, ring
from bellrock.capture.ring import BUFFER, FileError, Files, Turns
from tests.capture.reader import read

ONE = Turns()
PACKET = pcapng.packet(0, 5, b"x" * 1000, 1000, 0)


def head():
    return pcapng.section("test") + pcapng.interface("eth0", 65535)


def tail():
    return pcapng.statistics(0, 9, {pcapng.RECEIVED: 3}, 1)


def files(path, turns=ONE, **more):
    return Files(str(path), turns, head, tail, 0.0, **more)


def test_one_file(tmp_path):
    made = files(tmp_path / "a.pcapng")
    assert read((tmp_path / "a.pcapng").read_bytes()).interfaces
    for _ in range(3):
        made.write(PACKET, 1.0)
    made.tick(1e9)
    made.close()
    made.close()
    contents = read((tmp_path / "a.pcapng").read_bytes())
    assert (len(contents.packets), len(contents.statistics)) == (3, 1)
    assert stat.S_IMODE((tmp_path / "a.pcapng").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.pcapng"]
    assert list(made.kept) == [made.name] == [str(tmp_path / "a.pcapng")]


def test_a_ring_by_size_keeps_the_last(tmp_path):
    made = files(tmp_path / "a.pcapng", Turns(size=5000, files=3))
    for _ in range(20):
        made.write(PACKET, 0.0)
    made.close()
    names = sorted(os.listdir(tmp_path))
    assert names[0] > "a-0001.pcapng"
    assert len(names) == 3
    assert [os.path.basename(name) for name in made.kept] == names
    for name in names:
        octets = (tmp_path / name).read_bytes()
        assert len(octets) <= 5000
        contents = read(octets)
        assert contents.packets
        assert len(contents.statistics) == 1


def test_a_packet_larger_than_a_file_has_one_of_its_own(tmp_path):
    made = files(tmp_path / "a", Turns(size=500))
    made.write(PACKET, 0.0)
    made.write(PACKET, 0.0)
    made.close()
    assert sorted(os.listdir(tmp_path)) == ["a-0001.pcapng", "a-0002.pcapng"]


def test_a_ring_by_age(tmp_path):
    made = files(tmp_path / "a.cap", Turns(seconds=10.0))
    made.tick(20.0)
    assert os.listdir(tmp_path) == ["a-0001.cap"]
    made.write(PACKET, 20.0)
    made.tick(20.0)
    made.tick(25.0)
    assert sorted(os.listdir(tmp_path)) == ["a-0001.cap", "a-0002.cap"]
    made.announce(pcapng.interface("eth1", 1))
    made.close()
    assert len(read((tmp_path / "a-0002.cap").read_bytes()).interfaces) == 2


def test_an_old_file_that_was_moved_away_is_not_missed(tmp_path):
    made = files(tmp_path / "a.cap", Turns(size=500, files=1))
    made.write(PACKET, 0.0)
    (tmp_path / "a-0001.cap").rename(tmp_path / "kept")
    made.write(PACKET, 0.0)
    made.close()
    assert sorted(os.listdir(tmp_path)) == ["a-0002.cap", "kept"]


def test_nothing_is_replaced_unless_asked(tmp_path):
    (tmp_path / "a.cap").write_text("mine")
    with pytest.raises(FileError, match="is there already; choose another name, or --force"):
        files(tmp_path / "a.cap")
    assert (tmp_path / "a.cap").read_text() == "mine"
    made = files(tmp_path / "a.cap", force=True)
    made.close()
    assert read((tmp_path / "a.cap").read_bytes())
    assert os.listdir(tmp_path) == ["a.cap"]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("elsewhere", path)], ids=["fifo", "link"])
def test_what_is_no_file_is_not_replaced_even_by_force(tmp_path, make):
    there = tmp_path / "a.pcapng"
    make(there)
    with pytest.raises(FileError, match="is no regular file and is not replaced"):
        files(there, force=True)
    assert not stat.S_ISREG(os.lstat(there).st_mode)


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_name_that_is_no_name_of_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match="is no name of a file"):
        files(name)
    with pytest.raises(FileError, match="is no name of a file"):
        files(name, Turns(size=4096))
    assert os.listdir(tmp_path) == []


def test_an_earlier_ring_is_not_mixed_with(tmp_path):
    (tmp_path / "a[1]-0007.cap").write_text("mine")
    with pytest.raises(FileError, match="of an earlier capture"):
        files(tmp_path / "a[1].cap", Turns(size=5000))
    files(tmp_path / "a[1].cap", Turns(size=5000), force=True).close()
    files(tmp_path / "a1.cap", Turns(size=5000)).close()


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="cannot be made: No such file"):
        files(tmp_path / "no" / "a.cap")
    assert os.listdir(tmp_path) == []


def test_names_begin_again_after_the_last_number(tmp_path, monkeypatch):
    monkeypatch.setattr(ring, "MAX_FILES", 2)
    made = files(tmp_path / "a.cap", Turns(size=500, files=1))
    for _ in range(3):
        made.write(PACKET, 0.0)
    made.close()
    assert os.listdir(tmp_path) == ["a-0001.cap"]


class Disk:
    """Takes so many octets, in pieces."""

    def __init__(self, room):
        self.room, self.real = room, os.write

    def write(self, descriptor, octets):
        taken = self.real(descriptor, octets[: min(self.room, 700)]) if self.room else 0
        self.room -= taken
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        return taken


@pytest.mark.parametrize("room", [2000, 2001, 3333, 5000])
def test_a_full_disk_leaves_whole_blocks(tmp_path, monkeypatch, room):
    made = files(tmp_path / "a.cap")
    monkeypatch.setattr(ring.os, "write", Disk(room).write)
    for _ in range(20):
        made.write(PACKET, 0.0)
    with pytest.raises(FileError, match=r"a.cap: No space left on device; the capture ends here"):
        made.flush()
    with pytest.raises(FileError):
        made.close()
    contents = read((tmp_path / "a.cap").read_bytes())
    assert len(contents.packets) == room // len(PACKET)
    assert made.octets == (tmp_path / "a.cap").stat().st_size


def test_a_full_disk_at_the_first_block(tmp_path, monkeypatch):
    monkeypatch.setattr(ring.os, "write", Disk(10).write)
    with pytest.raises(FileError, match="No space left"):
        files(tmp_path / "a.cap")
    assert os.listdir(tmp_path) == []


def test_much_is_written_at_once(tmp_path):
    made = files(tmp_path / "a.cap")
    for _ in range(BUFFER // len(PACKET)):
        made.write(PACKET, 0.0)
    before = (tmp_path / "a.cap").stat().st_size
    made.write(PACKET, 0.0)
    assert (tmp_path / "a.cap").stat().st_size > before + BUFFER // 2
    made.close()


def test_standard_output(capfdbinary):
    made = files("-")
    made.write(PACKET, 0.0)
    made.close()
    assert len(read(capfdbinary.readouterr().out).packets) == 1
    assert made.name == "standard output"
    assert not made.kept


def test_a_reader_that_is_gone(tmp_path, monkeypatch):
    made = files(tmp_path / "a.cap")
    made.write(PACKET, 0.0)

    def gone(*_):
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr(ring.os, "write", gone)
        with pytest.raises(BrokenPipeError):
            made.flush()
    made.close()


def without_links(*_, **__):
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_where_there_are_no_hard_links(tmp_path, monkeypatch):
    """As on FAT and exFAT (link(2): EPERM)."""
    monkeypatch.setattr(os, "link", without_links)
    made = files(tmp_path / "a.cap")
    made.write(PACKET, 0.0)
    made.close()
    assert len(read((tmp_path / "a.cap").read_bytes()).packets) == 1
    assert stat.S_IMODE((tmp_path / "a.cap").stat().st_mode) == 0o600
    with pytest.raises(FileError, match="is there already; choose another name"):
        files(tmp_path / "a.cap")
    assert len(read((tmp_path / "a.cap").read_bytes()).packets) == 1
    assert os.listdir(tmp_path) == ["a.cap"]


def test_a_name_that_was_taken_and_could_not_be_used_is_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", without_links)
    monkeypatch.setattr(ring.Path, "replace", without_links)
    with pytest.raises(FileError, match="cannot be made: Operation not permitted"):
        files(tmp_path / "a.cap")
    assert os.listdir(tmp_path) == []


def test_a_whole_file_has_its_name_at_its_end(tmp_path):
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"before")
    files = Files(str(path), Turns(), lambda: b"head", lambda: b"tail", 0.0, force=True, whole=True)
    assert (path.read_bytes(), len(list(tmp_path.iterdir()))) == (b"before", 2)
    files.close()
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"headtail", [path])
    files.abandon()
    Files(str(path), Turns(), lambda: b"head", lambda: b"tail", 0.0, force=True, whole=True).abandon()
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"headtail", [path])
    with pytest.raises(FileError, match="is there already"):
        Files(str(path), Turns(), lambda: b"head", lambda: b"tail", 0.0, whole=True)
