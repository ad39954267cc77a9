"""The line that is written over."""

import io
import sys

import pytest

from bellrock.cli.progress import WIDEST, ProgressLine


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_a_line_is_written_over_and_taken_away_once(monkeypatch, terminal):
    stderr = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    line = ProgressLine()
    line.clear()
    line.show("near\x07 3")
    line.show("x" * 500)
    line.clear()
    line.clear()
    said = stderr.getvalue()
    assert (said.count("\r\x1b[K"), "x" * WIDEST in said, "x" * (WIDEST + 1) in said, "\x07" in said) == (
        (3, True, False, False) if terminal else (0, False, False, False)
    )
