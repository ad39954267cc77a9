"""`bellrock evidence bundle | open`: one archive of this host, captures and a site, and what is said of it."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli.evidence import evidence
from tests.capture.test_merge import capture as write
from tests.capture.test_merge import datagram
from tests.cli.bundles import parts_of, why_not


def run(*words):
    return CliRunner().invoke(evidence, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def archive(tmp_path):
    """A bundle with a capture and a site, and without a region, for there is none."""
    path = write(tmp_path / "boot.pcapng", [(0, datagram(1) + b"Authorization: Basic c2VjcmV0")])
    (tmp_path / "site.toml").write_text('password = "hunter2"\nname = "kept"\n')
    out = tmp_path / "case.tar.gz"
    words = ("bundle", "-o", out, "--capture", path, "--site", tmp_path / "site.toml", "--state-dir", tmp_path / "none")
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return out, json.loads(done.stdout)


def test_what_is_in_it(archive):
    path, manifest = archive
    found = parts_of(path)
    assert found.keys() == {*(part["path"] for part in manifest["parts"]), "manifest.json"}
    assert {
        "host/state.json",
        "host/versions.json",
        "captures/boot.pcapng",
        "captures/boot.diagnosis.json",
        "site.toml",
        "index.html",
    } <= found.keys()
    assert "api-token" in why_not(manifest, "what the region knows")
    page = found["index.html"].decode()
    assert 'href="captures/boot.pcapng"' in page
    assert "1 values were blanked" in page


def test_secrets_and_payloads_stay_behind(archive, tmp_path):
    everything = b"".join(parts_of(archive[0]).values())
    for secret in (b"hunter", b"c2VjcmV0", b"Authorization"):
        assert secret not in everything
    out = tmp_path / "more.tar.gz"
    done = run("bundle", "-o", out, "--no-region", "--capture", tmp_path / "boot.pcapng", "--payloads")
    assert (done.exit_code, "left out: the region: --no-region was given" in done.stderr) == (0, True)
    assert b"Authorization" in parts_of(out)["captures/boot.pcapng"], "payloads of UDP stay where they are asked for"


def test_it_is_opened_elsewhere(archive, tmp_path):
    done = run("open", archive[0], "--extract", tmp_path / "there")
    assert (done.exit_code, "captures/boot.pcapng" in done.output) == (0, True), done.output
    assert (tmp_path / "there" / "host" / "state.json").is_file()
    again = run("open", archive[0], "--extract", tmp_path / "there")
    assert (again.exit_code, "File exists" in again.output) == (3, True)
    document = json.loads(run("open", archive[0], "--json").stdout)
    assert (document["damage"], document["host"]) == ([], archive[1]["host"])


def test_one_that_is_not_as_it_was_written_is_a_no(archive, monkeypatch):
    monkeypatch.setattr("bellrock.cli.bundleopen._damage", lambda *_: ["site.toml is missing"])
    done = run("open", archive[0])
    assert (done.exit_code, "site.toml is missing" in done.output) == (1, True), done.output


def test_what_cannot_be_bundled(tmp_path):
    for words, says in (
        (("--capture", tmp_path / "absent"), "absent"),
        (("--site", tmp_path / "absent"), "absent"),
        (("--capture", __file__), "no capture"),
    ):
        done = run("bundle", "-o", tmp_path / "x.tar.gz", "--no-region", *words)
        assert (done.exit_code, says in done.output) == (3, True), done.output
        assert list(tmp_path.glob("*x.tar.gz*")) == [], "nothing half is left behind"
    (tmp_path / "there").write_bytes(b"")
    assert run("bundle", "-o", tmp_path / "there", "--no-region").exit_code == 3
    assert run("bundle", "-o", tmp_path / "no" / "such" / "place", "--no-region").exit_code == 3


@pytest.mark.parametrize("option", ["--capture", "--site"])
def test_what_is_read_is_not_replaced(tmp_path, option):
    path = write(tmp_path / "boot.pcapng", [(0, datagram(1))])
    before = (tmp_path / "boot.pcapng").read_bytes()
    done = run("bundle", "--no-region", option, path, "-o", path, "--force")
    assert (done.exit_code, "is what is read; name another file" in done.output) == (2, True), done.output
    assert (tmp_path / "boot.pcapng").read_bytes() == before
