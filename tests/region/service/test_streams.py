"""How long streams stand, and how often they began."""

from bellrock.model import Monotonic
from bellrock.region.service import streams as module
from bellrock.region.service.streams import Streams


def test_a_stream_stands_until_it_ends():
    one = Streams()
    one.begin("a", Monotonic(10.0))
    one.begin("b", Monotonic(20.0))
    assert one.ages(Monotonic(7210.0)) == {"a": 7200.0, "b": 7190.0}
    assert one.end("a", Monotonic(7210.0)) == 7200.0
    assert one.ages(Monotonic(7211.0)) == {"b": 7191.0}
    assert one.end("a", Monotonic(7211.0)) == 0.0
    assert one.begun == {"a": 1, "b": 1}, "an end is no beginning"


def test_each_beginning_counts_and_a_newer_one_takes_the_place():
    one = Streams()
    for at in (0.0, 5.0, 8.0):
        one.begin("a", Monotonic(at))
    assert (one.begun, one.ages(Monotonic(9.0))) == ({"a": 3}, {"a": 1.0})


def test_what_is_counted_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 2)
    one = Streams()
    for agent in ("a", "b", "a", "c"):
        one.begin(agent, Monotonic(0.0))
    assert one.begun == {"a": 2, "c": 1}
