"""Boots for people."""

import re

import click
import pytest

from bellrock.cli import ladder
from bellrock.cli.ladder import MAX_BOOTS, lines, print_ladders
from bellrock.diagnosis.boot import Boot, Step
from bellrock.diagnosis.boots import boots
from bellrock.model import Finding, Severity
from tests.diagnosis.wires import NODE, discover, leased, transfer, wire

STYLES = re.compile(r"\x1b\[[0-9;]*m")


def plain(text):
    return STYLES.sub("", text)


def told(boot, *findings):
    return [plain(line) for line in lines(boot, findings)]


def test_a_ladder_has_a_line_for_each_step_and_what_was_not_seen_below():
    (boot,) = boots(wire(leased(1.0), transfer(at=2)))
    found = told(boot)
    assert found[0] == f"{NODE} · 10.0.0.57 · UEFI x64 · seen as far as tftp (2.0 s)"
    assert found[1].split() == [
        "✓",
        "1.000",
        "s",
        "link",
        "worked:",
        "its",
        "first",
        "frame",
        "here",
        "at",
        "rack-1/eth0",
        "[packet",
        "1]",
    ]
    assert found[2].endswith("arch 7 (UEFI x64) [packets 1–4]")
    assert found[-1].startswith("  not seen: spanning-tree, lacp, arp")


def test_where_it_stopped_and_why():
    (boot,) = boots(wire(discover(1), discover(5)))
    why = Finding(id="x", severity=Severity.ERROR, what="nobody answers DHCP", proof=("p",), client=NODE)
    assert told(boot, why)[-1] == "  because: nobody answers DHCP"
    assert next(lines(boot, ())).startswith(click.style("", fg="red", bold=True, reset=False))
    assert not any("because" in line for line in told(boot))


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_lines_fit_the_terminal(monkeypatch, columns):
    monkeypatch.setattr(ladder, "width", lambda: columns)
    step = Step(
        step="dns", stage="installer", outcome="failed", what="a long sentence about names " * 6, packets=(1, 3, 4, 5)
    )
    found = told(Boot(mac=NODE, steps=(step,)))
    assert all(len(line) <= max(columns, 100) for line in found[1:])
    if columns >= 80:
        assert all(len(line) < columns for line in found[1:])
    assert " ".join(" ".join(found).split()).endswith("[packets 1, 3–5]")


def test_nothing_from_the_network_reaches_the_terminal():
    step = Step(step="dns", outcome="failed", what="\x1b]0;evil\x07")
    assert not any("\x1b" in line or "\x07" in line for line in told(Boot(mac="\x1b[2J", steps=(step,))))


def test_a_boot_of_which_all_was_seen():
    assert told(Boot(mac=NODE, steps=(Step(step="dns", outcome="worked", what="x"),)))[-1].endswith("worked: x")


def test_of_too_many_those_that_stopped_come_first(capsys):
    many = [Boot(mac=f"fine-{number}") for number in range(MAX_BOOTS + 5)] + [Boot(mac="broken", stopped_at="dhcp")]
    print_ladders(many, ())
    out = capsys.readouterr().out
    assert out.startswith("broken · stopped at dhcp")
    assert "… and 6 more boots" in out
    print_ladders(many[:2], ())
    assert "more boots" not in capsys.readouterr().out
