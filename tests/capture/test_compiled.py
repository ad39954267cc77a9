"""Compiled by libpcap."""

import sys

import pytest

from bellrock.capture.compiled import FilterError, NoCompilerError, compile_filter
from bellrock.link.filter import Instruction


def test_a_program():
    program = compile_filter("udp port 69")
    assert program[0] == Instruction(0x28, 0, 0, 12)
    assert {one.k for one in program if one.code == 0x06} == {262144, 0}
    assert len(compile_filter("udp port 69", optimize=False)) > len(program)
    assert compile_filter("") == (Instruction(0x06, 0, 0, 262144),)


@pytest.mark.parametrize(
    ("text", "words"),
    [("udp prt 3", "syntax error"), ("udp and not udp", "rejects all"), ("\0", "NUL"), ("x" * 2**21, "1048576")],
)
def test_what_cannot_be_compiled(text, words):
    with pytest.raises(FilterError, match=words):
        compile_filter(text)


def test_no_libpcap(monkeypatch):
    monkeypatch.setitem(sys.modules, "pcapy", None)
    with pytest.raises(NoCompilerError, match=r"install bellrock\[capture\]"):
        compile_filter("udp")
