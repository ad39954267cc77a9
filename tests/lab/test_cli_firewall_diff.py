"""`bellrock firewall diff`: what loading would change, against the live table or a file, as nft itself lists both."""

import json
import subprocess

import pytest
from click.testing import CliRunner

from bellrock.cli import nft_table
from bellrock.cli.firewall import firewall
from bellrock.cli.firewall_diff import MAX_RULESET
from bellrock.firewall.compile.build import build
from bellrock.firewall.compile.policy import Options
from tests.firewall.compile.terms import PLACES, SMALL
from tests.lab.apart import apart
from tests.lab.applying import BESIDE, SITE

pytestmark = pytest.mark.lab

RULES = build(SMALL, PLACES["rack"], "nftables", Options()).text


def nft(text):
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


def diff(*words, rules=""):
    """The command, in a namespace where `rules` are loaded."""

    def work():
        nft(BESIDE + rules)
        return CliRunner().invoke(firewall, ["diff", "--site", str(SITE), "--for", "rack", *words])

    return apart(work)


def test_rules_that_are_in_force_differ_in_nothing_whatever_their_comments_and_counters():
    explained = build(SMALL, PLACES["rack"], "nftables", Options(explain=True)).text
    counted = explained.replace('counter drop comment "no flow', 'counter packets 9 bytes 99 drop comment "no flow')
    done = diff(rules=counted)
    assert (done.exit_code, done.output) == (0, "")


def test_no_table_yet():
    done = diff()
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[:2] == ["--- live", "+++ new"]
    assert all(line.startswith("+") for line in lines[3:])


def test_one_rule_more():
    done = diff("--json", rules=RULES.replace("{ 10.0.0.4 }", "{ 10.0.0.99 }"))
    found = json.loads(done.output)
    assert (done.exit_code, found["changes"]) == (1, True)
    changed = [line for line in found["diff"].splitlines() if line[0] in "+-" and line[:3] not in ("---", "+++")]
    assert changed == ["-\t\telements = { 10.0.0.99 }", "+\t\telements = { 10.0.0.4 }"]


def test_against_a_file(tmp_path):
    path = tmp_path / "rules.nft"
    path.write_text(RULES)
    assert diff("--ruleset", str(path)).exit_code == 0
    path.write_text(BESIDE)
    done = diff("--ruleset", str(path))
    assert done.exit_code == 1
    assert done.output.startswith(f"--- {path}\n+++ new\n")


def test_files_that_cannot_be_read(tmp_path):
    assert diff("--ruleset", str(tmp_path / "none")).exit_code == 3
    path = tmp_path / "bad.nft"
    path.write_text("table inet bellrock { chain\n")
    done = diff("--ruleset", str(path))
    assert done.exit_code == 3
    assert "would not load" in done.output
    with path.open("wb") as file:
        file.truncate(MAX_RULESET + 1)
    assert "64 MiB" in diff("--ruleset", str(path)).output


def test_the_sketch_is_not_a_table():
    done = diff("--style", "sketch")
    assert done.exit_code == 2
    assert "use sets or linear" in done.output


def test_where_no_namespace_may_be_made_spelling_differs_and_that_is_said(monkeypatch):
    monkeypatch.setattr(nft_table, "_WAYS_IN", (("unshare", "--no-such-option"),))
    done = diff(rules=RULES)
    assert done.exit_code == 1
    assert "no namespace may be made" in done.output
    assert "-                icmp" in done.output.replace("meta nfproto ipv4 ", "")


def test_a_file_that_is_not_nft_s_is_named(tmp_path):
    saved = tmp_path / "rules.v4"
    saved.write_text("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
    done = diff("--ruleset", str(saved))
    assert (done.exit_code, f"{saved}: an iptables-save" in done.output) == (3, True)
    saved.write_bytes(b"\x7fELF")
    done = diff("--ruleset", str(saved))
    assert (done.exit_code, f"{saved}: the rules would not load: line 1:" in done.output) == (3, True)
