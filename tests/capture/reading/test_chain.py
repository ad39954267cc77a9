"""Records found by many at once, held against following them one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import chain as module
from bellrock.capture.reading.chain import chain


def records(sizes, tail=0):
    """Octets in which each record begins with its size (two octets); 0 is damage."""
    out = b"".join(size.to_bytes(2, "little") + bytes([7]) * (size - 2) for size in sizes)
    return np.frombuffer(out + bytes(tail) + bytes(8), np.uint8), len(out) + tail


def follow_in(octets):
    def follow(at):
        sizes = octets[at].astype(np.int64) | octets[at + 1].astype(np.int64) << 8
        return np.where(sizes >= 2, at + sizes, -1)

    return follow


def one_by_one(octets, begin, end):
    starts, at = [], begin
    while at < end:
        size = int(octets[at]) | int(octets[at + 1]) << 8
        if size < 2 or at + size > end:
            break
        starts.append(at)
        at += size
    return starts, at


@given(
    sizes=st.lists(st.integers(2, 90), max_size=400),
    damaged=st.none() | st.integers(0, 400),
    cut=st.integers(0, 60),
    guesses=st.lists(st.integers(0, 20_000), max_size=40),
)
def test_all_are_found_whatever_the_guesses_are(sizes, damaged, cut, guesses):
    if damaged is not None and damaged < len(sizes):
        octets, end = records([*sizes[:damaged]], tail=100)
    else:
        octets, end = records(sizes)
    end = max(0, end - cut)

    def guess(begin, until):
        return next((one for one in guesses if begin <= one < until), -1)

    before, module.LEAST_APART = module.LEAST_APART, 64
    try:
        found = chain(0, end, follow_in(octets), guess)
    finally:
        module.LEAST_APART = before
    starts, stop = one_by_one(octets, 0, end)
    assert found.starts.tolist() == starts
    assert found.end == stop


def test_it_enters_where_records_begin(monkeypatch):
    """Right guesses spare the steps: no more than the longest lane has."""
    monkeypatch.setattr(module, "LEAST_APART", 1000)
    octets, end = records([50] * 400)
    asked = []

    def follow(at):
        asked.append(len(at))
        return follow_in(octets)(at)

    found = chain(0, end, follow, lambda begin, until: -(-begin // 50) * 50, expected=400)
    assert len(found.starts) == 400
    assert len(asked) == 20
    assert max(asked) == 20


@pytest.mark.parametrize(("expected", "lanes"), [(0, 15), (1, 3), (400, 40), (10**9, 100)])
def test_it_enters_more_often_where_more_records_are_expected(monkeypatch, expected, lanes):
    monkeypatch.setattr(module, "LEAST_APART", 100)
    octets, end = records([50] * 400)
    widest = 0

    def follow(at):
        nonlocal widest
        widest = max(widest, len(at))
        return follow_in(octets)(at)

    found = chain(0, end, follow, lambda begin, until: -(-begin // 50) * 50, expected=expected)
    assert len(found.starts) == 400
    assert lanes - 2 <= widest <= max(lanes, 200)


@pytest.mark.parametrize("begin", [0, 50])
def test_nothing_is_no_chain(begin):
    octets, _ = records([50])
    found = chain(begin, begin, follow_in(octets), lambda *_: -1)
    assert found.starts.tolist() == []
    assert found.end == begin
