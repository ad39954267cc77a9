"""Who has been silent for too long."""

from __future__ import annotations

from bellrock.model import Monotonic
from bellrock.region.service.silence import SILENCE, Silence


def at(seconds: float) -> Monotonic:
    return Monotonic(1000.0 + seconds)


def test_silence_begins_at_the_last_word_and_is_told_once():
    silence = Silence((), at(0.0))
    silence.heard("a", at(0.0))
    silence.heard("b", at(1.0))
    assert silence.over(at(SILENCE), 9) == []
    assert silence.over(at(SILENCE + 0.5), 9) == ["a"]
    assert silence.over(at(SILENCE + 0.5), 9) == []
    silence.heard("a", at(SILENCE + 1.0))
    assert silence.over(at(SILENCE + 1.5), 9) == ["b"]


def test_whoever_was_not_silent_before_a_restart_has_all_its_time_again():
    silence = Silence(["a"], at(0.0))
    assert silence.over(at(SILENCE), 9) == []
    assert silence.over(at(SILENCE + 0.1), 9) == ["a"]


def test_of_many_a_few_are_told_at_a_time():
    silence = Silence("abcde", at(0.0))
    told = [silence.over(at(SILENCE + 1), 2) for _ in range(4)]
    assert told == [["a", "b"], ["c", "d"], ["e"], []]


def test_who_is_deaf_calls_nobody_silent():
    silence = Silence((), at(0.0))
    silence.heard("a", at(0.0))
    silence.deaf(at(500.0))
    assert silence.over(at(500.0 + SILENCE), 9) == []
    assert silence.over(at(500.1 + SILENCE), 9) == ["a"]
