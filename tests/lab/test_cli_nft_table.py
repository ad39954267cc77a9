"""nft as we run it: listings, checks, loads, and its refusals as one line."""

import subprocess

import pytest

from bellrock.cli import nft_table
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from tests.lab.apart import apart
from tests.lab.applying import BEFORE, BESIDE

pytestmark = pytest.mark.lab


def refused(work):
    with pytest.raises(Failure) as caught:
        work()
    assert caught.value.exit_code == EXIT_UNREADABLE
    return caught.value.message


def program(monkeypatch, tmp_path, script):
    """An nft of our own making, in front of the real one."""
    path = tmp_path / "nft"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_a_table_is_listed_with_its_counters_or_without():
    def work():
        assert nft_table.listing("bellrock") is None
        assert nft_table.load(BEFORE) == ""
        return nft_table.listing("bellrock"), nft_table.listing("bellrock", counters=False)

    whole, bare = apart(work)
    assert "counter packets 41 bytes 4100" in whole
    assert bare == whole.replace("counter packets 41 bytes 4100", "counter")


@pytest.mark.parametrize("texts", [(BEFORE,), ()], ids=["a table", "none"])
def test_restoring_makes_it_what_it_was(texts):
    def work():
        for text in (BESIDE, *texts):
            assert nft_table.load(text) == ""
        everything = subprocess.check_output(["nft", "list", "ruleset"])
        text = nft_table.restoring("bellrock", nft_table.listing("bellrock"))
        assert nft_table.load("table inet bellrock { chain other { }; };") == ""
        nft_table.check(text, "it")
        assert nft_table.load(text) == ""
        assert subprocess.check_output(["nft", "list", "ruleset"]) == everything

    apart(work)


def test_as_listed_leaves_the_live_tables_alone():
    def work():
        shown = nft_table.as_listed(BEFORE, "bellrock")
        assert subprocess.check_output(["nft", "list", "ruleset"]) == b""
        nft_table.load(BEFORE)
        assert nft_table.listing("bellrock", counters=False) == shown
        return nft_table.as_listed(BESIDE, "bellrock")

    assert apart(work) == ""


def test_what_does_not_load_is_told_in_one_line():
    assert "rules would not load: " in apart(lambda: refused(lambda: nft_table.as_listed("table inet", "bellrock")))
    assert "mine would not load: " in apart(lambda: refused(lambda: nft_table.check("table inet", "mine")))
    assert "syntax error" in apart(lambda: nft_table.load("table inet\n"))


def test_the_version(monkeypatch, tmp_path):
    nft_table.require_nft()
    program(monkeypatch, tmp_path, "echo nftables v0.9.8 '(E.D.S.)'")
    assert "version 0.9.8, and 1.0.0 is the oldest" in refused(nft_table.require_nft)
    program(monkeypatch, tmp_path, "echo nftables v1.1 '(X)'")
    nft_table.require_nft()
    program(monkeypatch, tmp_path, "echo hello")
    assert "does not say its version" in refused(nft_table.require_nft)


def test_no_nft(monkeypatch):
    monkeypatch.setattr(nft_table.shutil, "which", lambda *_, **__: None)
    assert "nft was not found; install the package nftables" in refused(nft_table.require_nft)
    assert "nft was not found" in nft_table.load("")


def test_an_nft_that_says_no_or_nothing(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "echo 'Error: Operation not permitted (you must be root)' >&2; exit 1")
    assert "not permitted; run it as root, or with CAP_NET_ADMIN" in refused(lambda: nft_table.listing("bellrock"))
    program(monkeypatch, tmp_path, "exit 7")
    assert nft_table.load("x") == "nft ended with 7"
    program(monkeypatch, tmp_path, "exec sleep 60")
    monkeypatch.setattr(nft_table, "_PATIENCE", 0.2)
    assert "did not end within" in refused(nft_table.require_nft)


def test_an_nft_that_cannot_be_run(monkeypatch, tmp_path):
    (tmp_path / "nft").write_text("neither a script nor a program")
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "cannot be run: Exec format error" in refused(nft_table.require_nft)
    monkeypatch.setattr(nft_table, "_program", lambda: str(tmp_path / "gone"))
    assert "does not say its version" in refused(nft_table.require_nft)


def test_where_no_namespace_may_be_made(monkeypatch):
    monkeypatch.setattr(nft_table, "_WAYS_IN", (("unshare", "--no-such-option"), ("/no/such/program",)))
    assert nft_table.as_listed(BEFORE, "bellrock") is None
