"""An evidence bundle, read where nobody knows who wrote it."""

import gzip
import io
import json
import os
import tarfile

import msgspec
import pytest

from bellrock.cli import bundleopen
from bellrock.cli.bundleopen import MAX_HEADER, opened, show
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from tests.cli.bundles import FINDING, bundled, parts_of


@pytest.fixture
def archive(tmp_path):
    """A small one, and its manifest."""
    manifest = bundled(
        tmp_path / "case.tar.gz",
        lambda bundle: bundle.add("site.toml", "The site.", b'name = "kept"\n'),
        lambda bundle: bundle.add_json("host/findings.json", "What is wrong.", [FINDING]),
        lambda bundle: bundle.add_json("captures/x.diagnosis.json", "What it shows.", {"findings": [FINDING, 5]}),
        left_out=[("the region", "nobody answers")],
    )
    return tmp_path / "case.tar.gz", manifest


@pytest.fixture
def there(tmp_path):
    return tmp_path / "there"


def written(path, members):
    """An archive of these members, (name or TarInfo, octets)."""
    with tarfile.open(path, "w:gz") as tar:
        for name, octets in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(octets)
            tar.addfile(info, io.BytesIO(octets))
    return str(path)


def remade(archive, tmp_path, change):
    """The archive with other members."""
    found = parts_of(archive[0])
    change(found)
    return written(tmp_path / "other.tar.gz", [(f"root/{name}", octets) for name, octets in found.items()])


def refused(path, says, extract=None):
    with pytest.raises(Failure, match=says) as caught:
        opened(str(path), extract)
    assert caught.value.exit_code == EXIT_UNREADABLE
    assert "\n" not in caught.value.message


def test_what_it_holds(archive, there):
    path, manifest = archive
    found = opened(str(path), there)
    assert found.damage == ()
    assert found.findings == (("host/findings.json", FINDING), ("captures/x.diagnosis.json", FINDING))
    document = json.loads(json.dumps(found.document()))
    assert (document["host"], document["parts"]) == (manifest["host"], manifest["parts"])
    assert document["findings"][0] == {"part": "host/findings.json", **FINDING}
    assert (there / "site.toml").read_bytes() == b'name = "kept"\n'
    assert (there.stat().st_mode & 0o777, (there / "site.toml").stat().st_mode & 0o777) == (0o700, 0o600)


def test_nothing_is_written_over(archive, there):
    there.mkdir()
    refused(archive[0], "there: File exists", there)
    assert list(there.iterdir()) == []


def test_findings_that_cannot_be_read_are_none(archive, tmp_path):
    path = remade(archive, tmp_path, lambda found: found.update({"host/findings.json": b"{", "x.findings.json": b"7"}))
    assert [part for part, _one in opened(path, None).findings] == ["captures/x.diagnosis.json"]


def test_people_are_shown_what_is_in_it_and_what_is_not(archive, tmp_path, capsys):
    show(opened(remade(archive, tmp_path, lambda found: found.update({"extra\x1b[31m": b""})), None))
    said = capsys.readouterr()
    assert said.out.startswith(f"evidence from {archive[1]['host']}, 20")
    assert FINDING["what"] in said.out
    assert "left out: the region: nobody answers\n" in said.err
    assert "Warning: extra" in said.err
    assert "\x1b[31m" not in said.err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda found: found.update({"site.toml": b"x"}), "site.toml was changed since"),
        (lambda found: found.pop("site.toml"), "site.toml is missing"),
        (lambda found: found.update({"extra": b"x"}), "extra was added since"),
    ],
    ids=range(3),
)  # fmt: skip
def test_an_archive_that_is_not_as_it_was_written(archive, tmp_path, change, says):
    assert opened(remade(archive, tmp_path, change), None).damage == (says,)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda found: found.pop("manifest.json"), r"there is no manifest\.json"),
        (lambda found: found.update({"manifest.json": b"{"}), r"manifest\.json: "),
        (lambda found: found.update({"manifest.json": b'{"format":9,"made":0,"host":"h","bellrock":"9","parts":[]}'}), "newer Bellrock"),
        (lambda found: found.update({"../up": b"x"}), "not a plain file"),
        (lambda found: found.update({"x" * 256: b"x"}), "not a plain file"),
    ],
    ids=range(5),
)  # fmt: skip
def test_what_is_no_archive_of_ours(archive, tmp_path, there, change, says):
    refused(remade(archive, tmp_path, change), says, there)
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize("name", ["/etc/passwd", "alone", "root/../../up"])
def test_places_outside_of_its_directory(tmp_path, there, name):
    refused(written(tmp_path / "x.tar.gz", [(name, b"x")]), "not a plain file", there)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_nothing_but_plain_files(tmp_path, there, kind):
    info = tarfile.TarInfo("root/link")
    info.type, info.linkname = kind, "/etc/passwd"
    refused(written(tmp_path / "x.tar.gz", [(info, b"")]), "not a plain file", there)


def test_one_name_twice(tmp_path):
    refused(written(tmp_path / "x.tar.gz", [("root/a", b"x"), ("root/a", b"y")]), "a is in it twice")


@pytest.mark.parametrize(("name", "most"), [("MAX_UNPACKED", 100), ("MAX_PARTS", 2), ("MAX_PART", 10)])
def test_an_archive_that_is_larger_than_it_looks(archive, monkeypatch, name, most):
    monkeypatch.setattr(bundleopen, name, most)
    refused(archive[0], "nothing further is unpacked")


def test_a_part_that_is_too_large_to_look_into_is_held_to_its_checksum(archive, monkeypatch):
    monkeypatch.setattr(bundleopen, "MAX_READ", len(parts_of(archive[0])["manifest.json"]))
    monkeypatch.setattr(bundleopen, "BLOCK", 7)
    assert opened(str(archive[0]), None).damage == ()


@pytest.mark.parametrize("octets", [b"", b"text", b"\x1f\x8b\x08\0" + os.urandom(40)], ids=range(3))
def test_octets_that_are_no_archive(tmp_path, octets):
    (tmp_path / "x").write_bytes(octets)
    refused(tmp_path / "x", r"no whole tar\.gz")


def test_a_cut_archive_and_none(archive, tmp_path):
    (tmp_path / "cut").write_bytes(archive[0].read_bytes()[:-200])
    refused(tmp_path / "cut", r"no whole tar\.gz")
    refused(tmp_path / "absent", "absent: No such file")


def headed(kind, claims, octets):
    """One raw header of a type, with the octets that it claims (as many as are given follow)."""
    info = tarfile.TarInfo("root/x")
    info.type, info.size = kind, claims
    return info.tobuf(tarfile.GNU_FORMAT) + octets


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_claims_more_than_memory_holds(tmp_path, kind):
    (tmp_path / "x.tgz").write_bytes(gzip.compress(headed(kind, 3 << 30, bytes(MAX_HEADER + 1))))
    refused(tmp_path / "x.tgz", "a header in it has more than 128 KiB")


def test_headers_upon_headers(tmp_path):
    """Each is read within the one before it."""
    many = headed(tarfile.XHDTYPE, 0, b"") * (MAX_HEADER // tarfile.BLOCKSIZE - 1)
    (tmp_path / "x.tgz").write_bytes(gzip.compress(many + bytes(MAX_HEADER)))
    refused(tmp_path / "x.tgz", r"no whole tar\.gz|a header in it")


def test_octets_behind_its_end(archive, tmp_path):
    (tmp_path / "x.tgz").write_bytes(archive[0].read_bytes() + gzip.compress(bytes(2 * MAX_HEADER)))
    refused(tmp_path / "x.tgz", "a header in it has more than 128 KiB")


@pytest.mark.parametrize("name", ["manifest.json", "host/findings.json"])
def test_documents_within_documents(archive, tmp_path, name):
    path = remade(archive, tmp_path, lambda found: found.update({name: b"[" * 200_000}))
    if name == "manifest.json":
        refused(path, "manifest.json")
    else:
        assert [part for part, _one in opened(path, None).findings] == ["captures/x.diagnosis.json"]


def test_deep_findings_that_are_as_they_were_written(tmp_path):
    bundled(tmp_path / "x.tgz", lambda bundle: bundle.add("findings.json", "Deep.", b"[" * 200_000))
    assert opened(str(tmp_path / "x.tgz"), None).findings == ()


def test_a_name_that_is_no_text(tmp_path):
    refused(
        written(tmp_path / "x.tgz", [(b"root/\xff.txt".decode(errors="surrogateescape"), b"x")]), "not a plain file"
    )


def test_what_is_looked_into_is_bounded_as_a_whole(archive, monkeypatch, capsys):
    monkeypatch.setattr(bundleopen, "MAX_READ", 2000)
    assert opened(str(archive[0]), None).unread == ()
    monkeypatch.setattr(bundleopen, "MAX_READ", len(parts_of(archive[0])["manifest.json"]))
    parts = dict.fromkeys(("a.json", "b.json"), b"x")
    found = bundleopen._Read({}, {"a.findings.json": bytes(bundleopen.MAX_READ - 1)})
    assert [found.looks_into(name, len(octets)) for name, octets in parts.items()] == [False, False]
    assert (found.looks_into("c.findings.json", 1), found.looks_into("d.findings.json", 2)) == (True, False)
    assert (found.looks_into("manifest.json", 1), found.unread) == (True, ["d.findings.json"])
    show(msgspec.structs.replace(opened(str(archive[0]), None), unread=("d.findings.json",)))
    assert "Warning: d.findings.json is too large to be looked into" in capsys.readouterr().err


def test_whose_a_finding_is_cannot_be_forged(archive, tmp_path):
    forged = {**FINDING, "part": "liar"}
    bundled(tmp_path / "x.tgz", lambda bundle: bundle.add_json("host/findings.json", "x", [forged]))
    assert [one["part"] for one in opened(str(tmp_path / "x.tgz"), None).document()["findings"]] == [
        "host/findings.json"
    ]
    path = remade(archive, tmp_path, lambda found: found.update({"added.findings.json": json.dumps([forged]).encode()}))
    assert "added.findings.json" not in dict(opened(path, None).findings)
