"""The archive of an evidence bundle while it is written."""

import hashlib
import json
import os
import re
import tarfile

import pytest

from bellrock.cli import bundle as module
from bellrock.cli.bundle import MANIFEST, PAGE, Bundle
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from tests.cli.bundles import FINDING, bundled, parts_of


def test_every_part_is_in_the_manifest_with_its_checksum(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * ((1 << 20) + 1))

    def add(bundle):
        bundle.add("a/text", "A text.", b"text")
        bundle.add_json("a/value.json", "A value.", {"b": (1, 2)})
        bundle.add_file("a/large", "A file.", tmp_path / "large")
        bundle.findings.append(("this host", [FINDING]))

    manifest = bundled(tmp_path / "x.tar.gz", add, left_out=[("b", "it is not there")])
    found = parts_of(tmp_path / "x.tar.gz")
    assert found.keys() == {"a/text", "a/value.json", "a/large", PAGE, MANIFEST}
    assert json.loads(found["a/value.json"]) == {"b": [1, 2]}
    assert json.loads(found[MANIFEST]) == manifest
    assert [part["path"] for part in manifest["parts"]] == ["a/text", "a/value.json", "a/large", PAGE]
    for part in manifest["parts"]:
        octets = found[part["path"]]
        assert (part["octets"], part["sha256"]) == (len(octets), hashlib.sha256(octets).hexdigest())
    assert manifest["left_out"] == [{"what": "b", "why": "it is not there"}]
    assert FINDING["what"].encode() in found[PAGE]


def test_it_is_for_its_owner_alone_and_below_one_directory(tmp_path, monkeypatch):
    monkeypatch.setattr(module.platform, "node", lambda: "räck/1 x")
    bundled(tmp_path / "x.tar.gz")
    assert (tmp_path / "x.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        assert {member.mode for member in tar.getmembers()} == {0o600}
        (root,) = {member.name.partition("/")[0] for member in tar.getmembers()}
    assert re.fullmatch(r"bellrock-evidence-r-ck-1-x-\d{8}T\d{6}Z", root)


def test_a_host_without_a_name_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(module.platform, "node", lambda: "")
    with Bundle(str(tmp_path / "x.tar.gz"), force=False) as bundle:
        assert bundle.root.startswith("bellrock-evidence-host-")


def test_what_is_there_is_replaced_by_force_alone(tmp_path):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(b"mine")
    with pytest.raises(Failure, match="is there already; --force replaces it") as caught:
        bundled(path)
    assert (caught.value.exit_code, path.read_bytes()) == (EXIT_UNREADABLE, b"mine")
    bundled(path, force=True)
    assert MANIFEST in parts_of(path)


def test_nothing_half_is_left_behind(tmp_path):
    def fail(_bundle):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bundled(tmp_path / "x.tar.gz", fail)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_or_read_is_told_with_the_archives_name(tmp_path):
    with pytest.raises(Failure, match="No such file or directory; nothing was kept"):
        bundled(tmp_path / "no" / "x.tar.gz")
    with pytest.raises(Failure, match=r"x\.tar\.gz: .*; nothing was kept"):
        bundled(tmp_path / "x.tar.gz", lambda bundle: bundle.add_file("a", "A.", tmp_path / "absent"))
    (tmp_path / "there").mkdir()
    with pytest.raises(Failure, match="Is a directory; nothing was kept"):
        bundled(tmp_path / "there", force=True)
    assert [one.name for one in tmp_path.iterdir()] == ["there"]


def test_a_full_disk_is_told(tmp_path):
    def fill(bundle):
        with open("/dev/full", "wb", buffering=0) as full:
            os.dup2(full.fileno(), bundle._file.fileno())
            bundle.add("a", "A.", os.urandom(1 << 17))  # more than any buffer holds back

    with pytest.raises(Failure, match="No space left on device; nothing was kept"):
        bundled(tmp_path / "x.tar.gz", fill)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "-"):
        with pytest.raises(Failure, match="is no file; the archive needs one") as caught:
            Bundle(name, force=True)
        assert caught.value.exit_code == EXIT_UNREADABLE
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]
    assert (tmp_path / "pipe").is_fifo()
