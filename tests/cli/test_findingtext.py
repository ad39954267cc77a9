"""Findings as text."""

import pytest
from msgspec.structs import replace

from bellrock.cli.findingtext import exit_code, lines, print_findings
from bellrock.diagnosis.findings_document import told
from bellrock.model import Confidence, Finding, Severity

ONE = Finding(
    id="no-way", severity=Severity.ERROR, what="node-7 has no route", cause="It was not told any.", proof=("ip route is empty",),
    fix=("ip route add default via 10.0.0.1",), recheck="ip route", confidence=Confidence.LIKELY, symptoms=tuple("abcdef"),
)  # fmt: skip


def test_all_of_it_is_said(capsys):
    print_findings([ONE])
    assert capsys.readouterr().out.splitlines() == [
        "error: node-7 has no route [no-way]",
        "  It was not told any. (likely)",
        "  seen: ip route is empty",
        "  do:   ip route add default via 10.0.0.1",
        "  then: ip route",
        "  6 symptoms of it: a; b; c; d; and 2 more",
    ]


def test_what_is_certain_needs_no_word_and_what_is_not_known_no_line(capsys):
    print_findings([Finding(id="a", severity=Severity.NOTICE, what="b", proof=("c",), symptoms=("d",))], proof=False)
    assert capsys.readouterr().out.splitlines() == ["notice: b [a]", "  1 symptom of it: d"]
    print_findings([Finding(id="a", severity=Severity.NOTICE, what="b", proof=("c",), cause="d")])
    assert "  d\n" in capsys.readouterr().out


def test_a_note_stands_behind_the_first_line():
    first, *_ = lines(told(ONE), "since 4 min")
    assert first.endswith(": node-7 has no route [no-way] (since 4 min)")


def test_nothing_from_the_network_reaches_the_terminal(capsys):
    print_findings([replace(ONE, what="\x1b[2J", cause="\x07", proof=("\x00",), fix=("\r",), symptoms=("\x1b",))])
    assert not {c for c in capsys.readouterr().out if not c.isprintable()} - {"\n"}


@pytest.mark.parametrize(
    ("severities", "code"), [((), 0), (("notice",), 0), (("notice", "warning"), 1), (("error",), 1)], ids=str
)
def test_findings_of_weight_end_with_1(severities, code):
    assert exit_code(replace(ONE, severity=Severity(one)) for one in severities) == code
