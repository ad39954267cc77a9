"""Who has been silent for too long."""

from __future__ import annotations

import pytest

from bellrock.model import Monotonic, Wall
from bellrock.region.service.silence import SILENCE, Silence


def at(seconds: float) -> Monotonic:
    return Monotonic(1000.0 + seconds)


def test_silence_begins_at_the_last_word_and_is_told_once():
    silence = Silence({}, Wall(0.0), at(0.0))
    silence.heard("a", at(0.0))
    silence.heard("b", at(1.0))
    assert silence.over(at(SILENCE)) == []
    assert silence.over(at(SILENCE + 0.5)) == ["a"]
    assert silence.over(at(SILENCE + 0.5)) == []
    silence.heard("a", at(SILENCE + 1.0))
    assert silence.over(at(SILENCE + 1.5)) == ["b"]


@pytest.mark.parametrize(("seen", "left"), [(500.0, SILENCE), (460.0, SILENCE - 40.0), (0.0, 0.0), (9999.0, SILENCE)])
def test_over_a_restart_the_wall_clock_counts_and_a_word_from_the_future_is_one_of_now(seen, left):
    silence = Silence({"a": Wall(seen)}, Wall(500.0), at(0.0))
    if left:
        assert silence.over(at(left)) == []
    assert silence.over(at(left + 0.1)) == ["a"]


def test_who_is_deaf_calls_nobody_silent():
    silence = Silence({}, Wall(0.0), at(0.0))
    silence.heard("a", at(0.0))
    silence.deaf(at(500.0))
    assert silence.over(at(500.0 + SILENCE)) == []
    assert silence.over(at(500.1 + SILENCE)) == ["a"]
