"""Files that are drawn into: what is there stays."""

import os
from pathlib import Path

import pytest

from bellrock.cli.output import Failure
from bellrock.cli.pictures import may_write, write


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boot.pcap").write_bytes(b"evidence")
    (tmp_path / "old.svg").write_bytes(b"old")
    (tmp_path / "link.svg").symlink_to("boot.pcap")
    return tmp_path


@pytest.mark.parametrize(
    ("drawn", "force", "code", "words"),
    [
        ({"--svg": "boot.pcap"}, True, 2, "boot.pcap is what is read"),
        ({"--svg": "link.svg"}, True, 2, "link.svg is what is read"),
        ({"--svg": "./boot.pcap"}, False, 2, "is what is read"),
        ({"--svg": "new", "--html": "./new"}, True, 2, "--svg and --html are one file"),
        ({"--svg": None, "--html": "old.svg"}, False, 3, "old.svg is there already; --force"),
    ],
    ids=["read", "linked", "other spelling", "twice", "there"],
)
def test_what_is_refused(place, drawn, force, code, words):
    with pytest.raises(Failure, match=words) as refused:
        may_write({option: path and Path(path) for option, path in drawn.items()}, ["-", "boot.pcap"], force=force)
    assert refused.value.exit_code == code


def test_what_is_written(place):
    may_write({"--svg": Path("new"), "--html": None}, ["boot.pcap", "absent", "nul\0"], force=False)
    may_write({"--svg": Path("old.svg")}, ["boot.pcap"], force=True)
    may_write({"--svg": Path(os.devnull), "--html": Path(os.devnull)}, [], force=False)
    write(Path("old.svg"), "new")
    write(None, "nobody's")
    assert {one.name: one.read_bytes() for one in place.iterdir() if one.name != "link.svg"} == {
        "boot.pcap": b"evidence", "old.svg": b"new",
    }  # fmt: skip
    with pytest.raises(Failure, match="Is a directory") as refused:
        write(place, "x")
    assert refused.value.exit_code == 3
