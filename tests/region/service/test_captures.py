"""Captures at several agents: begun together, told of, fetched piece by piece, and agents that do not do their part."""

import asyncio

import pytest

from bellrock.contract import CAPTURES, Done
from bellrock.contract.capturing import PIECE, Captured, Capturing, EndCapture, ReadCapture, RunCapture
from bellrock.model import Host, Monotonic
from bellrock.region.service import captures as module
from bellrock.region.service.captures import (
    MAX_COUNTED,
    MAX_GOING_ON,
    OVERTIME,
    REMEMBERED,
    SPARE,
    Captures,
    TooManyCaptures,
    Unfetchable,
)
from bellrock.region.service.ends import UnknownEnd

DO = RunCapture(seconds=10, octets=1 << 20, expression="port 67", headers_only=True)


class Offset:
    value = -0.25


class Session:
    def __init__(self, rig, name):
        self.rig, self.host, self.offset = rig, Host(f"id-{name}", name, "rack"), Offset()
        self.carries_out = (CAPTURES,)

    def say(self, order):
        self.rig.told.append((self.host.name, order.id, order.do))
        if self.rig.answer is not None:
            self.rig.answer(self.host.id, order)


class Rig:
    def __init__(self):
        self.told, self.now, self.answer = [], 100.0, None
        self.sessions = {f"id-{name}": Session(self, name) for name in ("near", "far")}
        self.captures = Captures(self.sessions, lambda: {"id-far": "distant"}, lambda: Monotonic(self.now))

    def begin(self, *places):
        return self.captures.begin(places, DO, "ada")

    def tell(self, point, **facts):
        known = {"packets": 3, "dropped": 0, "octets": 500}
        self.captures.answered(point.agent, Capturing(order=point.order, **(known | facts)))


@pytest.fixture
def rig():
    return Rig()


async def all_of(pieces):
    return b"".join([piece async for piece in pieces])


def fetch(rig, point):
    return asyncio.run(asyncio.wait_for(all_of(rig.captures.file(point)), 20))


def test_each_place_is_told_what_to_do(rig):
    taken = rig.begin("near", "distant/eth1")
    assert [(name, do.interface, do.seconds, do.headers_only) for name, _, do in rig.told] == [
        ("near", "", 10, True), ("far", "eth1", 10, True)
    ]  # fmt: skip
    assert [(one.name, one.state, one.ahead) for one in taken.points] == [
        ("near", "asked", 0.25),
        ("distant", "asked", 0.25),
    ]
    assert rig.captures.find(taken.id) is taken
    assert not taken.over


@pytest.mark.parametrize("places", [("nobody",), ("near", "near")])
def test_places_that_are_none(rig, places):
    with pytest.raises(UnknownEnd):
        rig.begin(*places)
    assert not rig.told


def test_its_figures_are_told_until_it_ends(rig):
    near, far = rig.begin("near", "far").points
    rig.tell(near)
    rig.captures.answered(far.agent, Capturing(order=near.order, packets=99, dropped=0, octets=0))
    assert (near.state, near.packets) == ("capturing", 3)
    rig.tell(near, packets=8, ended="10 seconds")
    assert rig.captures.done(near.agent, Done(near.order))
    rig.tell(near, packets=1)
    assert (near.state, near.packets, near.why) == ("ended", 8, "10 seconds")
    assert rig.captures.done(far.agent, Done(far.order, "no right to it"))
    assert (far.state, far.why) == ("failed", "no right to it")
    assert not rig.captures.done(far.agent, Done("another"))


def test_figures_are_no_larger_than_can_be(rig):
    (point,) = rig.begin("near").points
    rig.tell(point, packets=-1, dropped=1 << 70, octets=1 << 70, ended="x" * 999)
    assert (point.packets, point.dropped, point.octets) == (0, MAX_COUNTED, DO.octets + SPARE)
    assert len(point.why) == 256
    (point,) = rig.begin("near").points
    rig.captures.done(point.agent, Done(point.order, "x" * 999))
    assert len(point.why) == 256


def test_who_says_nothing_has_failed_in_the_end(rig):
    taken = rig.begin("near")
    rig.now += DO.seconds + OVERTIME + 1
    assert rig.captures.find(taken.id).over
    assert "did not say" in taken.points[0].why


def test_an_agent_that_leaves(rig):
    near, far = rig.begin("near", "far").points
    rig.captures.left("id-near")
    assert (near.state, far.state) == ("failed", "asked")


def test_too_many(rig):
    for _ in range(MAX_GOING_ON):
        rig.begin("near")
    with pytest.raises(TooManyCaptures):
        rig.begin("far")


def test_the_oldest_are_forgotten(rig):
    first = rig.begin("near")
    rig.tell(first.points[0], ended="done")
    for _ in range(REMEMBERED):
        taken = rig.begin("near")
        rig.tell(taken.points[0], ended="done")
    assert rig.captures.find(first.id) is None
    assert EndCapture(first.points[0].order, forget=True) in [do for _, _, do in rig.told]
    assert rig.captures.find(taken.id) is taken


def test_a_file_comes_piece_by_piece(rig):
    octets = bytes(range(256)) * 3
    (point,) = rig.begin("near").points
    rig.tell(point, ended="done")

    def answer(agent, order):
        assert isinstance(order.do, ReadCapture)
        at = order.do.at
        rig.captures.answered("id-far", Captured(order.id, at, b"not its word", 1))
        rig.captures.answered(agent, Captured(order.id, at, octets[at : at + 300], len(octets)))
        rig.captures.answered(agent, Captured(order.id, at, b"twice", 1))
        assert rig.captures.done(agent, Done(order.id))

    rig.answer = answer
    assert fetch(rig, point) == octets


@pytest.mark.parametrize(
    ("piece", "says"),
    [
        (lambda order: Captured(order.id, 7, b"x", 9), "another piece"),
        (lambda order: Captured(order.id, 0, b"", 9), "another piece"),
        (lambda order: Captured(order.id, 0, b"0123456789", 9), "another piece"),
        (lambda order: Captured(order.id, 0, b"x", DO.octets + SPARE + 1), "larger than the 2097152 octets"),
        (lambda order: Captured(order.id, order.do.at, bytes(PIECE), order.do.at + PIECE + 1), "larger than"),
        (lambda order: Captured(order.id, 0, bytes(PIECE + 1), PIECE + 1), "larger than"),
        (lambda order: Done(order.id, "it is gone"), "it is gone"),
        (lambda order: Done(order.id), "told nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_fetched(rig, piece, says):
    (point,) = rig.begin("near").points
    with pytest.raises(Unfetchable, match="goes on"):
        fetch(rig, point)
    rig.tell(point, ended="done")

    def answer(agent, order):
        message = piece(order)
        part = rig.captures.done if isinstance(message, Done) else rig.captures.answered
        part(agent, message)

    rig.answer = answer
    with pytest.raises(Unfetchable, match=says):
        fetch(rig, point)


def test_an_agent_that_is_gone_or_silent(rig, monkeypatch):
    monkeypatch.setattr(module, "ANSWER", 0.05)
    (point,) = rig.begin("near").points
    rig.tell(point, ended="done")
    with pytest.raises(Unfetchable, match="told nothing of its file"):
        fetch(rig, point)
    rig.answer = lambda agent, order: rig.captures.left(agent)
    with pytest.raises(Unfetchable, match="no longer connected"):
        fetch(rig, point)
    del rig.sessions["id-near"]
    point.state = "ended"
    with pytest.raises(Unfetchable, match="no longer connected"):
        fetch(rig, point)


def test_an_agent_that_knows_no_such_order_is_given_none(rig):
    """It would end its connection over it."""
    rig.sessions["id-far"].carries_out = ()
    with pytest.raises(UnknownEnd, match="the agent of distant cannot capture for a region yet"):
        rig.begin("near", "far")
    assert rig.told == []
    assert rig.captures.all() == ()
