"""Decisions about thinning, with the clock as an argument."""

import itertools

import pytest

from bellrock.link import relief
from bellrock.link.device import Frame
from bellrock.link.relief import Relief

FLOODED, OTHER = 3, 4


def frames(**counts: int) -> list[Frame]:
    """So many frames of each interface."""
    numbers = {"flooded": FLOODED, "other": OTHER}
    return [frame for name, count in counts.items() for frame in [Frame(numbers[name], (), b"", 0)] * count]


class Story:
    """Windows of 0.1 s, one after the other."""

    def __init__(self) -> None:
        self.relief = Relief()
        self.now = 100.0

    def window(self, drops: int, seconds: float = 0.1, **counts: int) -> dict[int, int]:
        self.relief.count(frames(**counts), self.now)
        self.now += seconds + 1e-6
        assert self.relief.count([], self.now)
        self.relief.decide(drops, self.now)
        return self.relief.steps


@pytest.fixture
def story():
    return Story()


def test_nothing_is_decided_within_a_window():
    one = Relief()
    assert not one.active
    assert not one.count(frames(flooded=5), 1.0)
    assert one.active
    assert not one.count(frames(flooded=5), 1.05)
    assert one.count([], 1.11)


def test_a_pause_of_the_reader_thins_nobody_and_is_forgotten(story):
    assert story.window(500, flooded=1000) == {}
    assert story.window(0, flooded=1000) == {}
    assert not story.relief.active
    assert story.window(500, flooded=1000) == {}


def test_the_busiest_interface_is_thinned_while_drops_go_on(story):
    story.window(500, flooded=1000, other=10)
    assert story.window(500, flooded=1000, other=10) == {FLOODED: 1}
    assert story.window(500, flooded=1000, other=10) == {FLOODED: 2}
    assert story.window(0, flooded=1000, other=10) == {FLOODED: 2}
    assert story.relief.shares() == {FLOODED: 0.75**2}
    assert story.relief.active


def test_two_floods_are_thinned_in_turn(story):
    story.window(9, flooded=600, other=500)
    story.window(9, flooded=600, other=500)
    assert story.window(9, flooded=300, other=500) == {FLOODED: 1, OTHER: 1}


def test_when_the_flood_ends_all_passes_again_soon(story):
    for _ in range(5):
        story.window(500, flooded=1000)
    assert story.relief.steps == {FLOODED: 4}
    assert story.window(0, flooded=10) == {FLOODED: 3}
    assert story.window(0, seconds=5.0) == {}
    assert not story.relief.active


def test_more_is_tried_after_a_while_and_less_often_each_time(story):
    for _ in range(3):
        story.window(500, flooded=1000)
    tried = []
    for _ in range(200):
        before = dict(story.relief.steps)
        if story.window(0, flooded=900) != before:
            tried.append(story.now)
            story.window(500, flooded=1000)  # too soon
    gaps = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert len(gaps) >= 3
    assert all(1.8 < later / earlier < 2.3 for earlier, later in itertools.pairwise(gaps))


def test_patience_has_a_bound_and_begins_anew_with_another_flood(story):
    for _ in range(3):
        story.window(500, flooded=1000)
    for _ in range(8):
        story.window(0, seconds=relief.MAX_PATIENCE + 1, flooded=100_000)
    assert story.relief.steps == {}
    assert story.relief._patience <= relief.MAX_PATIENCE
    story.now += 100
    story.window(500, flooded=1000)
    story.window(500, flooded=1000)
    assert story.relief._patience == relief.PATIENCE


def test_steps_and_interfaces_are_bounded(story, monkeypatch):
    for _ in range(40):
        story.window(500, flooded=1000)
    assert story.relief.steps == {FLOODED: relief.MAX_STEPS}
    monkeypatch.setattr(relief, "MAX_INTERFACES", 1)
    assert story.window(500, other=1000) == {FLOODED: relief.MAX_STEPS}


def test_drops_without_frames_blame_nobody(story):
    assert story.window(5) == {}
    assert story.window(5) == {}


def test_deciding_without_a_window_changes_nothing():
    assert Relief().decide(0, 1.0) is False
