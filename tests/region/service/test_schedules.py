"""When what is due: with play, never beside a run of its own, and only what can be kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Monotonic, Wall
from bellrock.region.service.schedules import MAX_SCHEDULES, PLAY, SOON, Schedules, Unschedulable
from bellrock.region.store import ScheduleRow


def row(name="site", every=300.0, **facts):
    return ScheduleRow(id=name, every=every, created=Wall(0.0), by="anna", **facts)


class Rig:
    def __init__(self, *rows, chance=0.5):
        self.time, self.chance = 100.0, chance
        self.schedules = Schedules(rows, lambda: Monotonic(self.time), lambda: self.chance)

    def due(self, after=0.0):
        self.time += after
        return [one.id for one in self.schedules.due()]


def test_what_is_due_is_told_once_and_again_after_its_interval():
    rig = Rig(row())
    assert rig.due() == []
    assert rig.due(SOON / 2) == ["site"]
    assert rig.due() == []
    assert rig.due(299.0) == []
    assert rig.due(1.0) == ["site"]


def test_a_run_is_not_begun_beside_the_one_before():
    rig = Rig(row())
    assert rig.due(SOON) == ["site"]
    rig.schedules.begun("site", "run-1")
    assert rig.schedules.views()[0].next is None
    assert rig.due(1000.0) == []
    rig.schedules.over("site", "another")
    assert rig.due() == []
    rig.schedules.over("site", "run-1")
    assert rig.due() == ["site"]


@given(st.floats(0, 1, exclude_max=True), st.floats(10, 10_000))
def test_intervals_have_a_tenth_of_play(chance, every):
    rig = Rig(row(every=every), chance=chance)
    rig.due(SOON)
    begun = rig.time
    due = rig.schedules._next["site"]
    assert every * (1 - PLAY) * 0.999 <= due - begun <= every * (1 + PLAY) * 1.001


def test_what_is_shown():
    rig = Rig(row(flows=("dns",), agents=("a",), to=("10.0.0.1",)), row("other", 60.0))
    view = rig.schedules.views()[1]
    assert (view.id, view.every, view.flows, view.agents, view.to, view.by) == (
        "site", 300.0, ("dns",), ("a",), ("10.0.0.1",), "anna"
    )  # fmt: skip
    assert (view.next, view.last_age) == (SOON / 2, None)
    rig.schedules.begun("site", "r")
    rig.time += 5
    rig.schedules.over("site", "r")
    assert (rig.schedules.views()[1].next, rig.schedules.views()[1].last_age) == (SOON / 2 - 5, 5.0)


def test_one_in_place_of_another_and_none():
    rig = Rig(row())
    rig.schedules.put(row(every=60.0))
    assert [one.every for one in rig.schedules.rows] == [60.0]
    rig.schedules.begun("site", "r")
    rig.schedules.remove("site")
    rig.schedules.over("site", "r")
    assert (rig.schedules.rows, rig.schedules.find("site"), rig.due(1000)) == ((), None, [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (row(""), "is no name"),
        (row("-x"), "is no name"),
        (row("a/b"), "is no name"),
        (row("x" * 65), "is no name"),
        (row(every=9.9), "every 9.9 s"),
        (row(every=float("nan")), "every nan s"),
        (row(every=1e9), "every 1e"),
        (row(to=("10.0.0.1",)), "targets without flows"),
        (
            row(flows=("dns", "ntp"), to=tuple(f"10.0.{n >> 8}.{n & 255}" for n in range(501))),
            "1002 tries by each agent",
        ),
    ],
    ids=["empty", "dash", "slash", "long", "often", "nan", "seldom", "no-flows", "too-many"],
)
def test_what_cannot_be_kept(wrong, said):
    with pytest.raises(Unschedulable, match=said):
        Rig().schedules.check(wrong)


def test_so_many_and_no_more():
    rig = Rig(*(row(f"s{number}") for number in range(MAX_SCHEDULES)))
    rig.schedules.check(row("s0"))
    with pytest.raises(Unschedulable, match="64 schedules already"):
        rig.schedules.check(row("new"))
