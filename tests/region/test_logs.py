"""Log lines."""

from __future__ import annotations

from bellrock.region.logs import Limited, line


def test_one_line_whatever_the_values_hold():
    assert line("event") == "event"
    assert line("event", a=1, b="x.y:z", c=1.23456, d="two words", e='a"b\nc', f="") == (
        'event a=1 b=x.y:z c=1.235 d="two words" e="a\\"b\\nc" f=""'
    )


def test_limited():
    now = [0.0]
    limited = Limited(10.0, lambda: now[0])
    assert limited.may()
    assert not limited.may()
    now[0] = 10.0
    assert limited.may()
    limited.reset()
    assert limited.may()
    assert not limited.may()
