"""Who is let in when: in simulated time, with the real waits of agents, against an ingest that does one thing after the other."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque

import pytest

from bellrock.agent.pauses import Pauses
from bellrock.model import Monotonic
from bellrock.region.service.backlog import Backlog
from bellrock.region.service.pace import LATEST, SOON, Pace
from bellrock.region.size import Size

BATCH = 5000
SLICE = 0.002
"""Seconds of a batch between two handshakes."""


def test_a_burst_of_a_seconds_worth_is_let_in_and_then_as_many_as_the_rate_says():
    pace = Pace(10.0)
    assert sum(pace.enter(Monotonic(100.0)) for _ in range(50)) in (10, 11)
    later = [pace.enter(Monotonic(100.0 + 0.05 * step)) for step in range(1, 101)]
    assert 48 <= sum(later) <= 52


def test_those_who_wait_are_told_moments_of_their_own_in_a_row():
    pace = Pace(100.0)
    told = [pace.later(Monotonic(5.0)) for _ in range(300)]
    assert told[0] >= SOON
    gaps = [b - a for a, b in itertools.pairwise(told)]
    assert all(abs(gap - 0.01) < 1e-9 for gap in gaps)
    assert pace.later(Monotonic(50.0)) < 2 * SOON, "what was told long ago is over"


def test_nobody_is_told_to_wait_for_ever_and_who_is_far_behind_comes_in_a_row_as_well():
    pace = Pace(1.0)
    told = [pace.later(Monotonic(0.0)) for _ in range(1000)]
    assert max(told) <= LATEST
    assert max(told.count(one) for one in told) < 25, "not all at the end"


def test_nobody_is_let_in_while_much_waits_or_much_is_to_be_expected():
    backlog = Backlog(1000)
    pace = Pace(1000.0, backlog)
    now = Monotonic(0.0)
    assert pace.enter(now)
    backlog.came(1000)
    assert not pace.enter(now)
    backlog.went(400)
    assert pace.enter(now)
    assert pace.enter(now, 39)
    assert not pace.enter(now, 41), "of who is let in and has said nothing yet so much is expected"
    assert pace.rate == 500.0


class Crowd:
    """Agents who all come within a second, with so many changes each, and a process with one core: the real waits and bounds of both."""

    def __init__(self, agents: int, changes: int, slower: float = 1.0) -> None:
        self.draw = random.Random(agents + changes)
        self.changes = changes
        self.each = 6e-5 * slower
        """Seconds of a change, from the wire to the commit."""
        self.handshake = 2e-3 * slower
        self.turning_away = 1.2e-3 * slower
        self.backlog = Backlog(Size().backlog)
        self.pace = Pace(Size().rate, self.backlog)
        self.pauses = [Pauses(self.draw.random) for _ in range(agents)]
        self.due = [(self.draw.random(), agent) for agent in range(agents)]
        heapq.heapify(self.due)
        self.attempts = [0] * agents
        self.now = 0.0
        self.queue: deque[float] = deque()
        self.most = self.told = 0

    def run(self) -> None:
        left = began = 0.0
        many = 0
        while self.told < len(self.pauses):
            if self.due and self.due[0][0] <= self.now:
                self._knock(heapq.heappop(self.due)[1])
            elif not self.queue and not many:
                self.now = self.due[0][0]
            if not many and self.queue:
                many = min(len(self.queue), max(1, BATCH // max(1, self.changes)))
                taken = [self.queue.popleft() for _ in range(many)]
                began = min(taken)
                left = 0.01 + many * self.changes * self.each
            if many:
                self.now += min(left, SLICE)
                left -= SLICE
                if left <= 0:
                    self.backlog.went(many * self.changes)
                    self.backlog.took(many * self.changes, began, self.now)
                    self.told += many
                    many = 0

    def _knock(self, agent: int) -> None:
        self.attempts[agent] += 1
        if self.pace.enter(Monotonic(self.now)):
            self.now += self.handshake
            self.backlog.brought(self.changes, 1)
            self.backlog.came(self.changes)
            self.queue.append(self.now)
            self.most = max(self.most, self.backlog.waiting)
        else:
            self.now += self.turning_away
            self.pauses[agent].told(self.pace.later(Monotonic(self.now)))
            heapq.heappush(self.due, (self.now + self.pauses[agent].next(self.now), agent))


@pytest.mark.parametrize("slower", [1.0, 2.5], ids=["as-measured", "slower"])
def test_agents_with_much_to_tell_come_in_as_fast_as_it_is_taken_in_and_few_come_in_vain(slower):
    crowd = Crowd(2000, 235, slower)
    crowd.run()
    alone = 2000 * (235 * crowd.each + crowd.handshake)
    assert crowd.now < 1.5 * alone, "the process is seldom idle, and has little to do with who comes in vain"
    assert crowd.most < Size().backlog + 235
    assert sum(crowd.attempts) < 3 * 2000
    assert sorted(crowd.attempts)[1000] <= 2


@pytest.mark.parametrize("before", [0, 235], ids=["after-a-restart", "after-many-who-told-much"])
def test_agents_with_nothing_new_are_all_back_within_a_minute(before):
    crowd = Crowd(5000, 0)
    for _ in range(1000):
        crowd.backlog.brought(before, 1)
    crowd.run()
    assert crowd.now < 60
    assert sum(crowd.attempts) < 2 * 5000
