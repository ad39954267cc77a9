"""Rulesets by nft's own tools."""

import os
import subprocess
from pathlib import Path

import pytest

from bellrock.cli import nft
from bellrock.cli.output import Failure

RULES = (
    'table inet t {\n  chain f { type filter hook forward priority 0; policy drop;\n    iif "ghost0" accept\n  }\n}\n'
)


def refused(work) -> Failure:
    with pytest.raises(Failure) as caught:
        work()
    assert caught.value.exit_code == 3
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.lab
def test_a_file_of_nft_is_loaded_where_it_harms_nobody(tmp_path):
    path = tmp_path / "rules.nft"
    path.write_text(RULES)
    (rule,) = nft.from_file(path).chains["inet t f"].rules
    assert rule.text == 'iif "ghost0" accept'
    assert rule.handle > 0


@pytest.mark.lab
def test_what_a_file_includes_is_found(tmp_path):
    (tmp_path / "inner.nft").write_text(RULES)
    path = tmp_path / "rules.nft"
    path.write_text('include "inner.nft"\n'.replace("ghost0", "lo"))
    (tmp_path / "inner.nft").write_text(RULES.replace("ghost0", "lo"))
    assert "inet t f" in nft.from_file(path).chains


@pytest.mark.lab
def test_a_file_that_does_not_load(tmp_path):
    path = tmp_path / "rules.nft"
    path.write_text("table inet t {\n  chain f { nonsense }\n}\n")
    assert "nft does not load it" in refused(lambda: nft.from_file(path)).message


@pytest.mark.lab
def test_the_reason_is_told_through_what_was_included(tmp_path):
    (tmp_path / "inner.nft").write_text("table inet t {\n  chain f { nonsense }\n}\n")
    path = tmp_path / "rules.nft"
    path.write_text('include "inner.nft"\n')
    message = refused(lambda: nft.from_file(path)).message
    assert "In file included from" in message
    assert "inner.nft:2:" in message
    assert "Error: syntax error" in message


def test_complaints():
    assert nft.complaint("") == "it says nothing"
    assert nft.complaint("a:1:2-3: Error: one\n  x\n  ^\nb:2:1-1: Error: two\n") == "a:1:2-3: Error: one (and 1 more)"
    assert nft.complaint("killed\nmore") == "killed"


class Stdin:
    """Standard input, as the descriptor of a file."""

    def __init__(self, file):
        self.fileno = file.fileno


@pytest.mark.lab
def test_standard_input_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "rules.nft"
    path.write_text(RULES)
    with path.open() as file:
        monkeypatch.setattr(nft.sys, "stdin", Stdin(file))
        assert "inet t f" in nft.from_file(nft.STDIN).chains
        assert refused(lambda: nft.from_file(nft.STDIN)).message.startswith("standard input: empty")


@pytest.mark.lab
@pytest.mark.parametrize(("rules", "whole"), [(RULES, True), ("table inet t { nonsense }\n", False)])
def test_a_pipe_is_read_once(rules, whole):
    reader, writer = os.pipe()
    os.write(writer, rules.encode())
    os.close(writer)
    pipe = Path(f"/dev/fd/{reader}")
    if whole:
        assert "inet t f" in nft.from_file(pipe).chains
    else:
        assert f"nft does not load it: {pipe}:1:" in refused(lambda: nft.from_file(pipe)).message
    os.close(reader)


def test_nothing_at_all_is_noted(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text('{"nftables": []}')
    assert nft.noted(nft.from_file(path)).notes == ("there is no rule at all: everything passes, needed or not",)
    chain = '{"family": "inet", "table": "t", "name": "f", "hook": "forward", "type": "filter", "prio": 0, "policy": "drop"}'
    path.write_text(f'{{"nftables": [{{"chain": {chain}}}]}}')
    assert nft.noted(nft.from_file(path)).notes == ()


def test_json_needs_no_nft(tmp_path, monkeypatch):
    monkeypatch.setattr(nft, "require_nft", lambda: pytest.fail("nft was asked for"))
    path = tmp_path / "rules.json"
    path.write_text(' {"nftables": [{"chain": {"family": "inet", "table": "t", "name": "f"}}]}')
    assert set(nft.from_file(path).chains) == {"inet t f"}


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    assert "No such file" in refused(lambda: nft.read(tmp_path / "nowhere")).message
    (tmp_path / "empty").write_text(" \n")
    assert "empty" in refused(lambda: nft.read(tmp_path / "empty")).message
    (tmp_path / "bad").write_text("{")
    assert "not JSON" in refused(lambda: nft.from_file(tmp_path / "bad")).message
    monkeypatch.setattr(nft, "MOST_OCTETS", 3)
    (tmp_path / "large").write_text("12345")
    assert "longer than" in refused(lambda: nft.read(tmp_path / "large")).message


def test_programs(monkeypatch):
    assert nft.run(["no-such-program-here"]).returncode == 127
    assert nft.run(["cat"], "hello").stdout == b"hello"
    assert "no-such-program" in refused(lambda: nft._run(["no-such-program-here"])).message
    monkeypatch.setattr(nft, "PATIENCE", 0.01)
    assert "did not end" in refused(lambda: nft.run(["tail", "-f", "/dev/null"])).message
    monkeypatch.setattr(nft, "MOST_OCTETS", 3)
    monkeypatch.setattr(nft, "PATIENCE", 10.0)
    assert "prints more" in refused(lambda: nft.run(["echo", "12345"])).message


@pytest.mark.parametrize(
    ("said", "expected"), [(b"Error: Operation not permitted", "run it as root"), (b"", "ended with 1")]
)
def test_nft_that_may_not_read(monkeypatch, said, expected):
    monkeypatch.setattr(nft, "run", lambda command: subprocess.CompletedProcess(command, 1, b"", said))
    assert expected in refused(lambda: nft._run(["nft"])).message


def test_no_namespace_may_be_made(monkeypatch):
    monkeypatch.setattr(nft, "run", lambda command: subprocess.CompletedProcess(command, 1, b"", b"unshare: no"))
    assert "may not make a network namespace" in refused(lambda: nft.loaded(None, RULES, "rules")).message


def test_a_program_that_is_not_there_is_not_a_matter_of_permission(monkeypatch):
    monkeypatch.setattr(nft, "run", lambda command: subprocess.CompletedProcess(command, 127, b"", b""))
    assert "unshare was not found" in refused(lambda: nft.loaded(None, RULES, "rules")).message


def test_interfaces_that_rules_need():
    text = 'iif { "a0", b0 } iif lo oif != "c0" devices = { d0 } device "e0" iif 5'
    assert {line.split()[3] for line in nft._links(text)} == {"a0", "b0", "c0", "d0", "e0"}


def test_a_chain_in_two_files(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text('{"nftables": [{"chain": {"family": "inet", "table": "t", "name": "f"}}]}')
    one = nft.from_file(path)
    assert nft.merged([one]) == one
    with pytest.raises(Failure, match="in two"):
        nft.merged([one, one])
